// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
)

// ownTexts are the fields whose texts speak of this service. Elsewhere, such as in howToObtain, others are rightly named.
var ownTexts = []string{
	"title", "shortTitle", "purpose", "summary", "description", "expectedResult", "whatHappensNext", "form", "dataProtection", "accessibility",
}

var (
	// namedService is a service named in quotation marks: услуги «…», service “…”.
	namedService = regexp.MustCompile(`(?i)(?:услуг\pL*\s+[«"„]|\bservice\s+[“"])([^«»“”"]{3,300})[»"“”]`)
	// codedService is a service named by its code: код услуги 10000000109, service code 10000000109.
	codedService = regexp.MustCompile(`(?i)(?:код услуги|\bservice\s+code)\s*:?\s*№?\s*([0-9]{6,20})`)
)

// ownNames are what a service is called: its titles and codes.
func ownNames(def *v1alpha1.ServiceDefinition) []string {
	var names []string
	for _, text := range []v1alpha1.Text{def.Title, def.ShortTitle} {
		for _, tag := range slices.Sorted(maps.Keys(text)) {
			names = append(names, string(text[tag]))
		}
	}
	names = append(names, def.Code)
	for _, c := range def.RegistryCodes {
		names = append(names, c.Code)
	}
	return slices.DeleteFunc(names, func(name string) bool { return strings.TrimSpace(name) == "" })
}

// otherService returns the name or the code of another service that a text of this one names, or "".
func (t *textCheck) otherService(text string, path *place) string {
	if len(t.own) == 0 || !slices.Contains(ownTexts, path.field()) {
		return ""
	}
	// Most texts have no quotation marks and no digits, which the expressions look for, and looking is dear.
	var named [][]string
	if strings.ContainsAny(text, `«»“”„"`) && mentionsService(text) {
		named = namedService.FindAllStringSubmatch(text, -1)
	}
	if strings.ContainsAny(text, "0123456789") && mentionsService(text) {
		named = append(named, codedService.FindAllStringSubmatch(text, -1)...)
	}
	for _, match := range named {
		if !t.isOwn(match[1]) {
			return match[1]
		}
	}
	return ""
}

// mentionsService tells whether a text may speak of a service, in small letters or in capitals.
func mentionsService(text string) bool {
	for _, part := range []string{"слуг", "ervice", "СЛУГ", "ERVICE"} {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// isOwn tells that a name is this service's, or a part of it, or it with words around.
func (t *textCheck) isOwn(name string) bool {
	name = plainName(name)
	return slices.ContainsFunc(t.own, func(own string) bool {
		own = plainName(own)
		return strings.Contains(own, name) || strings.Contains(name, own)
	})
}

// plainName is a name without the differences that readers do not see.
func plainName(name string) string {
	return strings.ReplaceAll(strings.ToLower(strings.Join(strings.Fields(name), " ")), "ё", "е")
}

// field is the field of the definition that the place is in, such as form.
func (p *place) field() string {
	for ; p.parent != nil; p = p.parent {
		if p.parent.parent == nil && p.parent.name == definition.Root {
			return p.name
		}
	}
	return ""
}
