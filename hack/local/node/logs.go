// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"

	"k8s.io/client-go/tools/cache"

	"github.com/okno-dev/okno/hack/local/process"
)

// LogServer answers the API server's requests for containers' logs, so that
// `kubectl logs` works.
type LogServer struct {
	listener net.Listener
	server   *http.Server
	group    string
}

// ListenForLogs opens the log server on a free loopback port. Only clients
// whose certificate is signed by clientCA and names group are answered.
func ListenForLogs(certificate, key, clientCA []byte, group string) (*LogServer, error) {
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("log server: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(clientCA) {
		return nil, errors.New("log server: no certificate authority for clients")
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, MinVersion: tls.VersionTLS12,
	})
	if err != nil {
		return nil, fmt.Errorf("log server: %w", err)
	}
	return &LogServer{listener: listener, group: group}, nil
}

func (l *LogServer) port() int { return l.listener.Addr().(*net.TCPAddr).Port }

func (l *LogServer) serve(n *Node) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", n.serveLog)
	l.server = &http.Server{Handler: l.authorised(mux), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = l.server.Serve(l.listener) }() // ends with close
}

func (l *LogServer) close() { _ = l.server.Close() }

// authorised lets only the API server in: logs hold what programs say of people.
func (l *LogServer) authorised(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(r.TLS.PeerCertificates[0].Subject.Organization, l.group) {
			http.Error(w, "only the API server may read logs", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (n *Node) serveLog(w http.ResponseWriter, r *http.Request) {
	path := n.logFile(cache.ObjectName{Namespace: r.PathValue("namespace"), Name: r.PathValue("pod")}, r.PathValue("container"))
	if r.URL.Query().Get("previous") == "true" {
		path = process.Previous(path)
	}
	f, err := os.Open(path)
	if err != nil {
		http.Error(w, "the container has no such log", http.StatusNotFound)
		return
	}
	defer func() { _ = f.Close() }()
	if lines, err := strconv.Atoi(r.URL.Query().Get("tailLines")); err == nil {
		if err := seekLines(f, lines); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	w.Header().Set("Content-Type", "text/plain")
	if _, err := io.Copy(w, f); err != nil || r.URL.Query().Get("follow") != "true" {
		return
	}
	follow(r.Context(), w, f)
}

// follow copies what is appended to a file until the reader goes.
func follow(ctx context.Context, w http.ResponseWriter, f *os.File) {
	control := http.NewResponseController(w)
	for {
		n, err := io.Copy(w, f)
		if err != nil || n > 0 && control.Flush() != nil {
			return
		}
		if !pause(ctx, 100*time.Millisecond) {
			return
		}
	}
}

// seekLines moves to where the last lines of a file begin.
func seekLines(f *os.File, lines int) error {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	block := make([]byte, 4096)
	for offset := end; offset > 0; {
		size := min(offset, int64(len(block)))
		offset -= size
		if _, err := f.ReadAt(block[:size], offset); err != nil {
			return err
		}
		for i := size - 1; i >= 0; i-- {
			if block[i] != '\n' || offset+i == end-1 {
				continue
			}
			if lines--; lines <= 0 {
				_, err := f.Seek(offset+i+1, io.SeekStart)
				return err
			}
		}
	}
	_, err = f.Seek(0, io.SeekStart)
	return err
}
