// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// fill returns what an applicant with the given data sends for a page: the inputs at the places that the data answers, and the
// inputs that go back as they came. Values that no option offers are sent all the same: a client may do so.
func fill(p *page, envelope map[string]any) url.Values {
	values := url.Values{}
	for _, h := range p.hidden {
		values.Add(h[0], h[1])
	}
	if p.declaration {
		values.Set(declarationName, "agreed")
	}
	for _, pointer := range p.pointers() {
		var controls []control
		for _, c := range p.controls {
			if c.pointer == pointer && c.kind != kindFile {
				controls = append(controls, c)
			}
		}
		value, ok := lookup(envelope, pointer)
		if len(controls) == 0 {
			continue
		}
		if !ok {
			leaveEmpty(values, controls)
			continue
		}
		give(values, controls, value)
	}
	return values
}

// leaveEmpty sends what a browser sends for a question that was not answered: empty texts, and nothing for radios and checkboxes.
func leaveEmpty(values url.Values, controls []control) {
	for _, c := range controls {
		if c.kind != kindRadio && c.kind != kindCheckbox {
			values.Add(c.name, "")
		}
	}
}

// give gives the value to the inputs of one question.
func give(values url.Values, controls []control, value any) {
	first := controls[0]
	switch {
	case first.part != "":
		answerDate(values, controls, scalar(value))
	case first.kind == kindCheckbox:
		answerCheckboxes(values, controls, value)
	default:
		values.Set(first.name, scalar(value))
	}
}

var datePattern = regexp.MustCompile(`^(\d+)-(\d+)-(\d+)$`)

// answerDate splits YYYY-MM-DD over the inputs of its parts. What is no date at all is typed into the first input.
func answerDate(values url.Values, controls []control, date string) {
	parts := map[string]string{}
	if m := datePattern.FindStringSubmatch(date); m != nil {
		parts["year"], parts["month"], parts["day"] = m[1], m[2], m[3]
	} else {
		parts[controls[0].part] = date
	}
	for _, c := range controls {
		values.Set(c.name, parts[c.part])
	}
}

// answerCheckboxes ticks what the value says: each of a list's values, or the one box of true or of a constant.
func answerCheckboxes(values url.Values, controls []control, value any) {
	switch v := value.(type) {
	case bool:
		if v {
			values.Set(controls[0].name, controls[0].value)
		}
	case []any:
		for _, item := range v {
			values.Add(nameOf(controls, scalar(item)), scalar(item))
		}
	default:
		values.Set(controls[0].name, scalar(value))
	}
}

// nameOf returns the name of the box that stands for value, else of the first.
func nameOf(controls []control, value string) string {
	i := slices.IndexFunc(controls, func(c control) bool { return c.value == value })
	return controls[max(i, 0)].name
}

// scalar is a JSON value as a person would type it.
func scalar(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	text, err := json.Marshal(value)
	if err != nil { // values come from JSON
		return fmt.Sprint(value)
	}
	return string(text)
}

// lookup returns the value at a JSON Pointer. An empty string is an answer that was left out.
func lookup(document map[string]any, pointer string) (any, bool) {
	var at any = document
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		switch node := at.(type) {
		case map[string]any:
			value, ok := node[step]
			if !ok {
				return nil, false
			}
			at = value
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(node) {
				return nil, false
			}
			at = node[i]
		default:
			return nil, false
		}
	}
	return at, at != nil && at != ""
}
