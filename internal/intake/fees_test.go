// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"database/sql"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pays makes the permit cost something: two sums by the district, nothing with a disability.
func pays() edit {
	fee := func(id, when, amount string) map[string]any {
		return map[string]any{
			"id": id, "when": when + " && !app.?disabled.orValue(false)", "amount": amount, "currency": "RUB",
			"basis":  map[string]any{"ru": "Решение думы, " + id, "en": "Decision of the council, " + id},
			"waiver": map[string]any{"ru": "Не платят люди с инвалидностью", "en": "People with a disability do not pay"},
		}
	}
	return set("fees", []any{fee("centre", `app.district == "centre"`, "12000"), fee("north", `app.district == "north"`, "350.50")})
}

func TestApplicantsLearnWhatTheyPay(t *testing.T) {
	f := start(t, pays())
	b := toCheck(f)
	for _, words := range []string{"Сколько платить", "350,50 ₽", "Решение думы, north", "Не платят люди с инвалидностью"} {
		if !b.says(words) {
			t.Errorf("the check does not show %q", words)
		}
	}
	if b.says("12 000") {
		t.Error("the check shows a fee that is not this applicant's")
	}
	b.choose("", "Подтверждаю").press("Подтвердить")
	number, secret := b.receipt()
	if !b.says("350,50 ₽") || b.says("12 000") {
		t.Error("the receipt does not say what to pay")
	}
	got := f.call(http.MethodGet, applicationsPath+"/"+number, "", "Okno-Secret", secret).json(t)["fees"]
	want := []any{map[string]any{"id": "north", "amount": "350.50", "currency": "RUB"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fees of the status (-want +got):\n%s", diff)
	}
}

func TestReceiptsOfProgramsTellTheFees(t *testing.T) {
	body := func(data string) string {
		return `{"data": {"name": "Анна", "birthDate": "1990-05-01", "home": "own", "years": 1, "cars": [{"plate": "А123ВС77"}], ` + data + `}}`
	}
	tests := map[string]struct {
		edits []edit
		data  string
		want  any
	}{
		"one of two":                        {[]edit{pays()}, `"district": "centre"`, []any{map[string]any{"id": "centre", "amount": "12000", "currency": "RUB"}}},
		"freed of it":                       {[]edit{pays()}, `"district": "centre", "disabled": true`, []any{}},
		"a free service has nothing to say": {nil, `"district": "centre"`, nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			f := start(t, tc.edits...)
			first := f.fileJSON(body(tc.data), "Idempotency-Key", "key-of-the-fees")
			if first.status != http.StatusCreated {
				t.Fatalf("%d %s", first.status, first.body)
			}
			if diff := cmp.Diff(tc.want, first.json(t)["fees"]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if again := f.fileJSON(body(tc.data), "Idempotency-Key", "key-of-the-fees"); again.status != http.StatusOK || string(again.body) != string(first.body) {
				t.Errorf("the replay says %d %s, the first answer was %s", again.status, again.body, first.body)
			}
		})
	}
}

// What is filed is acknowledged though nothing of it can be read back: a client without a key would file it a second time.
func TestAFiledApplicationIsAcknowledgedWithoutReadingIt(t *testing.T) {
	f := start(t, pays())
	db, err := sql.Open("sqlite", f.path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `create trigger spoil after insert on application begin
		update application set envelope = '{' where seq = new.seq; end`); err != nil {
		t.Fatal(err)
	}
	got := f.fileJSON(resident)
	if got.status != http.StatusCreated {
		t.Fatalf("%d %s", got.status, got.body)
	}
	want := []any{map[string]any{"id": "north", "amount": "350.50", "currency": "RUB"}}
	if diff := cmp.Diff(want, got.json(t)["fees"]); diff != "" {
		t.Errorf("fees (-want +got):\n%s", diff)
	}
	number, _ := got.json(t)["number"].(string)
	secret, _ := got.json(t)["secret"].(string)
	if read := f.call(http.MethodGet, applicationsPath+"/"+number, "", "Okno-Secret", secret); read.status != http.StatusInternalServerError {
		t.Errorf("the application can be read all the same: %d %s", read.status, read.body)
	}
}

// A receipt tells the fees of the definition that the application was filed under, whatever costs what today.
func TestFeesStayThoseOfTheFiling(t *testing.T) {
	f := start(t, pays())
	data := `{"data": {"name": "Анна", "birthDate": "1990-05-01", "home": "own", "years": 1, "cars": [{"plate": "А123ВС77"}], "district": "north"}}`
	first := f.fileJSON(data, "Idempotency-Key", "key-of-the-fees")
	free := definition(t, titled("Теперь бесплатно"))
	f.publish(publication(t, 2, free), free)
	if again := f.fileJSON(data, "Idempotency-Key", "key-of-the-fees"); string(again.body) != string(first.body) || !strings.Contains(string(again.body), "350.50") {
		t.Errorf("the replay says %s, the first answer was %s", again.body, first.body)
	}
}

func TestOneFeeIsThePriceAtAGlance(t *testing.T) {
	f := start(t, set("fees", []any{map[string]any{"id": "all", "amount": "44000", "currency": "RUB", "basis": map[string]any{"ru": "Решение думы", "en": "A decision"}}}))
	if b := f.tab("ru").get("/s/" + service); !b.says("44 000 ₽") {
		t.Error("the start page does not tell the price")
	}
	if b := f.tab("en").get("/s/" + service); !b.says("RUB 44,000") {
		t.Error("the English start page does not tell the price")
	}
}
