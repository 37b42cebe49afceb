// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"encoding/xml"
	"net/http"
	"strings"
	"testing"
)

func TestOutputsAreWrittenForWhoHoldsTheSecret(t *testing.T) {
	f := start(t,
		set("data.xml", map[string]any{"namespaces": map[string]any{"default": "urn:town:permit"}, "root": "Permit"}),
		func(def map[string]any) {
			def["outputs"] = []any{map[string]any{
				"id": "message", "name": map[string]any{"ru": "Сообщение", "en": "Message"}, "type": "ServiceMessage", "format": "XML",
				"template": map[string]any{"ru": `<Request xmlns="urn:town:register"><Number>{{ filing.number }}</Number><Name>{{ app.name }}</Name></Request>`},
			}}
		})
	receipt := f.fileJSON(strings.Replace(resident, "Анна", "A<nna", 1)).json(t)
	number, secret := receipt["number"].(string), receipt["secret"].(string)
	path := applicationsPath + "/" + number + "/outputs/"

	for output, root := range map[string]string{"application.xml": "Permit", "message": "Request"} {
		a := f.call(http.MethodGet, path+output, "", "Okno-Secret", secret)
		var document struct{ XMLName xml.Name }
		if err := xml.Unmarshal(a.body, &document); a.status != http.StatusOK || err != nil || document.XMLName.Local != root {
			t.Errorf("%s: %d %v\n%s", output, a.status, err, a.body)
		}
		if !strings.Contains(string(a.body), "A&lt;nna Образцова") {
			t.Errorf("%s lacks the name:\n%s", output, a.body)
		}
		if again := f.call(http.MethodGet, path+output, "", "Okno-Secret", secret); string(again.body) != string(a.body) {
			t.Errorf("%s differs the second time", output)
		}
		if a := f.call(http.MethodGet, path+output, "", "Okno-Secret", strings.Repeat("A", 32)); a.status != http.StatusNotFound {
			t.Errorf("%s without the secret: %d", output, a.status)
		}
	}
	if a := f.call(http.MethodGet, path+"receipt", "", "Okno-Secret", secret); a.status != http.StatusNotFound {
		t.Errorf("an output that is no document: %d", a.status)
	}
	if a := f.call(http.MethodGet, strings.Replace(applicationsPath, service, "other", 1)+"/"+number, "", "Okno-Secret", secret); a.status != http.StatusNotFound {
		t.Errorf("under another service: %d", a.status)
	}
}
