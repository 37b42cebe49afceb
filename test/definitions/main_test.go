// SPDX-License-Identifier: Apache-2.0

// Package definitions_test shows that bad definitions are told of in the same way by the command line, by the API server and by the
// controller.
package definitions_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/okno-dev/okno/internal/cli"
	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/test/definitions/bad"
	"github.com/okno-dev/okno/test/env"
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(env.Main(m))
}

func readTable(t testing.TB) *bad.Table {
	t.Helper()
	table, err := bad.Read("../../internal/lint/testdata")
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// lint returns what `kubectl okno lint -f - -o json` finds in a file.
func lint(t testing.TB, file []byte) []definition.Finding {
	t.Helper()
	var out, errOut bytes.Buffer
	code := cli.Run(t.Context(), []string{"lint", "-f", "-", "-o", "json"},
		genericiooptions.IOStreams{In: bytes.NewReader(file), Out: &out, ErrOut: &errOut})
	var report struct {
		Errors int `json:"errors"`
		Files  []struct {
			Findings []definition.Finding `json:"findings"`
		} `json:"files"`
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil || len(report.Files) != 1 {
		t.Fatalf("kubectl okno lint: %v: %s%s", err, out.String(), errOut.String())
	}
	if failed := report.Errors > 0; failed != (code == 1) {
		t.Errorf("kubectl okno lint: %d errors and the exit code %d", report.Errors, code)
	}
	return report.Files[0].Findings
}
