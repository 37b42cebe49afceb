// SPDX-License-Identifier: Apache-2.0

package signature_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/signature"
)

// later signs a record as a program would whose records have a field more, and one more in each decision.
func later(t *testing.T, s *signature.Signer) []byte {
	t.Helper()
	spec := full()
	raw, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	grown := strings.Replace(string(raw), `"seq":7`, `"seq":7,"reach":{"city":"Ukhta"}`, 1)
	grown = strings.Replace(grown, `"gate":"ministry"`, `"gate":"ministry","role":"chair"`, 1)
	var record v1alpha1.PublicationSpec
	if err := json.Unmarshal([]byte(grown), &record); err != nil {
		t.Fatal(err)
	}
	payload, err := signature.Payload(record)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(payload), "Ukhta") || !strings.Contains(string(payload), "chair") {
		t.Fatalf("what is signed lacks the newer fields: %s", payload)
	}
	sig, err := json.Marshal(s.SignPayload(payload))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.TrimSuffix(grown, "}") + `,"signature":` + string(sig) + "}")
}

func TestARecordOfALaterVersionIsObeyed(t *testing.T) {
	s := signer(t)
	keys := trusting(t, s)
	var spec v1alpha1.PublicationSpec
	if err := json.Unmarshal(later(t, s), &spec); err != nil {
		t.Fatal(err)
	}
	if err := keys.VerifyPublication(spec, "sfr"); err != nil {
		t.Fatalf("an older program would not obey it: %v", err)
	}
	hash, err := signature.RecordHash(spec)
	if err != nil {
		t.Fatal(err)
	}

	// It is kept whole in an intake's own store, and in copies.
	kept, err := json.Marshal(*spec.DeepCopy())
	if err != nil {
		t.Fatal(err)
	}
	var again v1alpha1.PublicationSpec
	if err := json.Unmarshal(kept, &again); err != nil {
		t.Fatal(err)
	}
	if err := keys.VerifyPublication(again, "sfr"); err != nil {
		t.Errorf("after it was stored: %v", err)
	}
	if got, err := signature.RecordHash(again); err != nil || got != hash {
		t.Errorf("the chain would break: %s, %v", got, err)
	}
}

func TestNewerFieldsLendNoSignature(t *testing.T) {
	s := signer(t)
	keys := trusting(t, s)
	for name, change := range map[string]func(raw string) string{
		"a newer field was changed":     func(raw string) string { return strings.Replace(raw, "Ukhta", "Pechora", 1) },
		"a newer field was added":       func(raw string) string { return strings.Replace(raw, `"seq":7`, `"seq":7,"more":1`, 1) },
		"a newer field was removed":     func(raw string) string { return strings.Replace(raw, `,"role":"chair"`, "", 1) },
		"a known field was changed":     func(raw string) string { return strings.Replace(raw, `"seq":7`, `"seq":8`, 1) },
		"a known field was given twice": func(raw string) string { return strings.Replace(raw, `"seq":7`, `"seq":7,"seq":7`, 1) },
		"all newer fields were pruned": func(raw string) string {
			return strings.NewReplacer(`,"role":"chair"`, "", `,"reach":{"city":"Ukhta"}`, "").Replace(raw)
		},
		"a known field in another letter":    func(raw string) string { return strings.Replace(raw, `"seq":7`, `"Seq":9,"seq":7`, 1) },
		"a key of the signature's own added": func(raw string) string { return strings.Replace(raw, `"keyID"`, `"alg":"none","keyID"`, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			raw := string(later(t, s))
			changed := change(raw)
			if changed == raw {
				t.Fatal("nothing was changed")
			}
			var spec v1alpha1.PublicationSpec
			if err := json.Unmarshal([]byte(changed), &spec); err != nil {
				t.Fatal(err)
			}
			err := keys.VerifyPublication(spec, "sfr")
			if name == "a key of the signature's own added" {
				if err != nil {
					t.Errorf("what stands beside a signature's value is not signed: %v", err)
				}
				return
			}
			if err == nil {
				t.Error("it verified")
			}
		})
	}
	t.Run("a field was changed after reading", func(t *testing.T) {
		var spec v1alpha1.PublicationSpec
		if err := json.Unmarshal(later(t, s), &spec); err != nil {
			t.Fatal(err)
		}
		spec.Digest = "sha256:" + v1alpha1.Digest(strings.Repeat("f", 64))
		if err := keys.VerifyPublication(spec, "sfr"); !errors.Is(err, signature.ErrInvalid) {
			t.Errorf("err = %v", err)
		}
	})
}
