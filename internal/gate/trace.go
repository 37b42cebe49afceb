// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"
)

// AdmissionTrace is what must be remembered of the admission policies, across restarts, to know that they were altered and put back:
// the objects themselves tell only what they are now. It is kept in the ConfigMap TraceName of Okno's namespace.
type AdmissionTrace struct {
	// Seen stands for the shipped policies and bindings as last seen in force: their UIDs and generations.
	Seen string
	// AlteredUntil is when another state of them was last seen than before, in whole seconds; zero while that never happened.
	AlteredUntil time.Time
}

// TraceName is the name of the ConfigMap that keeps the trace, in Okno's own namespace.
const TraceName = "okno-admission"

// Keys of the ConfigMap.
const (
	traceSeen         = "seen"
	traceAlteredUntil = "alteredUntil" // RFC 3339
)

// Follow returns the trace after a look at the policies in force. It is the same trace while nothing changed, so that nothing is
// written. An altered policy and a restored one each have a generation of their own, and one that was created again another UID: what
// happened between two looks leaves its trace. The first look has nothing to compare with.
func (t AdmissionTrace) Follow(shipped, inForce Admission, now time.Time) AdmissionTrace {
	seen := inForce.fingerprint(shipped)
	if seen == t.Seen {
		return t
	}
	next := AdmissionTrace{Seen: seen, AlteredUntil: t.AlteredUntil}
	if t.Seen != "" {
		next.AlteredUntil = now.Truncate(time.Second).Add(time.Second) // not before now
	}
	return next
}

// Data is the trace as a ConfigMap keeps it.
func (t AdmissionTrace) Data() map[string]string {
	data := map[string]string{traceSeen: t.Seen}
	if !t.AlteredUntil.IsZero() {
		data[traceAlteredUntil] = t.AlteredUntil.UTC().Format(time.RFC3339)
	}
	return data
}

// ParseTrace reads what Data returned. A trace that cannot be read is an error: to begin anew would forget.
func ParseTrace(data map[string]string) (AdmissionTrace, error) {
	t := AdmissionTrace{Seen: data[traceSeen]}
	text, ok := data[traceAlteredUntil]
	if !ok {
		return t, nil
	}
	var err error
	if t.AlteredUntil, err = time.Parse(time.RFC3339, text); err != nil {
		return AdmissionTrace{}, fmt.Errorf("trace of the admission policies: %s %q: %w", traceAlteredUntil, text, err)
	}
	return t, nil
}

// fingerprint stands for the state in force of what was shipped.
func (a Admission) fingerprint(shipped Admission) string {
	hash := sha256.New()
	want, have := shipped.byKind(), a.byKind()
	for _, kind := range slices.Sorted(maps.Keys(want)) {
		for _, name := range slices.Sorted(maps.Keys(want[kind])) {
			found := have[kind][name]
			fmt.Fprintf(hash, "%s %s %s %d\n", kind, name, found.uid, found.generation)
		}
	}
	return hex.EncodeToString(hash.Sum(nil))
}
