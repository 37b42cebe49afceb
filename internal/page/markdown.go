// SPDX-License-Identifier: Apache-2.0

package page

import (
	"bytes"
	"html/template"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/renderer/html"
)

// markdown leaves raw HTML out and links to javascript: and the like: goldmark's default, which WithUnsafe would lift.
var markdown = goldmark.New(goldmark.WithRendererOptions(html.WithXHTML()))

// Markdown renders a definition's Markdown. Raw HTML in it is dropped.
func Markdown(source string) template.HTML {
	var b bytes.Buffer
	if err := markdown.Convert([]byte(source), &b); err != nil {
		return template.HTML(template.HTMLEscapeString(source))
	}
	return template.HTML(b.String())
}
