// SPDX-License-Identifier: Apache-2.0

package process

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/okno-dev/okno/api/v1alpha1"
)

func draw(p v1alpha1.Process) Drawing {
	return SchemeOf(p).Draw(Labels{
		Name: func(n Node) string {
			return "Проверка документов и сведений " + string(n.ID)
		},
		Term:    func(Node) string { return "5 рабочих дней" },
		Systems: func(n Node) []string { return []string{"ЕГР ЗАГС"}[:len(n.ID)%2] },
	})
}

func TestMainWayIsStraightDown(t *testing.T) {
	d := draw(stages("intake/Intake -> check, returned", "check/Check -> decide, ask", "ask/Query -> check", "decide/Decision -> granted, refused",
		"granted/Issue", "refused/Issue", "returned/Intake"))
	at := map[v1alpha1.ID]Box{}
	for _, b := range d.Boxes {
		at[b.ID] = b
	}
	if at["intake"].X != at["check"].X || at["check"].Y <= at["intake"].Y+at["intake"].H || at["returned"].X <= at["check"].X {
		t.Errorf("intake at %d,%d, check at %d,%d, returned at %d,%d", at["intake"].X, at["intake"].Y, at["check"].X, at["check"].Y, at["returned"].X, at["returned"].Y)
	}
	back := 0
	for _, l := range d.Lines {
		if l.Back {
			back++
		}
	}
	if len(d.Lines) != 7 || back != 1 {
		t.Errorf("%d lines, %d of them back; want 7 and 1", len(d.Lines), back)
	}
}

func TestLongNamesAreBroken(t *testing.T) {
	lines := wrap("Достопримечательностям-посвящённый раздел о людях, местах, делах, годах, именах, словах, книгах и о многом ином", 12)
	if len(lines) != mostLines || !strings.HasSuffix(lines[mostLines-1], "…") {
		t.Errorf("%q", lines)
	}
	for _, l := range lines {
		if n := len([]rune(l)); n > 13 {
			t.Errorf("%q has %d letters", l, n)
		}
	}
}

// Whatever the process, no two boxes touch, texts stand in their boxes, and every line stays on the paper.
func TestAnyDrawingIsOnePaper(t *testing.T) {
	numbers := regexp.MustCompile(`-?[0-9]+`)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "stages")
		p := v1alpha1.Process{}
		for i := range n {
			s := v1alpha1.Stage{ID: v1alpha1.ID(fmt.Sprint("s", i))}
			for j, to := range rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 4).Draw(t, "to") {
				s.Actions = append(s.Actions, v1alpha1.Action{ID: v1alpha1.ID(fmt.Sprint("a", j)), To: v1alpha1.ID(fmt.Sprint("s", to))})
			}
			p.Stages = append(p.Stages, s)
		}
		d := draw(p)
		for i, a := range d.Boxes {
			for _, b := range d.Boxes[:i] {
				if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
					t.Fatalf("%s and %s overlap", a.ID, b.ID)
				}
			}
			for _, line := range a.Texts {
				if line.X < a.X || line.Y < a.Y || line.Y > a.Y+a.H {
					t.Fatalf("%q stands outside of %s", line.Text, a.ID)
				}
			}
			if a.X+a.W > d.Width || a.Y+a.H > d.Height {
				t.Fatalf("%s is off the paper", a.ID)
			}
		}
		for _, l := range d.Lines {
			for _, text := range numbers.FindAllString(l.Path, -1) {
				if v, err := strconv.Atoi(text); err != nil || v < 0 || v > max(d.Width, d.Height) {
					t.Fatalf("%s of %s is off the paper %d×%d", text, l.Path, d.Width, d.Height)
				}
			}
		}
	})
}
