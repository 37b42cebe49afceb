// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/inner"
)

const (
	// maxBody bounds what is read of one answer.
	maxBody = 4 << 20
	// maxRedirects bounds a chain of redirects.
	maxRedirects = 10
	// digestHeader tells which definition answered.
	digestHeader = "Okno-Digest"
)

// session is one applicant at one scenario in one way, with cookies of his own.
type session struct {
	http     *http.Client
	base     *url.URL
	host     string
	service  string
	scenario *v1alpha1.Scenario
	language string
	digest   string
}

func (r *runner) newSession(sc *v1alpha1.Scenario) *session {
	client := *r.HTTP
	client.Jar, _ = cookiejar.New(nil) // New fails on no options
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &session{http: &client, base: r.base, host: r.Host, service: r.Service, scenario: sc, language: r.language(sc)}
}

// request is one request to the server.
type request struct {
	method      string
	path        string // with query
	contentType string
	body        io.Reader
	header      map[string]string
}

// answer is what the server said.
type answer struct {
	status      int
	contentType string
	location    string
	path        string
	body        []byte
}

// send makes one request with the scenario's clock and language. An error is an *UnavailableError.
func (s *session) send(ctx context.Context, q request) (answer, error) {
	target, err := s.base.Parse(q.path)
	if err != nil {
		return answer{}, fmt.Errorf("address %q: %w", q.path, err)
	}
	req, err := http.NewRequestWithContext(ctx, q.method, target.String(), q.body)
	if err != nil {
		return answer{}, err
	}
	if s.host != "" {
		req.Host = s.host
	}
	req.Header.Set(inner.ScenarioNow, s.scenario.Now.UTC().Format(time.RFC3339))
	req.Header.Set("Accept-Language", s.language)
	if q.contentType != "" {
		req.Header.Set("Content-Type", q.contentType)
	}
	for name, value := range q.header {
		req.Header.Set(name, value)
	}
	res, err := s.http.Do(req)
	if err != nil {
		return answer{}, &UnavailableError{Err: err}
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return answer{}, &UnavailableError{Err: fmt.Errorf("%s %s: %w", q.method, q.path, err)}
	}
	if len(body) > maxBody {
		return answer{}, fmt.Errorf("%s %s: the answer is longer than %d bytes", q.method, q.path, maxBody)
	}
	if away(res.StatusCode) {
		return answer{}, &UnavailableError{Err: fmt.Errorf("%s %s answers %s", q.method, q.path, res.Status)}
	}
	if err := s.noteDigest(res.Header.Get(digestHeader)); err != nil {
		return answer{}, err
	}
	mediaType, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	return answer{status: res.StatusCode, contentType: mediaType, location: res.Header.Get("Location"), path: target.Path, body: body}, nil
}

// away tells whether a status says that the server is not there, is overloaded or has ended the proof, rather than anything about the service.
func away(status int) bool {
	switch status {
	case http.StatusMisdirectedRequest, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// noteDigest holds the server to one definition during a scenario.
func (s *session) noteDigest(digest string) error {
	switch {
	case digest == "" || digest == s.digest:
	case s.digest == "":
		s.digest = digest
	default:
		return &UnavailableError{Err: fmt.Errorf("the server switched definitions during a scenario: %s, then %s", s.digest, digest)}
	}
	return nil
}

var errRedirects = errors.New("too many redirects")

// browse sends q and follows redirects as a browser does: by GET, with the cookies that were set.
func (s *session) browse(ctx context.Context, q request) (answer, error) {
	for range maxRedirects {
		a, err := s.send(ctx, q)
		if err != nil || a.status < 300 || a.status > 399 || a.location == "" {
			return a, err
		}
		next, err := s.base.Parse(a.location)
		if err != nil {
			return answer{}, fmt.Errorf("redirect to %q: %w", a.location, err)
		}
		if !strings.HasPrefix(next.Path, "/") {
			next.Path = "/" + next.Path
		}
		q = request{method: http.MethodGet, path: next.RequestURI()}
	}
	return answer{}, errRedirects
}
