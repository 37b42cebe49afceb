// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/intake/store"
)

func TestButtonPressedTwiceFilesOnce(t *testing.T) {
	f := start(t)
	b := toCheck(f).choose("", "Подтверждаю")
	check := b.url.Path
	button := b.find(func(n *html.Node) bool { return hasClass(n, "govuk-button") && attr(n, "value") == "continue" })
	again := b.request(button)
	b.press("Подтвердить")
	first, _ := b.receipt()
	b.load(again)
	if second, _ := b.receipt(); second != first {
		t.Errorf("two applications: %s and %s", first, second)
	}
	b.get(check)
	if third, _ := b.receipt(); third != first {
		t.Errorf("going back leads to %q", third)
	}
	if got := f.counts().Submitted; got != 1 {
		t.Errorf("submitted %d", got)
	}
}

func TestDraftOpensItsReceiptForADay(t *testing.T) {
	f := start(t)
	b := toCheck(f)
	check, own := b.url.Path, b.client.Jar.Cookies(b.url)
	b.choose("", "Подтверждаю").press("Подтвердить").receipt()
	f.clock.Add(25 * time.Hour)
	later := f.tab("ru") // a browser that kept only the draft's cookie
	later.url = b.url
	later.client.Jar.SetCookies(b.url.ResolveReference(&url.URL{Path: check}), own)
	if later.get(check); later.says("Анна") || later.heading() != "Что с моим заявлением" {
		t.Errorf("a day later the draft's address shows %q", later.heading())
	}
}

func TestAnswersThatCannotBeStoredStayOnThePage(t *testing.T) {
	f := start(t)
	b := f.tab("ru").get("/s/" + service).press("Подать заявление")
	mux := http.NewServeMux()
	mux.Handle("POST /s/{service}/apply/{draft}/{page}", f.route("POST /s/{service}/apply/{draft}/{page}", func(c *call) error {
		return f.onDraft(c, func(c *call, d *draft) error {
			data := map[string]any{"name": "Анна Образцова"}
			return f.notSaved(c, d, data, url.Values{}, fmt.Errorf("save: %w", store.ErrFull))
		})
	}))
	req := httptest.NewRequest(http.MethodPost, b.url.Path, nil)
	for _, cookie := range b.client.Jar.Cookies(b.url) {
		req.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, req)
	page := w.Body.String()
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "60" || !strings.Contains(page, `value="Анна Образцова"`) ||
		!strings.Contains(page, "не удалось сохранить") {
		t.Errorf("%d\n%s", w.Code, page)
	}
}

func TestNobodyAgreesToAnswersThatTheyHaveNotSeen(t *testing.T) {
	f := start(t)
	b := toCheck(f)
	other := &tab{t: t, client: b.client, url: b.url, lang: "ru"}
	other.get(b.url.Path).follow("Изменить: Машины").write("На сколько лет", "3").press("Продолжить")
	b.choose("", "Подтверждаю").press("Подтвердить")
	if b.status != http.StatusConflict || !b.says("Ответы изменились в другом окне") {
		t.Errorf("%d %q, want the changed answers first", b.status, b.heading())
	}
	b.choose("", "Подтверждаю").press("Подтвердить").receipt()
}

func TestDraftOpensOnlyInItsBrowser(t *testing.T) {
	f := start(t)
	b := apply(f)
	stranger := f.tab("ru").get(b.url.Path)
	if stranger.status != http.StatusNotFound || stranger.says("Анна") {
		t.Errorf("a stranger with the address: %d %q", stranger.status, stranger.heading())
	}
	for _, cookie := range b.client.Jar.Cookies(b.url) {
		if strings.Contains(b.url.String(), cookie.Value) && cookie.Name == draftCookie {
			t.Error("the address holds the cookie")
		}
	}
}

func TestStartPageOffersToContinue(t *testing.T) {
	f := start(t)
	b := apply(f)
	b.get("/s/" + service).follow("Продолжить заявление")
	if b.heading() != "Где вы живёте" {
		t.Errorf("continues at %q", b.heading())
	}
	f.clock.Add(31 * 24 * time.Hour)
	if b.get("/s/" + service); b.says("Продолжить заявление") {
		t.Error("offers a draft that is no longer kept")
	}
	if b.get(pagePath(service, "gone", "home")); b.status != http.StatusNotFound {
		t.Errorf("a draft that never was: %d", b.status)
	}
}

func TestDraftFinishesOnTheRevisionThatItWasBegunOn(t *testing.T) {
	f := start(t)
	b := apply(f)
	former := b.header.Get("Okno-Digest")
	raw := definition(t, titled("Новое название"), func(def map[string]any) {
		pages := def["form"].(map[string]any)["pages"].([]any)
		pages[1].(map[string]any)["title"] = map[string]any{"ru": "Ваш дом", "en": "Your house"}
	})
	f.publish(publication(t, 2, raw), raw)
	b.choose("Район", "Север").choose("Жильё", "Своё жильё").press("Продолжить")
	b.writeIn("Машина 1", "Номер", "А123ВС77").write("На сколько лет", "2").press("Продолжить")
	b.choose("", "Подтверждаю").press("Подтвердить")
	number, _ := b.receipt()
	stored, err := f.store.Application(t.Context(), number)
	if err != nil || stored.Digest != former || b.header.Get("Okno-Digest") != former {
		t.Errorf("filed on %q, %v; want %q, which it was begun on", stored.Digest, err, former)
	}
	if fresh := f.tab("ru").get("/s/" + service); fresh.heading() != "Новое название" || fresh.header.Get("Okno-Digest") == former {
		t.Errorf("who comes now sees %q", fresh.heading())
	}
}

func TestSuspendedServiceKeepsDrafts(t *testing.T) {
	f := start(t)
	b := toCheck(f).choose("", "Подтверждаю")
	raw := definition(t)
	f.publish(publication(t, 2, raw, action(v1alpha1.ActionSuspend)), raw)
	b.press("Подтвердить")
	if b.status != http.StatusForbidden || !b.says("Приём заявлений приостановлен") {
		t.Errorf("%d %q", b.status, b.heading())
	}
	f.publish(publication(t, 3, raw, action(v1alpha1.ActionResume)), raw)
	b.get("/s/"+service).follow("Продолжить заявление").choose("", "Подтверждаю").press("Подтвердить").receipt()
}
