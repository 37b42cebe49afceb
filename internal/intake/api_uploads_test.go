// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/okno-dev/okno/internal/form"
)

func TestFileNames(t *testing.T) {
	for given, want := range map[string]string{
		"договор.pdf":                     "договор.pdf",
		`C:\Users\Анна\договор.pdf`:       "договор.pdf",
		"../../etc/passwd":                "passwd",
		"a\r\nContent-Type: text/html":    "html",
		"a\r\nX.pdf":                      "aX.pdf",
		"":                                "file",
		"..":                              "file",
		"\xff\xfe":                        "file",
		strings.Repeat("я", 200) + ".pdf": strings.Repeat("я", 127),
	} {
		if got := fileName(given); got != want {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
}

func FuzzFileName(f *testing.F) {
	for _, seed := range []string{"a.pdf", `\\server\x`, "/", "\x00", strings.Repeat("я", 300)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := fileName(name)
		if got == "" || len(got) > maxName || !utf8.ValidString(got) || strings.ContainsAny(got, "/\\\r\n\x00") {
			t.Errorf("%q becomes %q", name, got)
		}
	})
}

// FuzzReadPage sends a page anything at all as a multipart body: it is read or refused, and never costs more than its bound.
func FuzzReadPage(f *testing.F) {
	for _, seed := range []string{
		"--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nАнна\r\n--b--\r\n",
		"--b\r\nContent-Disposition: form-data; name=\"document.rent\"; filename=\"\"\r\n\r\n\r\n--b--\r\n",
		"--b\r\nContent-Disposition: form-data; name=\"document.other\"; filename=\"x\"\r\n\r\nx\r\n--b--",
		"--b\r\n\r\n\r\n--b", "", "--b--",
	} {
		f.Add([]byte(seed))
	}
	s := &Server{}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		sent, err := s.readPage(&call{Request: r, w: httptest.NewRecorder(), now: noon}, &draft{}, form.PageView{})
		if err != nil {
			if status := refusalOf(err).status; status != http.StatusBadRequest && status != http.StatusRequestEntityTooLarge {
				t.Errorf("refused with %d: %v", status, err)
			}
			return
		}
		for name, values := range sent.values {
			if name == "" || strings.HasPrefix(name, documentInput) || len(values) > len(body) {
				t.Errorf("%q: %q", name, values)
			}
		}
	})
}
