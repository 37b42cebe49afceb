// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// burst is how many seconds' worth of requests a client may make at once.
const burst = 5

// maxClients bounds the memory of a limiter. Beyond it, clients that are not known yet share one bucket.
const maxClients = 20000

// limiter is a token bucket for each client. The zero rate lets everything pass.
type limiter struct {
	rate    float64
	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	tokens float64
	at     time.Time
}

func newLimiter(rate float64) *limiter { return &limiter{rate: rate, buckets: map[string]*bucket{}} }

// take takes a token of a client. When there is none it returns how long to wait for one.
func (l *limiter) take(client string, now time.Time) (wait time.Duration, ok bool) {
	if l.rate <= 0 {
		return 0, true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[client]
	if b == nil {
		if len(l.buckets) >= maxClients {
			client = ""
			b = l.buckets[client]
		}
		if b == nil {
			b = &bucket{tokens: l.rate * burst, at: now}
			l.buckets[client] = b
		}
	}
	b.tokens = min(b.tokens+now.Sub(b.at).Seconds()*l.rate, l.rate*burst)
	b.at = now
	if b.tokens < 1 {
		return time.Duration((1 - b.tokens) / l.rate * float64(time.Second)), false
	}
	b.tokens--
	return 0, true
}

// forget drops the clients whose buckets are full again.
func (l *limiter) forget(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for client, b := range l.buckets {
		if now.Sub(b.at) >= burst*time.Second {
			delete(l.buckets, client)
		}
	}
}

// clientOf names who sent a request: the peer, or whom the proxy in front says it speaks for. Only the last address is believed,
// which the nearest proxy wrote, and only from a private peer: the ingress. It bounds a client's rate and nothing else.
func clientOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	peer := net.ParseIP(host)
	forwarded := r.Header.Values("X-Forwarded-For")
	trusted := peer != nil && (peer.IsLoopback() || peer.IsPrivate())
	if !trusted || len(forwarded) == 0 {
		return network(host)
	}
	last := forwarded[len(forwarded)-1]
	return network(strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:]))
}

// network groups IPv6 addresses by /64, since one client has all of them.
func network(address string) string {
	ip := net.ParseIP(address)
	if ip == nil || ip.To4() != nil {
		return address
	}
	return ip.Mask(net.CIDRMask(64, 128)).String()
}
