// SPDX-License-Identifier: Apache-2.0

package page

import (
	"maps"
	"net/http"
)

// ContentSecurityPolicy allows what the pages use and nothing else: no script at all, styles and images of their own.
const ContentSecurityPolicy = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'"

// secure are the headers of every page. All answers share their values, which nobody changes: who sets a header puts another list
// in its place, who adds to it gets a copy.
var secure = http.Header{
	"Content-Security-Policy":      one(ContentSecurityPolicy),
	"X-Content-Type-Options":       one("nosniff"),
	"X-Frame-Options":              one("DENY"),
	"Referrer-Policy":              one("same-origin"),
	"Cross-Origin-Opener-Policy":   one("same-origin"),
	"Cross-Origin-Resource-Policy": one("same-origin"),
	"Permissions-Policy":           one("camera=(), geolocation=(), microphone=(), payment=()"),
}

func one(value string) []string { return []string{value}[:1:1] }

// Secure adds the headers that keep a page from being framed, sniffed, scripted or told to others. https adds
// Strict-Transport-Security.
func Secure(next http.Handler, https bool) http.Handler {
	headers := maps.Clone(secure)
	if https {
		headers["Strict-Transport-Security"] = one("max-age=31536000")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), headers)
		next.ServeHTTP(w, r)
	})
}
