// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"golang.org/x/text/encoding/charmap"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/intake/store"
)

func TestApplicationIsAcknowledged(t *testing.T) {
	f := start(t)
	a := f.fileJSON(resident, "Idempotency-Key", "key-of-anna-1")
	if a.status != http.StatusCreated {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	body := a.json(t)
	number, secret := body["number"].(string), body["secret"].(string)
	served := f.catalogue.lookup(service)
	want := map[string]any{
		"number": number, "secret": secret, "filedAt": "2026-03-02T12:00:00+03:00", "deadline": "2026-03-05T23:59:59+03:00",
		"unit": "Северная управа", "queue": "parking", "service": service, "digest": served.digest, "revision": served.revision,
	}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Errorf("receipt (-want +got):\n%s", diff)
	}
	if got := a.header.Get("Location"); got != applicationsPath+"/"+number {
		t.Errorf("Location = %q", got)
	}
	if got := a.header.Get("Okno-Digest"); got != served.digest {
		t.Errorf("Okno-Digest = %q", got)
	}

	status := f.call(http.MethodGet, applicationsPath+"/"+number, "", "Okno-Secret", secret)
	delete(want, "secret")
	want["status"] = "Filed"
	if diff := cmp.Diff(want, status.json(t)); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	if got, want := f.counts(), (store.Counts{Service: service, Digest: served.digest, Started: 1, Submitted: 1, InProgress: 1}); got != want {
		t.Errorf("counts = %+v, want %+v", got, want)
	}
}

func TestRepeatedApplicationGetsTheFirstReceipt(t *testing.T) {
	f := start(t)
	first := f.fileJSON(resident, "Idempotency-Key", "key-of-anna-1")
	again := f.fileJSON(resident, "Idempotency-Key", "key-of-anna-1")
	if again.status != http.StatusOK || string(again.body) != string(first.body) {
		t.Errorf("repeat: %d %s, want 200 and %s", again.status, again.body, first.body)
	}

	other := f.fileJSON(strings.Replace(resident, "Анна", "Яна", 1), "Idempotency-Key", "key-of-anna-1")
	if got := other.json(t)["type"]; other.status != http.StatusConflict || got != problemType+"keyReused" {
		t.Errorf("another application under the key: %d %v, want 409", other.status, got)
	}

	raw := definition(t)
	f.publish(publication(t, 2, raw, action(v1alpha1.ActionSuspend)), raw)
	suspended := f.fileJSON(resident, "Idempotency-Key", "key-of-anna-1")
	if suspended.status != http.StatusOK || string(suspended.body) != string(first.body) {
		t.Errorf("repeat after the service was suspended: %d %s, want the first receipt", suspended.status, suspended.body)
	}
	if got := f.counts().Submitted; got != 1 {
		t.Errorf("submitted %d times, want once", got)
	}
}

func TestAllErrorsAreAnsweredAtOnceInTheCallersLanguage(t *testing.T) {
	f := start(t)
	body := `{"data": {"name": "Анна", "birthDate": "2015-01-01", "home": "rented", "years": 7, "cars": [{"plate": "X"}], "dog": 1}}`
	for lang, title := range map[string]string{"ru": "В заявлении есть ошибки", "en": "The application has errors"} {
		a := f.fileJSON(body, "Accept-Language", lang)
		problem := a.json(t)
		if a.status != http.StatusUnprocessableEntity || a.header.Get("Content-Type") != "application/problem+json" || problem["title"] != title {
			t.Errorf("%s: %d %s %v", lang, a.status, a.header.Get("Content-Type"), problem["title"])
		}
		got := map[string]string{}
		for _, item := range problem["errors"].([]any) {
			e := item.(map[string]any)
			got[e["pointer"].(string)] = e["code"].(string)
			if e["detail"] == "" {
				t.Errorf("%s: no words for %v", lang, e)
			}
		}
		want := map[string]string{
			"/data/birthDate": "age", "/data/district": "required", "/data/years": "maximum", "/data/cars/0/plate": "pattern",
			"/data/dog": "unknown", "/documents/rent": "required", "/data/landlord": "required",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", lang, diff)
		}
	}
	if got := f.counts(); got.RejectedByValidation != 2 || got.Submitted != 0 {
		t.Errorf("counts = %+v, want 2 rejected", got)
	}
}

func TestRefusals(t *testing.T) {
	f := start(t)
	tests := map[string]struct {
		method, path, body string
		header             []string
		status             int
		problem            string
	}{
		"a body that is no JSON":       {http.MethodPost, applicationsPath, `{"data": `, []string{"Content-Type", "application/json"}, 400, "syntax"},
		"a format that is not taken":   {http.MethodPost, applicationsPath, `a=b`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "mediaType"},
		"no format at all":             {http.MethodPost, applicationsPath, `{}`, nil, 415, "mediaType"},
		"a body beyond the bound":      {http.MethodPost, applicationsPath, `{"data":"` + strings.Repeat("x", maxBody) + `"}`, []string{"Content-Type", "application/json"}, 413, "bodyTooLarge"},
		"a key that anybody may guess": {http.MethodPost, applicationsPath, resident, []string{"Content-Type", "application/json", "Idempotency-Key", "1"}, 400, "badKey"},
		"a service that does not exist": {
			http.MethodPost, "/api/v1/services/other/applications", resident,
			[]string{"Content-Type", "application/json"},
			404, "noService",
		},
		"a method that is not there":   {http.MethodPut, applicationsPath, resident, nil, 405, "method"},
		"a path that is not there":     {http.MethodGet, "/api/v2/services", "", nil, 404, "notFound"},
		"a browser on another site":    {http.MethodPost, applicationsPath, resident, []string{"Content-Type", "application/json", "Sec-Fetch-Site", "cross-site"}, 403, "crossOrigin"},
		"a status without its secret":  {http.MethodGet, applicationsPath + "/2026-0000001-2", "", nil, 404, "noApplication"},
		"a schema that is not there":   {http.MethodGet, "/schema/" + service + "/other.xsd", "", nil, 404, "notFound"},
		"XML with a document type":     {http.MethodPost, applicationsPath, `<!DOCTYPE a><application/>`, []string{"Content-Type", "application/xml"}, 400, "syntax"},
		"an upload for no document":    {http.MethodPost, "/api/v1/services/" + service + "/uploads?document=other&name=a", "x", nil, 422, "invalid"},
		"an upload of the wrong kind":  {http.MethodPost, "/api/v1/services/" + service + "/uploads?document=rent&name=a.pdf", "plain text", nil, 422, "invalid"},
		"a number with a typing error": {http.MethodGet, applicationsPath + "/2026-0000001-9", "", []string{"Okno-Secret", "A"}, 404, "noApplication"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := f.call(test.method, test.path, test.body, test.header...)
			problem := a.json(t)
			if a.status != test.status || problem["type"] != problemType+test.problem || problem["status"] != float64(test.status) {
				t.Errorf("%d %v, want %d %s", a.status, problem["type"], test.status, test.problem)
			}
			if problem["title"] == "" || problem["detail"] == "" {
				t.Errorf("problem says nothing: %v", problem)
			}
		})
	}
	if got := f.counts().Submitted; got != 0 {
		t.Errorf("%d applications were taken", got)
	}
}

func TestServiceThatTakesNoApplications(t *testing.T) {
	raw := func(edits ...edit) []byte { return definition(t, edits...) }
	tests := map[string]struct {
		definition []byte
		mods       []func(*v1alpha1.PublicationSpec)
		problem    string
	}{
		"suspended":             {raw(), []func(*v1alpha1.PublicationSpec){action(v1alpha1.ActionSuspend)}, "suspended"},
		"withdrawn":             {raw(), []func(*v1alpha1.PublicationSpec){action(v1alpha1.ActionWithdraw)}, "withdrawn"},
		"past its record's end": {raw(), []func(*v1alpha1.PublicationSpec){func(s *v1alpha1.PublicationSpec) { s.EndsAt = &metav1.Time{Time: noon} }}, "withdrawn"},
		"before its opening":    {raw(set("limits.opensAt", "2026-03-02T09:00:01Z")), nil, "notOpen"},
		"at its closing moment": {raw(set("limits.closesAt", "2026-03-02T09:00:00Z")), nil, "closed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			f.publish(publication(t, 2, test.definition, test.mods...), test.definition)
			a := f.fileJSON(resident)
			if got := a.json(t)["type"]; a.status != http.StatusForbidden || got != problemType+test.problem {
				t.Errorf("application: %d %v, want 403 %s", a.status, got, test.problem)
			}
			page := f.call(http.MethodGet, "/s/"+service, "", "Accept-Language", "en")
			if page.status != http.StatusOK || strings.Contains(string(page.body), "Apply now") {
				t.Errorf("start page: %d, offers to apply: %v", page.status, strings.Contains(string(page.body), "Apply now"))
			}
			if !strings.Contains(string(page.body), "govuk-warning-text") {
				t.Error("start page does not say why")
			}
		})
	}
}

func TestServiceClosesAfterTheAnnouncedNumberOfApplications(t *testing.T) {
	f := start(t, set("limits.maxApplications", 2))
	for i, want := range []int{201, 201, 403} {
		if a := f.fileJSON(resident); a.status != want {
			t.Errorf("application %d: %d, want %d: %s", i+1, a.status, want, a.body)
		}
	}
	b := f.tab("ru").get("/s/" + service)
	button := b.find(func(n *html.Node) bool { return hasClass(n, "govuk-button--start") })
	if !b.says("Принято столько заявлений") || button != nil {
		t.Error("the start page lets people fill in the form in vain")
	}
	upload := f.call(http.MethodPost, "/api/v1/services/"+service+"/uploads?document=rent&name=a.pdf", pdf)
	if upload.status != http.StatusForbidden {
		t.Errorf("an upload: %d", upload.status)
	}
}

func TestApplicationThatNoRuleRoutesIsTakenAndSeen(t *testing.T) {
	f := start(t, func(def map[string]any) { delete(def["routing"].(map[string]any), "default") })
	a := f.fileJSON(strings.Replace(resident, "north", "centre", 1))
	if got := a.json(t); a.status != http.StatusCreated || got["queue"] != Unrouted {
		t.Errorf("%d %v, want it in the queue %q", a.status, got, Unrouted)
	}
	if !strings.Contains(f.logs.String(), "no routing rule takes an application") {
		t.Error("nobody is told")
	}
}

func TestDeadlineBeyondTheKnownCalendarIsProvisional(t *testing.T) {
	f := start(t, set("process.deadline", map[string]any{"value": 900, "unit": "WorkingDays", "startsAt": "Filed"}))
	if got := f.fileJSON(resident).json(t); got["deadlineProvisional"] != true {
		t.Errorf("receipt = %v, want a provisional deadline", got)
	}
}

const xmlApplication = `<?xml version="1.0" encoding="%s"?>
<application><name>Анна Образцова</name><birthDate>1990-05-01</birthDate><district>north</district><home>own</home><years>2</years>
<cars><plate>А123ВС77</plate></cars></application>`

func TestXMLIsTakenInBothCharsets(t *testing.T) {
	f := start(t)
	unicode := strings.Replace(xmlApplication, "%s", "UTF-8", 1)
	russian, err := charmap.Windows1251.NewEncoder().String(strings.Replace(xmlApplication, "%s", "windows-1251", 1))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ contentType, body string }{
		"UTF-8 by its declaration":        {"application/xml", unicode},
		"windows-1251 by its declaration": {"text/xml", russian},
		"windows-1251 by the header":      {"application/xml; charset=windows-1251", russian},
	} {
		a := f.call(http.MethodPost, applicationsPath, test.body, "Content-Type", test.contentType)
		if a.status != http.StatusCreated {
			t.Errorf("%s: %d %s", name, a.status, a.body)
			continue
		}
		stored, err := f.store.Application(t.Context(), a.json(t)["number"].(string))
		if err != nil || !strings.Contains(string(stored.Envelope), "Анна Образцова") {
			t.Errorf("%s: stored %s, %v", name, stored.Envelope, err)
		}
	}
}

const pdf = "%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"

const tenant = `{"data": {"name": "Олег Примеров", "birthDate": "1985-11-30", "district": "centre", "home": "rented", "landlord": "Пётр",
	"years": 1, "cars": [{"plate": "А123ВС77"}]}, "documents": [{"document": "rent", "id": "%s", "name": "claimed.exe", "sha256": "claimed"}]}`

func TestUploadBelongsToOneApplication(t *testing.T) {
	f := start(t)
	path := "/api/v1/services/" + service + "/uploads?document=rent&name=%D0%B4%D0%BE%D0%B3%D0%BE%D0%B2%D0%BE%D1%80.pdf"
	upload := f.call(http.MethodPost, path, pdf, "Content-Type", "text/plain")
	info := upload.json(t)
	if upload.status != http.StatusCreated || info["type"] != "application/pdf" || info["name"] != "договор.pdf" {
		t.Fatalf("upload: %d %s", upload.status, upload.body)
	}
	body := strings.Replace(tenant, "%s", info["id"].(string), 1)
	first := f.fileJSON(body, "Idempotency-Key", "key-of-oleg-1")
	if first.status != http.StatusCreated {
		t.Fatalf("application: %d %s", first.status, first.body)
	}
	stored, err := f.store.Application(t.Context(), first.json(t)["number"].(string))
	if err != nil || strings.Contains(string(stored.Envelope), "claimed") || !strings.Contains(string(stored.Envelope), "договор.pdf") {
		t.Errorf("stored %s, %v; want what the store knows of the file, not what the client claims", stored.Envelope, err)
	}
	if again := f.fileJSON(body, "Idempotency-Key", "key-of-oleg-1"); again.status != http.StatusOK {
		t.Errorf("the same application again: %d %s, want its receipt", again.status, again.body)
	}
	other := f.fileJSON(body)
	if other.status != http.StatusUnprocessableEntity || !strings.Contains(string(other.body), `"/documents/rent","code":"unknown"`) {
		t.Errorf("another application with the same upload: %d %s", other.status, other.body)
	}
}

func TestUploadBeyondItsBoundLeavesNothing(t *testing.T) {
	f := start(t, func(def map[string]any) { def["documents"].([]any)[0].(map[string]any)["maxSizeBytes"] = 1000 })
	a := f.call(http.MethodPost, "/api/v1/services/"+service+"/uploads?document=rent&name=a.pdf", pdf+strings.Repeat(" ", 1000))
	if a.status != http.StatusRequestEntityTooLarge || !strings.Contains(string(a.body), `"code":"tooLarge"`) {
		t.Errorf("%d %s, want 413 tooLarge", a.status, a.body)
	}
}

func TestOneClientCannotSendWithoutEnd(t *testing.T) {
	f := start(t)
	f.limiter.rate = 1
	var limited answer
	for range burst + 1 {
		limited = f.fileJSON(resident)
	}
	if limited.status != http.StatusTooManyRequests || limited.header.Get("Retry-After") != "2" {
		t.Errorf("%d, Retry-After %q, want 429 and 2", limited.status, limited.header.Get("Retry-After"))
	}
	if a := f.fileJSON(resident, "X-Forwarded-For", "203.0.113.9"); a.status != http.StatusCreated {
		t.Errorf("another client behind the proxy: %d", a.status)
	}
	f.clock.Add(2 * time.Second)
	if a := f.fileJSON(resident); a.status != http.StatusCreated {
		t.Errorf("after waiting: %d %s", a.status, a.body)
	}
}

func TestTagOfADescriptionFollowsItsBytes(t *testing.T) {
	one, other := newDocument([]byte("a")), newDocument([]byte("b"))
	if one.etag == other.etag || one.etag != newDocument([]byte("a")).etag {
		t.Errorf("tags %s and %s", one.etag, other.etag)
	}
}

func TestSchemasAreServedAndNotSentAgain(t *testing.T) {
	f := start(t)
	for _, path := range []string{"/api/v1/services/" + service + "/openapi.json", "/schema/" + service + "/application.json"} {
		a := f.call(http.MethodGet, path, "")
		if a.status != http.StatusOK || len(a.json(t)) == 0 {
			t.Errorf("%s: %d", path, a.status)
		}
		if again := f.call(http.MethodGet, path, "", "If-None-Match", a.header.Get("ETag")); again.status != http.StatusNotModified {
			t.Errorf("%s again: %d", path, again.status)
		}
	}
}
