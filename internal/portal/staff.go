// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"net/http"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// staffPage is what those who work with a service need: guides, where applications go, what is done at each stage. It is public,
// as the whole definition is: nothing in it is a secret.
type staffPage struct {
	Def       *v1alpha1.ServiceDefinition
	Citizens  string // where the page for applicants is
	Original  string
	Guides    []v1alpha1.Guide
	Scheme    schemeView
	Stages    []staffStage
	Exchanges []exchangeView
}

type staffStage struct {
	v1alpha1.Stage
	Actions []staffAction
}

// staffAction is an action with the name of the stage that it leads to.
type staffAction struct {
	Name, To v1alpha1.Text
	Requires []v1alpha1.ActionRequirement
}

func newStaffPage(s *Service, p Provider, lang string, say sayer) staffPage {
	def := s.Definition
	v := staffPage{
		Def: def, Citizens: servicePath(p.Name, s.Name), Original: originalOf(def), Guides: guidesFor("Staff", def.Guides),
		Scheme: schemeOf(def, lang, say), Exchanges: exchangesOf(def),
	}
	called := map[v1alpha1.ID]v1alpha1.Text{}
	for _, st := range def.Process.Stages {
		called[st.ID] = st.Name
	}
	for _, st := range def.Process.Stages {
		stage := staffStage{Stage: st}
		for _, a := range st.Actions {
			stage.Actions = append(stage.Actions, staffAction{a.Name, called[a.To], a.Requires})
		}
		v.Stages = append(v.Stages, stage)
	}
	return v
}

// staff serves a service's page for those who work with it.
func (s *Server) staff(w http.ResponseWriter, r *http.Request) {
	s.ofService(w, r, "staff", func(service *Service, p Provider, lang string) any {
		return newStaffPage(service, p, lang, s.sayer(lang))
	})
}
