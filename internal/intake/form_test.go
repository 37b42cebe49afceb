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

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/intake/store"
)

// apply begins an application and answers the first page.
func apply(f *fixture) *tab {
	f.t.Helper()
	b := f.tab("ru").get("/s/" + service).press("Подать заявление")
	b.write("Фамилия и имя", "Анна Образцова").date("Дата рождения", "1", "5", "1990").press("Продолжить")
	if b.heading() != "Где вы живёте" {
		f.t.Fatalf("after the first page comes %q with %q", b.heading(), b.errors())
	}
	return b
}

// toCheck answers all pages of a resident.
func toCheck(f *fixture) *tab {
	f.t.Helper()
	b := apply(f).choose("Район", "Север").choose("Жильё", "Своё жильё").press("Продолжить")
	b.writeIn("Машина 1", "Номер", "А123ВС77").write("На сколько лет", "2").press("Продолжить")
	if b.heading() != "Проверьте ответы" {
		f.t.Fatalf("after the last page comes %q with %q", b.heading(), b.errors())
	}
	return b
}

func TestFormIsFiledWithoutScript(t *testing.T) {
	f := start(t)
	b := toCheck(f)
	for _, words := range []string{"Анна Образцова", "Север", "А123ВС77", "Администрация обрабатывает ваши данные"} {
		if !b.says(words) {
			t.Errorf("the check does not show %q", words)
		}
	}
	b.press("Подтвердить")
	if got := b.errors(); b.status != http.StatusUnprocessableEntity || !cmp.Equal(got, []string{"/declaration required"}) {
		t.Errorf("without consent: %d %q", b.status, got)
	}
	b.choose("", "Подтверждаю").press("Подтвердить")
	number, secret := b.receipt()
	if !b.says("5 марта 2026") || !b.says("Северная управа") || !b.says("внесём разрешение в реестр") {
		t.Error("the receipt does not say by when, who and what happens next")
	}
	if strings.Contains(b.url.String(), secret) {
		t.Errorf("the secret is in the address %s", b.url)
	}
	status := f.call(http.MethodGet, applicationsPath+"/"+number, "", "Okno-Secret", secret)
	if got := status.json(t); status.status != http.StatusOK || got["deadline"] != "2026-03-05T23:59:59+03:00" {
		t.Errorf("status of the same application: %v", got)
	}
	if got := f.counts(); got.Started != 1 || got.Submitted != 1 || got.RejectedByValidation != 0 {
		t.Errorf("counts = %+v", got)
	}
	if cache := b.header.Get("Cache-Control"); cache != "no-store" {
		t.Errorf("Cache-Control of a receipt = %q", cache)
	}
}

func TestErrorsAreSaidInSummaryAndAtTheQuestion(t *testing.T) {
	f := start(t)
	b := f.tab("en").get("/s/"+service).press("Apply now").date("Date of birth", "31", "2", "1990").press("Continue")
	want := []string{"/data/birthDate format", "/data/name required"}
	if diff := cmp.Diff(want, b.errors()); b.status != http.StatusUnprocessableEntity || diff != "" {
		t.Errorf("%d (-want +got):\n%s", b.status, diff)
	}
	if name := b.control("Your name", ""); attr(name, "aria-invalid") != "true" || attr(name, "aria-describedby") == "" {
		t.Error("the question does not say that it is wrong")
	}
	if day := b.control("Day", "Date of birth"); attr(day, "value") != "31" {
		t.Errorf("what was typed is gone: day = %q", attr(day, "value"))
	}
	b.write("Your name", "Anna").date("Date of birth", "28", "2", "1990").press("Continue")
	if b.heading() != "Where you live" {
		t.Errorf("after mending comes %q with %q", b.heading(), b.errors())
	}
}

func TestQuestionOpenedOnItsOwnPageIsAskedBeforeItIsMissed(t *testing.T) {
	b := apply(start(t)).choose("Район", "Центр").choose("Жильё", "Снимаю").press("Продолжить")
	if b.status != http.StatusOK || len(b.errors()) != 0 || !b.says("Ваш ответ открыл новые вопросы") {
		t.Errorf("status %d, errors %q; want the new question without a word of blame", b.status, b.errors())
	}
	if b.says("Наймодатель (необязательно)") {
		t.Error("a question that a rule demands is called optional")
	}
	b.press("Продолжить")
	if got := b.errors(); !cmp.Equal(got, []string{"/data/landlord required"}) {
		t.Errorf("asked and left empty: %q", got)
	}
	b.write("Наймодатель", "Пётр").press("Продолжить")
	if b.heading() != "Договор найма" {
		t.Errorf("then comes %q with %q", b.heading(), b.errors())
	}
}

func TestEntriesAreAddedAndRemoved(t *testing.T) {
	b := apply(start(t)).choose("Район", "Север").choose("Жильё", "Своё жильё").press("Продолжить")
	b.writeIn("Машина 1", "Номер", "А123ВС77").press("Добавить ещё")
	if got := attr(b.control("Номер", "Машина 1"), "value"); got != "А123ВС77" {
		t.Errorf("the first entry became %q", got)
	}
	b.writeIn("Машина 2", "Номер", "wrong").write("На сколько лет", "2").press("Продолжить")
	if got := b.errors(); !cmp.Equal(got, []string{"/data/cars/1/plate pattern"}) {
		t.Fatalf("errors %q", got)
	}
	b.press("Удалить")
	if got := attr(b.control("Номер", "Машина 1"), "value"); got != "wrong" {
		t.Errorf("after removing the first, the first is %q", got)
	}
	b.writeIn("Машина 1", "Номер", "Е456КХ199").press("Продолжить")
	if b.heading() != "Проверьте ответы" || !b.says("Е456КХ199") || b.says("А123ВС77") {
		t.Errorf("%q with %q", b.heading(), b.errors())
	}
}

// toRent answers until the page that asks for a file.
func toRent(f *fixture) *tab {
	f.t.Helper()
	b := apply(f).choose("Район", "Центр").choose("Жильё", "Снимаю").press("Продолжить")
	return b.write("Наймодатель", "Пётр").press("Продолжить")
}

func TestFilesAreTakenPageByPage(t *testing.T) {
	f := start(t)
	b := toRent(f).press("Продолжить")
	if got := b.errors(); !cmp.Equal(got, []string{"/documents/rent required"}) {
		t.Errorf("without a file: %q", got)
	}
	b.attach("договор.pdf", "not a PDF at all").press("Продолжить")
	if got := b.errors(); !cmp.Equal(got, []string{"/documents/rent mediaType"}) {
		t.Errorf("a wrong file: %q", got)
	}
	b.attach("договор.pdf", pdf).press("Продолжить")
	if b.heading() != "Машины" {
		t.Fatalf("after the file comes %q with %q", b.heading(), b.errors())
	}
	b.follow("Назад")
	if !b.says("договор.pdf") {
		t.Error("the page does not show the file")
	}
	if b.press("Удалить"); b.says("договор.pdf") {
		t.Error("the removed file is still there")
	}
	b.attach("новый.pdf", pdf).press("Продолжить")
	b.writeIn("Машина 1", "Номер", "А123ВС77").write("На сколько лет", "1").press("Продолжить")
	b.choose("", "Подтверждаю").press("Подтвердить")
	number, _ := b.receipt()
	files, err := f.store.Files(t.Context(), number)
	if err != nil || len(files) != 1 || files[0].Name != "новый.pdf" || files[0].Type != "application/pdf" {
		t.Errorf("files %+v, %v", files, err)
	}
}

func TestChangedAnswerLeadsBackToTheCheck(t *testing.T) {
	b := toCheck(start(t)).follow("Изменить: Где вы живёте")
	b.choose("Жильё", "Снимаю").press("Продолжить").write("Наймодатель", "Пётр").press("Продолжить")
	if b.heading() != "Договор найма" {
		t.Fatalf("the page that the change opened is not asked: %q", b.heading())
	}
	b.attach("a.pdf", pdf).press("Продолжить")
	if b.heading() != "Проверьте ответы" || !b.says("a.pdf") || !b.says("Пётр") {
		t.Errorf("%q with %q", b.heading(), b.errors())
	}
}

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

func TestLanguageCanBeChangedWithoutLosingTheWay(t *testing.T) {
	f := start(t)
	b := toCheck(f).follow("Изменить: Машины").follow("English")
	b.press("Continue")
	if b.heading() != "Check your answers" {
		t.Errorf("after changing language it leads to %q", b.heading())
	}
	b.follow("Change: Your cars").write("For how many years", "9").press("Continue")
	if b.says("Русский") {
		t.Error("a link offers to drop what was just typed")
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

func TestReceiptIsFoundByNumberAndCode(t *testing.T) {
	f := start(t)
	b := toCheck(f).choose("", "Подтверждаю").press("Подтвердить")
	number, secret := b.receipt()

	other := f.tab("ru").get(receiptPath(service, number))
	if other.says("Анна") {
		t.Fatal("the number alone opens the receipt")
	}
	other.write("Код доступа", "WRONG").press("Показать")
	if other.status != http.StatusUnprocessableEntity || !other.says("не подходят друг к другу") {
		t.Errorf("a wrong code: %d %q", other.status, other.heading())
	}
	lower := strings.ToLower(secret[:16]) + " " + secret[16:]
	other.get("/s/"+service).follow("Узнать о заявлении").write("Номер заявления", " "+number).write("Код доступа", lower).press("Показать")
	if found, _ := other.receipt(); found != number || !other.says("Анна Образцова") {
		t.Errorf("found %q", found)
	}
	if strings.Contains(other.url.String(), secret) {
		t.Error("the code is in the address")
	}
}

func TestLanguageIsChosenAndKept(t *testing.T) {
	f := start(t)
	b := f.tab("de,en;q=0.8,ru;q=0.5").get("/s/" + service)
	if b.heading() != "Parking permit" {
		t.Errorf("Accept-Language gives %q", b.heading())
	}
	b.follow("Русский")
	if b.heading() != "Парковочное разрешение" {
		t.Errorf("the link gives %q", b.heading())
	}
	if b.get("/s/" + service).press("Подать заявление"); b.heading() != "О вас" {
		t.Errorf("the choice is forgotten: %q", b.heading())
	}
}

func TestBlankFormShowsEveryQuestion(t *testing.T) {
	b := start(t).tab("ru").get("/s/" + service + "/blank")
	for _, words := range []string{"Фамилия и имя", "Наймодатель", "Договор найма", "Марка", "Подпись"} {
		if !b.says(words) {
			t.Errorf("the blank form lacks %q", words)
		}
	}
}

func TestPagesForPeopleWhoLostTheirWay(t *testing.T) {
	f := start(t)
	for path, heading := range map[string]string{
		"/nowhere": "Страница не найдена", "/s/other": "Такой услуги нет", "/s/" + service + "/apply/x/you": "Заявление не открыть",
		"/": "Услуги",
	} {
		b := f.tab("ru").get(path)
		if b.heading() != heading {
			t.Errorf("%s: %q, want %q", path, b.heading(), heading)
		}
		if csp := b.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", path, csp)
		}
	}
}

func TestNothingPersonalIsLoggedOrMeasured(t *testing.T) {
	f := start(t)
	b := toCheck(f).choose("", "Подтверждаю").press("Подтвердить")
	number, secret := b.receipt()
	f.fileJSON(`{"data": {"name": "Анна Образцова", "dog": "Анна"}}`)
	f.call(http.MethodGet, applicationsPath+"/"+number, "", "Okno-Secret", "guess")
	resp, err := http.Get(f.inner + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	metrics := do(t, http.DefaultClient, resp.Request).body
	if !strings.Contains(string(metrics), `okno_intake_requests_total{route="POST /s/{service}/apply",status="303"} 1`) {
		t.Errorf("requests are not counted by route:\n%s", metrics)
	}
	for _, canary := range []string{"Анна", "1990", "А123ВС77", number, secret, "127.0.0.1"} {
		if strings.Contains(f.logs.String(), canary) || strings.Contains(string(metrics), canary) {
			t.Errorf("%q is in the log or the metrics", canary)
		}
	}
}
