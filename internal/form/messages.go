// SPDX-License-Identifier: Apache-2.0

package form

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/expression"
)

// documentsTitle is the heading of the page for documents that no page names.
var documentsTitle = v1alpha1.Text{"ru": "Документы", "en": "Documents"}

// builtinCodes are the codes that the profile itself reports.
var builtinCodes = map[string]bool{
	CodeRequired: true, CodeType: true, CodeCharacters: true, CodeEnum: true, CodeConst: true, CodeMinLength: true, CodeMaxLength: true,
	CodePattern: true, CodeFormat: true, CodeMinimum: true, CodeMaximum: true, CodeMultipleOf: true, CodeMinItems: true, CodeMaxItems: true,
	CodeUniqueItems: true, CodeUnknown: true, CodeTooLarge: true, CodeMediaType: true,
}

// message is a text in Russian and English. %[1]s is the question's label, %[2]s the bound, %[3]s the hint.
type message struct{ ru, en string }

// messages tell what to do. Keys are codes, some with a widget or a format that needs other words.
var messages = map[string]message{
	CodeRequired:               {"Заполните поле «%[1]s»", "Enter an answer to “%[1]s”"},
	CodeRequired + " Choice":   {"Выберите ответ: «%[1]s»", "Choose an answer to “%[1]s”"},
	CodeRequired + " Checkbox": {"Поставьте отметку: «%[1]s»", "Tick the box “%[1]s”"},
	CodeRequired + " Date":     {"Укажите дату: «%[1]s»", "Enter a date for “%[1]s”"},
	CodeRequired + " Group":    {"Добавьте сведения: «%[1]s»", "Add an entry to “%[1]s”"},
	CodeRequired + " document": {"Приложите документ «%[1]s»", "Attach the document “%[1]s”"},
	CodeType:                   {"Проверьте ответ на вопрос «%[1]s»: он записан не в том виде", "Check the answer to “%[1]s”: it is not of the right kind"},
	CodeType + " Number":       {"Введите число цифрами: «%[1]s»", "Enter a number in digits for “%[1]s”"},
	CodeCharacters:             {"Уберите из ответа «%[1]s» недопустимые символы и наберите текст заново", "Remove characters that are not text from “%[1]s” and type it again"},
	CodeEnum:                   {"Выберите один из предложенных ответов: «%[1]s»", "Choose one of the answers given for “%[1]s”"},
	CodeConst:                  {"Подтвердите: «%[1]s»", "Confirm “%[1]s”"},
	CodeMinLength:              {"Ответ «%[1]s» слишком короткий: нужно символов не меньше, чем %[2]s", "“%[1]s” must have at least %[2]s characters"},
	CodeMaxLength:              {"Ответ «%[1]s» слишком длинный: сократите до %[2]s символов", "“%[1]s” must have at most %[2]s characters: shorten it"},
	CodePattern:                {"Проверьте, как записан ответ «%[1]s»%[3]s", "Check how “%[1]s” is written%[3]s"},
	CodeFormat:                 {"Проверьте, как записан ответ «%[1]s»%[3]s", "Check how “%[1]s” is written%[3]s"},
	CodeFormat + " date":       {"Укажите существующую дату: день, месяц и год. «%[1]s»", "Enter a real date with day, month and year for “%[1]s”"},
	CodeFormat + " email":      {"Укажите адрес электронной почты в виде name@example.ru: «%[1]s»", "Enter an email address like name@example.com for “%[1]s”"},
	CodeMinimum:                {"«%[1]s»: укажите число не меньше %[2]s", "“%[1]s” must be %[2]s or more"},
	CodeMaximum:                {"«%[1]s»: укажите число не больше %[2]s", "“%[1]s” must be %[2]s or less"},
	CodeMultipleOf:             {"«%[1]s»: укажите число, кратное %[2]s", "“%[1]s” must be a multiple of %[2]s"},
	CodeMinItems:               {"«%[1]s»: добавьте ответы, нужно не меньше %[2]s", "“%[1]s”: add entries, at least %[2]s are needed"},
	CodeMaxItems:               {"«%[1]s»: оставьте не больше %[2]s", "“%[1]s”: keep at most %[2]s"},
	CodeUniqueItems:            {"«%[1]s»: уберите повторы", "“%[1]s”: remove the entries that are there twice"},
	CodeUnknown:                {"Уберите «%[1]s»: в этом заявлении такого нет", "Remove “%[1]s”: this application has no such part"},
	CodeTooLarge:               {"Файл для «%[1]s» слишком большой: приложите файл до %[2]s", "The file for “%[1]s” is too large: attach one of at most %[2]s"},
	CodeMediaType:              {"Файл для «%[1]s» не того вида: приложите %[2]s", "The file for “%[1]s” is of the wrong kind: attach %[2]s"},
	CodeMinItems + " document": {"«%[1]s»: приложите файлов не меньше, чем %[2]s", "“%[1]s”: attach at least %[2]s files"},
	CodeMaxItems + " document": {"«%[1]s»: приложите не больше %[2]s файлов", "“%[1]s”: attach at most %[2]s files"},
}

// subject is what a message is about.
type subject struct {
	label, hint, bound v1alpha1.Text
	variant            string // the second word of the key in messages, "" for none
}

// say writes the message of a code in Russian and English.
func say(code string, s subject) v1alpha1.Text {
	words, known := messages[code+" "+s.variant]
	if !known {
		words = messages[code]
	}
	text := v1alpha1.Text{}
	for language, format := range map[string]string{"ru": words.ru, "en": words.en} {
		hint := s.hint.In(language)
		if hint != "" {
			hint = ": " + hint
		}
		line := fmt.Sprintf(format, s.label.In(language), s.bound.In(language), hint)
		text[language] = v1alpha1.LocalizedString(line)
	}
	return text
}

func plain(s string) v1alpha1.Text {
	return v1alpha1.Text{"ru": v1alpha1.LocalizedString(s), "en": v1alpha1.LocalizedString(s)}
}

// violation says what is wrong at a pointer of the envelope, in the words of its field or document.
func (m *Model) violation(pointer, code string) Violation {
	n, f := m.lookUp(pointer)
	if f != nil && f.node == n {
		if own := f.errors[code]; len(own) > 0 {
			return Violation{Pointer: pointer, Code: code, Message: own}
		}
	}
	if d := m.documentAt(pointer); d != nil {
		return Violation{Pointer: pointer, Code: code, Message: say(code, d.subject(code))}
	}
	s := subject{label: plain(strings.TrimPrefix(pointer, "/data/"))}
	switch {
	case n == nil:
		return Violation{Pointer: pointer, Code: code, Message: say(code, s)}
	case f != nil && f.node == n && len(f.label) > 0:
		s.label, s.hint = f.label, f.hint
	case n.title != "":
		s.label = plain(n.title)
	}
	s.variant, s.bound = variant(code, n, f), plain(bound(code, n))
	return Violation{Pointer: pointer, Code: code, Message: say(code, s)}
}

// variant picks the words that suit how the answer is asked.
func variant(code string, n *node, f *field) string {
	widget := naturalWidget(n)
	if f != nil && f.node == n {
		widget = f.widget
	}
	switch {
	case code == CodeFormat:
		return n.format
	case code == CodeType && widget == "Number":
		return "Number"
	case code != CodeRequired:
		return ""
	case widget == "Radios" || widget == "Select" || n.isScalarList():
		return "Choice"
	}
	return string(widget)
}

// bound writes the bound that a code is about.
func bound(code string, n *node) string {
	number := func(f *float64) string {
		if f == nil {
			return ""
		}
		return strconv.FormatFloat(*f, 'f', -1, 64)
	}
	switch code {
	case CodeMinLength:
		return strconv.Itoa(n.minLength)
	case CodeMaxLength:
		return strconv.Itoa(n.maxLength)
	case CodeMinimum:
		return number(n.minimum)
	case CodeMaximum:
		return number(n.maximum)
	case CodeMultipleOf:
		return number(n.multipleOf)
	case CodeMinItems:
		return strconv.Itoa(n.minItems)
	case CodeMaxItems:
		return strconv.Itoa(n.maxItems)
	}
	return ""
}

// lookUp returns the node at a concrete pointer of the envelope and the field that asks for it or is around it.
func (m *Model) lookUp(pointer string) (*node, *field) {
	path, inData := strings.CutPrefix(pointer, "/data")
	if !inData {
		return nil, nil
	}
	n := m.root
	if path != "" {
		for _, step := range strings.Split(path[1:], "/") {
			if n.kind == expression.List {
				n = n.items
			} else {
				n = n.prop(step)
			}
			if n == nil {
				return nil, nil
			}
		}
	}
	return n, m.fieldOf(n)
}
