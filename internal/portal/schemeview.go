// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"slices"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/process"
)

// sayer says one of the catalogue's own texts in the page's language.
type sayer func(id string, pairs ...any) string

// schemeView is the process as it is drawn. Lang is the language of the stages' names when it is not the page's.
type schemeView struct {
	process.Drawing
	Lang string
}

// schemeOf draws a process with the outside systems of each stage.
func schemeOf(def *v1alpha1.ServiceDefinition, lang string, say sayer) schemeView {
	exchanges := map[v1alpha1.ID][]string{}
	for _, i := range def.Integrations {
		exchanges[i.Stage] = append(exchanges[i.Stage], i.System.Name.In(lang, originalOf(def)))
	}
	v := schemeView{Drawing: process.SchemeOf(def.Process).Draw(process.Labels{
		Name: func(n process.Node) string { return n.Name.In(lang, originalOf(def)) },
		Term: func(n process.Node) string {
			if n.Deadline == nil {
				return ""
			}
			return sayTerm(say, n.Deadline)
		},
		Systems: func(n process.Node) []string { return exchanges[n.ID] },
	})}
	if slices.ContainsFunc(def.Process.Stages, func(st v1alpha1.Stage) bool { return st.Name[lang] == "" }) {
		v.Lang = originalOf(def)
	}
	return v
}

func sayTerm(say sayer, d *v1alpha1.Duration) string {
	id := "term.calendar"
	if d.Unit == v1alpha1.WorkingDays {
		id = "term.working"
	}
	return say(id, "Count", d.Value)
}

// exchangeView is an exchange with an outside system, for people to read.
type exchangeView struct {
	v1alpha1.Integration
	Stage v1alpha1.Text
}

func exchangesOf(def *v1alpha1.ServiceDefinition) []exchangeView {
	out := make([]exchangeView, len(def.Integrations))
	for i, integration := range def.Integrations {
		out[i] = exchangeView{Integration: integration}
		for _, stage := range def.Process.Stages {
			if stage.ID == integration.Stage {
				out[i].Stage = stage.Name
			}
		}
	}
	return out
}
