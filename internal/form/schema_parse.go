// SPDX-License-Identifier: Apache-2.0

package form

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/okno-dev/okno/internal/expression"
)

// Bounds of the schema profile.
const (
	maxDepth      = 8    // objects and lists inside each other
	maxNodes      = 1000 // values, after $refs are resolved
	maxStringSize = 8192
	maxListSize   = 200
	maxProperties = 100
	dialect       = "https://json-schema.org/draft/2020-12/schema"
)

var propertyName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)

// reservedNames cannot be selected in CEL.
var reservedNames = map[string]bool{"in": true, "true": true, "false": true, "null": true}

// schemaParser compiles a schema into nodes.
type schemaParser struct {
	*findings
	root  map[string]any
	path  string
	codes map[string]*codeList
	// patterns are those that were met, by what was written: parts that many places name bring theirs along.
	patterns map[string]*pattern
	refs     []string // the $refs that are being resolved
	nodes    int
	// lost tells that a value of the schema could not be read: what else speaks of it cannot be judged.
	lost bool
	// told are the bounds and cycles that were reported once and concern the whole schema.
	told map[string]bool
}

// once reports what is to be told once of a schema, however often it is met.
func (p *schemaParser) once(path, rule, found, allowed, do string) {
	if p.told[rule] {
		return
	}
	if p.told == nil {
		p.told = map[string]bool{}
	}
	p.told[rule] = true
	p.add(path, rule, found, allowed, do)
}

// parse compiles the whole schema. It returns nil when nothing useful can be made of it.
func (p *schemaParser) parse() *node {
	for _, k := range sortedKeys(p.root) {
		if k == "$schema" && p.root[k] != dialect {
			p.add(key(p.path, k), "schema-dialect", quoted(p.root[k]), quoted(dialect), "name the dialect that Okno reads or leave it out")
		}
	}
	n := p.node(p.root, p.path, nil, "", 0)
	if n == nil {
		return nil
	}
	if n.kind != expression.Object {
		p.add(at(p.path, "type"), "schema-root", typeNames[n.kind], "object", "make the application an object with a property for each answer")
		return nil
	}
	n.required = true
	return n
}

// node compiles one schema. It reports all that is wrong and returns nil when the type is not clear.
func (p *schemaParser) node(schema map[string]any, path string, parent *node, name string, depth int) *node {
	n := p.readNode(schema, path, parent, name, depth)
	p.lost = p.lost || n == nil
	return n
}

func (p *schemaParser) readNode(schema map[string]any, path string, parent *node, name string, depth int) *node {
	if p.nodes++; p.nodes > maxNodes || depth > maxDepth {
		p.once(path, "schema-size", "a value too many or too deep", fmt.Sprintf("%d values, %d levels", maxNodes, maxDepth), "split the service or flatten the data")
		return nil
	}
	if _, ok := schema["$ref"]; ok {
		return p.resolve(schema, path, parent, name, depth)
	}
	n := &node{name: name, path: path, parent: parent}
	switch {
	case parent == nil:
	case parent.kind == expression.List:
		n.pointer = parent.pointer + "/*"
	default:
		n.pointer = parent.pointer + "/" + name
	}
	if !p.kind(n, schema) {
		return nil
	}
	r := &keywordReader{findings: p.findings, schema: schema, path: path, kind: n.kind}
	r.unknown(n, parent == nil)
	n.title = r.text("title")
	p.shape(n, r, depth)
	n.xml = xmlNamesOf(r, n)
	return n
}

func (p *schemaParser) kind(n *node, schema map[string]any) bool {
	typeName, _ := schema["type"].(string)
	for kind, known := range typeNames {
		if known == typeName {
			n.kind = kind
			return true
		}
	}
	p.add(at(n.path, "type"), "schema-type", foundOr(schema["type"], "no type"), "one of object, array, string, integer, number, boolean", "give the value exactly one type")
	return false
}

// resolve follows a local $ref. title and x-okno-xml beside it belong to the place and win over those of the target.
func (p *schemaParser) resolve(schema map[string]any, path string, parent *node, name string, depth int) *node {
	ref, _ := schema["$ref"].(string)
	target, isLocal := strings.CutPrefix(ref, "#/$defs/")
	defs, _ := p.root["$defs"].(map[string]any)
	found, _ := defs[target].(map[string]any)
	switch {
	case !isLocal || found == nil:
		p.add(at(path, "$ref"), "schema-ref", foundOr(schema["$ref"], "nothing"), "#/$defs/<name> of this schema", "declare the part under $defs")
		return nil
	case contains(p.refs, target):
		p.once(at(path, "$ref"), "schema-ref-cycle", quoted(ref), "parts that do not hold themselves", "repeat the part in a list instead")
		return nil
	}
	merged := map[string]any{}
	for k, v := range found {
		merged[k] = v
	}
	for _, k := range sortedKeys(schema) {
		switch k {
		case "$ref":
		case "title", "description", "x-okno-xml":
			merged[k] = schema[k]
		default:
			p.add(at(path, k), "schema-keyword", quoted(k), "title, description and x-okno-xml beside $ref", "move it into the part that $ref names")
		}
	}
	p.refs = append(p.refs, target)
	defer func() { p.refs = p.refs[:len(p.refs)-1] }()
	return p.node(merged, key(at(p.path, "$defs"), target), parent, name, depth)
}

// shape reads what the node's type allows.
func (p *schemaParser) shape(n *node, r *keywordReader, depth int) {
	switch n.kind {
	case expression.Object:
		p.object(n, r, depth)
	case expression.List:
		p.list(n, r, depth)
	case expression.String:
		p.str(n, r)
	case expression.Integer, expression.Number:
		n.enum, n.constant = r.enum(), r.constant()
		n.minimum, n.maximum, n.multipleOf = r.number("minimum"), r.number("maximum"), r.number("multipleOf")
		if (n.minimum == nil || n.maximum == nil) && n.enum == nil && n.constant == nil && !r.refused {
			p.add(n.path, "schema-unbounded", "a number without minimum or maximum", "both", "say the least and the greatest value")
		}
		if n.multipleOf != nil && *n.multipleOf <= 0 {
			p.add(at(n.path, "multipleOf"), "schema-keyword", fmt.Sprint(*n.multipleOf), "more than 0", "correct the step")
		}
	case expression.Boolean:
		n.constant = r.constant()
	}
}

func (p *schemaParser) object(n *node, r *keywordReader, depth int) {
	if closed, isBool := r.schema["additionalProperties"].(bool); !isBool || closed {
		p.add(at(n.path, "additionalProperties"), "schema-open", foundOr(r.schema["additionalProperties"], "nothing"), "false", "close the object, so that nothing unknown is taken")
	}
	props, _ := r.schema["properties"].(map[string]any)
	if len(props) == 0 || len(props) > maxProperties {
		p.add(at(n.path, "properties"), "schema-properties", fmt.Sprintf("%d properties", len(props)), fmt.Sprintf("1 to %d", maxProperties), "declare the object's values")
	}
	n.byName = map[string]*node{}
	misnamed := false
	for _, name := range sortedKeys(props) {
		path := key(at(n.path, "properties"), name)
		sub, isObject := props[name].(map[string]any)
		if !propertyName.MatchString(name) || reservedNames[name] || !isObject {
			p.lost, misnamed = true, true
			p.add(path, "schema-property-name", quoted(name), "an ASCII name of letters, digits and _ that begins with a letter", "rename it; labels and XML names may be in any script")
			continue
		}
		if child := p.node(sub, path, n, name, depth+1); child != nil {
			n.byName[name] = child
			n.props = append(n.props, child)
		}
	}
	for i, name := range r.names("required") {
		child, known := n.byName[name]
		if !known {
			if _, declared := props[name]; !declared && !misnamed { // it may be the one with the wrong name
				p.add(index(at(n.path, "required"), i), "schema-required", quoted(name), "a property of this object", "declare or remove it")
			}
			continue
		}
		child.required = true
	}
	n.sorted = slices.Clone(n.props)
	sort.SliceStable(n.props, func(i, j int) bool { return n.props[i].rank() < n.props[j].rank() })
}

// rank is the node's place among its siblings: those without an order come last, by name.
func (n *node) rank() int {
	if n.xml.order == 0 {
		return math.MaxInt
	}
	return n.xml.order
}

func (p *schemaParser) list(n *node, r *keywordReader, depth int) {
	n.minItems, n.maxItems = r.size("minItems", 0, maxListSize), r.size("maxItems", 0, maxListSize)
	n.unique = r.bool("uniqueItems")
	if n.maxItems == 0 && !r.refused {
		p.add(n.path, "schema-unbounded", "a list without maxItems", fmt.Sprintf("maxItems from 1 to %d", maxListSize), "say how many entries there may be")
	}
	items, ok := r.schema["items"].(map[string]any)
	if ok {
		n.items = p.node(items, at(n.path, "items"), n, "", depth+1)
	} else {
		p.lost = true
		p.add(at(n.path, "items"), "schema-items", foundOr(r.schema["items"], "nothing"), "the schema of an entry", "declare what the list holds")
	}
	switch {
	case n.items == nil: // what stands there was reported; a list of short texts keeps the rest of the checks going
		n.items = &node{kind: expression.String, parent: n, pointer: n.pointer + "/*", path: at(n.path, "items"), maxLength: 1}
	case n.items.kind == expression.List:
		p.add(at(n.path, "items"), "schema-items", "a list of lists", "objects or single values", "wrap the inner list in an object")
	}
}

func (p *schemaParser) str(n *node, r *keywordReader) {
	n.minLength, n.maxLength = r.size("minLength", 0, maxStringSize), r.size("maxLength", 0, maxStringSize)
	n.enum, n.constant = r.enum(), r.constant()
	n.format = r.text("format")
	if n.format != "" && formatSizes[n.format] == 0 {
		r.refused = true
		p.add(at(n.path, "format"), "schema-format", quoted(n.format), strings.Join(sortedKeys(formatSizes), ", "), "use a pattern or a rule for other formats")
		n.format = ""
	}
	if source := r.text("pattern"); source != "" {
		if p.patterns[source] == nil {
			p.patterns[source] = newPattern(source)
		}
		if n.pattern = p.patterns[source]; n.pattern.fault != "" {
			p.add(at(n.path, "pattern"), "schema-pattern", n.pattern.fault, "the syntax that RE2, ECMAScript and XML Schema share", "rewrite the pattern; it always matches the whole value")
			n.pattern = nil
		}
	}
	if list := r.text("x-okno-codeList"); list != "" {
		if n.codes = p.codes[list]; n.codes == nil {
			r.refused = true
			p.add(at(n.path, "x-okno-codeList"), "unknown-code-list", quoted(list), "the id of one of data.codeLists", "declare the list or correct the id")
		}
		if n.enum != nil {
			p.add(at(n.path, "enum"), "schema-keyword", "enum beside x-okno-codeList", "one of them", "keep the code list")
		}
	}
	p.bound(n, r)
}

// bound gives every string a greatest length. Where a keyword that would have bounded it was refused, that is all to be said.
func (p *schemaParser) bound(n *node, r *keywordReader) {
	for _, v := range append(append([]any{}, n.enum...), n.constant) {
		if s, ok := v.(string); ok && n.maxLength < len([]rune(s)) && (n.enum != nil || n.constant != nil) {
			n.maxLength = len([]rune(s))
		}
	}
	if n.codes != nil && n.maxLength == 0 {
		n.maxLength = n.codes.maxLength
	}
	if n.maxLength == 0 {
		n.maxLength = formatSizes[n.format]
	}
	switch {
	case n.maxLength == 0 && r.refused:
		n.maxLength = 1
	case n.maxLength == 0:
		p.add(n.path, "schema-unbounded", "a string without maxLength", fmt.Sprintf("maxLength from 1 to %d", maxStringSize), "say how long the answer may be")
		n.maxLength = 1
	case n.minLength > n.maxLength:
		p.add(at(n.path, "minLength"), "schema-keyword", strconv.Itoa(n.minLength), within(strconv.Itoa(n.maxLength), "a length"), "correct minLength or maxLength")
	}
}
