// SPDX-License-Identifier: Apache-2.0

package form

import "strings"

// autocompleteTokens are HTML's tokens by the names that schemas use for what people know of themselves.
var autocompleteTokens = map[string]string{
	"surname": "family-name", "lastName": "family-name", "familyName": "family-name", "firstName": "given-name", "givenName": "given-name", "name": "name",
	"patronymic": "additional-name", "middleName": "additional-name", "birthDate": "bday", "dateOfBirth": "bday", "sex": "sex",
	"phone": "tel", "email": "email", "postalCode": "postal-code", "city": "address-level2", "region": "address-level1", "street": "address-line1",
}

// addressTokens are those that describe a place.
var addressTokens = map[string]bool{"postal-code": true, "address-level2": true, "address-level1": true, "address-line1": true}

// offerAutocomplete gives fields their tokens, each once in a form and those of a place to one address: the browser knows one
// person and one address, and would write them over the others.
func offerAutocomplete(pages []*page) {
	taken := map[string]bool{}
	var address *node
	var offer func(fields []*field)
	offer = func(fields []*field) {
		for _, f := range fields {
			token := autocomplete(f.node)
			if addressTokens[token] {
				if address == nil {
					address = f.node.parent
				}
				if address != f.node.parent {
					token = ""
				}
			}
			if token != "" && !taken[token] {
				f.autocomplete, taken[token] = token, true
			}
			offer(f.fields)
		}
	}
	for _, pg := range pages {
		offer(pg.fields)
	}
}

// autocomplete returns the token that suits a node, or "": it is the applicant whom the browser knows, and no other person.
func autocomplete(n *node) string {
	top, _, nested := strings.Cut(strings.TrimPrefix(n.pointer, "/"), "/")
	if nested && top != "applicant" && top != "person" || strings.Contains(n.pointer, "*") || !n.isScalar() || n.isChoice() && n.name != "sex" {
		return ""
	}
	if n.name == "name" && n.parent.hasFamilyName() {
		return "given-name"
	}
	return autocompleteTokens[n.name]
}

// hasFamilyName tells that a person's name is asked for in parts.
func (n *node) hasFamilyName() bool {
	for _, p := range n.props {
		if autocompleteTokens[p.name] == "family-name" {
			return true
		}
	}
	return false
}
