// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	schemacel "k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/api/equality"
	metavalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/config/crd"
	"github.com/okno-dev/okno/internal/definition"
)

// crdSchema is what the API server enforces on a GovService.
type crdSchema struct {
	structural *schema.Structural
	values     validation.SchemaValidator
	rules      *schemacel.Validator
}

// loadSchema reads the embedded CRD, once. It fails only when the generated file is broken, which the tests would show.
var loadSchema = sync.OnceValues(func() (*crdSchema, error) {
	text, err := crd.Files.ReadFile(crd.GovServices)
	if err != nil {
		return nil, err
	}
	var crdObject apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(text, &crdObject); err != nil {
		return nil, fmt.Errorf("read %s: %w", crd.GovServices, err)
	}
	var props apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(
		crdObject.Spec.Versions[0].Schema.OpenAPIV3Schema, &props, nil); err != nil {
		return nil, fmt.Errorf("convert %s: %w", crd.GovServices, err)
	}
	structural, err := schema.NewStructural(&props)
	if err != nil {
		return nil, fmt.Errorf("structural schema of %s: %w", crd.GovServices, err)
	}
	values, _, err := validation.NewSchemaValidator(&props)
	if err != nil {
		return nil, fmt.Errorf("validator of %s: %w", crd.GovServices, err)
	}
	// Rules over status say nothing about a manifest, and compiling them takes time.
	return &crdSchema{structural: structural, values: values, rules: schemacel.NewValidator(structural, true, celconfig.PerCallLimit)}, nil
})

// validate answers as the API server would to a create of the manifest: what it refuses, prunes and changes.
func validate(manifest []byte, bare bool) []definition.Finding {
	s, err := loadSchema()
	if err != nil {
		return []definition.Finding{{Rule: "schema", Severity: definition.Error, Found: err.Error(), Do: "rebuild: the embedded CRD is broken"}}
	}
	var object map[string]any
	if err := utiljson.Unmarshal(manifest, &object); err != nil {
		return []definition.Finding{{Rule: "syntax", Severity: definition.Error, Found: err.Error(), Allowed: "one object", Do: "correct the syntax"}}
	}
	findings := s.typeMeta(object)
	if bare {
		// The rule on names sits at the root; a bare definition has no name to judge.
		object["metadata"] = map[string]any{"name": "bare"}
	} else {
		findings = append(findings, metadata(object)...)
	}
	if len(findings) > 0 {
		return findings
	}
	if _, ok := object["status"]; ok {
		findings = append(findings, definition.Finding{
			Path: "status", Rule: "status-ignored", Severity: definition.Warning, Found: "a status",
			Allowed: "spec and metadata", Do: "remove it: the API server drops it, only the controller writes it",
		})
		delete(object, "status")
	}
	unknown := s.pruned(object)
	findings = append(findings, unknown...)
	findings = append(findings, s.defaulted(object)...)
	for _, e := range s.values.Validate(object).Errors {
		f := s.valueFinding(e)
		switch {
		case isNull(e): // a fault wherever it stands, and reported as such
		case s.isMisspelt(f, unknown):
		default:
			findings = append(findings, f)
		}
	}
	findings = slices.DeleteFunc(findings, func(f definition.Finding) bool {
		// What has the wrong type has neither range nor format.
		return (f.Rule == formatRule || f.Rule == "schema-range") && slices.ContainsFunc(findings, func(of definition.Finding) bool {
			return of.Path == f.Path && of.Rule != formatRule && of.Rule != f.Rule
		})
	})
	if definition.HasErrors(findings) {
		// Rules are checked only on objects of the right shape, as the API server does.
		return findings
	}
	for _, e := range listtype.ValidateListSetsAndMaps(nil, s.structural, object) {
		findings = append(findings, fieldFinding("schema-duplicate", e, "each entry once", "remove or rename one of the two"))
	}
	errs, _ := s.rules.Validate(context.Background(), nil, s.structural, object, nil, celconfig.RuntimeCELCostBudget)
	for _, e := range errs {
		f := fieldFinding("schema-rule", e, e.Detail, "correct the value")
		if value, ok := valueAt(object, f.Path); ok {
			f.Found = show(value)
		}
		findings = append(findings, f)
	}
	return findings
}

func (s *crdSchema) typeMeta(object map[string]any) []definition.Finding {
	var findings []definition.Finding
	for _, want := range []struct{ key, value string }{
		{"apiVersion", v1alpha1.GroupVersion.String()}, {"kind", "GovService"},
	} {
		if got := object[want.key]; got != want.value {
			findings = append(findings, definition.Finding{
				Path: want.key, Rule: "wrong-kind", Severity: definition.Error, Found: show(got), Allowed: want.value,
				Do: "lint takes GovService manifests only",
			})
		}
	}
	return findings
}

// metadata checks what the API server checks of every object's metadata.
func metadata(object map[string]any) []definition.Finding {
	meta, found, unknown, err := objectmeta.GetObjectMetaWithOptions(object, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	if err != nil || !found {
		f := definition.Finding{
			Path: "metadata", Rule: "metadata", Severity: definition.Error, Found: "no metadata",
			Allowed: "a name and a namespace", Do: "give the GovService a name under metadata",
		}
		if err != nil {
			f.Found, f.Do = err.Error(), "correct the metadata"
		}
		return []definition.Finding{f}
	}
	findings := make([]definition.Finding, 0, len(unknown))
	for _, path := range unknown {
		findings = append(findings, definition.Finding{
			Path: strings.TrimPrefix(path, "."), Rule: "unknown-field", Severity: definition.Error,
			Found: "a field that no object's metadata has", Allowed: "name, namespace, labels, annotations",
			Do: "correct the name or remove the field: the API server would drop it",
		})
	}
	if meta.Namespace == "" {
		meta.Namespace = "default" // kubectl fills in the current one
	}
	for _, e := range metavalidation.ValidateObjectMeta(meta, true, metavalidation.NameIsDNSSubdomain, field.NewPath("metadata")) {
		f := fieldFinding("metadata", e, e.Detail, "correct the metadata")
		if f.Path == "metadata.name" && e.Type == field.ErrorTypeInvalid {
			// What Kubernetes allows in names is more than what a service's may be.
			f.Allowed, f.Do = "at most 40 characters: a-z, 0-9 and -, beginning with a letter", "rename the service"
		}
		findings = append(findings, f)
	}
	return findings
}

// pruned removes from object what the schema does not know, and reports it.
func (s *crdSchema) pruned(object map[string]any) []definition.Finding {
	paths := pruning.PruneWithOptions(object, s.structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	findings := make([]definition.Finding, 0, len(paths))
	for _, path := range paths {
		findings = append(findings, s.unknownField(strings.TrimPrefix(path, ".")))
	}
	return findings
}

func (s *crdSchema) unknownField(path string) definition.Finding {
	name := path[strings.LastIndexByte(path, '.')+1:]
	f := definition.Finding{
		Path: path, Rule: "unknown-field", Severity: definition.Error, Found: fmt.Sprintf("%q, which is no field here", name),
		Do: "correct the name or remove the field: the API server would drop it",
	}
	known := fieldsOf(s.at(parentPath(path)))
	f.Allowed = strings.Join(known, ", ")
	if near := definition.Nearest(name, known); near != "" {
		f.Do = fmt.Sprintf("did you mean %s? The API server would drop the field", near)
	}
	return f
}

// isMisspelt tells that a required field is missing because it stands there under a wrong name.
func (s *crdSchema) isMisspelt(missing definition.Finding, unknown []definition.Finding) bool {
	if missing.Rule != "schema-required" {
		return false
	}
	parent := parentPath(missing.Path)
	name := strings.TrimPrefix(missing.Path[len(parent):], ".")
	return slices.ContainsFunc(unknown, func(f definition.Finding) bool {
		if parentPath(f.Path) != parent {
			return false
		}
		written := strings.TrimPrefix(f.Path[len(parent):], ".")
		return definition.Nearest(written, fieldsOf(s.at(parent))) == name
	})
}

// defaulted reports what defaults would change in spec. There are none today, and a definition must never have one.
func (s *crdSchema) defaulted(object map[string]any) []definition.Finding {
	changed := runtime.DeepCopyJSON(object)
	defaulting.Default(changed, s.structural)
	if equality.Semantic.DeepEqual(changed["spec"], object["spec"]) {
		return nil
	}
	return []definition.Finding{{
		Path: "spec", Rule: "defaulted", Severity: definition.Error, Found: "fields to which the API server would give a value",
		Allowed: "a spec that is stored as it is written", Do: "write every field out",
	}}
}

// show writes a value for a person, shortened.
func show(value any) string {
	if value == nil {
		return "nothing"
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%v", value)
	}
	const limit = 80
	if runes := []rune(string(text)); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return string(text)
}
