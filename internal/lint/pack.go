// SPDX-License-Identifier: Apache-2.0

package lint

import (
	_ "embed"
	"errors"
	"fmt"
	"sync"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
)

//go:embed pack/210-fz.yaml
var builtinPack []byte

// Pack is a version of the rules of law that definitions are judged by. It is data; see pack/210-fz.yaml for what its fields
// mean. It is immutable and safe for concurrent use.
type Pack struct {
	// Version names the pack, such as 210-FZ/2026-09-01; revisions carry it.
	Version string `json:"version"`
	// Title names the acts.
	Title string `json:"title"`
	// Limits are the figures that rules compare with.
	Limits map[string]int64 `json:"limits"`
	// Rules are the rules in the order of the law.
	Rules []LawRule `json:"rules"`
	// Protection is the table of protection levels of personal data.
	Protection ProtectionTable `json:"protection"`
}

// LawRule is one rule of law.
type LawRule struct {
	ID       string              `json:"id"`
	Item     int                 `json:"item,omitempty"`
	Article  string              `json:"article"`
	What     string              `json:"what"`
	Severity definition.Severity `json:"severity"`
	Since    v1alpha1.Date       `json:"since"`
	Each     string              `json:"each,omitempty"`
	At       string              `json:"at"`
	When     string              `json:"when,omitempty"`
	Assert   string              `json:"assert"`
	Found    string              `json:"found"`
	Allowed  string              `json:"allowed"`
	Do       string              `json:"do"`

	when, assert *condition
	since        time.Time
}

// ProtectionTable gives the least protection level of personal data.
type ProtectionTable struct {
	Article string          `json:"article"`
	Since   v1alpha1.Date   `json:"since"`
	Levels  []ProtectionRow `json:"levels"`

	since time.Time
}

// ProtectionRow is one row: the level when all its conditions fit; an empty list fits everything.
type ProtectionRow struct {
	Level      v1alpha1.ProtectionLevel `json:"level"`
	ThreatType int32                    `json:"threatType"`
	Categories []v1alpha1.DataCategory  `json:"categories"`
	Subjects   []string                 `json:"subjects,omitempty"`
}

// loadBuiltin parses the embedded pack, once.
var loadBuiltin = sync.OnceValues(func() (*Pack, error) { return ParsePack(builtinPack) })

// BuiltinPack returns the embedded pack. That it parses is a property of the build, which the tests assert.
func BuiltinPack() *Pack {
	pack, err := loadBuiltin()
	if err != nil {
		panic("the embedded rule pack is broken: " + err.Error())
	}
	return pack
}

// ParsePack reads a pack in YAML. Unknown fields, doubled ids and conditions that do not compile are errors.
func ParsePack(text []byte) (*Pack, error) {
	var p Pack
	if err := yaml.UnmarshalStrict(text, &p); err != nil {
		return nil, fmt.Errorf("rule pack: %w", err)
	}
	if p.Version == "" {
		return nil, errors.New("rule pack: no version")
	}
	env, err := newLawEnvironment()
	if err != nil {
		return nil, fmt.Errorf("rule pack %q: %w", p.Version, err)
	}
	seen := map[string]bool{}
	for i := range p.Rules {
		r := &p.Rules[i]
		if seen[r.ID] {
			return nil, fmt.Errorf("rule pack %q: rule %q stands there twice", p.Version, r.ID)
		}
		seen[r.ID] = true
		if err := r.prepare(env); err != nil {
			return nil, fmt.Errorf("rule pack %q, rule %q: %w", p.Version, r.ID, err)
		}
	}
	if p.Protection.since, err = time.Parse(time.DateOnly, string(p.Protection.Since)); err != nil {
		return nil, fmt.Errorf("rule pack %q, protection: %w", p.Version, err)
	}
	return &p, nil
}

func (r *LawRule) prepare(env *lawEnvironment) (err error) {
	if r.ID == "" || r.Article == "" || r.What == "" || r.Found == "" || r.Allowed == "" || r.Do == "" {
		return errors.New("a rule needs id, article, what, found, allowed and do")
	}
	if r.Severity != definition.Error && r.Severity != definition.Warning {
		return fmt.Errorf("severity %q is neither Error nor Warning", r.Severity)
	}
	for _, text := range []string{r.Each, r.When, r.Assert} {
		if part := beyondLawWord.FindString(text); part != "" {
			return fmt.Errorf("rules of law do not see %s", part)
		}
	}
	if r.since, err = time.Parse(time.DateOnly, string(r.Since)); err != nil {
		return fmt.Errorf("since: %w", err)
	}
	if r.assert, err = env.compile(r.Assert); err != nil {
		return fmt.Errorf("assert: %w", err)
	}
	if r.When != "" {
		if r.when, err = env.compile(r.When); err != nil {
			return fmt.Errorf("when: %w", err)
		}
	}
	return nil
}
