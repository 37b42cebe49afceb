// SPDX-License-Identifier: Apache-2.0

package form

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxXMLDepth bounds elements inside each other, whatever the schema says.
const maxXMLDepth = 64

// xmlNode is an element as it was sent.
type xmlNode struct {
	name     xml.Name
	attrs    []xml.Attr
	children []*xmlNode
	text     strings.Builder
	offset   int64
}

// readXML reads a document in UTF-8 or windows-1251; see decodeXML. It refuses DOCTYPE and with it all entities but the five of XML,
// processing instructions, and documents beyond the bounds.
func readXML(body []byte, charset string) (*xmlNode, *SyntaxError) {
	if len(body) > MaxBodyBytes {
		return nil, syntaxError(body, 0, "тело длиннее 1 МиБ", "the body is longer than 1 MiB")
	}
	body, charset, failure := decodeXML(body, charset)
	if failure != nil {
		return nil, failure
	}
	r := &xmlReader{body: body, dec: xml.NewDecoder(bytes.NewReader(body))}
	r.dec.CharsetReader = func(declared string, decoded io.Reader) (io.Reader, error) {
		if !strings.EqualFold(declared, charset) {
			return nil, fmt.Errorf("the encoding %q stands where no declaration belongs", declared)
		}
		return decoded, nil
	}
	return r.document()
}

type xmlReader struct {
	body []byte
	dec  *xml.Decoder
}

func (r *xmlReader) fail(ru, en string) *SyntaxError {
	return syntaxError(r.body, r.dec.InputOffset(), ru, en)
}

// next returns the next token, io.EOF as nil.
func (r *xmlReader) next() (xml.Token, *SyntaxError) {
	token, err := r.dec.Token()
	switch {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		message := short(strings.TrimPrefix(err.Error(), "XML syntax error "))
		return nil, r.fail("ошибка в записи XML: "+message, "not well-formed XML: "+message)
	}
	switch t := token.(type) {
	case xml.Directive:
		return nil, r.fail("DOCTYPE не допускается", "DOCTYPE is not allowed")
	case xml.ProcInst:
		if t.Target != "xml" {
			return nil, r.fail("инструкции обработки не допускаются", "processing instructions are not allowed")
		}
	}
	return token, nil
}

func (r *xmlReader) document() (*xmlNode, *SyntaxError) {
	var root *xmlNode
	for {
		token, failure := r.next()
		if failure != nil {
			return nil, failure
		}
		switch t := token.(type) {
		case nil:
			if root == nil {
				return nil, r.fail("в документе XML нет элементов", "the XML document has no element")
			}
			return root, nil
		case xml.StartElement:
			if root != nil {
				return nil, r.fail("в документе XML два корневых элемента", "the XML document has two root elements")
			}
			if root, failure = r.element(t, 1); failure != nil {
				return nil, failure
			}
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return nil, r.fail("текст вне корневого элемента", "text outside the root element")
			}
		}
	}
}

func (r *xmlReader) element(start xml.StartElement, depth int) (*xmlNode, *SyntaxError) {
	if depth > maxXMLDepth {
		return nil, r.fail("слишком глубокая вложенность", "too deeply nested")
	}
	n := &xmlNode{name: start.Name, offset: r.dec.InputOffset()}
	seen := map[xml.Name]bool{}
	for _, a := range start.Attr {
		if seen[a.Name] {
			return nil, r.fail(fmt.Sprintf("атрибут %q повторяется", short(a.Name.Local)), fmt.Sprintf("the attribute %q is there twice", short(a.Name.Local)))
		}
		seen[a.Name] = true
		if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" && a.Name.Space != schemaInstance {
			n.attrs = append(n.attrs, a)
		}
	}
	for {
		token, failure := r.next()
		if failure != nil {
			return nil, failure
		}
		switch t := token.(type) {
		case nil:
			return nil, r.fail("документ XML обрывается", "the XML document breaks off")
		case xml.EndElement:
			return n, nil
		case xml.CharData:
			n.text.Write(t)
		case xml.StartElement:
			child, failure := r.element(t, depth+1)
			if failure != nil {
				return nil, failure
			}
			n.children = append(n.children, child)
		}
	}
}

// schemaInstance is the namespace of hints such as xsi:schemaLocation, which say nothing of the application.
const schemaInstance = "http://www.w3.org/2001/XMLSchema-instance"
