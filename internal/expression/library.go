// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"strings"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// ownFunctions are the functions that public services need and CEL does not have.
var ownFunctions = map[string]bool{"snilsValid": true, "innValid": true, "age": true, "date": true, "digits": true}

// library declares ownFunctions.
type library struct{}

// LibraryName implements cel.SingletonLibrary.
func (library) LibraryName() string { return "okno" }

// CompileOptions implements cel.Library.
func (library) CompileOptions() []cel.EnvOption {
	return []cel.EnvOption{
		predicate("snilsValid", snilsValid),
		predicate("innValid", innValid),
		cel.Function("digits", cel.Overload("digits_string", []*cel.Type{cel.StringType}, cel.StringType,
			cel.UnaryBinding(func(v ref.Val) ref.Val { return types.String(digits(text(v))) }))),
		cel.Function("date", cel.Overload("date_string", []*cel.Type{cel.StringType}, cel.TimestampType,
			cel.UnaryBinding(func(v ref.Val) ref.Val {
				day, err := time.Parse(time.DateOnly, text(v))
				if err != nil {
					return types.NewErr("%q is no date", text(v))
				}
				return types.Timestamp{Time: day}
			}))),
		cel.Function("age", cel.Overload("age_string_timestamp", []*cel.Type{cel.StringType, cel.TimestampType}, cel.IntType,
			cel.BinaryBinding(func(born, at ref.Val) ref.Val {
				day, err := time.Parse(time.DateOnly, text(born))
				if err != nil {
					return types.NewErr("%q is no date", text(born))
				}
				moment, ok := at.(types.Timestamp)
				if !ok {
					return types.MaybeNoSuchOverloadErr(at)
				}
				return types.Int(age(day, moment.Time))
			}))),
	}
}

// ProgramOptions implements cel.Library.
func (library) ProgramOptions() []cel.ProgramOption { return nil }

func predicate(name string, holds func(string) bool) cel.EnvOption {
	return cel.Function(name, cel.Overload(name+"_string", []*cel.Type{cel.StringType}, cel.BoolType,
		cel.UnaryBinding(func(v ref.Val) ref.Val { return types.Bool(holds(text(v))) })))
}

func text(v ref.Val) string {
	s, _ := v.(types.String)
	return string(s)
}

// digits returns the ASCII digits of s.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// age returns the full years between born and the day of at. Who is born on 29 February has a birthday on 1 March of common years.
func age(born, at time.Time) int {
	years := at.Year() - born.Year()
	if at.Month() < born.Month() || at.Month() == born.Month() && at.Day() < born.Day() {
		years--
	}
	return years
}

// snilsLastUnchecked is the last insurance number (001-001-998) that carries no control number.
const snilsLastUnchecked = 1_001_998

// snilsValid tells whether s, with or without separators, is an insurance number (СНИЛС) with the right control number.
func snilsValid(s string) bool {
	for _, r := range s {
		if (r < '0' || r > '9') && r != '-' && r != ' ' {
			return false
		}
	}
	d := digits(s)
	if len(d) != 11 {
		return false
	}
	number, sum := 0, 0
	for i := range 9 {
		digit := int(d[i] - '0')
		number = number*10 + digit
		sum += digit * (9 - i)
	}
	if number <= snilsLastUnchecked {
		return true
	}
	return sum%101%100 == int(d[9]-'0')*10+int(d[10]-'0')
}

// innWeights are the weights of the control digits of a taxpayer's number: one digit for bodies (10 digits), two for people (12).
var innWeights = map[int][]int{
	9:  {2, 4, 10, 3, 5, 9, 4, 6, 8},
	10: {7, 2, 4, 10, 3, 5, 9, 4, 6, 8},
	11: {3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8},
}

// innValid tells whether s is a taxpayer's number (ИНН) of 10 or 12 digits with right control digits.
func innValid(s string) bool {
	if digits(s) != s || len(s) != 10 && len(s) != 12 || strings.Trim(s, "0") == "" {
		return false
	}
	for at := 9; at < len(s); at++ {
		weights, ok := innWeights[at]
		if !ok || len(s) == 12 && at == 9 {
			continue
		}
		sum := 0
		for i, w := range weights {
			sum += w * int(s[i]-'0')
		}
		if sum%11%10 != int(s[at]-'0') {
			return false
		}
	}
	return true
}
