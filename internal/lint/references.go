// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"mime"
	"net/mail"
	"reflect"
	"strings"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/calendar"
	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/form"
	"github.com/okno-dev/okno/internal/process"
)

// at returns an error at a place below the definition.
func at(path, rule, found, allowed, do string) definition.Finding {
	return definition.Finding{
		Path: definition.Root + "." + path, Rule: rule, Severity: definition.Error, Found: found, Allowed: allowed, Do: do,
	}
}

// registryCodes demands each code once: the primary code is one of its own, not another system's.
func registryCodes(in input) []definition.Finding {
	var findings []definition.Finding
	seen := map[v1alpha1.RegistryCode]bool{}
	systems := map[string]bool{}
	for i, c := range in.def.RegistryCodes {
		path := fmt.Sprintf("registryCodes[%d]", i)
		if seen[c] || systems[strings.ToUpper(c.System)] {
			findings = append(findings, at(path, "registry-code-twice", "a second code in "+c.System,
				"one code in each system", "remove one of the two"))
		}
		seen[c], systems[strings.ToUpper(c.System)] = true, true
	}
	return findings
}

// processGraph demands that every application can go its way to an end, within terms that can be counted.
func processGraph(in input) []definition.Finding {
	findings := process.CheckGraph(in.def.Process)
	findings = append(findings, process.CheckGrounds(in.def.Process, in.def.Refusal)...)
	if _, err := calendar.Builtin(in.def.Process.Calendar); err != nil {
		findings = append(findings, at("process.calendar", "calendar-unknown", fmt.Sprintf("%q", in.def.Process.Calendar),
			strings.Join(calendar.Names(), ", "), "name a calendar that Okno carries"))
	}
	return findings
}

// routing demands that every application has somewhere to go.
func routing(in input) []definition.Finding {
	if in.def.Routing.Default != nil {
		return nil
	}
	return []definition.Finding{at("routing.default", "routing-default", "no default",
		"a unit and a queue for the applications that no rule takes", "add routing.default")}
}

// documents demands that files can be judged when they arrive, and that only what is uploaded says how.
func documents(in input) []definition.Finding {
	var findings []definition.Finding
	for i, d := range in.def.Documents {
		path := fmt.Sprintf("documents[%d]", i)
		if d.MinFiles > 0 && d.MaxFiles > 0 && d.MinFiles > d.MaxFiles {
			findings = append(findings, at(path+".minFiles", "document-files", fmt.Sprintf("at least %d files", d.MinFiles),
				fmt.Sprintf("at most maxFiles, %d", d.MaxFiles), "correct one of the two"))
		}
		for j, format := range d.Formats {
			here := fmt.Sprintf("%s.formats[%d]", path, j)
			mediaType, params, err := mime.ParseMediaType(format)
			switch {
			case err != nil || len(params) > 0 || mediaType != format || !strings.Contains(format, "/"):
				findings = append(findings, at(here, "document-format", fmt.Sprintf("%q", format),
					"media types in lower case such as application/pdf", "correct the media type"))
			case !form.CanTell(format):
				findings = append(findings, at(here, "document-format", fmt.Sprintf("%q, which no file can be told to be", format),
					"media types that a file's content shows, such as application/pdf, image/jpeg, application/zip", "name a type that files can be recognised by"))
			}
		}
		if d.Source == v1alpha1.SourceInteragency {
			continue
		}
		if len(d.Formats) == 0 {
			findings = append(findings, at(path+".formats", "document-formats", "no formats",
				"the media types that are taken", "list them, such as application/pdf and image/jpeg"))
		}
		if d.MaxSizeBytes == 0 {
			findings = append(findings, at(path+".maxSizeBytes", "document-size", "no bound",
				"1 to 52428800 bytes", "say how large a file may be"))
		}
	}
	return findings
}

// dates demands days that exist and moments in order.
func dates(in input) []definition.Finding {
	var findings []definition.Finding
	check := func(path string, d v1alpha1.Date) {
		if d == "" {
			return
		}
		if _, err := time.Parse(time.DateOnly, string(d)); err != nil {
			findings = append(findings, at(path, "date", fmt.Sprintf("%q", d), "a day that exists, as YYYY-MM-DD", "correct the date"))
		}
	}
	for i, act := range in.def.LegalBasis {
		check(fmt.Sprintf("legalBasis[%d].date", i), act.Date)
	}
	for i, s := range in.def.Scenarios {
		check(fmt.Sprintf("scenarios[%d].expect.deadline", i), s.Expect.Deadline)
	}
	if l := in.def.Limits; l != nil && l.OpensAt != nil && l.ClosesAt != nil && !l.OpensAt.Before(l.ClosesAt) {
		findings = append(findings, at("limits.closesAt", "limits-order", l.ClosesAt.UTC().Format(time.RFC3339),
			"a moment after opensAt, "+l.OpensAt.UTC().Format(time.RFC3339), "correct one of the two"))
	}
	return findings
}

// publicationOrder demands that a service is published before it is withdrawn.
func publicationOrder(spec *v1alpha1.GovServiceSpec) []definition.Finding {
	p := spec.Publication
	if p == nil || p.PublishAt == nil || p.WithdrawAt == nil || p.PublishAt.Before(p.WithdrawAt) {
		return nil
	}
	return []definition.Finding{{
		Path: "spec.publication.withdrawAt", Rule: "publication-order", Severity: definition.Error,
		Found: p.WithdrawAt.UTC().Format(time.RFC3339), Allowed: "a moment after publishAt, " + p.PublishAt.UTC().Format(time.RFC3339),
		Do: "correct one of the two",
	}}
}

// codeListPins demands that a list in the definition is what its sha256 says, so that a list which is meant to equal another
// agency's or the classifier's is not changed unnoticed.
func codeListPins(in input) []definition.Finding {
	var findings []definition.Finding
	for i, list := range in.def.Data.CodeLists {
		if list.ConfigMapRef != "" || list.Mode == "" && list.SHA256 == "" {
			continue
		}
		path := fmt.Sprintf("data.codeLists[%d]", i)
		if list.Mode == "Live" {
			findings = append(findings, at(path+".mode", "code-list-live", "Live beside items", "Pinned, or no mode",
				"remove mode: what stands in the definition changes only with it"))
			continue
		}
		items, _ := lookUp(in.tree, "data.codeLists").([]any)
		_, sum, err := digest.JSON(lookUp(items[i], "items"))
		switch {
		case err != nil || sum == list.SHA256: // what cannot be hashed was refused before
		case list.SHA256 == "":
			findings = append(findings, at(path+".sha256", "code-list-pin", "nothing", "the sha256 of the items", "add sha256: "+sum))
		default:
			findings = append(findings, at(path+".sha256", "code-list-pin", "items that were changed: their sha256 is "+sum,
				"items with the sha256 that stands there", "restore the items, or write their new sha256 if the change is meant"))
		}
	}
	return findings
}

var contactType = reflect.TypeFor[v1alpha1.Contact]()

// contacts demands mail addresses that mail can be sent to, wherever a contact stands.
func contacts(in input) []definition.Finding {
	var findings []definition.Finding
	var walk func(v reflect.Value, path string)
	walk = func(v reflect.Value, path string) {
		switch {
		case v.Type() == contactType:
			email := v.Interface().(v1alpha1.Contact).Email
			if address, err := mail.ParseAddress(email); email != "" && (err != nil || address.Address != email) {
				findings = append(findings, at(path+".email", "contact-email", fmt.Sprintf("%q", email),
					"an address such as help@agency.example", "correct the address"))
			}
		case v.Kind() == reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i), fmt.Sprintf("%s[%d]", path, i))
			}
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
				walk(v.Field(i), strings.TrimPrefix(path+"."+name, "."))
			}
		}
	}
	walk(reflect.ValueOf(in.def.Authority), "authority")
	walk(reflect.ValueOf(in.def.Accessibility), "accessibility")
	walk(reflect.ValueOf(in.def.Support), "support")
	return findings
}

// integrations demands that each exchange takes place in a stage that exists.
func integrations(in input) []definition.Finding {
	stages := map[v1alpha1.ID]bool{}
	for _, s := range in.def.Process.Stages {
		stages[s.ID] = true
	}
	var findings []definition.Finding
	for i, integration := range in.def.Integrations {
		if !stages[integration.Stage] {
			findings = append(findings, at(fmt.Sprintf("integrations[%d].stage", i), "integration-stage",
				fmt.Sprintf("%q", integration.Stage), "the id of a stage of the process", "correct the id or add the stage"))
		}
	}
	return findings
}
