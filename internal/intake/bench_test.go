// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/intake/store"
)

// sample is the canonical definition of the pension's delivery.
func sample(b *testing.B) []byte {
	b.Helper()
	manifest, err := os.ReadFile("../../config/samples/pension-delivery/govservice.yaml")
	if err != nil {
		b.Fatal(err)
	}
	var svc v1alpha1.GovService
	if err := yaml.Unmarshal(manifest, &svc); err != nil {
		b.Fatal(err)
	}
	canonical, err := digest.Canonical(svc.Spec.Service.Raw())
	if err != nil {
		b.Fatal(err)
	}
	return canonical
}

// BenchmarkSwitch follows a Publication of a definition that was never seen, as a follower hands it on: what the intake has of the
// time from the last approval to the citizen's page.
func BenchmarkSwitch(b *testing.B) {
	opened, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "okno.db"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer opened.Close()
	s, err := New(b.Context(), Options{Store: opened, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	body := sample(b)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for seq := int64(1); b.Loop(); seq++ {
		b.StopTimer()
		edition := bytes.Replace(body, []byte(`"code":"`), fmt.Appendf(nil, `"code":"%d`, seq), 1)
		d := digest.OfCanonical(edition)
		spec := v1alpha1.PublicationSpec{Service: service, Seq: seq, Action: v1alpha1.ActionPublish, Digest: d, Revision: digest.RevisionName(service, d)}
		b.StartTimer()
		if err := s.Publish(b.Context(), spec, edition); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRead reads a release that nobody has asked for lately, without its form.
func BenchmarkRead(b *testing.B) {
	body := sample(b)
	d := string(digest.OfCanonical(body))
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := newRelease(service, d, body, ""); err != nil {
			b.Fatal(err)
		}
	}
}
