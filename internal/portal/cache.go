// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// cacheBytes bounds what each of the two halves of the cache holds: strangers choose what is asked for, and the rest of a small
// pod is the index's.
const cacheBytes = 4 << 20

// answer is a whole answer, ready to be sent: it is rendered and compressed once and then sent until the catalogue changes.
type answer struct {
	stamp   stamp
	service *Service // whose page it is, nil for others
	header  http.Header
	tag     string // ETag
	gzipped []byte
	length  int // of the plain body
}

// newAnswer compresses a body. The headers are the page's own; answer.send adds those of caching.
func newAnswer(header http.Header, body []byte) (*answer, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, 6)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(body); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	header.Del("Content-Length")
	// A page may be kept, and is asked for again: what it says can change at any moment.
	header.Set("Cache-Control", "no-cache")
	// The same page compressed and plain are equal for whoever reads, hence a weak tag.
	tag := `W/"` + hex.EncodeToString(sum[:12]) + `"`
	header.Set("ETag", tag)
	header.Add("Vary", "Accept-Encoding")
	return &answer{header: header, tag: tag, gzipped: b.Bytes(), length: len(body)}, nil
}

// send writes the answer as the client takes it, or 304 when the client has it.
func (a *answer) send(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	for name, values := range a.header {
		h[name] = values[:len(values):len(values)]
	}
	if hasTag(r.Header.Get("If-None-Match"), a.tag) {
		h.Del("Content-Type")
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if takesGzip(r.Header.Get("Accept-Encoding")) {
		h["Content-Encoding"] = gzipCoding
		h.Set("Content-Length", strconv.Itoa(len(a.gzipped)))
		w.WriteHeader(http.StatusOK)
		if r.Method == http.MethodHead {
			return nil
		}
		_, err := w.Write(a.gzipped)
		return err
	}
	h.Set("Content-Length", strconv.Itoa(a.length))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	z, err := gzip.NewReader(bytes.NewReader(a.gzipped))
	if err != nil {
		return err
	}
	_, err = io.Copy(w, z)
	return err
}

// gzipCoding is shared by all answers; nobody adds to it.
var gzipCoding = []string{"gzip"}[:1:1]

// takesGzip reads Accept-Encoding as far as browsers and programs write it.
func takesGzip(accepted string) bool {
	for coding := range strings.SplitSeq(accepted, ",") {
		name, quality, _ := strings.Cut(coding, ";")
		if name = strings.TrimSpace(name); name != "gzip" && name != "*" {
			continue
		}
		weight := strings.ReplaceAll(quality, " ", "")
		return strings.Trim(strings.TrimPrefix(weight, "q="), "0.") != "" || weight == ""
	}
	return false
}

// hasTag tells whether a list of tags has one; weakly, as RFC 9110 asks for If-None-Match.
func hasTag(list, tag string) bool {
	if list == "" {
		return false
	}
	for t := range strings.SplitSeq(list, ",") {
		if t = strings.TrimSpace(t); t == "*" || strings.TrimPrefix(t, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}

// cacheKey is what an answer depends on besides the state of the catalogue.
type cacheKey struct {
	kind, lang string
	query      Query
	// provider and service name a service's page.
	provider, service string
}

// size is what a kept answer takes, in bytes; maps and structures are estimated.
func (a *answer) size(k cacheKey) int {
	const overhead = 1 << 10
	n := overhead + len(a.gzipped) + len(a.tag)
	for name, values := range a.header {
		n += len(name)
		for _, value := range values {
			n += len(value)
		}
	}
	for _, part := range k.texts() {
		n += len(*part)
	}
	return n
}

// texts are the parts of a key that come from the request.
func (k *cacheKey) texts() []*string {
	return []*string{&k.kind, &k.lang, &k.provider, &k.service, &k.query.Words, &k.query.Agency, &k.query.Topic}
}

// own returns the key with texts of its own: those of a request are parts of its address and would keep all of it.
func (k cacheKey) own() cacheKey {
	for _, part := range k.texts() {
		*part = strings.Clone(*part)
	}
	return k
}

// answers keeps answers. When the young half is full it becomes the old one, whose answers are forgotten unless somebody asks.
type answers struct {
	mu         sync.Mutex
	young, old map[cacheKey]*answer
	size       int // of young
	begun      map[cacheKey]*making
}

// making is an answer that is being made. Its fields are set before done is closed.
type making struct {
	done   chan struct{}
	answer *answer
	err    error
}

var errNotMade = errors.New("the answer was not made")

func newAnswers() *answers {
	return &answers{young: map[cacheKey]*answer{}, begun: map[cacheKey]*making{}}
}

// getOr returns the kept answer while it holds, else the one that compose makes, which it keeps. Who asks while it is made waits
// for it, and makes another one only if it does not hold for them.
func (c *answers) getOr(k cacheKey, holds func(*answer) bool, compose func() (*answer, error)) (*answer, error) {
	for {
		c.mu.Lock()
		if a := c.get(k, holds); a != nil {
			c.mu.Unlock()
			return a, nil
		}
		m := c.begun[k]
		if m == nil {
			k = k.own()
			m = &making{done: make(chan struct{}), err: errNotMade}
			c.begun[k] = m
			c.mu.Unlock()
			c.make(k, m, compose)
			return m.answer, m.err
		}
		c.mu.Unlock()
		<-m.done
		if m.err != nil || holds(m.answer) {
			return m.answer, m.err
		}
	}
}

// make composes the answer that was begun, and lets those who wait for it go on, also when compose panics.
func (c *answers) make(k cacheKey, m *making, compose func() (*answer, error)) {
	defer func() {
		c.mu.Lock()
		delete(c.begun, k)
		if m.err == nil {
			c.keep(k, m.answer)
		}
		c.mu.Unlock()
		close(m.done)
	}()
	m.answer, m.err = compose()
}

// get returns an answer that holds, or nil. The caller holds mu.
func (c *answers) get(k cacheKey, holds func(*answer) bool) *answer {
	a, isYoung := c.young[k]
	if !isYoung {
		a = c.old[k]
	}
	if a == nil || !holds(a) {
		return nil
	}
	if !isYoung {
		c.keep(k.own(), a)
	}
	return a
}

// keep puts an answer into the young half, under a key of its own. The caller holds mu.
func (c *answers) keep(k cacheKey, a *answer) {
	size := a.size(k)
	if before := c.young[k]; before != nil {
		c.size -= before.size(k)
	}
	if c.size > 0 && c.size+size > cacheBytes {
		c.old, c.young, c.size = c.young, map[cacheKey]*answer{}, 0
	}
	c.young[k] = a
	c.size += size
}

// captured is a page that is written to memory, to be kept.
type captured struct {
	header http.Header
	body   bytes.Buffer
}

func (c *captured) Header() http.Header         { return c.header }
func (c *captured) WriteHeader(int)             {}
func (c *captured) Write(p []byte) (int, error) { return c.body.Write(p) }
