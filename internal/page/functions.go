// SPDX-License-Identifier: Apache-2.0

package page

import (
	"html"
	"html/template"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/filesize"
)

// functions are what templates can call, bound to a language of the program's texts. Whatever is not in the page's language says
// in which it is, so that it is read aloud in its own.
type functions struct {
	lang    string
	texts   *Texts
	static  *Static
	zone    *time.Location
	foreign bool // the page is in another language than the program's texts
}

func (f *functions) all() template.FuncMap {
	return template.FuncMap{
		// t says one of the program's texts: {{t "receipt.number" "Number" .Number}}.
		"t": func(id string, pairs ...any) any { return f.own(f.say(id, pairs...)) },
		// say does as t does where no element can stand: in a title, in an option.
		"say": f.say,
		// tx says a text of the definition in the page's language: {{tx $.Lang .Title}}.
		"tx": func(language string, text v1alpha1.Text) any {
			s, tag := f.spoken(language, text)
			if tag == language {
				return s
			}
			return marked(tag, s)
		},
		// md renders Markdown of the definition.
		"md": func(language string, text v1alpha1.Text) template.HTML {
			s, tag := f.spoken(language, text)
			if tag == language {
				return Markdown(s)
			}
			return template.HTML(`<div lang="`+template.HTMLEscapeString(tag)+`">`) + Markdown(s) + "</div>"
		},
		"asset": f.static.URL,
		"day":   func(t time.Time) any { return f.own(Day(f.lang, t.In(f.zone))) },
		"moment": func(t time.Time) any {
			local := t.In(f.zone)
			return f.own(Day(f.lang, local) + ", " + local.Format("15:04"))
		},
		"term": func(value int32, unit v1alpha1.DurationUnit) any {
			if unit == v1alpha1.WorkingDays {
				return f.own(f.texts.Say(f.lang, "term.working", "Count", value))
			}
			return f.own(f.texts.Say(f.lang, "term.calendar", "Count", value))
		},
		// span is a long term such as that of keeping data, in years or months: {{span .Value .Unit}}. Deadlines are told by term.
		"span": func(value int32, unit v1alpha1.DurationUnit) any {
			id, count := span(value, unit)
			return f.own(f.texts.Say(f.lang, id, "Count", count))
		},
		// money writes a sum of the definition: {{money .Amount .Currency}}.
		"money": func(amount, currency string) any { return f.own(Money(f.lang, amount, currency)) },
		"steps": steps,
		"bytes": func(n int64) any { return f.own(filesize.In(f.lang, n)) },
		// dialled is a phone number for a tel: link.
		"dialled": dialled,
	}
}

// span tells how a long term is said: in years or months when its calendar days are whole ones but for leap days and the unequal
// lengths of months; any other term stays in days, since rounding would promise something else.
func span(value int32, unit v1alpha1.DurationUnit) (id string, count int32) {
	const daysOfYear, daysOfMonth = 365.25, 365.25 / 12
	near := func(days float64) (int32, bool) {
		count := math.Round(float64(value) / days)
		return int32(count), count >= 1 && math.Abs(count*days-float64(value)) <= min(2, count)
	}
	if unit == v1alpha1.WorkingDays {
		return "term.working", value
	}
	if years, whole := near(daysOfYear); whole {
		return "term.years", years
	}
	if months, whole := near(daysOfMonth); whole && months > 1 {
		return "term.months", months
	}
	return "term.calendar", value
}

// steps are the parts of a bar of all steps: true up to the current one.
func steps(current, all int) []bool {
	bar := make([]bool, all)
	for i := range min(current, all) {
		bar[i] = true
	}
	return bar
}

// say returns one of the program's texts. Values that are the program's own words stand in it without a mark of their own.
func (f *functions) say(id string, pairs ...any) string {
	for i, v := range pairs {
		if marked, isMarked := v.(template.HTML); isMarked {
			inner := strings.TrimSuffix(strings.TrimPrefix(string(marked), opening(f.lang)), closing)
			pairs[i] = html.UnescapeString(inner)
		}
	}
	return f.texts.Say(f.lang, id, pairs...)
}

// dialled leaves of a phone number what a tel: link may hold: digits and a leading plus. An extension after it is not dialled.
func dialled(phone string) string {
	var number strings.Builder
	for _, r := range phone {
		switch {
		case r >= '0' && r <= '9', r == '+' && number.Len() == 0:
			number.WriteRune(r)
		case !strings.ContainsRune(" \u00a0-\u2011.()", r):
			return number.String()
		}
	}
	return number.String()
}

// own marks the program's own words on a page in another language.
func (f *functions) own(s string) any {
	if !f.foreign {
		return s
	}
	return marked(f.lang, s)
}

const closing = "</span>"

func opening(tag string) string { return `<span lang="` + template.HTMLEscapeString(tag) + `">` }

// marked is a text with the language that it is in. In an attribute, html/template leaves the element out.
func marked(tag, s string) template.HTML {
	return template.HTML(opening(tag) + template.HTMLEscapeString(s) + closing)
}

// spoken returns a text in the page's language, else in that of the program's texts, else in any, and its language.
func (f *functions) spoken(language string, text v1alpha1.Text) (string, string) {
	for _, tag := range []string{language, f.lang} {
		if s, ok := text[tag]; ok {
			return string(s), tag
		}
	}
	if len(text) == 0 {
		return "", language
	}
	tag := slices.Min(slices.Collect(maps.Keys(text)))
	return string(text[tag]), tag
}
