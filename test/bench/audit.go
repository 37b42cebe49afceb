// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// controllerUser is whose writes are counted.
const controllerUser = "system:serviceaccount:okno-system:okno-controller"

// audit reads the API server's audit log from where it was last read.
type audit struct {
	path   string
	offset int64
	// published are the instants at which Publications were on record, in their order, since the last call.
	published []time.Time
}

// writes are counted requests of the controller by resource, such as "govservices/status". Refused ones count too.
type writes map[string]int

// events that the API server logs, as far as they are looked at.
type auditEvent struct {
	Stage          string
	Verb           string
	StageTimestamp time.Time
	User           struct{ Username string }
	// ObjectRef is absent from requests that are about no object.
	ObjectRef *struct{ Resource, Subresource string }
}

// settle is how long after an act its audit lines are looked for: the log is written with the answer.
const settle = time.Second

// since returns what the controller wrote since the last call.
func (a *audit) since(ctx context.Context) (writes, error) {
	if err := pause(ctx, settle); err != nil {
		return nil, err
	}
	f, err := os.Open(a.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := f.Seek(a.offset, io.SeekStart); err != nil {
		return nil, err
	}
	counted := writes{}
	a.published = nil
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return counted, nil // a line that is being written is read next time
		}
		if err != nil {
			return nil, err
		}
		a.offset += int64(len(line))
		var e auditEvent
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("read the audit log: %w", err)
		}
		if resource := counted.add(e); resource == "publications" {
			a.published = append(a.published, e.StageTimestamp)
		}
	}
}

// add counts the event if it is a write of the controller, and returns what was written.
func (w writes) add(e auditEvent) (resource string) {
	if e.Stage != "ResponseComplete" || e.User.Username != controllerUser || e.ObjectRef == nil ||
		!slices.Contains([]string{"create", "update", "patch", "delete", "deletecollection"}, e.Verb) {
		return ""
	}
	resource = e.ObjectRef.Resource
	if e.ObjectRef.Subresource != "" {
		resource += "/" + e.ObjectRef.Subresource
	}
	w[resource]++
	return resource
}

// total counts all writes but those of some resources. Events and leases are apart, as in the targets.
func (w writes) total(without ...string) int {
	sum := 0
	for resource, n := range w {
		if resource != "events" && resource != "leases" && !slices.Contains(without, resource) {
			sum += n
		}
	}
	return sum
}

// per tells the writes by resource, for each of n things when n is more than one.
func (w writes) per(n int) string {
	var parts []string
	for resource, count := range w {
		parts = append(parts, fmt.Sprintf("%s %.3g", resource, float64(count)/float64(max(n, 1))))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
