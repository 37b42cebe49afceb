// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
)

// bodyError is a body that the sender did not finish. It tells what the network did from what the server could not do.
type bodyError struct{ err error }

func (e *bodyError) Error() string { return "read request: " + e.err.Error() }

func (e *bodyError) Unwrap() error { return e.err }

// sentBody marks what goes wrong while a body is read.
type sentBody struct{ io.ReadCloser }

func (b sentBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &bodyError{err}
	}
	return n, err
}

// bound bounds what the body of a request may cost. A compressed body is refused: none is needed, and what it holds is not known
// before it was spent on.
func (c *call) bound() error {
	for _, coding := range c.Header.Values("Content-Encoding") {
		if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "identity") {
			c.w.Header().Set("Accept-Encoding", "identity")
			return refuse(http.StatusUnsupportedMediaType, "contentCoding")
		}
	}
	c.Body = sentBody{c.Body}
	if !c.streams() {
		c.Body = http.MaxBytesReader(c.w, c.Body, maxBody)
	}
	return nil
}

// only returns the value of a header that may be there once. Which of two is believed differs between programs, so that both are
// refused.
func (c *call) only(name string) (value string, ok bool) {
	values := c.Header.Values(name)
	if len(values) > 1 && slices.ContainsFunc(values, func(v string) bool { return v != values[0] }) {
		return "", false
	}
	return c.Header.Get(name), true
}
