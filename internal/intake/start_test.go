// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

func TestOptionalDocumentMayBeAdded(t *testing.T) {
	optional := func(def map[string]any) {
		delete(def["documents"].([]any)[0].(map[string]any), "requiredWhen")
	}
	for language, words := range map[string][2]string{
		"ru": {"Можно приложить. Выдаёт: Наймодатель", "Нужен не всегда"}, "en": {"You may add it. Issued by: The landlord", "Not always needed"},
	} {
		if b := start(t, optional).tab(language).get("/s/" + service); !b.says(words[0]) || b.says(words[1]) {
			t.Errorf("%s: the start page does not say %q", language, words[0])
		}
		if b := start(t).tab(language).get("/s/" + service); b.says(words[0]) {
			t.Errorf("%s: a document that some must attach is called optional", language)
		}
	}
}

func TestBarriersHaveAnAddress(t *testing.T) {
	contact := set("accessibility.contact", map[string]any{"phone": "8 800 100-00-01", "email": "access@example.org"})
	for language, words := range map[string]string{"ru": "Сообщить о препятствии", "en": "Report a barrier"} {
		b := start(t, contact).tab(language).get("/s/" + service)
		if !b.says(words) {
			t.Errorf("%s: no %q", language, words)
		}
		for _, address := range []string{"tel:88001000001", "mailto:access@example.org"} {
			if b.find(func(n *html.Node) bool { return n.DataAtom == atom.A && attr(n, "href") == address }) == nil {
				t.Errorf("%s: no link to %s", language, address)
			}
		}
	}
}

func TestPriceIsOnTheStartPage(t *testing.T) {
	fee := func(id, amount, when string) any {
		f := map[string]any{"id": id, "amount": amount, "currency": "RUB", "basis": map[string]any{"ru": "Закон", "en": "A law"}}
		if when != "" {
			f["when"] = when
		}
		return f
	}
	for name, tc := range map[string]struct {
		fees []any
		want string
	}{
		"free":           {[]any{}, "Бесплатно"},
		"one sum":        {[]any{fee("a", "350", "")}, "350 ₽"},
		"two applicants": {[]any{fee("a", "44000", `"x" == "x"`), fee("b", "4000", `"x" == "y"`)}, "4 000–44 000 ₽"},
	} {
		if b := start(t, set("fees", tc.fees)).tab("ru").get("/s/" + service); !b.says(tc.want) {
			t.Errorf("%s: the start page does not say %q", name, tc.want)
		}
	}
}

// An address that only takes what a button sends is met by hand, too: after a reload, from a bookmark, out of a message.
func TestAddressOfTheButtonLeadsToTheStart(t *testing.T) {
	f := start(t)
	follow := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, tc := range []struct {
		method, path, location string
		status                 int
	}{
		{http.MethodGet, "/s/" + service + "/apply", "/s/" + service, http.StatusSeeOther},
		{http.MethodHead, "/s/" + service + "/apply", "/s/" + service, http.StatusSeeOther},
		{http.MethodGet, "/s/other/apply", "", http.StatusNotFound},
		{http.MethodPut, "/s/" + service + "/apply", "", http.StatusMethodNotAllowed},
		{http.MethodGet, applicationsPath, "", http.StatusMethodNotAllowed},
	} {
		r, err := http.NewRequestWithContext(t.Context(), tc.method, f.url+tc.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := follow.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		type answer struct {
			Status   int
			Location string
		}
		got := answer{resp.StatusCode, strings.TrimPrefix(resp.Header.Get("Location"), f.url)}
		if diff := cmp.Diff(answer{tc.status, tc.location}, got); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", tc.method, tc.path, diff)
		}
	}
}
