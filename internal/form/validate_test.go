// SPDX-License-Identifier: Apache-2.0

package form

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// good is an application that is accepted, in JSON.
const good = `{"filing":"self","person":{"surname":"Ёжик","born":"1980-01-31","address":{"city":"Казань"}},"agreed":"1"}`

// edited returns good with a text replaced.
func edited(t *testing.T, old, replacement string) string {
	t.Helper()
	if !strings.Contains(good, old) {
		t.Fatalf("%q is not in the application", old)
	}
	return strings.Replace(good, old, replacement, 1)
}

func parsed(t *testing.T, m *Model, data string) *Envelope {
	t.Helper()
	e, violations, err := m.ParseJSON([]byte(`{"data":` + data + `}`))
	if err != nil || len(violations) > 0 {
		t.Fatalf("%s: %v %v", data, violations, err)
	}
	return e
}

func TestEachKindOfMistake(t *testing.T) {
	m := everything(t)
	for name, tc := range map[string]struct {
		old, new string
		want     []string
	}{
		"nothing wrong":                           {`"1"`, `"1"`, nil},
		"nothing at all":                          {good, `{}`, []string{"/data/filing required", "/data/person/surname required", "/data/person/born required", "/data/person/address/city required", "/data/agreed required"}},
		"spaces only":                             {`"Ёжик"`, `"  \n"`, []string{"/data/person/surname required"}},
		"null is absent":                          {`"Ёжик"`, `null`, []string{"/data/person/surname required"}},
		"too short, counted in characters":        {`"Ёжик"`, `"Ё"`, []string{"/data/person/surname minLength"}},
		"too long":                                {`"Ёжик"`, `"Ёжикёжики"`, []string{"/data/person/surname maxLength"}},
		"decomposed letters are one character":    {`"Ёжик"`, `"Й\u0301` + `о\u0306о\u0306"`, nil},
		"an object where a text belongs":          {`"Ёжик"`, `{"a":"b"}`, []string{"/data/person/surname type"}},
		"a number where a text belongs":           {`"Ёжик"`, `5`, []string{"/data/person/surname type"}},
		"a text where an object belongs":          {`{"city":"Казань"}`, `"Казань"`, []string{"/data/person/address type"}},
		"a character that XML cannot hold":        {`"Ёжик"`, `"Ё\u0001ж"`, []string{"/data/person/surname characters"}},
		"no date":                                 {`1980-01-31`, `1980-02-30`, []string{"/data/person/born format"}},
		"a rule on a good answer":                 {`1980-01-31`, `2030-01-01`, []string{"/data adult", "/data/person/born future"}},
		"a condition of getting the service":      {`1980-01-31`, `2010-01-01`, []string{"/data adult"}},
		"a value that is not listed":              {`"self"`, `"me"`, []string{"/data/filing enum"}},
		"an acknowledgement that is none":         {`"agreed":"1"`, `"agreed":"0"`, []string{"/data/agreed const"}},
		"an object demanded by a rule":            {`"self"`, `"proxy"`, []string{"/data/proxy/name required", "/data/proxy/address/city required"}},
		"half of an optional object":              {`"self"`, `"proxy","proxy":{"name":"А"}`, []string{"/data/proxy/address/city required", "/documents/power required"}},
		"an optional object that is hidden":       {`"agreed"`, `"proxy":{"name":"А"},"agreed"`, nil},
		"a heading of a tree of codes":            {`"self"`, `"proxy","proxy":{"name":"А","kind":"legal","address":{"city":"К"}}`, []string{"/data/proxy/kind enum", "/documents/power required"}},
		"a field that is hidden":                  {`"agreed"`, `"children":50,"agreed"`, nil},
		"a field that is shown":                   {`"agreed"`, `"married":true,"children":50,"agreed"`, []string{"/data/children maximum"}},
		"a rule on shown fields":                  {`"agreed"`, `"married":true,"children":12,"agreed"`, []string{"/data/children many"}},
		"a whole number with a fraction":          {`"agreed"`, `"married":true,"children":1.5,"agreed"`, []string{"/data/children type"}},
		"a whole number written with one":         {`"agreed"`, `"married":true,"children":2.0,"agreed"`, nil},
		"a number that readers disagree about":    {`"agreed"`, `"married":true,"children":9007199254740993,"agreed"`, []string{"/data/children type"}},
		"a list of one without a list":            {`"agreed"`, `"phones":"89120000000","agreed"`, nil},
		"an entry of a list":                      {`"agreed"`, `"phones":["89120000000","9"],"agreed"`, []string{"/data/phones/1 pattern"}},
		"too many entries":                        {`"agreed"`, `"colours":["red","green","blue"],"agreed"`, []string{"/data/colours maxItems"}},
		"the same twice":                          {`"agreed"`, `"colours":["red","red"],"agreed"`, []string{"/data/colours uniqueItems"}},
		"empty entries are none":                  {`"agreed"`, `"pets":[{},{"name":""}],"agreed"`, nil},
		"an entry without what it requires":       {`"agreed"`, `"pets":[{"born":"2020-01-01"}],"agreed"`, []string{"/data/pets/0/name required", "/documents/photo required"}},
		"a rule over the entries":                 {`"agreed"`, `"pets":[{"name":"Ш","born":"2040-01-01"}],"agreed"`, []string{"/data/pets petBorn", "/documents/photo required"}},
		"a rule waits until its answers are good": {`"agreed"`, `"pets":[{"name":"Ш","born":"2040-99-01"}],"agreed"`, []string{"/data/pets/0/born format", "/documents/photo required"}},
		"an address that is none":                 {`"agreed"`, `"email":"name","agreed"`, []string{"/data/email format"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := parsed(t, m, edited(t, tc.old, tc.new))
			var got []string
			for _, v := range m.Validate(e, monday) {
				got = append(got, v.Pointer+" "+v.Code)
				if v.Message.In("ru") == "" || v.Message.In("en") == "" || strings.Contains(v.Message.In("ru")+v.Message.In("en"), "%!") {
					t.Errorf("%s %s has no message for people: %v", v.Pointer, v.Code, v.Message)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatIsHiddenIsNotFiled(t *testing.T) {
	m := everything(t)
	e := parsed(t, m, edited(t, `"agreed"`, `"proxy":{"name":"А","address":{"city":"К"}},"children":3,"agreed"`))
	e.Documents = []Attachment{{Document: "power", ID: "u1"}}
	if got := m.Validate(e, monday); len(got) > 0 {
		t.Fatal(got)
	}
	for _, name := range []string{"proxy", "children"} {
		if _, there := e.Data[name]; there {
			t.Errorf("%q is hidden and would be filed", name)
		}
	}
	if len(e.Documents) > 0 {
		t.Errorf("a file of a hidden page would be filed: %v", e.Documents)
	}
}

func TestMessagesAreWrittenForCitizens(t *testing.T) {
	m := everything(t)
	for name, tc := range map[string]struct{ old, new, pointer, ru, en string }{
		"the field's own text":    {`"Ёжик"`, `"Ё"`, "/data/person/surname", "Коротко.", "Short."},
		"the bound":               {`"Ёжик"`, `"Ёжикёжики"`, "/data/person/surname", "Ответ «Фамилия» слишком длинный: сократите до 8 символов", "“Surname” must have at most 8 characters: shorten it"},
		"a date":                  {`1980-01-31`, `1980-02-30`, "/data/person/born", "Укажите существующую дату: день, месяц и год. «Дата рождения»", "Enter a real date with day, month and year for “Date of birth”"},
		"a choice":                {`"filing":"self",`, ``, "/data/filing", "Выберите ответ: «Кто подаёт заявление»", "Choose an answer to “Who files”"},
		"a box to tick":           {`,"agreed":"1"`, ``, "/data/agreed", "Поставьте отметку: «Я ознакомлен»", "Tick the box “I have read it”"},
		"an answer":               {`"city":"Казань"`, ``, "/data/person/address/city", "Заполните поле «Город»", "Enter an answer to “City”"},
		"a document":              {`"agreed"`, `"pets":[{"name":"Ш"}],"agreed"`, "/documents/photo", "Приложите документ «Фотография»", "Attach the document “Photo”"},
		"an entry's own question": {`"agreed"`, `"pets":[{"name":"Слишком длинная"}],"agreed"`, "/data/pets/0/name", "Ответ «Кличка» слишком длинный: сократите до 10 символов", "“Name” must have at most 10 characters: shorten it"},
	} {
		t.Run(name, func(t *testing.T) {
			e := parsed(t, m, edited(t, tc.old, tc.new))
			for _, v := range m.Validate(e, monday) {
				if v.Pointer == tc.pointer {
					if diff := cmp.Diff([]string{tc.ru, tc.en}, []string{v.Message.In("ru"), v.Message.In("en")}); diff != "" {
						t.Errorf("(-want +got):\n%s", diff)
					}
					return
				}
			}
			t.Errorf("nothing was reported at %s", tc.pointer)
		})
	}
}

func TestEnvelopeBesideTheData(t *testing.T) {
	m := everything(t)
	for name, tc := range map[string]struct {
		body string
		want []string
	}{
		"a key that nobody knows":      {`{"data":` + good + `,"extra":1}`, []string{"/extra unknown"}},
		"an answer that nobody knows":  {`{"data":` + edited(t, `"agreed"`, `"age":5,"agreed"`) + `}`, []string{"/data/age unknown"}},
		"inside an entry":              {`{"data":` + edited(t, `"agreed"`, `"phones":[],"pets":[{"name":"Ш","age":5}],"agreed"`) + `}`, []string{"/data/pets/0/age unknown", "/documents/photo required"}},
		"data that is no object":       {`{"data":[]}`, []string{"/data type", "/data/filing required", "/data/person/surname required", "/data/person/born required", "/data/person/address/city required", "/data/agreed required"}},
		"a centre and its territory":   {`{"data":` + good + `,"channel":{"mfc":"63-01","okato":"36401"}}`, []string{"/channel/okato pattern"}},
		"a language of no text":        {`{"data":` + good + `,"language":"de"}`, []string{"/language enum"}},
		"a claim that is no text":      {`{"data":` + good + `,"applicant":{"sub":5}}`, []string{"/applicant/sub type"}},
		"a document that nobody knows": {`{"data":` + good + `,"documents":[{"document":"x","id":"u"}]}`, []string{"/documents/x unknown"}},
		"an upload without an id":      {`{"data":` + good + `,"documents":[{"document":"photo"}]}`, []string{"/documents/0/id required"}},
		"too many files":               {`{"data":` + good + `,"documents":[{"document":"photo","id":"1"},{"document":"photo","id":"2"},{"document":"photo","id":"3"}]}`, []string{"/documents/photo maxItems"}},
	} {
		t.Run(name, func(t *testing.T) {
			e, unknown, err := m.ParseJSON([]byte(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, v := range append(unknown, m.Validate(e, monday)...) {
				got = append(got, v.Pointer+" "+v.Code)
			}
			slices.Sort(got)
			slices.Sort(tc.want)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFeesAreThoseOfTheApplicant(t *testing.T) {
	def := pension(t)
	def.Fees = []v1alpha1.Fee{
		{ID: "kazan", When: `app.?office.orValue("") == "Клиентская служба в Ново-Савиновском районе Казани"`, Amount: "4000", Currency: "RUB"},
		{ID: "child", When: `age(app.?applicant.?birthDate.orValue("1900-01-01"), now) < 18`, Amount: "10.50", Currency: "RUB"},
		{ID: "all", Amount: "1", Currency: "RUB"},
	}
	m := compiled(t, def)
	for name, tc := range map[string]struct {
		data map[string]any
		want []v1alpha1.ID
	}{
		"who answered nothing pays what all pay": {nil, []v1alpha1.ID{"all"}},
		"an office has its own":                  {map[string]any{"office": "Клиентская служба в Ново-Савиновском районе Казани"}, []v1alpha1.ID{"kazan", "all"}},
		"several in the definition's order": {
			map[string]any{"office": "Клиентская служба в Ново-Савиновском районе Казани", "applicant": map[string]any{"birthDate": "2020-05-06"}}, []v1alpha1.ID{"kazan", "child", "all"},
		},
		"an answer of the wrong kind": {map[string]any{"office": int64(1)}, []v1alpha1.ID{"all"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []v1alpha1.ID
			for _, fee := range m.Fees(&Envelope{Data: tc.data}, monday) {
				got = append(got, fee.ID)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRoute(t *testing.T) {
	m := everything(t)
	for city, want := range map[string]string{"Казань": "Казань", "Тула": "Москва"} {
		got, byRule := m.Route(parsed(t, m, edited(t, "Казань", city)), monday)
		if got.Unit != want || byRule != (city == "Казань") {
			t.Errorf("from %s to %v, by a rule: %v", city, got, byRule)
		}
	}
	m.def.Routing.Default = nil
	if got, byRule := m.Route(parsed(t, m, edited(t, "Казань", "Тула")), monday); got != (v1alpha1.Destination{}) || byRule {
		t.Errorf("a miss went to %v", got)
	}
}

func TestServiceMessageIsEscaped(t *testing.T) {
	m := everything(t)
	got, err := m.ServiceMessage("message", parsed(t, m, edited(t, `"Ёжик"`, `"<Ё&"`)), Filled{Number: "N-1", FiledAt: monday})
	want := `<Request xmlns="urn:out" day="2026-03-02"><Number>N-1</Number><Who>&lt;Ё&amp;</Who><Pets>0</Pets><Mail></Mail></Request>`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v\nwant %s", got, err, want)
	}
	if _, err := m.ServiceMessage("other", &Envelope{}, Filled{}); err == nil {
		t.Error("an unknown output was written")
	}
}

func TestCheckFileGoesByTheContent(t *testing.T) {
	m := everything(t)
	png := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
	for name, tc := range map[string]struct {
		document, content string
		size              int64
		want              []string
	}{
		"a picture":                   {"photo", png, 900, nil},
		"too large":                   {"photo", png, 1001, []string{"tooLarge"}},
		"another format":              {"photo", "%PDF-1.7", 900, []string{"mediaType"}},
		"empty":                       {"photo", "", 0, []string{"mediaType"}},
		"a text":                      {"power", "Доверяю.", 20, nil},
		"a text that looks like CSV":  {"power", "a,b\n1,2\n3,4\n", 12, nil},
		"a page that calls it a text": {"power", "<!DOCTYPE html><html><script>alert(1)</script></html>", 60, []string{"mediaType"}},
		"a drawing that runs scripts": {"power", `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`, 80, []string{"mediaType"}},
		"no such document":            {"x", png, 900, []string{"unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, v := range m.CheckFile(tc.document, "file.png", []byte(tc.content), tc.size) {
				got = append(got, v.Code)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	tooLarge := m.CheckFile("photo", "file.png", []byte(png), 1001)[0].Message
	if diff := cmp.Diff([]string{
		"Файл для «Фотография» слишком большой: приложите файл до 1000\u00a0байт", "The file for “Photo” is too large: attach one of at most 1000\u00a0bytes",
	}, []string{tooLarge.In("ru"), tooLarge.In("en")}); diff != "" {
		t.Errorf("a small limit (-want +got):\n%s", diff)
	}
	if limit, asked := m.FileLimit("photo"); limit != 1000 || !asked {
		t.Errorf("limit %d, %v", limit, asked)
	}
	if _, asked := m.FileLimit("extract"); asked {
		t.Error("the applicant is asked for what another agency has")
	}
}
