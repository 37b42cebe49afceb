// SPDX-License-Identifier: Apache-2.0

// Package gitops_test runs what docs/gitops.md gives to Argo CD, and compares what it says of Flux with the library that Flux uses.
package gitops_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const page = "../../docs/gitops.md"

// TestWhatGitOpsToolsShow holds both tables of the page to statuses as Okno writes them.
func TestWhatGitOpsToolsShow(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	script := regexp.MustCompile("(?s)```lua\n(.*?)```").FindSubmatch(text)
	if script == nil {
		t.Fatalf("%s gives no script", page)
	}
	for name, tc := range map[string]struct {
		status, argo, says string
		flux               status.Status
	}{
		"nobody has looked at it": {
			`{"observedGeneration": -1}`, "Progressing", "has not looked", status.InProgressStatus,
		},
		"a change that nobody has looked at, of what was well": {
			`{"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True", "reason": "Ready"}]}`,
			"Progressing", "has not looked", status.InProgressStatus,
		},
		"what is wanted is served": {
			`{"observedGeneration": 2, "conditions": [{"type": "Ready", "status": "True", "reason": "Ready", "message": "what is wanted is served"}]}`,
			"Healthy", "Ready: what is wanted is served", status.CurrentStatus,
		},
		"a newer revision waits behind one that serves": {
			`{"observedGeneration": 2, "conditions": [{"type": "Approved", "status": "False", "reason": "AwaitingApproval"},
			  {"type": "Ready", "status": "True", "reason": "Ready", "message": "one waits"}]}`,
			"Healthy", "Ready: one waits", status.CurrentStatus,
		},
		"a first publication waits for people": {
			`{"observedGeneration": 2, "conditions": [{"type": "Ready", "status": "False", "reason": "AwaitingApproval", "message": "4 of 5"}]}`,
			"Suspended", "AwaitingApproval: 4 of 5", status.InProgressStatus,
		},
		"suspended by its spec": {
			`{"observedGeneration": 2, "conditions": [{"type": "Ready", "status": "True", "reason": "Suspended"}]}`,
			"Suspended", "Suspended: ", status.CurrentStatus,
		},
		"Okno is at work": {
			`{"observedGeneration": 2, "conditions": [{"type": "Ready", "status": "Unknown", "reason": "Proving"},
			  {"type": "Reconciling", "status": "True", "reason": "Proving"}]}`,
			"Progressing", "Proving: ", status.InProgressStatus,
		},
		"an invalid definition while an older one serves": {
			`{"observedGeneration": 2, "conditions": [{"type": "Ready", "status": "False", "reason": "Invalid"},
			  {"type": "Published", "status": "True", "reason": "Published"}, {"type": "Stalled", "status": "True", "reason": "Invalid", "message": "1 error"}]}`,
			"Degraded", "Invalid: 1 error", status.FailedStatus,
		},
		"an agency whose new image is not proven": {
			`{"observedGeneration": 2, "conditions": [{"type": "Ready", "status": "True", "reason": "Ready"},
			  {"type": "Stalled", "status": "True", "reason": "ImageNotProven", "message": "a scenario failed"}]}`,
			"Degraded", "ImageNotProven: a scenario failed", status.FailedStatus,
		},
	} {
		t.Run(name, func(t *testing.T) {
			object := map[string]any{
				"apiVersion": "catalog.okno.dev/v1alpha1", "kind": "GovService",
				"metadata": map[string]any{"name": "permit", "namespace": "town", "generation": int64(2)},
			}
			of := map[string]any{}
			if err := json.Unmarshal([]byte(tc.status), &of); err != nil {
				t.Fatal(err)
			}
			object["status"] = of
			argo, says := health(t, string(script[1]), object)
			if argo != tc.argo || !strings.Contains(says, tc.says) {
				t.Errorf("Argo CD shows %s, %q, want %s, %q", argo, says, tc.argo, tc.says)
			}
			of["observedGeneration"] = int64(of["observedGeneration"].(float64)) // as a client decodes it
			flux, err := status.Compute(&unstructured.Unstructured{Object: object})
			if err != nil {
				t.Fatal(err)
			}
			if flux.Status != tc.flux {
				t.Errorf("Flux sees %s, want %s", flux.Status, tc.flux)
			}
		})
	}
}

// TestTheScriptTakesWhatIsBarelyThere: Argo CD asks about objects without a status as well.
func TestTheScriptTakesWhatIsBarelyThere(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	script := regexp.MustCompile("(?s)```lua\n(.*?)```").FindSubmatch(text)
	if got, _ := health(t, string(script[1]), map[string]any{"metadata": map[string]any{"generation": 1}}); got != "Progressing" {
		t.Errorf("without a status it shows %s", got)
	}
}

// health runs the script as Argo CD does: the object is the global obj, and the script returns status and message.
func health(t *testing.T, script string, object map[string]any) (status, message string) {
	t.Helper()
	l := lua.NewState()
	defer l.Close()
	l.SetGlobal("obj", value(l, object))
	if err := l.DoString(script); err != nil {
		t.Fatal(err)
	}
	answer, ok := l.Get(-1).(*lua.LTable)
	if !ok {
		t.Fatalf("it returns a %s", l.Get(-1).Type())
	}
	return answer.RawGetString("status").String(), answer.RawGetString("message").String()
}

// value is a part of an object for Lua.
func value(l *lua.LState, v any) lua.LValue {
	switch v := v.(type) {
	case map[string]any:
		table := l.NewTable()
		for k, field := range v {
			table.RawSetString(k, value(l, field))
		}
		return table
	case []any:
		table := l.NewTable()
		for _, entry := range v {
			table.Append(value(l, entry))
		}
		return table
	case string:
		return lua.LString(v)
	case float64:
		return lua.LNumber(v)
	case int64:
		return lua.LNumber(v)
	case int:
		return lua.LNumber(v)
	default:
		return lua.LNil
	}
}
