// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"net/http"
	"strings"
	"testing"
)

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
