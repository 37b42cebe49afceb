// SPDX-License-Identifier: Apache-2.0

package form

import (
	"regexp"
	"strings"

	"github.com/okno-dev/okno/internal/expression"
)

// Lexical forms that x-okno-xml.lexical names.
const (
	lexicalOneZero      = "OneZero"      // a boolean is written 1 or 0
	lexicalDayMonthYear = "DayMonthYear" // a date is written DD.MM.YYYY
)

// xmlLocalName is the part of XML's names that Okno takes: letters of any script, digits, dot, hyphen, underscore.
var xmlLocalName = regexp.MustCompile(`^[\pL_][\pL\pN._-]*$`)

// xmlNamesOf reads x-okno-xml. The name is the property's own when none is given; it may be a path A/B/C of elements that
// siblings share, all with the prefix.
func xmlNamesOf(r *keywordReader, n *node) xmlNames {
	x := xmlNames{steps: []string{n.name}}
	v, present := r.schema["x-okno-xml"]
	if !present {
		return x
	}
	spec, ok := v.(map[string]any)
	if !ok {
		r.bad("x-okno-xml", "an object")
		return x
	}
	sub := &keywordReader{findings: r.findings, schema: spec, path: at(r.path, "x-okno-xml"), kind: n.kind}
	for _, k := range sortedKeys(spec) {
		if !contains([]string{"name", "prefix", "order", "attribute", "empty", "lexical"}, k) {
			r.add(at(sub.path, k), "schema-keyword", quoted(k), "name, prefix, order, attribute, empty, lexical", "remove it")
		}
	}
	if name := sub.text("name"); name != "" {
		x.steps = strings.Split(name, "/")
	}
	for _, step := range x.steps {
		if n.parent != nil && n.parent.kind != expression.List && !xmlLocalName.MatchString(step) {
			sub.bad("name", "an element's name without a prefix, or a path of such names")
		}
	}
	x.prefix, x.order, x.attribute = sub.text("prefix"), sub.size("order", 1, 10000), sub.bool("attribute")
	if empty := sub.text("empty"); empty != "" {
		x.write = empty == "Write"
		if empty != "Write" && empty != "Omit" {
			sub.bad("empty", "Omit or Write")
		}
	}
	x.lexical = sub.text("lexical")
	x.check(sub, n)
	return x
}

func (x xmlNames) check(r *keywordReader, n *node) {
	switch {
	case x.lexical == lexicalOneZero && n.kind != expression.Boolean, x.lexical == lexicalDayMonthYear && n.format != "date":
		r.bad("lexical", "OneZero for a boolean, DayMonthYear for a string of format date")
	case x.lexical != "" && x.lexical != lexicalOneZero && x.lexical != lexicalDayMonthYear:
		r.bad("lexical", "OneZero or DayMonthYear")
	case x.attribute && (!n.isScalar() || n.parent == nil || n.parent.kind == expression.List):
		r.bad("attribute", "true for a single value that is a property")
	case x.write && (!n.isScalar() || x.attribute):
		r.bad("empty", "Write for a single value that is an element")
	}
}
