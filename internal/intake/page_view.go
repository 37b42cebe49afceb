// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/form"
	"github.com/okno-dev/okno/internal/intake/store"
	"github.com/okno-dev/okno/internal/page"
)

// formView is a page of the form as its template wants it.
type formView struct {
	Title        string
	Action       string
	Return       string
	Version      int64
	Multipart    bool
	OtherButtons bool
	Errors       []summaryError
	Fields       []field
	Documents    []documentView
	Notice       string
	Asked        string // pointers of the questions on the page
	Step, Steps  int    // how far along the form this page is; the check of the answers is the last step
	Opened       string // where the first question is that an answer has just opened; "" when none was
	Saved        string
}

// summaryError is a line of the summary at the top of a page: it leads to the question that it is about.
type summaryError struct{ Href, Text, Pointer, Code string }

// field is a question with what is wrong about it and what describes it.
type field struct {
	form.FieldView
	Errors      []string
	DescribedBy string
	Optional    bool   // nobody has to answer, in no case
	Type        string // of the input
	Width       string // govuk width in characters; "" means as wide as the page
	Inline      bool
	Choices     []choice
	Groups      []choiceGroup
	DateParts   []datePart
	Entries     []groupEntry
}

type choice struct {
	ID, Value, Label string
	Selected         bool
}

type choiceGroup struct {
	Label   string
	Options []form.Option
}

type datePart struct{ ID, Name, Label, Value, Part, Width, Autocomplete string }

type groupEntry struct {
	Number       int
	RemoveAction string
	Fields       []field
}

type documentView struct {
	ID, Name, Prompt, Limits, Input, Pointer, Accept string
	Optional, Multiple                               bool
	DescribedBy                                      string
	Errors, HowTo                                    []string
	Files                                            []store.FileInfo
}

// shown is how a page is shown: where it leads back to, what is wrong, and what an answer has just opened.
type shown struct {
	back       string
	violations []form.Violation
	opened     []form.FieldView
	notice     string
}

// showPage answers a page of the form.
func (s *Server) showPage(c *call, d *draft, p *pageState, status int, how shown) error {
	v := &viewer{server: s, call: c, violations: how.violations, hrefs: map[string]string{}}
	source := p.page()
	view := formView{
		Title: source.Title, Action: pagePath(d.Service, d.ID, source.ID), Version: d.Version, Multipart: len(source.Documents) > 0,
		Notice: how.notice, Asked: strings.Join(pointers(nil, source.Fields), " "), Step: p.current + 1, Steps: len(p.pages) + 1,
	}
	if len(how.opened) > 0 {
		view.Opened = "#" + how.opened[0].ID
	}
	if how.back == returnToCheck {
		view.Return = returnToCheck
	}
	for _, f := range source.Fields {
		view.Fields = append(view.Fields, v.field(f))
	}
	for _, doc := range source.Documents {
		view.Documents = append(view.Documents, v.document(doc, d.files))
	}
	view.OtherButtons = v.buttons
	view.Errors = v.summary(func(pointer string) string { return v.href(pointer) })
	if c.release.def.Form.SaveAndReturn != nil {
		view.Saved = c.say(s, "form.saved", "Day", page.Day(c.lang, d.ExpiresAt.In(s.options.Location)))
	}
	layout := s.layout(c, source.Title)
	layout.Failed = len(how.violations) > 0
	layout.Back = s.backFrom(d, p, view.Return)
	return s.render(c, status, "page", layout, view)
}

// backFrom is where the back link of a page leads.
func (s *Server) backFrom(d *draft, p *pageState, back string) string {
	switch {
	case back == returnToCheck:
		return checkPath(d.Service, d.ID)
	case p.current > 0:
		return pagePath(d.Service, d.ID, p.pages[p.current-1].ID)
	default:
		return servicePath(d.Service)
	}
}

// viewer turns the form's views into the template's and remembers where each pointer is on the page.
type viewer struct {
	server     *Server
	call       *call
	violations []form.Violation
	hrefs      map[string]string // pointer → #id
	entries    map[string]string // pointer of an entry of a list → what people call it: Машина 2
	buttons    bool              // the page has submit buttons besides continue
}

func (v *viewer) say(id string, pairs ...any) string { return v.call.say(v.server, id, pairs...) }

// errorsAt are the messages of the violations at a pointer.
func (v *viewer) errorsAt(pointer string) []string {
	var messages []string
	for _, violation := range v.violations {
		if violation.Pointer == pointer {
			messages = append(messages, violation.Message.In(v.call.lang, "ru", "en"))
		}
	}
	return messages
}

func (v *viewer) field(source form.FieldView) field {
	f := field{FieldView: source, Errors: v.errorsAt(source.Pointer), Type: "text"}
	f.DescribedBy = describedBy(source.ID, source.Hint != "", len(f.Errors) > 0)
	f.Optional = !source.Required && !v.demanded(source.Pointer)
	v.hrefs[source.Pointer] = "#" + source.ID
	switch source.Widget {
	case "Radios", "Checkbox":
		f.Choices = choices(source)
		f.Inline = source.Widget == "Radios" && len(source.Options) == 2 && shortLabels(source.Options)
	case "Select":
		f.Groups = groups(source.Options)
	case "Date":
		f.DateParts = v.dateParts(source)
	case "Group":
		for i, item := range source.Items {
			v.name(source, i, item)
			f.Entries = append(f.Entries, v.entry(i, item))
		}
		v.buttons = v.buttons || source.Repeats
	case "Phone":
		f.Type, f.Width = "tel", "20"
	case "Email":
		f.Type = "email"
	default:
		f.Width = width(source.MaxLength)
	}
	return f
}

// demanded tells that a rule may ask for an answer: the label must not call it optional then.
func (v *viewer) demanded(pointer string) bool {
	return slices.ContainsFunc(v.call.release.def.Data.Rules, func(r v1alpha1.Rule) bool {
		return r.Code == form.CodeRequired && "/data"+string(r.At) == pointer
	})
}

// name remembers what an entry of a list is called.
func (v *viewer) name(list form.FieldView, i int, item form.GroupItem) {
	if !list.Repeats {
		return
	}
	if v.entries == nil {
		v.entries = map[string]string{}
	}
	v.entries[item.Pointer] = list.Label + " " + strconv.Itoa(i+1)
}

// entryOf says in which entries of lists a pointer is, outermost first: "Объект 2, касса 1: "; "" in none.
func (v *viewer) entryOf(pointer string) string {
	var names []string
	for i := range pointer {
		if name, ok := v.entries[pointer[:i]]; ok && pointer[i] == '/' {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return strings.Join(names, ", ") + ": "
}

func (v *viewer) entry(i int, item form.GroupItem) groupEntry {
	entry := groupEntry{Number: i + 1, RemoveAction: item.RemoveAction}
	for _, f := range item.Fields {
		entry.Fields = append(entry.Fields, v.field(f))
	}
	return entry
}

// describedBy joins the ids of what is read out with a control.
func describedBy(id string, hint, failed bool) string {
	var ids []string
	if hint {
		ids = append(ids, id+"-hint")
	}
	if failed {
		ids = append(ids, id+"-error")
	}
	return strings.Join(ids, " ")
}

// choices give each option an id; the first has the field's own, so that the error summary leads to it.
func choices(source form.FieldView) []choice {
	list := make([]choice, len(source.Options))
	for i, o := range source.Options {
		list[i] = choice{ID: source.ID, Value: o.Value, Label: o.Label, Selected: o.Selected}
		if i > 0 {
			list[i].ID += "-" + strconv.Itoa(i+1)
		}
	}
	return list
}

func shortLabels(options []form.Option) bool {
	return !slices.ContainsFunc(options, func(o form.Option) bool { return len([]rune(o.Label)) > 12 })
}

// groups puts options under their headings, in order.
func groups(options []form.Option) []choiceGroup {
	var list []choiceGroup
	for _, o := range options {
		if len(list) == 0 || list[len(list)-1].Label != o.Group {
			list = append(list, choiceGroup{Label: o.Group})
		}
		list[len(list)-1].Options = append(list[len(list)-1].Options, o)
	}
	return list
}

// dateParts are the three inputs of a date; the first has the field's own id.
func (v *viewer) dateParts(source form.FieldView) []datePart {
	parts := []datePart{
		{ID: source.ID, Name: source.Name + ".day", Label: v.say("form.day"), Value: source.Day, Part: "day", Width: "2"},
		{ID: source.ID + "-month", Name: source.Name + ".month", Label: v.say("form.month"), Value: source.Month, Part: "month", Width: "2"},
		{ID: source.ID + "-year", Name: source.Name + ".year", Label: v.say("form.year"), Value: source.Year, Part: "year", Width: "4"},
	}
	if source.Autocomplete != "" {
		for i := range parts {
			parts[i].Autocomplete = source.Autocomplete + "-" + parts[i].Part
		}
	}
	return parts
}

// width is the nearest width of an input that shows how long an answer is expected to be.
func width(maxLength int) string {
	for _, w := range []int{2, 3, 4, 5, 10, 20} {
		if maxLength > 0 && maxLength <= w {
			return strconv.Itoa(w)
		}
	}
	return ""
}

// endings are the usual endings of files whose type browsers do not know by all of them: without these, a file would be grey in the
// browser's chooser though its content is taken.
var endings = map[string]string{"application/pkcs7-signature": ".p7s,.sig"}

// accept is what a browser's file chooser offers first.
func accept(formats []string) string {
	list := slices.Clone(formats)
	for _, f := range formats {
		if more, ok := endings[f]; ok {
			list = append(list, more)
		}
	}
	return strings.Join(list, ",")
}

func (v *viewer) document(source form.DocumentView, files []store.FileInfo) documentView {
	languages := []string{v.call.lang, v.call.release.def.Languages[0]}
	d := documentView{
		ID: "document-" + source.ID, Name: source.Name.In(languages...), Input: documentInput + source.ID, Pointer: source.Pointer,
		Optional: !source.Required, Multiple: source.MaxFiles > 1, Errors: v.errorsAt(source.Pointer),
		Accept: accept(source.Formats),
		Prompt: v.say("form.uploadMany", "Count", max(source.MaxFiles, 1)),
		Limits: v.say("form.limits", "Formats", formats(source.Formats), "Size", v.server.renderer.Size(v.call.lang, source.MaxSizeBytes)),
	}
	d.DescribedBy = describedBy(d.ID, true, len(d.Errors) > 0)
	v.hrefs[source.Pointer] = "#" + d.ID
	for _, f := range files {
		if f.Document == source.ID {
			d.Files = append(d.Files, f)
		}
	}
	v.buttons = v.buttons || len(d.Files) > 0
	if how := source.HowToObtain; how != nil {
		for _, text := range []v1alpha1.Text{how.Issuer, how.Where, how.Fee, how.Term} {
			if line := text.In(languages...); line != "" {
				d.HowTo = append(d.HowTo, line)
			}
		}
	}
	return d
}

// formats are media types as people call them: application/pdf is PDF.
func formats(mediaTypes []string) string {
	names := make([]string, 0, len(mediaTypes))
	for _, m := range mediaTypes {
		name := form.FormatName(m)
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// href leads to the question at a pointer, else to one inside or around it, else to the top of the page.
func (v *viewer) href(pointer string) string {
	if href, ok := v.hrefs[pointer]; ok {
		return href
	}
	for _, known := range sortedKeys(v.hrefs) {
		if strings.HasPrefix(known, pointer+"/") {
			return v.hrefs[known]
		}
	}
	for up := pointer; up != ""; up = up[:max(strings.LastIndexByte(up, '/'), 0)] {
		if href, ok := v.hrefs[up]; ok {
			return href
		}
	}
	return "#main"
}

// summary lists what is wrong. Who is not eligible has nothing to mend: that comes last, and leads nowhere.
func (v *viewer) summary(href func(string) string) []summaryError {
	var wrong, ineligible []summaryError
	for _, violation := range v.violations {
		e := summaryError{
			Text: v.entryOf(violation.Pointer) + violation.Message.In(v.call.lang, "ru", "en"), Pointer: violation.Pointer, Code: violation.Code,
		}
		if v.isEligibility(violation) {
			ineligible = append(ineligible, e)
			continue
		}
		e.Href = href(violation.Pointer)
		wrong = append(wrong, e)
	}
	return append(wrong, ineligible...)
}

// isEligibility tells whether a violation says that the service is not for this applicant.
func (v *viewer) isEligibility(violation form.Violation) bool {
	return violation.Pointer == "/data" && slices.ContainsFunc(v.call.release.def.Audience.Eligibility, func(e v1alpha1.Eligibility) bool {
		return string(e.ID) == violation.Code
	})
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// moment is a time as templates show it, in the agency's zone.
func (s *Server) moment(t time.Time) time.Time { return t.In(s.options.Location) }
