// SPDX-License-Identifier: Apache-2.0

package digest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gowebpki/jcs"
)

// Kind is why bytes cannot be hashed honestly.
type Kind string

// Kinds of faults.
const (
	Syntax       Kind = "syntax"        // the bytes are not one JSON value
	InvalidUTF8  Kind = "invalid-utf8"  // a byte or an escape that is no Unicode character
	NotAnObject  Kind = "not-an-object" // a definition is a JSON object
	Null         Kind = "null"          // the API server drops some nulls and keeps others
	DuplicateKey Kind = "duplicate-key" // readers disagree about which value counts
	BigInteger   Kind = "big-integer"   // beyond ±(2^53−1) readers see different numbers
	Rounded      Kind = "rounded"       // RFC 8785 would write another number
	TooDeep      Kind = "too-deep"      // nested beyond maxDepth
	TooLarge     Kind = "too-large"     // the canonical form has more than MaxBytes
)

// Fault is one thing in a JSON text that would make its digest lie.
type Fault struct {
	// Kind is why.
	Kind Kind
	// Path is the place, as a Kubernetes field path relative to the value; "" is the whole.
	Path string
	// Found is what stands there: the key, the number, the byte, the size.
	Found string
}

// Error returns the fault as one line.
func (f Fault) String() string {
	if f.Path == "" {
		return fmt.Sprintf("%s: %s", f.Kind, f.Found)
	}
	return fmt.Sprintf("%s at %s: %s", f.Kind, strings.TrimPrefix(f.Path, "."), f.Found)
}

// FaultError is the error of bytes with faults.
type FaultError struct {
	// Faults are in the order in which they stand; never empty.
	Faults []Fault
}

// Error names the first fault and how many follow.
func (e *FaultError) Error() string {
	if more := len(e.Faults) - 1; more > 0 {
		return fmt.Sprintf("%s (and %d more)", e.Faults[0], more)
	}
	return e.Faults[0].String()
}

// Faults returns everything in raw, the JSON of a definition, that would make its digest lie. Empty means that Of succeeds.
func Faults(raw []byte) []Fault {
	faults, bound := definitionFaults(raw)
	if len(faults) == 0 && bound > MaxBytes {
		_, faults = canonical(raw)
	}
	return faults
}

// definitionFaults finds the faults of a definition but its size, for which it gives an upper bound.
func definitionFaults(raw []byte) (faults []Fault, bound int) {
	faults, bound = scan(raw)
	if len(faults) == 0 && firstByte(raw) != '{' {
		faults = append(faults, Fault{Kind: NotAnObject, Found: "a " + kindOf(firstByte(raw))})
	}
	return faults, bound
}

// canonical returns the canonical form of a definition, or its faults.
func canonical(raw []byte) ([]byte, []Fault) {
	if faults, _ := definitionFaults(raw); len(faults) > 0 {
		return nil, faults
	}
	out, err := jcs.Transform(raw)
	if err != nil {
		// Scan accepts a subset of what RFC 8785 can write, so this is a disagreement between the two and must not pass.
		return nil, []Fault{{Kind: Syntax, Found: err.Error()}}
	}
	if len(out) > MaxBytes {
		return nil, []Fault{{Kind: TooLarge, Found: fmt.Sprintf("%d bytes", len(out))}}
	}
	return out, nil
}

// ScanJSON returns the faults of any JSON text, whatever its kind and size, in the order in which they stand. Nulls are
// among them.
func ScanJSON(raw []byte) []Fault {
	faults, _ := scan(raw)
	return faults
}

// scan finds the faults of raw but its kind and size; bound is at least the size of its canonical form.
func scan(raw []byte) (faults []Fault, bound int) {
	if !utf8.Valid(raw) {
		return []Fault{{Kind: InvalidUTF8, Found: invalidByte(raw)}}, 0
	}
	if err := syntaxError(raw); err != nil {
		return []Fault{{Kind: Syntax, Found: err.Error()}}, 0
	}
	s := scanner{raw: raw}
	s.value()
	return s.faults, s.bound
}

func syntaxError(raw []byte) error {
	if json.Valid(raw) {
		return nil
	}
	var v json.RawMessage
	err := json.Unmarshal(raw, &v)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		before := raw[:min(int(syntax.Offset), len(raw))]
		return fmt.Errorf("%w at line %d", err, 1+strings.Count(string(before), "\n"))
	}
	return err
}

func invalidByte(raw []byte) string {
	line := 1
	for i := 0; i < len(raw); {
		r, size := utf8.DecodeRune(raw[i:])
		if r == utf8.RuneError && size == 1 {
			return fmt.Sprintf("byte 0x%02X at line %d", raw[i], line)
		}
		if r == '\n' {
			line++
		}
		i += size
	}
	return "no byte"
}

func firstByte(raw []byte) byte {
	for _, c := range raw {
		switch c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

func kindOf(first byte) string {
	switch first {
	case '{':
		return "object"
	case '[':
		return "list"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	default:
		return "number"
	}
}
