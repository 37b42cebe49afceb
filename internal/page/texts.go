// SPDX-License-Identifier: Apache-2.0

package page

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// DefaultLanguage is the language of pages whose reader asked for none that there is.
const DefaultLanguage = "ru"

// Texts are a program's own texts (not the services') in each language.
type Texts struct {
	localizers map[string]*i18n.Localizer
}

// LoadTexts reads every <name>.<language>.json of the folders and refuses a text that is missing in one of the languages, so that
// a page never falls back to another language in the middle of a sentence.
func LoadTexts(fsys fs.FS, dirs ...string) (*Texts, error) {
	bundle := i18n.NewBundle(language.MustParse(DefaultLanguage))
	bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	ids := map[string]map[string]bool{}
	for _, dir := range dirs {
		files, err := fs.Glob(fsys, path.Join(dir, "*.*.json"))
		if err != nil {
			return nil, fmt.Errorf("read texts: %w", err)
		}
		for _, file := range files {
			if err := loadFile(bundle, ids, fsys, file); err != nil {
				return nil, fmt.Errorf("read texts %q: %w", file, err)
			}
		}
	}
	return newTexts(bundle, ids)
}

// loadFile reads one file, whose language stands in its name, and notes the ids that it has.
func loadFile(bundle *i18n.Bundle, ids map[string]map[string]bool, fsys fs.FS, file string) error {
	raw, err := fs.ReadFile(fsys, file)
	if err != nil {
		return err
	}
	parsed, err := bundle.ParseMessageFileBytes(raw, file)
	if err != nil {
		return err
	}
	lang := parsed.Tag.String()
	if ids[lang] == nil {
		ids[lang] = map[string]bool{}
	}
	for _, m := range parsed.Messages {
		ids[lang][m.ID] = true
	}
	return nil
}

func newTexts(bundle *i18n.Bundle, ids map[string]map[string]bool) (*Texts, error) {
	if ids[DefaultLanguage] == nil {
		return nil, fmt.Errorf("there are no texts in %q", DefaultLanguage)
	}
	t := &Texts{localizers: map[string]*i18n.Localizer{}}
	all := ids[DefaultLanguage]
	for lang, has := range ids {
		if missing := difference(all, has); len(missing) > 0 {
			return nil, fmt.Errorf("texts in %q lack %q", lang, missing)
		}
		if extra := difference(has, all); len(extra) > 0 {
			return nil, fmt.Errorf("texts in %q lack %q", DefaultLanguage, extra)
		}
		t.localizers[lang] = i18n.NewLocalizer(bundle, lang)
	}
	return t, nil
}

func difference(of, from map[string]bool) []string {
	var missing []string
	for id := range of {
		if !from[id] {
			missing = append(missing, id)
		}
	}
	slices.Sort(missing)
	return missing
}

// Languages are the languages that there are texts in, sorted.
func (t *Texts) Languages() []string { return slices.Sorted(maps.Keys(t.localizers)) }

// Say returns a text with its {{.Name}} placeholders filled from the pairs name, value. A pair "Count" chooses the plural form.
// An id that does not exist is a mistake of the program and panics.
func (t *Texts) Say(lang, id string, pairs ...any) string {
	localizer := t.localizers[lang]
	if localizer == nil {
		localizer = t.localizers[DefaultLanguage]
	}
	config := &i18n.LocalizeConfig{MessageID: id}
	if len(pairs) > 0 {
		data := make(map[string]any, len(pairs)/2)
		for i := 0; i+1 < len(pairs); i += 2 {
			data[fmt.Sprint(pairs[i])] = pairs[i+1]
		}
		config.TemplateData = data
		if count, ok := data["Count"]; ok {
			config.PluralCount = count
		}
	}
	text, err := localizer.Localize(config)
	if err != nil {
		panic(fmt.Sprintf("page: text %q in %q: %v", id, lang, err))
	}
	return text
}
