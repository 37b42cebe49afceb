// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// sight is when a last approval was acknowledged, and when a citizen saw what it published.
type sight struct{ acknowledged, seen time.Time }

// untilSeen is P9. The instants at which the Publications were on record divide the time between controller and intake.
func untilSeen(sights []sight, published []time.Time) []figure {
	var took, recorded []time.Duration
	for i, s := range sights {
		took = append(took, max(0, s.seen.Sub(s.acknowledged)))
		if len(published) == len(sights) {
			recorded = append(recorded, max(0, published[i].Sub(s.acknowledged)))
		}
	}
	slices.Sort(took)
	slices.Sort(recorded)
	n := len(took)
	half := fmt.Sprintf("%d services, one at a time", n)
	if len(recorded) > 0 {
		half += fmt.Sprintf("; the signed record is written after %.0f ms", milliseconds(recorded[n/2]))
	}
	return []figure{
		atMost("P9", "last approval acknowledged → a citizen's page shows the digest, p50", milliseconds(took[n/2]), 100, "ms").because("%s", half),
		atMost("P9", "the same, p99", milliseconds(took[(n-1)*99/100]), 500, "ms").because("worst %.0f ms", milliseconds(took[n-1])),
	}
}

// untilVisible is P9 for one service: a citizen asks for the start page again and again on one connection.
func (m *control) untilVisible(ctx context.Context, s *service) (one sight, err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	want, err := s.digest()
	if err != nil {
		return one, err
	}
	base, err := m.intakeURL(ctx, s.Namespace)
	if err != nil {
		return one, err
	}
	watching, watched := make(chan struct{}), make(chan error, 1)
	go func() {
		var err error
		one.seen, err = watch(ctx, base+"/s/"+s.Name, string(want), watching)
		watched <- err
	}()
	select {
	case <-watching:
	case err := <-watched:
		return one, errors.Join(errors.New("the page could not be watched before the approval"), err)
	}
	if one.acknowledged, err = m.approve(ctx, s, lastGate()); err != nil {
		return one, err
	}
	err = <-watched
	return one, err
}

// watch asks for a page until it shows the digest. It closes watching when it has asked once in vain.
func watch(ctx context.Context, page, digest string, watching chan<- struct{}) (time.Time, error) {
	citizen := &http.Client{Transport: &http.Transport{}}
	defer citizen.CloseIdleConnections()
	for first := true; ; first = false {
		shown, err := digestShown(ctx, citizen, page)
		if err != nil || shown == digest {
			return time.Now(), err
		}
		if first {
			close(watching)
		}
		if err := pause(ctx, time.Millisecond); err != nil { // the machine has other things to do
			return time.Time{}, err
		}
	}
}

// digestShown is the digest that a page of an intake was made from; empty on pages of no service.
func digestShown(ctx context.Context, citizen *http.Client, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	response, err := citizen.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.Header.Get("Okno-Digest"), err
}
