// SPDX-License-Identifier: Apache-2.0

package definition

import (
	"strings"

	"github.com/okno-dev/okno/internal/digest"
)

// Root is the path of a definition in its GovService.
const Root = "spec.service"

// Check returns what the JSON of a definition must not hold, whoever wrote it: null, duplicate keys, numbers that readers
// disagree about, invalid UTF-8, more than 192 KiB. It is all that remains to be checked of JSON that comes from the API server.
func Check(raw []byte) []Finding {
	return faultFindings(Root, digest.Faults(raw))
}

func faultFindings(root string, faults []digest.Fault) []Finding {
	findings := make([]Finding, 0, len(faults))
	for _, f := range faults {
		findings = append(findings, FromFault(root, f))
	}
	return Sort(findings)
}

// faultRules say of each kind of fault what is allowed and what to do.
var faultRules = map[digest.Kind]struct{ rule, allowed, do string }{
	digest.Syntax:       {"json-syntax", "one JSON object", "correct the syntax"},
	digest.InvalidUTF8:  {"invalid-utf8", "Unicode characters in UTF-8", "save the file as UTF-8; it may be in windows-1251"},
	digest.NotAnObject:  {"not-an-object", "an object", "write the definition's fields under spec.service"},
	digest.Null:         {"null-value", "a value, or no key at all", "remove the key: the API server keeps some nulls and drops others"},
	digest.DuplicateKey: {"duplicate-key", "each key once", "remove or rename one of the two"},
	digest.BigInteger: {
		"big-integer", "whole numbers between -9007199254740991 and 9007199254740991",
		"write the number as a string",
	},
	digest.Rounded: {
		"rounded-number", "numbers with at most 15 significant digits",
		"shorten the number or write it as a string: readers would round it differently",
	},
	digest.TooDeep: {"too-deep", "at most 64 levels of nesting", "flatten the structure"},
	digest.TooLarge: {
		"too-large", "at most 196608 bytes (192 KiB) in canonical form",
		"shorten the texts, or split the service in two",
	},
}

// FromFault turns a fault below the place root into a finding.
func FromFault(root string, f digest.Fault) Finding {
	r := faultRules[f.Kind]
	return Finding{
		Path: strings.TrimPrefix(root+f.Path, "."), Rule: r.rule, Severity: Error,
		Found: f.Found, Allowed: r.allowed, Do: r.do,
	}
}
