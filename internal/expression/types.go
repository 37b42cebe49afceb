// SPDX-License-Identifier: Apache-2.0

package expression

// Kind is the kind of a value.
type Kind int

// Kinds of values.
const (
	Object Kind = iota + 1
	List
	String
	Integer
	Number
	Boolean
)

// Type is the type of a value in the application. Types come from data.schema and may be shared, but never form a cycle.
type Type struct {
	Kind Kind
	// Fields are the properties of an Object.
	Fields map[string]*Type
	// Required names the properties that are present whenever the object is.
	Required map[string]bool
	// Items is the type of a List's entries.
	Items *Type
	// MaxSize bounds a String's length or a List's number of entries, for the estimate of costs.
	MaxSize int
	// Samples returns values that a String, Integer or Number may take; the first is used where any value will do. nil is none.
	Samples func() []any
	// Allows tells whether the schema takes a literal of an expression as this value; nil takes every literal of the kind.
	Allows func(v any) bool
}
