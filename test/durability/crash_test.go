// SPDX-License-Identifier: Apache-2.0

package durability

import (
	"math/rand/v2"
	"testing"
)

// TestKilledAtTheAcknowledgement kills the child with SIGKILL the moment an
// acknowledgement is seen, round after round on the same store. Each round
// sends again what the last one left without an answer.
func TestKilledAtTheAcknowledgement(t *testing.T) {
	rounds := 10
	if soaking() {
		rounds = 200
	}
	dir, acks, sent := t.TempDir(), acknowledged{}, 0
	const perRound, clients = 400, 8
	for round := range rounds {
		first := 0
		for ; acks[first] != ""; first++ {
		}
		sent = max(sent, first+perRound)
		cmd := child(t, dir, first, perRound, clients)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		last := 1 + rand.IntN(perRound/2)
		acks.read(t, out, func() {
			if last--; last == 0 {
				_ = cmd.Process.Kill()
			}
		})
		if err := cmd.Wait(); err == nil {
			t.Logf("round %d: the child ended before it was killed", round)
		}
		if last > 0 {
			t.Fatalf("round %d: the child failed %d acknowledgements before its end", round, last)
		}
	}
	t.Logf("%d rounds, %d acknowledged", rounds, len(acks))
	acks.check(t, dir, sent)
}
