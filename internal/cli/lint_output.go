// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/lint"
)

// printLinted writes the findings for people, grouped by file.
func printLinted(w io.Writer, files []*lintedFile) error {
	var b strings.Builder
	for i, file := range files {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s\n", displayName(file.Name))
		for _, f := range file.Findings {
			writeFinding(&b, file, f)
		}
		writeSummary(&b, file)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func displayName(name string) string {
	if name == "-" {
		return "standard input"
	}
	return name
}

func writeFinding(b *strings.Builder, file *lintedFile, f definition.Finding) {
	place := f.Path
	if place == "" {
		place = "the file"
	}
	if line := file.File.Line(f.Path); line > 0 {
		place = fmt.Sprintf("%s (line %d)", place, line)
	}
	kind := strings.ToLower(string(f.Severity))
	if f.Reason == definition.Unsupported {
		kind = "unsupported"
	}
	fmt.Fprintf(b, "\n  %s: %s\n", kind, place)
	for _, part := range []struct{ label, text string }{
		{"found", f.Found}, {"allowed", f.Allowed}, {"do", f.Do}, {"law", f.Article}, {"rule", f.Rule},
	} {
		if part.text != "" {
			fmt.Fprintf(b, "    %-8s %s\n", part.label, wrapped(part.text, 13))
		}
	}
}

// wrapped breaks a text into lines of at most 100 characters after the margin, which the following lines begin with.
func wrapped(text string, margin int) string {
	const width = 100
	var b strings.Builder
	column := 0
	for _, word := range strings.Fields(text) {
		length := utf8.RuneCountInString(word)
		switch {
		case column == 0:
		case column+1+length > width:
			b.WriteString("\n" + strings.Repeat(" ", margin))
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += length
	}
	return b.String()
}

func writeSummary(b *strings.Builder, file *lintedFile) {
	errors, warnings := tally(file.Findings)
	verdict := "nothing to object"
	if errors+warnings > 0 {
		verdict = plural(errors, "error") + ", " + plural(warnings, "warning")
	}
	if len(file.Findings) > 0 {
		b.WriteString("\n")
	}
	judged := "judged by " + lint.BuiltinPack().Version
	if file.Unread {
		judged = "the rules judge it when that is mended"
	}
	fmt.Fprintf(b, "  %s; %s\n", verdict, judged)
	if file.Digest != "" {
		fmt.Fprintf(b, "  %s\n", file.Digest)
	}
}

func tally(findings []definition.Finding) (errors, warnings int) {
	for _, f := range findings {
		if f.Severity == definition.Error {
			errors++
		} else {
			warnings++
		}
	}
	return errors, warnings
}

func plural(n int, noun string) string {
	switch n {
	case 0:
		return "no " + noun + "s"
	case 1:
		return "1 " + noun
	default:
		return fmt.Sprintf("%d %ss", n, noun)
	}
}

// lintReport is what -o json writes.
type lintReport struct {
	RulePack string           `json:"rulePack"`
	Errors   int              `json:"errors"`
	Warnings int              `json:"warnings"`
	Files    []lintFileReport `json:"files"`
}

type lintFileReport struct {
	File     string              `json:"file"`
	Service  string              `json:"service,omitempty"`
	Digest   v1alpha1.Digest     `json:"digest,omitempty"`
	Revision string              `json:"revision,omitempty"`
	Findings []lintFindingReport `json:"findings"`
}

type lintFindingReport struct {
	Line int `json:"line,omitempty"`
	definition.Finding
	Message string `json:"message"`
}

func printLintedJSON(w io.Writer, files []*lintedFile) error {
	report := lintReport{RulePack: lint.BuiltinPack().Version, Files: []lintFileReport{}}
	for _, file := range files {
		errors, warnings := tally(file.Findings)
		report.Errors += errors
		report.Warnings += warnings
		one := lintFileReport{File: file.Name, Digest: file.Digest, Findings: []lintFindingReport{}}
		if file.File != nil && file.File.Object != nil {
			one.Service = file.File.Object.Name
		}
		if one.Service != "" && one.Digest != "" {
			one.Revision = digest.RevisionName(one.Service, one.Digest)
		}
		for _, f := range file.Findings {
			one.Findings = append(one.Findings, lintFindingReport{Line: file.File.Line(f.Path), Finding: f, Message: f.Message()})
		}
		report.Files = append(report.Files, one)
	}
	return printJSON(w, report)
}

func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// printRules lists the rules of law of a pack.
func printRules(w io.Writer, pack *lint.Pack, output string) error {
	if output == "json" {
		return printJSON(w, pack)
	}
	fmt.Fprintf(w, "%s: %s\n\n", pack.Version, pack.Title)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RULE\tSEVERITY\tWHAT\tARTICLE")
	for _, r := range pack.Rules {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.ID, r.Severity, r.What, r.Article)
	}
	fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", "law-protection-level", definition.Error,
		"Personal data are protected at the level that they need.", pack.Protection.Article)
	return table.Flush()
}
