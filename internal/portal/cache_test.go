// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

func anything(*answer) bool { return true }

// What strangers ask for is kept once whichever way they ask for it.
func TestPagesPastTheLastAreKeptOnce(t *testing.T) {
	index, _ := smallCatalogue(t)
	server, err := New(Options{Index: index, PublicURL: "http://catalogue.localhost:8080", Location: moscow})
	if err != nil {
		t.Fatal(err)
	}
	h := server.Handler()
	for n := range 50 {
		for _, path := range []string{"/?page=%d", "/api/v1/services?page=%d"} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, fmt.Sprintf(path, n*1999+1), nil))
			if w.Code != http.StatusOK {
				t.Fatalf("status %d", w.Code)
			}
		}
	}
	if kept := len(server.cache.young) + len(server.cache.old); kept != 2 {
		t.Errorf("%d answers are kept, want the list and the API's", kept)
	}
}

func TestCacheIsBoundedByAllThatItKeeps(t *testing.T) {
	const each = 64 << 10
	for name, keep := range map[string]func(n int) (cacheKey, *answer){
		"bodies": func(n int) (cacheKey, *answer) {
			return cacheKey{query: Query{Page: n}}, &answer{gzipped: make([]byte, each)}
		},
		"keys": func(n int) (cacheKey, *answer) {
			return cacheKey{service: fmt.Sprint(n, strings.Repeat("x", each))}, &answer{}
		},
		"headers": func(n int) (cacheKey, *answer) {
			return cacheKey{query: Query{Page: n}}, &answer{header: http.Header{"X": {strings.Repeat("x", each)}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newAnswers()
			for n := range 4 * cacheBytes / each {
				k, a := keep(n)
				if _, err := c.getOr(k, anything, func() (*answer, error) { return a, nil }); err != nil {
					t.Fatal(err)
				}
				if kept := (len(c.young) + len(c.old)) * each; kept > 2*cacheBytes {
					t.Fatalf("%d bytes are kept", kept)
				}
			}
			if len(c.old) == 0 {
				t.Error("nothing was ever forgotten")
			}
		})
	}
}

func TestEqualQuestionsAtOnceAreAnsweredOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, made, may := newAnswers(), 0, make(chan struct{})
		var wait sync.WaitGroup
		for range 20 {
			wait.Go(func() {
				a, err := c.getOr(cacheKey{kind: "list"}, anything, func() (*answer, error) {
					made++
					<-may
					return &answer{tag: "one"}, nil
				})
				if err != nil || a.tag != "one" {
					t.Errorf("%v, %v", a, err)
				}
			})
		}
		synctest.Wait()
		close(may)
		wait.Wait()
		if made != 1 {
			t.Errorf("made %d times", made)
		}
	})
}

func TestAnAnswerThatCannotBeMadeIsNotKept(t *testing.T) {
	c := newAnswers()
	broken := errors.New("broken")
	if _, err := c.getOr(cacheKey{}, anything, func() (*answer, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = c.getOr(cacheKey{}, anything, func() (*answer, error) { panic("broken") })
	}()
	if a, err := c.getOr(cacheKey{}, anything, func() (*answer, error) { return &answer{tag: "made"}, nil }); err != nil || a.tag != "made" {
		t.Errorf("after a failure: %v, %v", a, err)
	}
}
