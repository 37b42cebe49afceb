// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestProgramsGetWhatPeopleSee(t *testing.T) {
	_, h := smallCatalogue(t)
	var names []string
	for path := "/api/v1/services?limit=2&sort=term"; path != ""; {
		status, raw, header := get(t, h, path)
		var body servicesBody
		if err := json.Unmarshal([]byte(raw), &body); err != nil || status != http.StatusOK || header.Get("Content-Type") != "application/json" {
			t.Fatalf("%s: status %d, %v: %s", path, status, err, raw)
		}
		if body.Total != 4 || body.Pages != 2 {
			t.Errorf("%s: %d services on %d pages, want 4 on 2", path, body.Total, body.Pages)
		}
		for _, s := range body.Services {
			names = append(names, s.Name+" "+s.State+" "+s.Form)
		}
		path = strings.TrimPrefix(body.Next, "http://catalogue.localhost:8080")
	}
	want := []string{
		"parking Open http://city.localhost:8080/s/parking", "pension Open http://sfr.localhost:8080/s/pension",
		"allowance Open http://sfr.localhost:8080/s/allowance", "trade Closed http://city.localhost:8080/s/trade",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestProgramsAreToldWhatIsWrong(t *testing.T) {
	_, h := smallCatalogue(t)
	for name, tc := range map[string]struct {
		path   string
		status int
		errors []problemError
	}{
		"every parameter at once": {"/api/v1/services?cost=cheap&limit=0&kind=x", http.StatusBadRequest, []problemError{
			{"cost", `"cheap" is given, allowed is free, paid`},
			{"kind", `"x" is given, allowed is one of the parameters q, agency, for, cost, within, topic, open, sort, page, limit, lang`},
			{"limit", `"0" is given, allowed is a number from 1 to 200`},
		}},
		"an address that is not there": {"/api/v2/services", http.StatusNotFound, nil},
	} {
		t.Run(name, func(t *testing.T) {
			status, raw, header := get(t, h, tc.path)
			var body problem
			if err := json.Unmarshal([]byte(raw), &body); err != nil {
				t.Fatalf("%v: %s", err, raw)
			}
			if status != tc.status || body.Status != tc.status || header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("status %d, %q", status, header.Get("Content-Type"))
			}
			if diff := cmp.Diff(tc.errors, body.Errors); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestSearchEnginesFindEachService(t *testing.T) {
	_, h := smallCatalogue(t)
	if _, robots, _ := get(t, h, "/robots.txt"); !strings.Contains(robots, "Sitemap: http://catalogue.localhost:8080/sitemap.xml\n") {
		t.Errorf("robots.txt:\n%s", robots)
	}
	_, raw, _ := get(t, h, "/sitemap.xml")
	var body struct {
		URLs []sitemapURL `xml:"url"`
	}
	if err := xml.Unmarshal([]byte(raw), &body); err != nil {
		t.Fatal(err)
	}
	if len(body.URLs) != 5 {
		t.Fatalf("%d addresses, want the list and four services:\n%s", len(body.URLs), raw)
	}
	for _, u := range body.URLs {
		if status, _, _ := get(t, h, strings.TrimPrefix(u.Loc, "http://catalogue.localhost:8080")); status != http.StatusOK {
			t.Errorf("%s: status %d", u.Loc, status)
		}
	}
}

func TestStaffSeeRoutesAndGuides(t *testing.T) {
	index, h := newCatalogue(t)
	if err := index.Apply(record(1, "Publish"), sampleDefinition(t)); err != nil {
		t.Fatal(err)
	}
	status, body, _ := get(t, h, "/services/sfr/pension-delivery/staff")
	if status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	for what, text := range map[string]string{"an action": "Pass on for a decision", "a unit": "In all other cases", "the way back": `href="/services/sfr/pension-delivery"`, "a drawing": "<svg "} {
		if !strings.Contains(body, text) {
			t.Errorf("the page for staff lacks %s: %q", what, text)
		}
	}
}
