// SPDX-License-Identifier: Apache-2.0

package signature_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/signature"
)

// full has every field of a record set, so that tampering can try each.
func full() v1alpha1.PublicationSpec {
	at := func(minute int) *metav1.Time {
		return &metav1.Time{Time: time.Date(2026, 11, 20, 10, minute, 0, 0, time.UTC)}
	}
	hash := func(digit string) string { return strings.Repeat(digit, 64) }
	return v1alpha1.PublicationSpec{
		Installation: "okno", Namespace: "sfr", Service: "pension", Seq: 7, Action: v1alpha1.ActionPublish,
		Code: "10000000109", Revision: "pension-0123456789", Digest: v1alpha1.Digest("sha256:" + hash("0")),
		Policies:  []v1alpha1.PolicyReference{{Name: "default", SHA256: hash("1")}},
		Decisions: []v1alpha1.DecisionRecord{{Gate: "ministry", Approval: "a", Person: "olga", SHA256: hash("2")}},
		Report:    hash("3"), Cause: "Reverted", Previous: hash("4"),
		Checkpoint: &v1alpha1.JournalCheckpoint{Size: 42, RootHash: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", At: *at(0)},
		DecidedAt:  *at(1), EffectiveAt: at(2), EndsAt: at(3),
	}
}

func signer(t testing.TB) *signature.Signer {
	t.Helper()
	pem, err := signature.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := signature.NewSigner(pem)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func trusting(t testing.TB, signers ...*signature.Signer) signature.Keys {
	t.Helper()
	var public []string
	for _, s := range signers {
		public = append(public, s.PublicKey())
	}
	keys, err := signature.ParseKeys(public...)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func signed(t testing.TB, s *signature.Signer) v1alpha1.PublicationSpec {
	t.Helper()
	spec := full()
	if err := s.SignPublication(&spec); err != nil {
		t.Fatal(err)
	}
	return spec
}

func TestASignedRecordVerifiesAfterStorage(t *testing.T) {
	s := signer(t)
	spec := full()
	spec.DecidedAt = metav1.NewTime(time.Date(2026, 11, 20, 13, 1, 0, 999, time.FixedZone("MSK", 3*3600)))
	if err := s.SignPublication(&spec); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	var stored v1alpha1.PublicationSpec
	if err := json.Unmarshal(raw, &stored); err != nil {
		t.Fatal(err)
	}
	if err := trusting(t, signer(t), s).VerifyPublication(stored, "sfr"); err != nil {
		t.Error(err)
	}
}

// TestARecordMadeBeforeCheckpointsStillVerifies: a field that records gained later leaves what was signed before as it was.
func TestARecordMadeBeforeCheckpointsStillVerifies(t *testing.T) {
	raw, err := os.ReadFile("testdata/record-before-checkpoint.json")
	if err != nil {
		t.Fatal(err)
	}
	var old struct {
		PublicKey string                   `json:"publicKey"`
		Spec      v1alpha1.PublicationSpec `json:"spec"`
	}
	if err := json.Unmarshal(raw, &old); err != nil {
		t.Fatal(err)
	}
	keys, err := signature.ParseKeys(old.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.VerifyPublication(old.Spec, "sfr"); err != nil {
		t.Error(err)
	}
	old.Spec.Checkpoint = full().Checkpoint
	if err := keys.VerifyPublication(old.Spec, "sfr"); !errors.Is(err, signature.ErrInvalid) {
		t.Errorf("a head that was put into it later: %v", err)
	}
}

// TestTamperingIsFound alters and removes every value of a signed record, one at a time.
func TestTamperingIsFound(t *testing.T) {
	s := signer(t)
	keys := trusting(t, s)
	raw, err := json.Marshal(signed(t, s))
	if err != nil {
		t.Fatal(err)
	}
	var whole map[string]any
	if err := json.Unmarshal(raw, &whole); err != nil {
		t.Fatal(err)
	}
	paths := leaves(whole, nil)
	if want := 25; len(paths) != want {
		t.Fatalf("the record has %d values, this test knows %d: set the new field in full()", len(paths), want)
	}
	for _, path := range paths {
		for name, change := range map[string]func(parent map[string]any, key string){
			"altered": func(parent map[string]any, key string) { parent[key] = altered(parent[key]) },
			"removed": func(parent map[string]any, key string) { delete(parent, key) },
		} {
			t.Run(name+" "+strings.Join(path, "."), func(t *testing.T) {
				var tree map[string]any
				if err := json.Unmarshal(raw, &tree); err != nil {
					t.Fatal(err)
				}
				change(parentOf(tree, path), path[len(path)-1])
				tampered, err := json.Marshal(tree)
				if err != nil {
					t.Fatal(err)
				}
				var spec v1alpha1.PublicationSpec
				if err := json.Unmarshal(tampered, &spec); err != nil {
					t.Fatal(err)
				}
				if err := keys.VerifyPublication(spec, "sfr"); err == nil {
					t.Errorf("a tampered record verified: %s", tampered)
				}
			})
		}
	}
}

func leaves(value any, at []string) [][]string {
	switch v := value.(type) {
	case map[string]any:
		var all [][]string
		for key, child := range v {
			all = append(all, leaves(child, append(append([]string(nil), at...), key))...)
		}
		return all
	case []any:
		var all [][]string
		for i, child := range v {
			all = append(all, leaves(child, append(append([]string(nil), at...), fmt.Sprint(i)))...)
		}
		return all
	default:
		return [][]string{at}
	}
}

func parentOf(tree map[string]any, path []string) map[string]any {
	var at any = tree
	for _, step := range path[:len(path)-1] {
		switch v := at.(type) {
		case map[string]any:
			at = v[step]
		case []any:
			at = v[0] // lists in full() have one element
		}
	}
	return at.(map[string]any)
}

func altered(value any) any {
	switch v := value.(type) {
	case float64:
		return v + 1
	case string:
		if at, err := time.Parse(time.RFC3339, v); err == nil {
			return at.Add(time.Second).Format(time.RFC3339)
		}
		first := "A" // also a digit of base64, so that a signature stays one
		if strings.HasPrefix(v, first) {
			first = "B"
		}
		return first + v[1:]
	default:
		panic(fmt.Sprintf("no way to alter %T", value))
	}
}

func TestRefusals(t *testing.T) {
	s := signer(t)
	for name, tc := range map[string]struct {
		keys      signature.Keys
		namespace string
		change    func(*v1alpha1.PublicationSpec)
		want      error
	}{
		"a record copied to another namespace": {keys: trusting(t, s), namespace: "fns", want: signature.ErrMoved},
		"a key that is not trusted":            {keys: trusting(t, signer(t)), namespace: "sfr", want: signature.ErrUnknownKey},
		"no key trusted at all":                {keys: signature.Keys{}, namespace: "sfr", want: signature.ErrUnknownKey},
		"a trusted key's id over another's signature": {
			keys: trusting(t, s), namespace: "sfr", want: signature.ErrInvalid,
			change: func(spec *v1alpha1.PublicationSpec) { spec.Signature.Value = signed(t, signer(t)).Signature.Value },
		},
		"no signature": {
			keys: trusting(t, s), namespace: "sfr", want: signature.ErrInvalid,
			change: func(spec *v1alpha1.PublicationSpec) { spec.Signature.Value = "" },
		},
		"a second spelling of the signature": {
			keys: trusting(t, s), namespace: "sfr", want: signature.ErrInvalid,
			change: func(spec *v1alpha1.PublicationSpec) { spec.Signature.Value += "\n" },
		},
	} {
		t.Run(name, func(t *testing.T) {
			spec := signed(t, s)
			if tc.change != nil {
				tc.change(&spec)
			}
			if err := tc.keys.VerifyPublication(spec, tc.namespace); !errors.Is(err, tc.want) {
				t.Errorf("err = %v, want %v", err, tc.want)
			}
		})
	}
}

func TestATokenIsNoPublication(t *testing.T) {
	s := signer(t)
	spec := full()
	payload, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	// The same bytes signed as a token carry another payload type.
	token := s.Token(string(payload), time.Now().Add(time.Minute))
	spec.Signature = v1alpha1.Signature{KeyID: s.KeyID(), Value: strings.Split(token, ".")[1]}
	if err := trusting(t, s).VerifyPublication(spec, "sfr"); err == nil {
		t.Error("a token's signature verified as a publication's")
	}
}

func TestRecordHashCoversTheSignature(t *testing.T) {
	spec := signed(t, signer(t))
	before, err := signature.RecordHash(spec)
	if err != nil {
		t.Fatal(err)
	}
	spec.Signature.KeyID = strings.Repeat("f", 64)
	after, err := signature.RecordHash(spec)
	if err != nil {
		t.Fatal(err)
	}
	if len(before) != 64 || before == after {
		t.Errorf("hash %q did not follow the signature (%q)", before, after)
	}
}
