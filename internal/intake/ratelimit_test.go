// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"net/http"
	"testing"
	"time"
)

func TestClientIsWhoTheNearestProxySaw(t *testing.T) {
	for name, test := range map[string]struct {
		peer      string
		forwarded []string
		want      string
	}{
		"a citizen without a proxy":              {"203.0.113.7:5000", nil, "203.0.113.7"},
		"a citizen who claims to be another":     {"203.0.113.7:5000", []string{"198.51.100.1"}, "203.0.113.7"},
		"the ingress speaks for a citizen":       {"10.0.0.5:5000", []string{"203.0.113.7"}, "203.0.113.7"},
		"a citizen lies to the ingress":          {"10.0.0.5:5000", []string{"198.51.100.1, 203.0.113.7"}, "203.0.113.7"},
		"a citizen lies in a header of his own":  {"10.0.0.5:5000", []string{"198.51.100.1", "203.0.113.7"}, "203.0.113.7"},
		"one network is one client":              {"[2001:db8:1:2:3::4]:5000", nil, "2001:db8:1:2::"},
		"a peer without an address (unix, test)": {"pipe", nil, "pipe"},
	} {
		r := &http.Request{RemoteAddr: test.peer, Header: http.Header{}}
		for _, f := range test.forwarded {
			r.Header.Add("X-Forwarded-For", f)
		}
		if got := clientOf(r); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestLimiterForgetsWhoIsQuiet(t *testing.T) {
	l := newLimiter(1)
	for range burst {
		if _, ok := l.take("a", noon); !ok {
			t.Fatal("a burst is refused")
		}
	}
	if wait, ok := l.take("a", noon); ok || wait != time.Second {
		t.Errorf("after the burst: %v %v, want a second", wait, ok)
	}
	if _, ok := l.take("b", noon); !ok {
		t.Error("another client pays for the first")
	}
	l.forget(noon.Add(burst * time.Second))
	if len(l.buckets) != 0 {
		t.Errorf("%d clients are kept for ever", len(l.buckets))
	}
}
