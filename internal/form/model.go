// SPDX-License-Identifier: Apache-2.0

package form

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/internal/expression"
)

// Model is a compiled definition. It is immutable and safe for concurrent use.
type Model struct {
	def         *v1alpha1.ServiceDefinition
	root        *node
	body        *node // the envelope around the root
	pages       []*page
	fields      map[string]*field // by pointer in the data, with * for the entries of lists
	documents   []*document
	rules       []*rule
	eligibility []*condition
	routes      []*expression.Program
	fees        []*expression.Program // of each of the definition's fees; nil is everybody's
	xml         *element              // the root
	xmlData     *element              // where the application's own properties stand
	templates   map[string]*template
	programs    []*expression.Program // all that the model may evaluate
}

// Definition returns what the model was compiled from. The caller must not change it.
func (m *Model) Definition() *v1alpha1.ServiceDefinition { return m.def }

// Compile compiles a definition and tries every expression on partial applications. The model is nil when there are findings of
// severity Error. Findings are sorted as definition.Sort does.
func Compile(def *v1alpha1.ServiceDefinition) (*Model, []definition.Finding) {
	c := newCompiler(def)
	c.tries = true
	return c.compile()
}

// Load compiles a definition that Compile has passed before: it is what a server does with a published one. It takes a twentieth of
// the time, since expressions are compiled when the first request needs them. It fails when Compile would find a definition that
// cannot be served, save for its expressions: Ready tells of those.
func Load(def *v1alpha1.ServiceDefinition) (*Model, error) {
	m, found := newCompiler(def).compile()
	if m != nil {
		return m, nil
	}
	for _, f := range found {
		if f.Severity == definition.Error {
			return nil, fmt.Errorf("compile definition: %s: %s", f.Path, f.Message())
		}
	}
	return nil, errors.New("compile definition: no model")
}

// Ready compiles the expressions that no request has needed yet, and fails when one of them cannot be compiled. Who switches to a
// new revision asks first: where an expression fails, pages stay hidden and rules count as broken.
func (m *Model) Ready() error {
	for _, p := range m.programs {
		if err := p.Ready(); err != nil {
			return fmt.Errorf("compile expression %q: %w", p.Source(), err)
		}
	}
	return nil
}

// compiler builds a model, part after part, and collects what is wrong.
type compiler struct {
	findings
	def       *v1alpha1.ServiceDefinition
	m         *Model
	env       *expression.Env
	templates *expression.Env
	tries     bool // compile expressions at once, and try them
	programs  map[programKey]*expression.Program
	cost      uint64
	notAsked  map[string]bool              // required properties that were reported to be on no page, by pointer
	ahead     map[*expression.Program]bool // conditions that were reported to look ahead
}

// programKey tells expressions apart: the same text in two places is one program.
type programKey struct {
	env    *expression.Env
	want   expression.Result
	source v1alpha1.Expression
}

func newCompiler(def *v1alpha1.ServiceDefinition) *compiler {
	return &compiler{
		def: def, programs: map[programKey]*expression.Program{}, notAsked: map[string]bool{}, ahead: map[*expression.Program]bool{},
		m: &Model{def: def, fields: map[string]*field{}, templates: map[string]*template{}},
	}
}

func (c *compiler) compile() (*Model, []definition.Finding) {
	if c.schema() {
		c.pages()
		if c.tries { // how well the questions are placed matters to authors; a form is served as it stands
			c.placement()
		}
		c.documents()
		if c.tries {
			c.hiddenDocuments()
		}
		c.ruleSet()
		c.sensitive()
		c.routing()
		c.xmlTree()
		c.outputs()
		c.orderForm()
		if c.cost > expression.MaxRequestCost {
			c.add(definition.Root, "expressions-cost", fmt.Sprintf("%d units for all expressions together", c.cost), within(strconv.Itoa(expression.MaxRequestCost), "a cost"), "bound lists and strings more tightly or simplify the expressions")
		}
	}
	found := definition.Sort(c.list)
	if definition.HasErrors(found) {
		return nil, found
	}
	return c.m, found
}

// schema compiles data.schema and the environments of expressions; without them nothing else can be judged.
func (c *compiler) schema() bool {
	path := rootPath("data.schema")
	raw, _, failure := readJSON(c.def.Data.Schema.Raw, nil)
	object, ok := raw.(map[string]any)
	if failure != nil || !ok {
		c.add(path, "schema-type", "no JSON object", "a JSON Schema", "declare the application's data")
		return false
	}
	p := &schemaParser{
		findings: &c.findings, root: object, path: path, patterns: map[string]*pattern{},
		codes: compileCodeLists(c.def.Data.CodeLists, &c.findings),
	}
	if c.m.root = p.parse(); c.m.root == nil || p.lost {
		return false // pages and expressions may speak of what could not be read
	}
	root := c.m.root
	c.m.body = envelopeOf(root)
	application := sync.OnceValue(func() *expression.Type { return typeOf(root) })
	c.env, c.templates = expression.NewEnv(application, false), expression.NewEnv(application, true)
	return true
}

// tryAt is the moment at which expressions are tried.
var tryAt = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// program compiles the expression at path, or reports why it cannot, and tries it where its guards hold; without tries it does so
// later. An absent expression gives nil.
func (c *compiler) program(path string, source v1alpha1.Expression, env *expression.Env, want expression.Result, guards ...*expression.Program) *expression.Program {
	if source == "" {
		return nil
	}
	same := programKey{env, want, source}
	p, known := c.programs[same]
	if !known {
		p = env.Later(string(source), want)
		c.programs[same] = p
		c.m.programs = append(c.m.programs, p)
	}
	if !c.tries {
		return p
	}
	if err := p.Ready(); err != nil {
		c.add(path, "expression", quoted(source)+": "+err.Error(), "CEL over app, applicant and now, typed by data.schema", "correct the expression")
		return nil
	}
	if c.cost += p.Cost(); c.cost > expression.MaxRequestCost {
		return p // that is told of all together, and nothing is tried that may take minutes
	}
	c.impossible(path, p)
	if failure := env.Try(p, tryAt, guards...); failure != nil {
		c.add(path, "expression-partial", quoted(source)+" "+failure.Error(), "expressions that hold on every application of the schema",
			"guard with has(app.x) or app.?x.orValue(…)")
	}
	return p
}

// condition compiles a condition that is evaluated only where the guards hold.
func (c *compiler) condition(path string, source v1alpha1.Expression, guards ...*expression.Program) *expression.Program {
	return c.program(path, source, c.env, expression.Condition, guards...)
}
