// SPDX-License-Identifier: Apache-2.0

package form

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
)

// goodXML is good as the service writes it.
const goodXML = `<?xml version="1.0" encoding="UTF-8"?>
<Всё xmlns="urn:all" xmlns:p="urn:people">
  <Данные>
    <filing>self</filing>
    <Человек рост="1.8">
      <p:Вид>ОБЫЧНЫЙ</p:Вид>
      <p:ФИО>
        <p:Фамилия>Ёжик</p:Фамилия>
        <p:Отчество/>
      </p:ФИО>
      <Родился>31.01.1980</Родился>
      <Адрес>
        <Город>
          <Название>Казань</Название>
        </Город>
        <Индекс/>
      </Адрес>
    </Человек>
    <ВБраке>1</ВБраке>
    <Цвета>
      <Цвет>red</Цвет>
      <Цвет>blue</Цвет>
    </Цвета>
    <Питомцы>
      <Питомец>
        <Кличка>Шарик</Кличка>
      </Питомец>
      <Питомец>
        <Кличка>Белка</Кличка>
        <tricks>sit</tricks>
      </Питомец>
    </Питомцы>
    <Согласен>1</Согласен>
  </Данные>
  <Номер>N-1</Номер>
</Всё>`

// goodXMLData is what goodXML says.
func goodXMLData() map[string]any {
	return map[string]any{
		"filing": "self", "agreed": "1", "married": true, "colours": []any{"red", "blue"},
		"person": map[string]any{"surname": "Ёжик", "born": "1980-01-31", "height": 1.8, "address": map[string]any{"city": "Казань"}},
		"pets":   []any{map[string]any{"name": "Шарик"}, map[string]any{"name": "Белка", "tricks": []any{"sit"}}},
	}
}

func TestXMLIsWrittenAsTheAgencyWantsIt(t *testing.T) {
	m := everything(t)
	got, err := m.EncodeXML(&Envelope{Data: goodXMLData()}, Filled{Number: "N-1", FiledAt: monday})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(goodXML, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestXMLIsReadInAnyOrderAndUnderAnyPrefix(t *testing.T) {
	m := everything(t)
	swapped := strings.Replace(goodXML, "    <filing>self</filing>\n", "", 1)
	swapped = strings.Replace(swapped, "    <Согласен>1</Согласен>\n", "    <Согласен>1</Согласен>\n<filing>self</filing>", 1)
	prefixed := strings.NewReplacer("xmlns:p=", "xmlns:человек=", "<p:", "<человек:", "</p:", "</человек:").Replace(goodXML)
	windows, err := charmap.Windows1251.NewEncoder().String(strings.Replace(goodXML, "UTF-8", "windows-1251", 1))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ body, charset string }{
		"as written":                             {goodXML, ""},
		"in another order":                       {swapped, "utf-8"},
		"under other prefixes":                   {prefixed, ""},
		"in windows-1251 by its own word":        {windows, ""},
		"in windows-1251 by the transport":       {windows, "windows-1251"},
		"with a byte order mark":                 {"\ufeff" + goodXML, "UTF-8"},
		"with hints for validators":              {strings.Replace(goodXML, "<Всё ", `<Всё xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b" `, 1), ""},
		"with comments and CDATA":                {strings.Replace(goodXML, "Ёжик", "Ё<!-- - --><![CDATA[жик]]>", 1), ""},
		"without what the service fills":         {strings.Replace(goodXML, "<Номер>N-1</Номер>", "", 1), ""},
		"with another value where it fills":      {strings.Replace(goodXML, "N-1", "anything", 1), ""},
		"without the constant":                   {strings.Replace(goodXML, "<p:Вид>ОБЫЧНЫЙ</p:Вид>", "", 1), ""},
		"with spaces, as Normalise takes it off": {strings.Replace(goodXML, ">Казань<", ">\n Казань\t<", 1), ""},
	} {
		t.Run(name, func(t *testing.T) {
			e, violations, err := m.ParseXML([]byte(tc.body), tc.charset)
			if err != nil || len(violations) > 0 {
				t.Fatal(violations, err)
			}
			m.Normalise(e)
			if diff := cmp.Diff(goodXMLData(), e.Data); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestXMLThatIsNotOfThisService(t *testing.T) {
	m := everything(t)
	bomb := `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Всё xmlns="urn:all">&b;</Всё>`
	for name, tc := range map[string]struct{ body, charset, want string }{
		"nothing":                     {"", "", "no element"},
		"no XML":                      {"{}", "", "text outside"},
		"it breaks off":               {goodXML[:200], "", "not well-formed"},
		"tags that cross":             {strings.Replace(goodXML, "</p:ФИО>", "</p:ФИ>", 1), "", "not well-formed"},
		"entities":                    {bomb, "", "DOCTYPE"},
		"an entity without DOCTYPE":   {strings.Replace(goodXML, "Ёжик", "&xxe;", 1), "", "not well-formed"},
		"a processing instruction":    {strings.Replace(goodXML, "<Данные>", "<?php x?><Данные>", 1), "", "processing instructions"},
		"another root":                {"<Request/>", "", `must be "Всё"`},
		"a root of another namespace": {`<Всё xmlns="urn:other"/>`, "", `namespace "urn:other"`},
		"two roots":                   {goodXML + "<a/>", "", "two root elements"},
		"text after the end":          {goodXML + "x", "", "text outside"},
		"an element twice":            {strings.Replace(goodXML, "<ВБраке>1</ВБраке>", "<ВБраке>1</ВБраке><ВБраке>0</ВБраке>", 1), "", `"ВБраке" is there twice`},
		"a step twice":                {strings.Replace(goodXML, "<Родился>", "<p:ФИО/><Родился>", 1), "", `"ФИО" is there twice`},
		"an attribute twice":          {strings.Replace(goodXML, `рост="1.8"`, `рост="1.8" рост="1.9"`, 1), "", "twice"},
		"too deep":                    {strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100), "", "too deeply"},
		"too long":                    {goodXML + strings.Repeat(" ", MaxBodyBytes), "", "1 MiB"},
		"another charset":             {goodXML, "koi8-r", `"koi8-r"`},
		"another encoding":            {strings.Replace(goodXML, "UTF-8", "koi8-r", 1), "", "koi8-r"},
		"windows-1251 by one, UTF-8 by the other": {goodXML, "windows-1251", "disagree"},
		"UTF-8 by one, windows-1251 by the other": {strings.Replace(goodXML, "UTF-8", "windows-1251", 1), "utf-8", "disagree"},
		"a mark of UTF-8 before windows-1251":     {"\ufeff" + strings.Replace(goodXML, "UTF-8", "windows-1251", 1), "", "disagree"},
		"a byte that windows-1251 does not have":  {strings.NewReplacer("UTF-8", "windows-1251", "Ёжик", "\x98").Replace(goodXML), "", "not windows-1251"},
		"a declaration that is not the first":     {" " + strings.Replace(goodXML, "UTF-8", "windows-1251", 1), "", "not well-formed"},
		"UTF-16":                                  {"\xff\xfe<\x00a\x00/\x00>\x00", "", "UTF-16"},
		"UTF-16 without its mark":                 {"\x00<\x00a\x00/\x00>", "utf-8", "UTF-16"},
		"a name without end":                      {"<" + strings.Repeat("a", 1<<19) + "/>", "", "must be"},
		"bytes that are no UTF-8":                 {strings.Replace(goodXML, "Ёжик", "\xff", 1), "", "UTF-8"},
		"a character that XML forbids":            {strings.Replace(goodXML, "Ёжик", "\x01", 1), "", "not well-formed"},
		"a reference to such character":           {strings.Replace(goodXML, "Ёжик", "&#1;", 1), "", "not well-formed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := m.ParseXML([]byte(tc.body), tc.charset)
			var syntax *SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("%v is no syntax error", err)
			}
			if len(syntax.Text.In("en")) > 1000 {
				t.Errorf("what was sent is sent back: %d bytes", len(syntax.Text.In("en")))
			}
			if !strings.Contains(syntax.Text.In("en"), tc.want) || syntax.Text["ru"] == "" || syntax.Line < 1 {
				t.Errorf("%+v, want %q in both languages with a line", syntax, tc.want)
			}
		})
	}
}

func TestElementsThatNobodyKnowsAreReported(t *testing.T) {
	m := everything(t)
	for name, tc := range map[string]struct{ old, new, want string }{
		"an element":                      {"<ВБраке>", "<Развод>1</Развод><ВБраке>", "/data/Развод unknown"},
		"an element of another namespace": {"<p:Фамилия>Ёжик</p:Фамилия>", "<Фамилия>Ёжик</Фамилия>", "/data/person/Фамилия unknown"},
		"inside an entry":                 {"<Кличка>Белка", "<x/><Кличка>Белка", "/data/pets/1/x unknown"},
		"inside a value":                  {">Казань<", "><b>Казань</b><", "/data/person/address/city/b unknown"},
		"an attribute":                    {`рост="1.8"`, `рост="1.8" вес="80"`, "/data/person/вес unknown"},
		"an attribute of a value":         {"<Родился>", `<Родился год="1980">`, "/data/person/born/год unknown"},
		"a constant that was altered":     {"ОБЫЧНЫЙ", "ОСОБЫЙ", "/data/person/Вид const"},
		"text among elements":             {"<Родился>", "и ещё<Родился>", "/data/person type"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(goodXML, tc.old) {
				t.Fatalf("%q is not in the document", tc.old)
			}
			_, violations, err := m.ParseXML([]byte(strings.Replace(goodXML, tc.old, tc.new, 1)), "")
			if err != nil {
				t.Fatal(err)
			}
			if len(violations) != 1 || violations[0].Pointer+" "+violations[0].Code != tc.want {
				t.Errorf("%v, want %s", violations, tc.want)
			}
		})
	}
}

// What is wrong in JSON must come out wrong in the same way when it is sent as XML.
func TestXMLCarriesWhatIsWrong(t *testing.T) {
	m := everything(t)
	data := goodXMLData()
	data["age"] = int64(5)
	data["married"] = "maybe"
	data["filing"] = map[string]any{"a": "b"}
	data["person"] = map[string]any{"surname": int64(12), "address": "Казань", "height": "tall"}
	body, err := m.EncodeXML(&Envelope{Data: data}, Filled{})
	if err != nil {
		t.Fatal(err)
	}
	e, unknown, err := m.ParseXML(body, "")
	if err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	var got []string
	for _, v := range append(unknown, m.Validate(e, monday)...) {
		got = append(got, v.Pointer+" "+v.Code)
	}
	want := []string{
		"/data/age unknown", "/data/filing enum", "/data/person/born required", "/data/person/height type", "/data/person/address type",
		"/data/married type", "/documents/photo required",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, body)
	}
}

func TestJSONThatReadersWouldDisagreeAbout(t *testing.T) {
	m := everything(t)
	for name, tc := range map[string]struct{ body, want string }{
		"nothing":                {"", "breaks off"},
		"no object":              {"[]", "must be a JSON object"},
		"it breaks off":          {`{"data":{`, "breaks off"},
		"a key twice":            {`{"data":{"filing":"self","filing":"proxy"}}`, `"filing" is there twice`},
		"a key twice at the top": {`{"data":{},"data":{}}`, `"data" is there twice`},
		"something after it":     {`{"data":{}} {}`, "follows"},
		"no UTF-8":               {"{\"data\":{\"filing\":\"\xff\"}}", "not UTF-8"},
		"a trailing comma":       {`{"data":{},}`, "not JSON"},
		"too deep":               {`{"data":` + strings.Repeat(`{"a":`, 40) + `1` + strings.Repeat(`}`, 40) + `}`, "too deeply"},
		"too long":               {`{"data":{}}` + strings.Repeat(" ", MaxBodyBytes), "1 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := m.ParseJSON([]byte(tc.body))
			var syntax *SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("%v is no syntax error", err)
			}
			if len(syntax.Text.In("en")) > 1000 {
				t.Errorf("what was sent is sent back: %d bytes", len(syntax.Text.In("en")))
			}
			if !strings.Contains(syntax.Text.In("en"), tc.want) || syntax.Text["ru"] == "" || syntax.Line < 1 {
				t.Errorf("%+v, want %q in both languages with a line", syntax, tc.want)
			}
		})
	}
	_, _, err := m.ParseJSON([]byte("{\n\"data\": {\n\"a\": x}}"))
	var syntax *SyntaxError
	if !errors.As(err, &syntax) || syntax.Line != 3 {
		t.Errorf("%v, want an error in line 3", err)
	}
}

func FuzzParseXML(f *testing.F) {
	m := everything(f)
	f.Add([]byte(goodXML), "")
	f.Add([]byte(`<Всё xmlns="urn:all"><Данные><Питомцы><Питомец/></Питомцы></Данные></Всё>`), "utf-8")
	f.Add([]byte("<a>\xd0</a>"), "windows-1251")
	f.Fuzz(func(t *testing.T, body []byte, charset string) {
		e, _, err := m.ParseXML(body, charset)
		if err != nil {
			return
		}
		first := m.Validate(e, monday)
		written, err := m.EncodeXML(e, Filled{})
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := m.ParseXML(written, "")
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, written)
		}
		again.Documents = e.Documents
		if diff := cmp.Diff(codesOf(first), codesOf(m.Validate(again, monday))); diff != "" {
			t.Errorf("(-sent +written):\n%s\n%s", diff, written)
		}
	})
}

func FuzzParseJSON(f *testing.F) {
	m := everything(f)
	f.Add([]byte(`{"data":` + good + `}`))
	f.Add([]byte(`{"data":{"pets":[{"name":"a"}],"phones":"8"},"documents":[{"document":"photo","id":"1"}],"channel":{}}`))
	f.Add([]byte(`{"data":{"children":1e400}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, _, err := m.ParseJSON(body)
		if err != nil {
			return
		}
		first := codesOf(m.Validate(e, monday))
		if diff := cmp.Diff(first, codesOf(m.Validate(e, monday))); diff != "" {
			t.Errorf("validated twice (-first +again):\n%s", diff)
		}
		m.Pages(e.Data, monday, "ru")
		m.Summary(e, "en")
		m.Route(e, monday)
	})
}

func codesOf(violations []Violation) []string {
	var codes []string
	for _, v := range violations {
		codes = append(codes, v.Pointer+" "+v.Code)
	}
	return codes
}
