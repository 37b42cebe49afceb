// SPDX-License-Identifier: Apache-2.0

package journal_test

import (
	"database/sql"
	"testing"

	"github.com/okno-dev/okno/internal/intake/journal"
)

const benchEntries = 50_000

// BenchmarkVerify and BenchmarkScan read the same log; their ratio is what verification adds.
func BenchmarkVerify(b *testing.B) {
	db := newLog(b, benchEntries)
	for b.Loop() {
		if _, err := journal.Verify(b.Context(), db); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(benchEntries*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

func BenchmarkScan(b *testing.B) {
	db := newLog(b, benchEntries)
	for b.Loop() {
		scan(b, db)
	}
	b.ReportMetric(benchEntries*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

func scan(b *testing.B, db *sql.DB) {
	rows, err := db.Query(`
		select e.idx, e.leaf, e.hash, d.salt, d.detail
		from journal_entry e left join journal_detail d on d.idx = e.idx order by e.idx`)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var (
			index                    uint64
			leaf, hash, salt, detail sql.RawBytes
		)
		if err := rows.Scan(&index, &leaf, &hash, &salt, &detail); err != nil {
			b.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
}
