// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/form"
)

// XSD returns the XML Schema of the agency's XML, one file for each namespace, by file name in ASCII. The root element is in
// application.xsd. It describes what the service writes; the service reads elements in any order.
//
// Elements of one namespace stand inside elements of another, under names that mean different things in different places. XML
// Schema says that with a named group in the inner namespace for each such place.
func XSD(_ *v1alpha1.ServiceDefinition, m *form.Model) (map[string][]byte, error) {
	root := m.XMLTree()
	b := &xsdBuilder{files: map[string]*xsdFile{}}
	main := b.file(root)
	var body xsdText
	b.element(main, &body, root, 1)
	main.body.WriteString(body.String())
	files := map[string][]byte{}
	for _, f := range b.files {
		files[f.name] = f.bytes(b)
	}
	return files, nil
}

// xsdBuilder writes declarations into the files of their namespaces.
type xsdBuilder struct {
	files map[string]*xsdFile // by namespace
}

// xsdFile is the schema of one namespace.
type xsdFile struct {
	name, space, prefix string
	imports             map[string]bool // namespaces
	groups              int
	body                xsdText
}

var asciiName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

// file returns the file of an element's namespace, made when it is new.
func (b *xsdBuilder) file(e *form.XMLElement) *xsdFile {
	if f := b.files[e.Name.Space]; f != nil {
		return f
	}
	f := &xsdFile{space: e.Name.Space, prefix: "n" + strconv.Itoa(len(b.files)+1), imports: map[string]bool{}}
	switch {
	case len(b.files) == 0:
		f.name = "application.xsd"
	case asciiName.MatchString(e.Prefix) && e.Prefix != "application":
		f.name = e.Prefix + ".xsd"
	default:
		f.name = "namespace-" + strconv.Itoa(len(b.files)+1) + ".xsd"
	}
	b.files[e.Name.Space] = f
	return f
}

// element writes the declaration of e, which is in f's namespace.
func (b *xsdBuilder) element(f *xsdFile, out *xsdText, e *form.XMLElement, depth int) {
	occurs := ""
	if depth > 1 {
		occurs = occurrence(e)
	}
	open := `<xs:element name="` + escaped(e.Name.Local) + `"` + occurs
	if e.Value != nil && len(e.Attributes) == 0 {
		out.line(depth, open+">")
		annotation(out, e, depth+1)
		simpleType(out, e.Value, depth+1)
		out.line(depth, "</xs:element>")
		return
	}
	out.line(depth, open+">")
	annotation(out, e, depth+1)
	out.line(depth+1, "<xs:complexType>")
	if len(e.Children) > 0 {
		out.line(depth+2, "<xs:sequence>")
		b.content(f, out, e.Children, depth+3)
		out.line(depth+2, "</xs:sequence>")
	}
	for _, a := range e.Attributes {
		b.attribute(f, out, a, depth+2)
	}
	out.line(depth+1, "</xs:complexType>")
	out.line(depth, "</xs:element>")
}

// content writes children in order; each run of another namespace becomes a group over there.
func (b *xsdBuilder) content(f *xsdFile, out *xsdText, children []*form.XMLElement, depth int) {
	for len(children) > 0 {
		if children[0].Name.Space == f.space {
			b.element(f, out, children[0], depth)
			children = children[1:]
			continue
		}
		run := 1
		for run < len(children) && children[run].Name.Space == children[0].Name.Space {
			run++
		}
		other := b.file(children[0])
		f.imports[other.space] = true
		other.groups++
		name := "content-" + strconv.Itoa(other.groups)
		var group xsdText
		group.line(1, `<xs:group name="`+name+`">`)
		group.line(2, "<xs:sequence>")
		b.content(other, &group, children[:run], 3)
		group.line(2, "</xs:sequence>")
		group.line(1, "</xs:group>")
		other.body.WriteString(group.String())
		out.line(depth, `<xs:group ref="`+other.reference(name)+`"/>`)
		children = children[run:]
	}
}

// attribute writes an attribute. One of another namespace must be declared globally there, once.
func (b *xsdBuilder) attribute(f *xsdFile, out *xsdText, a *form.XMLElement, depth int) {
	use := ""
	if a.Required {
		use = ` use="required"`
	}
	if a.Name.Space == "" {
		out.line(depth, `<xs:attribute name="`+escaped(a.Name.Local)+`"`+use+">")
		simpleType(out, a.Value, depth+1)
		out.line(depth, "</xs:attribute>")
		return
	}
	other := b.file(a)
	f.imports[other.space] = true
	declaration := `<xs:attribute name="` + escaped(a.Name.Local) + `" type="xs:string"/>`
	if !strings.Contains(other.body.String(), declaration) {
		other.body.line(1, declaration)
	}
	out.line(depth, `<xs:attribute ref="`+other.reference(escaped(a.Name.Local))+`"`+use+"/>")
}

// reference writes a name of the file's namespace as other files refer to it.
func (f *xsdFile) reference(name string) string {
	if f.space == "" {
		return name
	}
	return f.prefix + ":" + name
}

func occurrence(e *form.XMLElement) string {
	s := ""
	if !e.Required {
		s = ` minOccurs="0"`
	}
	if e.MaxOccurs > 1 {
		s += ` maxOccurs="` + strconv.Itoa(e.MaxOccurs) + `"`
	}
	return s
}

func annotation(out *xsdText, e *form.XMLElement, depth int) {
	if e.Title != "" {
		out.line(depth, "<xs:annotation><xs:documentation>"+escaped(e.Title)+"</xs:documentation></xs:annotation>")
	}
}

// simpleType writes the type of a text. Where an absent value is written as an empty element, the empty text is allowed too.
func simpleType(out *xsdText, v *form.XMLValue, depth int) {
	if v.Empty {
		out.line(depth, "<xs:simpleType>")
		out.line(depth+1, "<xs:union>")
		restriction(out, v, depth+2)
		out.line(depth+2, `<xs:simpleType><xs:restriction base="xs:string"><xs:length value="0"/></xs:restriction></xs:simpleType>`)
		out.line(depth+1, "</xs:union>")
		out.line(depth, "</xs:simpleType>")
		return
	}
	restriction(out, v, depth)
}

func restriction(out *xsdText, v *form.XMLValue, depth int) {
	out.line(depth, "<xs:simpleType>")
	out.line(depth+1, `<xs:restriction base="xs:`+v.Type+`">`)
	facet := func(name, value string) {
		if value != "" {
			out.line(depth+2, "<xs:"+name+` value="`+escaped(value)+`"/>`)
		}
	}
	if v.Type == "string" {
		facet("minLength", positive(v.MinLength))
		facet("maxLength", positive(v.MaxLength))
		if pattern, ok := xsdPattern(v.Pattern); ok {
			facet("pattern", pattern)
		}
	}
	facet("minInclusive", v.Minimum)
	facet("maxInclusive", v.Maximum)
	values := v.Enum
	if v.Fixed != "" {
		values = []string{v.Fixed}
	}
	for _, value := range values {
		if v.Type == "boolean" { // XML Schema has no enumeration of booleans; a pattern says it
			facet("pattern", value)
			continue
		}
		facet("enumeration", value)
	}
	out.line(depth+1, "</xs:restriction>")
	out.line(depth, "</xs:simpleType>")
}

func positive(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// bytes writes the whole file.
func (f *xsdFile) bytes(b *xsdBuilder) []byte {
	var out bytes.Buffer
	out.WriteString(xml.Header)
	out.WriteString(`<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified"`)
	if f.space != "" {
		fmt.Fprintf(&out, ` targetNamespace="%s" xmlns:%s="%s"`, escaped(f.space), f.prefix, escaped(f.space))
	}
	spaces := make([]string, 0, len(f.imports))
	for space := range f.imports {
		spaces = append(spaces, space)
	}
	sort.Strings(spaces)
	for _, space := range spaces {
		if space != "" {
			fmt.Fprintf(&out, ` xmlns:%s="%s"`, b.files[space].prefix, escaped(space))
		}
	}
	out.WriteString(">\n")
	for _, space := range spaces {
		namespace := ""
		if space != "" {
			namespace = ` namespace="` + escaped(space) + `"`
		}
		fmt.Fprintf(&out, "  <xs:import%s schemaLocation=\"%s\"/>\n", namespace, b.files[space].name)
	}
	out.WriteString(f.body.String())
	out.WriteString("</xs:schema>\n")
	return out.Bytes()
}

// xsdText is lines of a schema.
type xsdText struct{ strings.Builder }

func (t *xsdText) line(depth int, s string) {
	t.WriteString(strings.Repeat("  ", depth))
	t.WriteString(s)
	t.WriteByte('\n')
}

func escaped(s string) string {
	var out bytes.Buffer
	// A bytes.Buffer never fails.
	_ = xml.EscapeText(&out, []byte(s))
	return out.String()
}
