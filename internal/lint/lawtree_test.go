// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// The law sees what the API server sees, whichever reader read it, but neither the form nor the scenarios.
func TestTheLawSeesTheDefinitionAsItIsStored(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 50) + "1" + strings.Repeat("}", 50)
	for name, raw := range map[string][]byte{
		"the largest sample":       largestSample(t),
		"numbers, escapes, a form": []byte(`{"n":9007199254740991,"f":-0.5,"s":"\u0410\n","l":[1,{"x":true}],"form":{"pages":[]},"scenarios":[1]}`),
		"deeper than applications": []byte(`{"data":` + deep + `,"form":1}`),
	} {
		t.Run(name, func(t *testing.T) {
			want := map[string]any{}
			if err := utiljson.Unmarshal(raw, &want); err != nil {
				t.Fatal(err)
			}
			delete(want, "form")
			delete(want, "scenarios")
			got, err := lawTree(raw)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-stored +seen):\n%s", diff)
			}
		})
	}
}
