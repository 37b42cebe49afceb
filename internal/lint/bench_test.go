// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"os"
	"reflect"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/api/v1alpha1"
)

func largestSample(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile("../../config/samples/pension-delivery/govservice.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var svc v1alpha1.GovService
	if err := yaml.Unmarshal(text, &svc); err != nil {
		t.Fatal(err)
	}
	return svc.Spec.Service.Raw()
}

// The controller lints once per new digest. Most of the time goes into compiling the application's expressions, which the
// second figure leaves out; its target is 5 ms for the largest sample.
func BenchmarkLint(b *testing.B) {
	raw := largestSample(b)
	BuiltinPack()
	b.Run("all", func(b *testing.B) {
		b.SetBytes(int64(len(raw)))
		for b.Loop() {
			Lint(raw, Options{})
		}
	})
	b.Run("without expressions", func(b *testing.B) {
		in, findings := read(raw, Options{})
		if in == nil {
			b.Fatal(findings)
		}
		b.SetBytes(int64(len(raw)))
		for b.Loop() {
			in, _ := read(raw, Options{})
			for _, check := range checks {
				if reflect.ValueOf(check).Pointer() != reflect.ValueOf(application).Pointer() {
					check(*in)
				}
			}
		}
	})
}
