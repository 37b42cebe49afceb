// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Checkpoint fixes the first Size entries of the log called Origin.
type Checkpoint struct {
	Origin   string // the log's name, unique to a store
	Size     uint64 // entries covered
	RootHash Hash   // RFC 6962 root over them
	At       time.Time
}

// String returns the body of a C2SP tlog-checkpoint note: origin, size and
// root, a line each, and the time of the last entry as an extension line. A
// signature can be put under it as it stands.
func (c Checkpoint) String() string {
	return c.Origin + "\n" +
		strconv.FormatUint(c.Size, 10) + "\n" +
		base64.StdEncoding.EncodeToString(c.RootHash[:]) + "\n" +
		"at " + c.At.UTC().Format(timeForm) + "\n"
}

// ParseCheckpoint reads what String writes, and nothing else.
func ParseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 5 || lines[4] != "" {
		return Checkpoint{}, errors.New("checkpoint: want four lines, each ended by a newline")
	}
	if lines[0] == "" {
		return Checkpoint{}, errors.New("checkpoint: the origin is empty")
	}
	size, err := strconv.ParseUint(lines[1], 10, 63)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: size: %w", err)
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: root: %w", err)
	}
	at, err := time.Parse("at "+timeForm, lines[3])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: time: %w", err)
	}
	c := Checkpoint{Origin: lines[0], Size: size, RootHash: root, At: at}
	if c.String() != text { // leading zeros, signs, carriage returns
		return Checkpoint{}, errors.New("checkpoint: not in canonical form")
	}
	return c, nil
}
