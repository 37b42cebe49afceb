// SPDX-License-Identifier: Apache-2.0

package form

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/internal/expression"
)

// Model is a compiled definition. It is immutable and safe for concurrent use.
type Model struct {
	def         *v1alpha1.ServiceDefinition
	root        *node
	validator   *jsonschema.Schema
	pages       []*page
	fields      map[string]*field // by pointer in the data, with * for the entries of lists
	documents   []*document
	rules       []*rule
	eligibility []*condition
	routes      []*expression.Program
	xml         *element // the root
	xmlData     *element // where the application's own properties stand
	templates   map[string]*template
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

// Load compiles a definition that Compile has passed before, without trying its expressions: it is what a server does with a
// published definition. It fails when Compile would find a definition that cannot be served.
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

// compiler builds a model, part after part, and collects what is wrong.
type compiler struct {
	findings
	def       *v1alpha1.ServiceDefinition
	m         *Model
	env       *expression.Env
	templates *expression.Env
	tries     bool
	programs  map[string]*expression.Program
	cost      uint64
	notAsked  map[string]bool              // required properties that were reported to be on no page, by pointer
	ahead     map[*expression.Program]bool // conditions that were reported to look ahead
}

func newCompiler(def *v1alpha1.ServiceDefinition) *compiler {
	return &compiler{
		def: def, programs: map[string]*expression.Program{}, notAsked: map[string]bool{}, ahead: map[*expression.Program]bool{},
		m: &Model{def: def, fields: map[string]*field{}, templates: map[string]*template{}},
	}
}

func (c *compiler) compile() (*Model, []definition.Finding) {
	if c.schema() {
		c.pages()
		c.placement()
		c.documents()
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
	raw, failure := readJSON(c.def.Data.Schema.Raw)
	object, ok := raw.(map[string]any)
	if failure != nil || !ok {
		c.add(path, "schema-type", "no JSON object", "a JSON Schema", "declare the application's data")
		return false
	}
	before := len(c.list)
	p := &schemaParser{findings: &c.findings, root: object, path: path, codes: compileCodeLists(c.def.Data.CodeLists, &c.findings)}
	if c.m.root = p.parse(); c.m.root == nil || p.lost {
		return false // pages and expressions may speak of what could not be read
	}
	var err error
	if c.env, err = expression.NewEnv(typeOf(c.m.root), false); err == nil {
		c.templates, err = expression.NewEnv(typeOf(c.m.root), true)
	}
	if err == nil && len(c.list) == before {
		if c.m.validator, err = newValidator(c.m.root); err == nil {
			c.m.root.adopt(c.m.validator)
		}
	}
	if err != nil {
		c.add(path, "schema-invalid", err.Error(), "a valid JSON Schema", "correct the schema")
		return false
	}
	return true
}

// newValidator compiles the resolved schema. The compiler gets no loader, so that nothing outside can be read.
func newValidator(root *node) (*jsonschema.Schema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(jsonschema.SchemeURLLoader{})
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	const location = "okno:application"
	if err := compiler.AddResource(location, schemaOf(root)); err != nil {
		return nil, err
	}
	return compiler.Compile(location)
}

// tryAt is the moment at which expressions are tried.
var tryAt = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// program compiles the expression at path, or reports why it cannot, and tries it where its guards hold. An absent expression
// gives nil.
func (c *compiler) program(path string, source v1alpha1.Expression, env *expression.Env, want expression.Result, guards ...*expression.Program) *expression.Program {
	if source == "" {
		return nil
	}
	cacheKey := fmt.Sprintf("%p %d %s", env, want, source)
	p, known := c.programs[cacheKey]
	if !known {
		var err error
		if p, err = env.Compile(string(source), want); err != nil {
			c.add(path, "expression", quoted(source)+": "+err.Error(), "CEL over app, applicant and now, typed by data.schema", "correct the expression")
			return nil
		}
		c.programs[cacheKey] = p
	}
	c.cost += p.Cost()
	if c.tries {
		if failure := env.Try(p, tryAt, guards...); failure != nil {
			c.add(path, "expression-partial", quoted(source)+" "+failure.Error(), "expressions that hold on every application of the schema",
				"guard with has(app.x) or app.?x.orValue(…)")
		}
	}
	return p
}

// condition compiles a condition that is evaluated only where the guards hold.
func (c *compiler) condition(path string, source v1alpha1.Expression, guards ...*expression.Program) *expression.Program {
	return c.program(path, source, c.env, expression.Condition, guards...)
}
