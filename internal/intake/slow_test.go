// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/okno-dev/okno/internal/intake/store"
)

// impatient serves the fixture to sockets, and waits for nobody.
func impatient(t *testing.T, f *fixture) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := newHTTPServer(f.Public(), patience{
		header: 100 * time.Millisecond, request: 200 * time.Millisecond, answer: time.Minute, idle: 100 * time.Millisecond,
	})
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Close()
		if err := <-stopped; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

// socket is a client that stops in the middle.
type socket struct {
	t *testing.T
	*net.TCPConn
}

// dial connects and sends the beginning of a request.
func dial(t *testing.T, address, beginning string) *socket {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, beginning); err != nil {
		t.Fatal(err)
	}
	return &socket{t, conn.(*net.TCPConn)}
}

// refused reads the problem that the server answers.
func (s *socket) refused(status int, id string) {
	s.t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(s), nil)
	if err != nil {
		s.t.Fatalf("no answer: %v", err)
	}
	defer response.Body.Close()
	var problem problemBody
	if err := json.NewDecoder(response.Body).Decode(&problem); err != nil {
		s.t.Fatal(err)
	}
	if response.StatusCode != status || problem.Type != problemType+id || problem.Detail == "" {
		s.t.Errorf("%d %+v, want %d %s", response.StatusCode, problem, status, id)
	}
}

func post(path, contentType string, length int) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: okno\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", path, contentType, length)
}

func TestSlowClientsAreNotWaitedForAndHoldNobodyUp(t *testing.T) {
	f := start(t)
	address := impatient(t, f)
	half := post(applicationsPath, "application/json", len(resident)) + resident[:40]
	var slow []*socket
	for range 20 {
		slow = append(slow, dial(t, address, half))
	}
	quick := dial(t, address, post(applicationsPath, "application/json", len(resident))+resident)
	response, err := http.ReadResponse(bufio.NewReader(quick), nil)
	if err != nil || response.StatusCode != http.StatusCreated {
		t.Fatalf("beside slow clients: %v %v", response, err)
	}
	response.Body.Close()
	for _, s := range slow {
		s.refused(http.StatusRequestTimeout, "slow")
	}
	for name, beginning := range map[string]string{"half a header": "POST " + applicationsPath + " HTTP/1.1\r\nHos", "nothing": ""} {
		// The server of HTTP may say a word of its own before it closes the connection.
		if said, err := io.ReadAll(dial(t, address, beginning)); err != nil || len(said) > 0 && !strings.HasPrefix(string(said), "HTTP/1.1 400 ") {
			t.Errorf("%s is answered with %q, %v; want the end of the connection", name, said, err)
		}
	}
	if got := f.counts().Submitted; got != 1 {
		t.Errorf("%d applications were taken", got)
	}
}

func TestClientsThatBreakOffAreToldSoAndLeaveNothing(t *testing.T) {
	f := start(t)
	address := impatient(t, f)
	upload := uploadsPath + "?document=rent&name=a.pdf"
	for name, beginning := range map[string]string{
		"an application":                     post(applicationsPath, "application/json", len(resident)) + resident[:40],
		"an application before its body":     post(applicationsPath, "application/xml", 100),
		"an upload":                          post(upload, "application/pdf", 1<<20) + pdf,
		"an upload of which much has come":   post(upload, "application/pdf", 4<<20) + pdf + strings.Repeat(" ", 3<<20),
		"an upload before its body":          post(upload, "application/pdf", 1<<20),
		"an upload in chunks without an end": "POST " + upload + " HTTP/1.1\r\nHost: okno\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n%PDF-\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := dial(t, address, beginning)
			if err := s.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			s.refused(http.StatusBadRequest, "unreadable")
		})
	}
	if strings.Contains(f.logs.String(), "level=ERROR") {
		t.Errorf("who breaks off makes the intake log an error:\n%s", f.logs)
	}
	if files, err := f.store.Files(t.Context(), "api/"+service); err != nil || len(files) > 0 {
		t.Errorf("kept %v, %v", files, err)
	}
	if got := f.counts(); got.Submitted != 0 {
		t.Errorf("counts = %+v", got)
	}
}

func TestTheSlowestUploadMayTakeLongerThanOtherRequests(t *testing.T) {
	if uploadTime <= standing.answer || standing.answer <= standing.request || standing.request <= standing.header {
		t.Errorf("uploads %v, %+v: each must be more than the next", uploadTime, standing)
	}
}

// Clients are not known by name: the key and the very same body are what tells them apart.
func TestAKeyThatTwoClientsThoughtOfShowsNeitherTheOthersReceipt(t *testing.T) {
	f := start(t)
	const key = "2026-03-02-0001"
	first := f.fileJSON(resident, idempotencyKey, key, "X-Forwarded-For", "203.0.113.1")
	number, secret := first.json(t)["number"].(string), first.json(t)["secret"].(string)
	for name, body := range map[string]string{
		"another person's application":  strings.Replace(resident, "Анна", "Яна", 1),
		"the same with one space more":  resident + " ",
		"the same in other words":       strings.Replace(resident, `"years": 2`, `"years": 2.0`, 1),
		"what is no application":        "{",
		"what the service would refuse": `{"data": {}}`,
	} {
		a := f.fileJSON(body, idempotencyKey, key, "X-Forwarded-For", "203.0.113.2")
		if a.status < 400 || strings.Contains(string(a.body), number) || strings.Contains(string(a.body), secret) || a.header.Get("Location") != "" {
			t.Errorf("%s: %d %v %s", name, a.status, a.header, a.body)
		}
	}
	if a := f.call(http.MethodPost, applicationsPath, resident, "Content-Type", "application/xml", idempotencyKey, key); a.status < 400 {
		t.Errorf("the same bytes as XML: %d %s", a.status, a.body)
	}
	other := f.fileJSON(strings.Replace(resident, "Анна", "Яна", 1), idempotencyKey, key+"-2", "X-Forwarded-For", "203.0.113.2")
	if other.status != http.StatusCreated || other.json(t)["number"] == number {
		t.Errorf("under a key of its own: %d %s", other.status, other.body)
	}
	if _, err := f.store.Application(t.Context(), number); errors.Is(err, store.ErrNotFound) {
		t.Error("the first application is gone")
	}
}
