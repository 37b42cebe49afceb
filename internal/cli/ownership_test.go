// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
)

// ownership is the intake of the sample with documents, as a program sees it.
type ownership struct {
	t   *testing.T
	api string
}

// do sends a request and returns the status and the body of the answer.
func (o ownership) do(method, path, body string, headers ...string) (int, string) {
	o.t.Helper()
	req, err := http.NewRequestWithContext(o.t.Context(), method, o.api+path, strings.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return res.StatusCode, string(answer)
}

// upload sends one of the ready-made files and returns its id.
func (o ownership) upload(document, name, mediaType string) string {
	o.t.Helper()
	status, answer := o.do(http.MethodPost, "/uploads?document="+document+"&name="+url.QueryEscape(name), readyMade(o.t, name), "Content-Type", mediaType)
	var file struct{ ID string }
	if err := json.Unmarshal([]byte(answer), &file); err != nil || status != http.StatusCreated || file.ID == "" {
		o.t.Fatalf("%s: status %d, error %v: %s", name, status, err, answer)
	}
	return file.ID
}

// contract uploads what every application of the sample brings: the contract and its signature.
func (o ownership) contract() (contract, signature string) {
	o.t.Helper()
	return o.upload("contract", "contract.pdf", "application/pdf"), o.upload("contract-signature", "contract.pdf.sig", "application/pkcs7-signature")
}

func readyMade(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(samples + "/applications/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestReadyMadeApplicationsWithFiles files the applications that need documents, as the README beside them says.
func TestReadyMadeApplicationsWithFiles(t *testing.T) {
	out, stop := serving(t, samples+"/ownership-registration/govservice.yaml")
	defer stop()
	form := out.await(t, 0, `form +(http://\S+)`)
	o := ownership{t: t, api: strings.Replace(form, "/s/", "/api/v1/services/", 1)}

	t.Run("a person, as JSON that names the uploads", func(t *testing.T) {
		o := ownership{t: t, api: o.api}
		contract, signature := o.contract()
		body := strings.NewReplacer("CONTRACT", contract, "SIGNATURE", signature).Replace(readyMade(t, "ownership-person.json"))
		status, answer := o.do(http.MethodPost, "/applications", body, "Content-Type", "application/json")
		if status != http.StatusCreated || !strings.Contains(answer, "Управление Росреестра по Самарской области") {
			t.Errorf("status %d: %s", status, answer)
		}
		status, answer = o.do(http.MethodPost, "/applications", body, "Content-Type", "application/json")
		if status != http.StatusUnprocessableEntity || !strings.Contains(answer, "/documents/contract") {
			t.Errorf("a file was taken for two applications: status %d: %s", status, answer)
		}
	})

	t.Run("an organisation, as XML in windows-1251 beside a header", func(t *testing.T) {
		o := ownership{t: t, api: o.api}
		contract, signature := o.contract()
		text := strings.Replace(readyMade(t, "ownership-organisation.xml"), `encoding="UTF-8"`, `encoding="windows-1251"`, 1)
		body, err := charmap.Windows1251.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		status, answer := o.do(http.MethodPost, "/applications", body, "Content-Type", "application/xml", "Okno-Uploads", contract+", "+signature)
		var receipt struct{ Number, Secret, Unit string }
		if err := json.Unmarshal([]byte(answer), &receipt); err != nil || status != http.StatusCreated || receipt.Unit != "Управление Росреестра по Республике Татарстан" {
			t.Fatalf("status %d, error %v: %s", status, err, answer)
		}
		_, message := o.do(http.MethodGet, "/applications/"+receipt.Number+"/outputs/payment-query", "", "Okno-Secret", receipt.Secret)
		if want := `<Payer kind="organisation">0000000018</Payer>`; !strings.Contains(message, want) {
			t.Errorf("the query for the payment lacks %s:\n%s", want, message)
		}
		_, written := o.do(http.MethodGet, "/applications/"+receipt.Number+"/outputs/application.xml", "", "Okno-Secret", receipt.Secret)
		if want := "<p:FullName>Общество с ограниченной ответственностью «Образец»</p:FullName>"; !strings.Contains(written, want) {
			t.Errorf("the application read back lacks %s:\n%s", want, written)
		}
	})

	t.Run("a sole proprietor with five mistakes and no files", func(t *testing.T) {
		o := ownership{t: t, api: o.api}
		status, answer := o.do(http.MethodPost, "/applications", readyMade(t, "ownership-errors.json"), "Content-Type", "application/json")
		if status != http.StatusUnprocessableEntity {
			t.Errorf("status %d", status)
		}
		for _, pointer := range []string{
			"/data/property/cadastralNumber", "/data/person/snils", "/data/entrepreneur/ogrnip", "/data/entrepreneur/inn", "/data/contract/handover",
			"/documents/contract", "/documents/contract-signature",
		} {
			if !strings.Contains(answer, `"`+pointer+`"`) {
				t.Errorf("the answer lacks %s: %s", pointer, answer)
			}
		}
	})
}
