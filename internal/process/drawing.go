// SPDX-License-Identifier: Apache-2.0

package process

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Measures of a drawing, in its own units: one is a pixel where it is as wide as it wants to be.
const (
	boxWidth  = 216
	boxGap    = 28
	laneWidth = 14 // of a line that passes a layer, or that goes back
	layerGap  = 38
	boxPad    = 12
	lineStep  = 19 // from one line of text to the next
	smallStep = 17
	perLine   = 20 // letters of a stage's name
	perSmall  = 23
	mostLines = 5
	margin    = 4
	topMargin = 16 // room for lines that go back to the first stage
)

// Drawing is a scheme with every place worked out: layers from top to bottom, lines between them that pass no box, and lines
// back at the right edge.
type Drawing struct {
	Width, Height int
	Boxes         []Box
	Lines         []Line
}

// Box is a stage in a drawing.
type Box struct {
	Node
	X, Y, W, H int
	Texts      []TextLine
	// Dividers are where the parts for outside systems begin.
	Dividers []int
}

// TextLine is one line of text in a box.
type TextLine struct {
	X, Y  int
	Text  string
	Small bool
}

// Line is an action in a drawing; Back tells that it leads back. Path is in the words of SVG.
type Line struct {
	Path string
	Back bool
}

// Labels are what a drawing says of a stage.
type Labels struct {
	// Name says what the stage is called.
	Name func(Node) string
	// Term says how long it takes, "" when nobody says.
	Term func(Node) string
	// Systems are the outside systems that it exchanges data with.
	Systems func(Node) []string
}

// place is a stage or a line that passes a layer on its way to a later one.
type place struct {
	node  int // index, -1 for a line that passes
	edge  int
	x, w  int
	order float64
}

// Draw works out where everything stands.
func (s Scheme) Draw(labels Labels) Drawing {
	layers, ways := s.places()
	d := Drawing{Boxes: make([]Box, len(s.Nodes))}
	for i, n := range s.Nodes {
		d.Boxes[i] = newBox(n, labels)
	}
	widest := 0
	for _, l := range layers {
		widest = max(widest, widthOf(l))
	}
	y := topMargin
	tops, bottoms := make([]int, len(layers)), make([]int, len(layers))
	for i, l := range layers {
		x, height := margin, 0
		for j := range l {
			p := &l[j]
			p.x = x
			x += p.w + boxGap
			if p.node >= 0 {
				height = max(height, d.Boxes[p.node].H)
				d.Boxes[p.node].put(p.x, y)
			}
		}
		tops[i], bottoms[i] = y, y+height
		y += height + layerGap
	}
	d.Width, d.Height = widest+2*margin, y-layerGap+topMargin
	s.drawLines(&d, layers, ways, tops, bottoms)
	return d
}

// places puts stages and passing lines into layers, each below what leads to it.
func (s Scheme) places() (layers [][]place, ways map[int][]int) {
	layers, ways = make([][]place, s.Layers), map[int][]int{}
	for i, n := range s.Nodes {
		layers[n.Layer] = append(layers[n.Layer], place{node: i, edge: -1, w: boxWidth, order: float64(n.Row)})
	}
	for i, e := range s.Edges {
		if e.Back {
			continue
		}
		for l := s.Nodes[e.From].Layer + 1; l < s.Nodes[e.To].Layer; l++ {
			layers[l] = append(layers[l], place{node: -1, edge: i, w: laneWidth})
			ways[i] = append(ways[i], l)
		}
	}
	for l := range layers {
		if l > 0 {
			s.arrange(layers[l], layers[l-1])
		}
	}
	return layers, ways
}

// arrange orders a layer by where the lines to each place come from in the layer above.
func (s Scheme) arrange(layer, above []place) {
	from := func(match func(place) bool) (at float64, found bool) {
		n := 0
		for i, p := range above {
			if match(p) {
				at += float64(i)
				n++
			}
		}
		return at / float64(max(n, 1)), n > 0
	}
	for i := range layer {
		p := &layer[i]
		at, found := from(func(q place) bool {
			if p.node < 0 {
				return q.edge == p.edge || q.node == s.Edges[p.edge].From
			}
			return slices.ContainsFunc(s.Edges, func(e Edge) bool {
				return !e.Back && e.To == p.node && e.From == q.node
			}) || q.node < 0 && s.Edges[q.edge].To == p.node
		})
		if !found {
			at = float64(len(above))
		}
		p.order = at
		if p.node < 0 || s.Nodes[p.node].End {
			p.order += 0.4 // the usual way stays on the left
		}
	}
	slices.SortStableFunc(layer, func(a, b place) int { return cmp.Compare(a.order, b.order) })
}

func widthOf(layer []place) int {
	w := -boxGap
	for _, p := range layer {
		w += p.w + boxGap
	}
	return w
}

// newBox is as high as its texts need.
func newBox(n Node, labels Labels) Box {
	b := Box{Node: n, W: boxWidth}
	y := boxPad + 13
	add := func(text string, small bool, step, letters int) {
		for _, line := range wrap(text, letters) {
			b.Texts = append(b.Texts, TextLine{X: boxPad, Y: y, Text: line, Small: small})
			y += step
		}
	}
	add(labels.Name(n), false, lineStep, perLine)
	if term := labels.Term(n); term != "" {
		add(term, true, smallStep, perSmall)
	}
	for _, system := range labels.Systems(n) {
		b.Dividers = append(b.Dividers, y-6)
		y += 12
		add("⇄ "+system, true, smallStep, perSmall)
	}
	b.H = y - 13 + boxPad - 4
	return b
}

// put moves the box and what is in it.
func (b *Box) put(x, y int) {
	b.X, b.Y = x, y
	for i := range b.Texts {
		b.Texts[i].X += x
		b.Texts[i].Y += y
	}
	for i := range b.Dividers {
		b.Dividers[i] += y
	}
}

// wrap breaks a text into lines of at most so many letters; what does not fit into mostLines is cut, with a sign for it.
func wrap(text string, letters int) []string {
	var lines []string
	for _, word := range strings.Fields(text) {
		for utf8.RuneCountInString(word) > letters {
			r := []rune(word)
			lines = append(lines, string(r[:letters-1])+"-")
			word = string(r[letters-1:])
		}
		last := len(lines) - 1
		if last >= 0 && utf8.RuneCountInString(lines[last])+1+utf8.RuneCountInString(word) <= letters && !strings.HasSuffix(lines[last], "-") {
			lines[last] += " " + word
			continue
		}
		lines = append(lines, word)
	}
	if len(lines) > mostLines {
		lines = append(lines[:mostLines-1], lines[mostLines-1]+"…")
	}
	return lines
}

// drawLines draws each action once: several between the same two stages are one line.
func (s Scheme) drawLines(d *Drawing, layers [][]place, ways map[int][]int, tops, bottoms []int) {
	lane := d.Width - margin
	// towards is where an action goes first: to its stage, or past the next layer.
	towards := func(i int) int {
		if len(ways[i]) > 0 {
			return passing(layers[ways[i][0]], i)
		}
		to := d.Boxes[s.Edges[i].To]
		return to.X + to.W/2
	}
	for from := range s.Nodes {
		forward, back := s.leaving(from)
		slices.SortStableFunc(forward, func(a, b int) int { return cmp.Compare(towards(a), towards(b)) })
		b := d.Boxes[from]
		for at, i := range forward {
			x := b.X + b.W*(at+1)/(len(forward)+1)
			d.Lines = append(d.Lines, Line{Path: s.forwardPath(d, i, x, layers, ways[i], tops, bottoms)})
		}
		for _, i := range back {
			to := d.Boxes[s.Edges[i].To]
			lane += laneWidth
			d.Lines = append(d.Lines, Line{Back: true, Path: fmt.Sprintf("M%d %d V%d H%d V%d H%d V%d",
				b.X+b.W-boxPad, b.Y+b.H, bottoms[b.Layer]+8, lane, tops[to.Layer]-boxPad, to.X+to.W-boxPad, to.Y-2)})
		}
	}
	d.Width = lane + margin
}

// leaving are the actions of a stage, one to each other stage.
func (s Scheme) leaving(from int) (forward, back []int) {
	seen := map[int]bool{}
	for i, e := range s.Edges {
		switch {
		case e.From != from || seen[e.To]:
			continue
		case e.Back:
			back = append(back, i)
		default:
			forward = append(forward, i)
		}
		seen[e.To] = true
	}
	return forward, back
}

// forwardPath leads from a box's lower edge at x past the layers between to the upper edge of the next stage.
func (s Scheme) forwardPath(d *Drawing, edge, x int, layers [][]place, way, tops, bottoms []int) string {
	from, to := d.Boxes[s.Edges[edge].From], d.Boxes[s.Edges[edge].To]
	var path strings.Builder
	fmt.Fprintf(&path, "M%d %d V%d", x, from.Y+from.H, bottoms[from.Layer])
	y := bottoms[from.Layer]
	for _, l := range way {
		next := passing(layers[l], edge)
		curve(&path, x, y, next, tops[l])
		fmt.Fprintf(&path, " V%d", bottoms[l])
		x, y = next, bottoms[l]
	}
	curve(&path, x, y, to.X+to.W/2, to.Y-2)
	return path.String()
}

// passing is where an action's line passes a layer.
func passing(layer []place, edge int) int {
	at := slices.IndexFunc(layer, func(p place) bool { return p.edge == edge })
	return layer[at].x + laneWidth/2
}

// curve goes on from one point to another, leaving and arriving upright.
func curve(path *strings.Builder, x, y, toX, toY int) {
	if x == toX {
		fmt.Fprintf(path, " V%d", toY)
		return
	}
	middle := (y + toY) / 2
	fmt.Fprintf(path, " C%d %d %d %d %d %d", x, middle, toX, middle, toX, toY)
}
