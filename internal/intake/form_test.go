// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
