// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/okno-dev/okno/internal/form"
	"github.com/okno-dev/okno/internal/intake/store"
)

// uploadLife is how long an upload waits for the application that refers to it.
const uploadLife = 24 * time.Hour

// sniffed is how much of a file decides its type, in bytes.
const sniffed = form.SniffBytes

// maxName bounds a file's name, in bytes.
const maxName = 255

// uploadBody is the answer to an upload.
type uploadBody struct {
	ID       string `json:"id"`
	Document string `json:"document"`
	Name     string `json:"name"`
	Type     string `json:"type"`
	Size     int64  `json:"size"`
	SHA256   string `json:"sha256"`
}

// upload takes a file that an application will refer to: POST /api/v1/services/{service}/uploads?document=<id>&name=<name>.
func (s *Server) upload(c *call) error {
	if err := s.takes(c); err != nil {
		return err
	}
	query := c.URL.Query()
	file := store.File{
		Client: c.apiClient(), Document: query.Get("document"), Name: fileName(query.Get("name")), ExpiresAt: c.now.Add(uploadLife),
	}
	info, err := s.receive(c, file, c.Body, c.ContentLength)
	if err != nil {
		return err
	}
	a := attachment(info)
	return writeJSON(c.w, http.StatusCreated, "application/json", uploadBody{
		ID: a.ID, Document: a.Document, Name: a.Name, Type: a.Type, Size: a.Size, SHA256: a.SHA256,
	})
}

// receive checks a file by its first bytes and stores it as it comes. length is what the sender announced, -1 when nothing.
func (s *Server) receive(c *call, file store.File, body io.Reader, length int64) (store.FileInfo, error) {
	model, err := c.model()
	if err != nil {
		return store.FileInfo{}, err
	}
	limit, ok := model.FileLimit(file.Document)
	if !ok {
		return store.FileInfo{}, invalid([]form.Violation{{
			Pointer: documentPointer(file.Document), Code: form.CodeUnknown, Message: s.text("upload.noDocument"),
		}})
	}
	reader := bufio.NewReaderSize(body, sniffed)
	peeked, err := reader.Peek(sniffed)
	if err != nil && !errors.Is(err, io.EOF) {
		return store.FileInfo{}, unreadable(err)
	}
	head := slices.Clone(peeked) // reading on overwrites what was peeked
	if wrong := model.CheckFile(file.Document, file.Name, head, max(length, int64(len(head)))); len(wrong) > 0 {
		return store.FileInfo{}, badFile(wrong)
	}
	file.MaxBytes = limit
	file.Type = form.MediaType(head)
	info, err := s.store.AddFile(c.Context(), file, reader)
	if errors.Is(err, store.ErrTooLarge) {
		return store.FileInfo{}, badFile(model.CheckFile(file.Document, file.Name, head, limit+1))
	}
	return info, err
}

// badFile answers what is wrong with a file: 413 for its size, else 422.
func badFile(wrong []form.Violation) *refusal {
	r := invalid(wrong)
	for _, v := range wrong {
		if v.Code == form.CodeTooLarge {
			r.status = http.StatusRequestEntityTooLarge
		}
	}
	return r
}

// fileName keeps the last part of a name as the applicant knows it, without what would hurt on paper or in a header.
func fileName(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r == 0x2028 || r == 0x2029 {
			return -1
		}
		return r
	}, name)
	for len(name) > maxName {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	if name == "" || name == "." || name == ".." || name == "/" {
		return "file"
	}
	return name
}
