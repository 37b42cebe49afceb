// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

func TestFileThatTheApplicantTookBackIsNotFiled(t *testing.T) {
	f := start(t)
	b := toRent(f).attach("a.pdf", pdf).press("Продолжить")
	b.get(strings.Replace(b.url.Path, "/cars", "/home", 1)).choose("Жильё", "Своё жильё").press("Продолжить")
	b.writeIn("Машина 1", "Номер", "А123ВС77").write("На сколько лет", "1").press("Продолжить")
	b.choose("", "Подтверждаю").press("Подтвердить")
	number, _ := b.receipt()
	files, err := f.store.Files(t.Context(), number)
	if err != nil || len(files) != 0 || b.says("a.pdf") {
		t.Errorf("filed with %+v, %v", files, err)
	}

	upload := f.call(http.MethodPost, "/api/v1/services/"+service+"/uploads?document=rent&name=b.pdf", pdf).json(t)
	body := strings.Replace(resident, `"data":`, `"documents": [{"document": "rent", "id": "`+upload["id"].(string)+`"}], "data":`, 1)
	a := f.fileJSON(body)
	if files, err := f.store.Files(t.Context(), a.json(t)["number"].(string)); a.status != http.StatusCreated || err != nil || len(files) != 0 {
		t.Errorf("as JSON: %d with %+v, %v", a.status, files, err)
	}
}

// limited bounds the rent contract.
func limited(size, files int) edit {
	return func(def map[string]any) {
		rent := def["documents"].([]any)[0].(map[string]any)
		rent["maxSizeBytes"], rent["maxFiles"] = size, files
	}
}

func TestFileThatIsTooLargeIsTooLargeAndNothingElse(t *testing.T) {
	f := start(t, limited(10_000, 1))
	large := pdf + strings.Repeat("%", 2<<20)
	b := toRent(f).attach("a.pdf", large).press("Продолжить")
	if got := b.errors(); b.status != http.StatusUnprocessableEntity || !cmp.Equal(got, []string{"/documents/rent tooLarge"}) {
		t.Errorf("form: %d %q", b.status, got)
	}
	a := f.call(http.MethodPost, "/api/v1/services/"+service+"/uploads?document=rent&name=a.pdf", large)
	if errs := a.json(t)["errors"].([]any); a.status != http.StatusRequestEntityTooLarge || len(errs) != 1 {
		t.Errorf("API: %d %v", a.status, errs)
	}
}

func TestFileBeyondTheirNumberIsNotKept(t *testing.T) {
	f := start(t, limited(10_000, 1))
	b := toRent(f).attach("a.pdf", pdf).press("Продолжить").follow("Назад").attach("b.pdf", pdf).press("Продолжить")
	if got := b.errors(); !cmp.Equal(got, []string{"/documents/rent maxItems"}) || b.says("b.pdf") {
		t.Errorf("errors %q, keeps the second: %v", got, b.says("b.pdf"))
	}
}

func TestRetryWithFilesIsNoRejection(t *testing.T) {
	f := start(t)
	info := f.call(http.MethodPost, "/api/v1/services/"+service+"/uploads?document=rent&name=a.pdf", pdf).json(t)
	body := strings.Replace(tenant, "%s", info["id"].(string), 1)
	for _, want := range []int{http.StatusCreated, http.StatusOK, http.StatusOK} {
		if a := f.fileJSON(body, "Idempotency-Key", "key-of-oleg-1"); a.status != want {
			t.Errorf("%d %s, want %d", a.status, a.body, want)
		}
	}
	if got := f.counts(); got.Submitted != 1 || got.RejectedByValidation != 0 {
		t.Errorf("counts = %+v", got)
	}
}

func TestUploadNamedTwiceIsAnError(t *testing.T) {
	f := start(t, limited(10_000, 5))
	info := f.call(http.MethodPost, "/api/v1/services/"+service+"/uploads?document=rent&name=a.pdf", pdf).json(t)
	one := `{"document": "rent", "id": "` + info["id"].(string) + `"}`
	body := strings.Replace(tenant, `{"document": "rent", "id": "%s", "name": "claimed.exe", "sha256": "claimed"}`, one+", "+one, 1)
	a := f.fileJSON(body)
	if a.status != http.StatusUnprocessableEntity || !strings.Contains(string(a.body), `"/documents/rent","code":"unknown"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := f.fileJSON(strings.Replace(body, one+", "+one, `{"document": "rent"}`, 1)); a.status != http.StatusUnprocessableEntity {
		t.Errorf("without an id: %d %s", a.status, a.body)
	}
}

func TestFileOfAnotherWindowIsSeenBeforeItIsAgreedTo(t *testing.T) {
	f := start(t)
	b := toRent(f).attach("a.pdf", pdf).press("Продолжить")
	b.writeIn("Машина 1", "Номер", "А123ВС77").write("На сколько лет", "1").press("Продолжить")
	other := &tab{t: t, client: b.client, url: b.url, lang: "ru"}
	other.get(b.url.Path).follow("Изменить: Договор найма").press("Удалить").attach("new.pdf", pdf).press("Продолжить")
	b.choose("", "Подтверждаю").press("Подтвердить")
	if b.status != http.StatusConflict || !b.says("new.pdf") {
		t.Errorf("%d %q", b.status, b.heading())
	}
	b.choose("", "Подтверждаю").press("Подтвердить").receipt()
}

func TestCheckNamesEachDocumentOnce(t *testing.T) {
	b := toRent(start(t)).attach("a.pdf", pdf).press("Продолжить")
	b.writeIn("Машина 1", "Номер", "А123ВС77").write("На сколько лет", "1").press("Продолжить")
	rows := b.all(func(n *html.Node) bool {
		return hasClass(n, "govuk-summary-list__key") && text(n) == "Договор найма жилья"
	})
	if len(rows) != 1 {
		t.Errorf("the document stands there %d times", len(rows))
	}
}

func TestFileInputsAreToldApart(t *testing.T) {
	b := toRent(start(t))
	input := b.find(func(n *html.Node) bool { return attr(n, "type") == "file" })
	var words []string
	for id := range strings.FieldsSeq(attr(input, "aria-labelledby")) {
		words = append(words, text(b.find(func(n *html.Node) bool { return attr(n, "id") == id })))
	}
	if got := strings.Join(words, " "); !strings.HasPrefix(got, "Договор найма жилья") {
		t.Errorf("the input is called %q", got)
	}
}

func TestRequestsWithFilesAreBounded(t *testing.T) {
	s := newSlots(true)
	var release func()
	for range maxClientStreams {
		r, ok := s.take("a")
		if !ok {
			t.Fatal("a slot within the bound is refused")
		}
		release = r
	}
	if _, ok := s.take("a"); ok {
		t.Error("one client takes more than its share")
	}
	if _, ok := s.take("b"); !ok {
		t.Error("another client is refused")
	}
	release()
	if _, ok := s.take("a"); !ok {
		t.Error("a slot that was given back is lost")
	}
	for client := range 2 * maxStreams {
		s.take(strconv.Itoa(client))
	}
	if s.all != maxStreams {
		t.Errorf("%d at once, want %d", s.all, maxStreams)
	}
}
