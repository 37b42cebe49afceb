// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/form"
)

// A person with nine shops must read which one an error is about, and one who may not apply must not look for something to mend.
func TestSummaryOfErrorsSaysWhereAndWhatCannotBeMended(t *testing.T) {
	def := &v1alpha1.ServiceDefinition{Audience: v1alpha1.Audience{Eligibility: []v1alpha1.Eligibility{{ID: "resident"}}}}
	message := v1alpha1.Text{"en": "Enter the plate"}
	v := &viewer{call: &call{lang: "en", release: &release{def: def}}, violations: []form.Violation{
		{Pointer: "/data", Code: "resident", Message: v1alpha1.Text{"en": "This is for residents"}},
		{Pointer: "/data", Code: "required", Message: v1alpha1.Text{"en": "Enter something"}},
		{Pointer: "/data/cars/1/plate", Code: "required", Message: message},
		{Pointer: "/data/cars/1/drivers/0/name", Code: "required", Message: message},
		{Pointer: "/data/cars/10/plate", Code: "required", Message: message},
	}}
	v.name(form.FieldView{Label: "Car", Repeats: true}, 1, form.GroupItem{Pointer: "/data/cars/1"})
	v.name(form.FieldView{Label: "Driver", Repeats: true}, 0, form.GroupItem{Pointer: "/data/cars/1/drivers/0"})
	v.name(form.FieldView{Label: "Owner"}, 0, form.GroupItem{Pointer: "/data"})
	got := v.summary(func(pointer string) string { return "#" + pointer })
	want := []summaryError{
		{"#/data", "Enter something", "/data", "required"},
		{"#/data/cars/1/plate", "Car 2: Enter the plate", "/data/cars/1/plate", "required"},
		{"#/data/cars/1/drivers/0/name", "Car 2, Driver 1: Enter the plate", "/data/cars/1/drivers/0/name", "required"},
		{"#/data/cars/10/plate", "Enter the plate", "/data/cars/10/plate", "required"},
		{"", "This is for residents", "/data", "resident"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
