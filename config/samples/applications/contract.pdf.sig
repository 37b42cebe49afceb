-----BEGIN PKCS7-----
QSBzYW1wbGU6IHRoaXMgaXMgbm8gc2lnbmF0dXJlLg==
-----END PKCS7-----
