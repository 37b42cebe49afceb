// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"net/http"
	"strings"
	"testing"
)

// An application cannot make the store look for more files than its documents could take.
func TestMoreFilesThanAnApplicationTakesAreNotLookedFor(t *testing.T) {
	f := start(t)
	ids := strings.TrimSuffix(strings.Repeat("x,", 101), ",")
	for name, a := range map[string]answer{
		"named beside XML": f.call(http.MethodPost, applicationsPath, `<application/>`, "Content-Type", "application/xml", "Okno-Uploads", ids),
		"named in JSON":    f.fileJSON(`{"data":{},"documents":[` + strings.TrimSuffix(strings.Repeat(`{"document":"rent","id":"x"},`, 101), ",") + `]}`),
	} {
		var at []string
		errors, _ := a.json(t)["errors"].([]any)
		for _, e := range errors {
			if pointer, _ := e.(map[string]any)["pointer"].(string); strings.HasPrefix(pointer, "/documents") {
				at = append(at, pointer+" "+e.(map[string]any)["code"].(string))
			}
		}
		if a.status != http.StatusUnprocessableEntity || len(at) != 1 || at[0] != "/documents maxItems" {
			t.Errorf("%s: %d with errors at %v", name, a.status, at)
		}
	}
}
