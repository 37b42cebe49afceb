// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// Admission is a set of admission policies with their bindings: those that were shipped, or those that are in force.
type Admission struct {
	Mutating           []admissionregistrationv1.MutatingAdmissionPolicy
	MutatingBindings   []admissionregistrationv1.MutatingAdmissionPolicyBinding
	Validating         []admissionregistrationv1.ValidatingAdmissionPolicy
	ValidatingBindings []admissionregistrationv1.ValidatingAdmissionPolicyBinding
}

// ParseAdmission reads YAML documents, all of them admission policies or bindings. Unknown fields are errors.
func ParseAdmission(documents []byte) (Admission, error) {
	var a Admission
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(documents)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return a, nil
		}
		if err != nil {
			return Admission{}, fmt.Errorf("read admission policies: %w", err)
		}
		if err := a.parse(document); err != nil {
			return Admission{}, fmt.Errorf("read admission policies: %w", err)
		}
	}
}

func (a *Admission) parse(document []byte) error {
	var kind metav1.TypeMeta
	if err := yaml.Unmarshal(document, &kind); err != nil {
		return err
	}
	switch kind.Kind {
	case "":
		var rest map[string]any // empty when the document is blank or holds comments only
		if err := yaml.Unmarshal(document, &rest); err != nil || len(rest) > 0 {
			return errors.New("a document has no kind")
		}
		return nil
	case "MutatingAdmissionPolicy":
		return appendParsed(document, &a.Mutating)
	case "MutatingAdmissionPolicyBinding":
		return appendParsed(document, &a.MutatingBindings)
	case "ValidatingAdmissionPolicy":
		return appendParsed(document, &a.Validating)
	case "ValidatingAdmissionPolicyBinding":
		return appendParsed(document, &a.ValidatingBindings)
	default:
		return fmt.Errorf("%q is no admission policy", kind.Kind)
	}
}

func appendParsed[T any](document []byte, list *[]T) error {
	var object T
	if err := yaml.UnmarshalStrict(document, &object); err != nil {
		return err
	}
	*list = append(*list, object)
	return nil
}

// AdmissionAltered names the shipped policies and bindings that are missing or whose spec in force differs, such as
// `ValidatingAdmissionPolicy okno-records is missing`; it is empty while all hold. Shipped files spell out every default, so that
// equal means equal. Policies in force that were not shipped do not matter: the validating ones look at what all others made.
func AdmissionAltered(shipped, inForce Admission) []string {
	var altered []string
	compare := func(kind string, want, have map[string]versioned) {
		for name, object := range want {
			switch found, ok := have[name]; {
			case !ok:
				altered = append(altered, kind+" "+name+" is missing")
			case !equality.Semantic.DeepEqual(object.spec, found.spec):
				altered = append(altered, kind+" "+name+" was altered")
			}
		}
	}
	want, have := shipped.byKind(), inForce.byKind()
	for kind := range want {
		compare(kind, want[kind], have[kind])
	}
	slices.Sort(altered)
	return altered
}

// AdmissionSince is when the youngest of the shipped policies and bindings in force was created. What is missing has no time:
// AdmissionAltered tells.
func AdmissionSince(shipped, inForce Admission) time.Time {
	var since time.Time
	have := inForce.byKind()
	for kind, objects := range shipped.byKind() {
		for name := range objects {
			if created := have[kind][name].created; created.After(since) {
				since = created
			}
		}
	}
	return since
}

// versioned is a policy or binding as far as it is compared.
type versioned struct {
	spec       any
	created    time.Time
	uid        types.UID
	generation int64
}

func (a Admission) byKind() map[string]map[string]versioned {
	kinds := map[string]map[string]versioned{}
	add := func(kind string, meta metav1.ObjectMeta, spec any) {
		if kinds[kind] == nil {
			kinds[kind] = map[string]versioned{}
		}
		kinds[kind][meta.Name] = versioned{spec: spec, created: meta.CreationTimestamp.Time, uid: meta.UID, generation: meta.Generation}
	}
	for _, o := range a.Mutating {
		add("MutatingAdmissionPolicy", o.ObjectMeta, o.Spec)
	}
	for _, o := range a.MutatingBindings {
		add("MutatingAdmissionPolicyBinding", o.ObjectMeta, o.Spec)
	}
	for _, o := range a.Validating {
		add("ValidatingAdmissionPolicy", o.ObjectMeta, o.Spec)
	}
	for _, o := range a.ValidatingBindings {
		add("ValidatingAdmissionPolicyBinding", o.ObjectMeta, o.Spec)
	}
	return kinds
}
