// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"net/http"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/form"
)

// blankView is the form on paper.
type blankView struct {
	Def   *v1alpha1.ServiceDefinition
	Pages []blankPage
}

type blankPage struct {
	Title string
	Rows  []blankRow
}

type blankRow struct {
	Label, Hint string
	Options     []string
	More        bool // what follows is asked of each entry of a list
}

// maxBlankOptions is how many choices are printed to be ticked; longer lists leave a line to write on.
const maxBlankOptions = 12

// blank shows the form to print and fill in by hand: GET /s/{service}/blank.
func (s *Server) blank(c *call) error {
	model, err := c.model()
	if err != nil {
		return err
	}
	view := blankView{Def: c.release.def}
	for _, p := range model.Blank(c.lang) {
		sheet := blankPage{Title: p.Title, Rows: blankRows(nil, "", p.Fields)}
		for _, doc := range p.Documents {
			sheet.Rows = append(sheet.Rows, blankRow{Label: doc.Name.In(c.lang, c.release.def.Languages[0])})
		}
		view.Pages = append(view.Pages, sheet)
	}
	layout := s.layout(c, c.say(s, "blank.title"))
	layout.Back = servicePath(c.release.service)
	return s.render(c, http.StatusOK, "blank", layout, view)
}

// blankRows lists the questions, those of groups under the group's name.
func blankRows(rows []blankRow, group string, fields []form.FieldView) []blankRow {
	for _, f := range fields {
		label := f.Label
		if group != "" {
			label = group + ": " + label
		}
		if f.Widget == "Group" {
			if f.Repeats {
				rows = append(rows, blankRow{Label: label, More: true})
			}
			for _, item := range f.Items {
				rows = blankRows(rows, label, item.Fields)
			}
			continue
		}
		row := blankRow{Label: label, Hint: f.Hint}
		if len(f.Options) <= maxBlankOptions {
			for _, o := range f.Options {
				row.Options = append(row.Options, o.Label)
			}
		}
		rows = append(rows, row)
	}
	return rows
}
