// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/form"
	"github.com/okno-dev/okno/internal/intake/store"
)

// Headers of the API.
const (
	idempotencyKey = "Idempotency-Key"
	// uploadsHeader names the uploads that come with an XML application, whose format has no place for them.
	uploadsHeader = "Okno-Uploads"
	secretHeader  = "Okno-Secret"
)

// Lengths of an idempotency key. Without a login the key is the only thing that names the client, so that a short one, which another
// would also think of, is refused.
const minKey, maxKey = 8, 200

// isKey tells whether a text may be an idempotency key: visible ASCII.
func isKey(key string) bool {
	for _, char := range []byte(key) {
		if char <= ' ' || char > '~' {
			return false
		}
	}
	return minKey <= len(key) && len(key) <= maxKey
}

// receiptBody is the answer to an application, the same on each replay.
type receiptBody struct {
	Number              string `json:"number"`
	Secret              string `json:"secret,omitempty"`
	Status              string `json:"status,omitempty"`
	FiledAt             string `json:"filedAt"`
	Deadline            string `json:"deadline,omitempty"`
	DeadlineProvisional bool   `json:"deadlineProvisional,omitempty"`
	Unit                string `json:"unit"`
	Queue               string `json:"queue"`
	Service             string `json:"service"`
	Digest              string `json:"digest"`
	Revision            string `json:"revision"`
	// Fees are absent when the service has none, and empty when this applicant owes none.
	Fees *[]feeBody `json:"fees,omitempty"`
}

// fileAPI takes an application as JSON or XML: POST /api/v1/services/{service}/applications.
func (s *Server) fileAPI(c *call) error {
	mediaType, charset, ok := c.applicationType()
	if !ok {
		c.w.Header().Set("Accept", "application/json, application/xml, text/xml")
		return refuse(http.StatusUnsupportedMediaType, "mediaType")
	}
	key, ok := c.only(idempotencyKey)
	if !ok || key != "" && !isKey(key) {
		return refuse(http.StatusBadRequest, "badKey")
	}
	body, err := readBody(c.Request)
	if err != nil {
		return err
	}
	filing := store.Filing{
		Client: c.apiClient(), IdempotencyKey: key, RequestHash: requestHash(mediaType, c.Header.Get(uploadsHeader), body), Starts: true,
	}
	receipt, owed, err := s.fileBody(c, mediaType, charset, body, filing)
	if err != nil && key != "" {
		// What was acknowledged once is answered again, also when it would be refused today: the service was suspended meanwhile,
		// its rules changed, the uploads were taken.
		if first, ok := s.replayed(c, filing); ok {
			receipt, err = first, nil
		}
	}
	if err != nil {
		s.countRejected(c, err)
		return err
	}
	if receipt.Replayed {
		// Should this fail, the client comes again with its key.
		if owed, err = s.owedOnce(c, receipt); err != nil {
			return err
		}
	}
	return s.answerReceipt(c, receipt, owed)
}

// owedOnce reads the fees that a replayed receipt told at first.
func (s *Server) owedOnce(c *call, receipt store.Receipt) ([]v1alpha1.Fee, error) {
	if len(c.release.def.Fees) == 0 && receipt.Digest == c.release.digest {
		return nil, nil
	}
	application, err := s.store.Application(c.Context(), receipt.Number)
	if err != nil {
		return nil, err
	}
	return s.owed(c.Context(), application)
}

// applicationType is the media type of an application and its charset, "" when the header has none. JSON is always in UTF-8.
func (c *call) applicationType() (mediaType, charset string, ok bool) {
	header, ok := c.only("Content-Type")
	if !ok {
		return "", "", false
	}
	mediaType, params, err := mime.ParseMediaType(header)
	if err != nil || !isOneOf(mediaType, "application/json", "application/xml", "text/xml") {
		return "", "", false
	}
	charset = params["charset"]
	return mediaType, charset, mediaType != "application/json" || charset == "" || strings.EqualFold(charset, "utf-8")
}

func (s *Server) fileBody(c *call, mediaType, charset string, body []byte, filing store.Filing) (store.Receipt, []v1alpha1.Fee, error) {
	envelope, broken, err := s.parse(c, mediaType, charset, body, &filing)
	if err != nil {
		return store.Receipt{}, nil, err
	}
	receipt, owed, err := s.file(c, envelope, broken, filing)
	if errors.Is(err, store.ErrNotFound) && len(envelope.Documents) > 0 {
		// An upload expired, or another application took it, while this one was read.
		return receipt, nil, invalid([]form.Violation{s.lostUpload(envelope.Documents[0].Document)})
	}
	return receipt, owed, err
}

// lostUpload tells that a file for a document is not there. Beside XML an upload is named without its document.
func (s *Server) lostUpload(document string) form.Violation {
	return form.Violation{Pointer: documentPointer(document), Code: form.CodeUnknown, Message: s.text("upload.unknown")}
}

// documentPointer is where a document stands in an application, or all of them when none is named.
func documentPointer(document string) string {
	if document == "" {
		return "/documents"
	}
	return "/documents/" + form.PointerToken(document)
}

// readBody reads a bounded body at once: the parser wants it whole.
func readBody(r *http.Request) ([]byte, error) {
	var b bytes.Buffer
	if r.ContentLength > 0 && r.ContentLength <= maxBody {
		b.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	if _, err := b.ReadFrom(r.Body); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// requestHash tells two requests with one key apart.
func requestHash(mediaType, uploads string, body []byte) [32]byte {
	h := sha256.New()
	h.Write([]byte(mediaType + "\n" + uploads + "\n"))
	h.Write(body)
	return [32]byte(h.Sum(nil))
}

// apiClient scopes idempotency keys and uploads. There is no login yet, so all who know a key or an upload's id are one client of
// the service; keys are long, ids are random, and a replay needs the very same body.
func (c *call) apiClient() string { return "api/" + c.release.service }

// parse reads the body and adds what the store knows of the uploads that it names.
func (s *Server) parse(c *call, mediaType, charset string, body []byte, filing *store.Filing) (*form.Envelope, []form.Violation, error) {
	model, err := c.model()
	if err != nil {
		return nil, nil, err
	}
	var (
		envelope *form.Envelope
		broken   []form.Violation
	)
	if mediaType == "application/json" {
		filing.Way = store.JSON
		envelope, broken, err = model.ParseJSON(body)
	} else {
		filing.Way = store.XML
		envelope, broken, err = model.ParseXML(body, charset)
	}
	if err != nil {
		return nil, nil, err
	}
	if envelope.Language == "" {
		envelope.Language = c.lang
	}
	for id := range strings.FieldsFuncSeq(c.Header.Get(uploadsHeader), func(r rune) bool { return r == ',' || r == ' ' }) {
		envelope.Documents = append(envelope.Documents, form.Attachment{ID: id})
	}
	unknown, err := s.attach(c, envelope)
	return envelope, append(broken, unknown...), err
}

// attach replaces what a client says of its uploads by what the store knows of them. An upload that is not there, or is named
// twice, is an error at its document.
func (s *Server) attach(c *call, envelope *form.Envelope) ([]form.Violation, error) {
	var unknown []form.Violation
	model, err := c.model()
	if err != nil {
		return nil, err
	}
	if v, tooMany := model.TooManyFiles(len(envelope.Documents)); tooMany {
		envelope.Documents = nil
		return append(unknown, v), nil
	}
	seen := map[string]bool{}
	kept := envelope.Documents[:0]
	for _, a := range envelope.Documents {
		info, err := s.uploaded(c, a)
		if errors.Is(err, store.ErrNotFound) || err == nil && seen[info.ID] {
			unknown = append(unknown, s.lostUpload(a.Document))
			continue
		}
		if err != nil {
			return nil, err
		}
		seen[info.ID] = true
		kept = append(kept, attachment(info))
	}
	envelope.Documents = kept
	return unknown, nil
}

// uploaded finds an upload of this client for the document that the client names, or for its own when none is named.
func (s *Server) uploaded(c *call, a form.Attachment) (store.FileInfo, error) {
	if a.ID == "" {
		return store.FileInfo{}, store.ErrNotFound
	}
	reader, info, err := s.store.OpenFile(c.Context(), a.ID)
	if err != nil {
		return store.FileInfo{}, err
	}
	reader.Close()
	if info.Owner != c.apiClient() || a.Document != "" && a.Document != info.Document {
		return store.FileInfo{}, store.ErrNotFound
	}
	return info, nil
}

func attachment(info store.FileInfo) form.Attachment {
	return form.Attachment{
		Document: info.Document, ID: info.ID, Name: info.Name, Type: info.Type, Size: info.Size, SHA256: hex.EncodeToString(info.SHA256[:]),
	}
}

// text is one of the program's texts in all its languages, for violations that the form does not know of.
func (s *Server) text(id string) v1alpha1.Text {
	return v1alpha1.Text{
		"ru": v1alpha1.LocalizedString(s.renderer.Say("ru", id)),
		"en": v1alpha1.LocalizedString(s.renderer.Say("en", id)),
	}
}

// answerReceipt acknowledges an application. It reads nothing: what is filed must not be answered with an error, or a client without
// a key would file it again.
func (s *Server) answerReceipt(c *call, receipt store.Receipt, owed []v1alpha1.Fee) error {
	status := http.StatusCreated
	if receipt.Replayed {
		status = http.StatusOK
	}
	h := c.w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Location", "/api/v1/services/"+receipt.Service+"/applications/"+receipt.Number)
	body := s.receiptBody(receipt)
	body.Secret, body.Fees = s.store.Secret(receipt.Number), feesBody(owed)
	return writeJSON(c.w, status, "application/json", body)
}

// receiptBody tells times in the agency's zone.
func (s *Server) receiptBody(receipt store.Receipt) receiptBody {
	body := receiptBody{
		Number: receipt.Number, FiledAt: s.local(receipt.FiledAt), Unit: receipt.Unit, Queue: receipt.Queue,
		Service: receipt.Service, Digest: receipt.Digest, Revision: revisionName(receipt),
	}
	if !receipt.Deadline.IsZero() {
		body.Deadline, body.DeadlineProvisional = s.local(receipt.Deadline), receipt.DeadlineProvisional
	}
	return body
}

func (s *Server) local(t time.Time) string { return t.In(s.options.Location).Format(time.RFC3339) }
