// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"net/http"
	"testing"
)

func TestAcceptOffersTheEndingsThatPeopleHave(t *testing.T) {
	for name, tc := range map[string]struct {
		formats []string
		want    string
	}{
		"what browsers know":        {[]string{"application/pdf", "image/png"}, "application/pdf,image/png"},
		"signatures by all endings": {[]string{"application/pdf", "application/pkcs7-signature"}, "application/pdf,application/pkcs7-signature,.p7s,.sig"},
		"anything":                  {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := accept(tc.formats); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestLostUploadsAreToldWhereTheyWereNamed(t *testing.T) {
	f := start(t)
	const lost = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	for name, tc := range map[string]struct{ mediaType, body, uploads, pointer string }{
		"in the body of JSON": {
			"application/json",
			`{"data": {"name": "Анна", "birthDate": "1990-05-01", "district": "north", "home": "rented", "landlord": "Пётр", "years": 1, "cars": [{"plate": "А123ВС77"}]}, "documents": [{"document": "rent", "id": "` + lost + `"}]}`,
			"", "/documents/rent",
		},
		"in the header beside XML": {
			"application/xml",
			`<application><name>Анна</name><birthDate>1990-05-01</birthDate><district>north</district><home>own</home><years>1</years><cars><plate>А123ВС77</plate></cars></application>`,
			lost, "/documents",
		},
	} {
		t.Run(name, func(t *testing.T) {
			header := []string{"Content-Type", tc.mediaType}
			if tc.uploads != "" {
				header = append(header, "Okno-Uploads", tc.uploads)
			}
			got := f.call(http.MethodPost, applicationsPath, tc.body, header...)
			errors, _ := got.json(t)["errors"].([]any)
			if got.status != http.StatusUnprocessableEntity || len(errors) == 0 {
				t.Fatalf("%d %s", got.status, got.body)
			}
			first, _ := errors[0].(map[string]any)
			if first["pointer"] != tc.pointer || first["code"] != "unknown" {
				t.Errorf("got %v, want unknown at %s", first, tc.pointer)
			}
		})
	}
}
