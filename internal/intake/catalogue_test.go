// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// heading is what the start page is called now.
func (f *fixture) heading() string {
	f.t.Helper()
	return f.tab("ru").get("/s/" + service).heading()
}

func TestPublicationSwitchesAndAnOlderOneDoesNot(t *testing.T) {
	f := start(t)
	two, three := definition(t, titled("Второе")), definition(t, titled("Третье"))
	f.publish(publication(t, 3, three), three)
	f.publish(publication(t, 2, two), two)
	f.publish(publication(t, 3, two), two)
	if got := f.heading(); got != "Третье" {
		t.Errorf("serves %q, want the newest record's", got)
	}
}

func TestDefinitionThatIsNotWhatWasSignedIsNeverServed(t *testing.T) {
	f := start(t)
	forged := definition(t, titled("Подделка"))
	err := f.Publish(t.Context(), publication(t, 2, definition(t, titled("Настоящее"))), forged)
	if !errors.Is(err, ErrDigest) {
		t.Errorf("err = %v, want ErrDigest", err)
	}
	if got := f.heading(); got != "Парковочное разрешение" {
		t.Errorf("serves %q, want the last good one", got)
	}
	real := definition(t, titled("Настоящее"))
	f.publish(publication(t, 2, real), real)
	if got := f.heading(); got != "Настоящее" {
		t.Errorf("serves %q after the right definition came", got)
	}
}

func TestDefinitionThatCannotBeServedLeavesTheLastGoodOne(t *testing.T) {
	f := start(t)
	broken := definition(t, set("data.schema.properties.name", map[string]any{"type": "null"}))
	if err := f.Publish(t.Context(), publication(t, 2, broken), broken); err == nil {
		t.Error("a form that does not compile is followed")
	}
	if a := f.fileJSON(resident); a.status != http.StatusCreated {
		t.Errorf("the last good revision does not serve: %d", a.status)
	}
}

func TestPublicationWaitsForItsTime(t *testing.T) {
	f := start(t)
	later := definition(t, titled("С апреля"))
	f.publish(publication(t, 2, later, func(s *v1alpha1.PublicationSpec) {
		s.EffectiveAt = &metav1.Time{Time: noon.Add(time.Hour)}
	}), later)
	if err := f.promote(t.Context(), f.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if got := f.heading(); got != "Парковочное разрешение" {
		t.Errorf("before its time it serves %q", got)
	}
	f.clock.Add(time.Hour)
	if err := f.promote(t.Context(), f.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if got := f.heading(); got != "С апреля" {
		t.Errorf("at its time it serves %q", got)
	}
}

func TestPublicationThatWaitsOutlivesARestart(t *testing.T) {
	f := start(t)
	later := definition(t, titled("С апреля"))
	at := func(s *v1alpha1.PublicationSpec) { s.EffectiveAt = &metav1.Time{Time: noon.Add(2 * time.Hour)} }
	f.publish(publication(t, 2, later, at), later)
	f.close()
	f.clock.Add(2 * time.Hour)
	again := openIntake(t, f.path, f.clock, Options{})
	if err := again.promote(t.Context(), f.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if got := again.heading(); got != "С апреля" {
		t.Errorf("after the restart, at its time, it serves %q", got)
	}
	again.publish(publication(t, 3, later, action(v1alpha1.ActionWithdraw), func(s *v1alpha1.PublicationSpec) {
		s.EffectiveAt = &metav1.Time{Time: noon.Add(3 * time.Hour)}
	}), nil)
	again.close()
	f.clock.Add(time.Hour)
	last := openIntake(t, f.path, f.clock, Options{})
	if err := last.promote(t.Context(), f.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if a := last.fileJSON(resident); a.status != http.StatusForbidden {
		t.Errorf("an application after the withdrawal's time: %d", a.status)
	}
}

func TestIntakeStartsFromItsStoreAlone(t *testing.T) {
	f := start(t)
	draft := apply(f)
	second := definition(t, titled("Второе"))
	f.publish(publication(t, 2, second), second)
	cookies := draft.client.Jar.Cookies(draft.url)
	path, former := draft.url.Path, draft.header.Get("Okno-Digest")
	f.close()

	again := openIntake(t, f.path, f.clock, Options{})
	if got := again.heading(); got != "Второе" {
		t.Errorf("after the restart it serves %q", got)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, again.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range cookies {
		req.AddCookie(cookie)
	}
	if a := do(t, http.DefaultClient, req); a.status != http.StatusOK || a.header.Get("Okno-Digest") != former || !strings.Contains(string(a.body), "Где вы живёте") {
		t.Errorf("the draft after the restart: %d on %q", a.status, a.header.Get("Okno-Digest"))
	}
	again.publish(publication(t, 1, definition(t)), definition(t))
	if got := again.heading(); got != "Второе" {
		t.Errorf("an old record after the restart leads to %q", got)
	}
}

func TestWithdrawnServiceKeepsReceiptsReadable(t *testing.T) {
	f := start(t)
	b := toCheck(f).choose("", "Подтверждаю").press("Подтвердить")
	number, secret := b.receipt()
	unseen := definition(t, titled("Не видели"))
	f.publish(publication(t, 3, unseen, action(v1alpha1.ActionWithdraw)), nil)
	if a := f.fileJSON(resident); a.status != http.StatusForbidden {
		t.Errorf("an application after the withdrawal: %d", a.status)
	}
	if a := f.call(http.MethodGet, applicationsPath+"/"+number, "", "Okno-Secret", secret); a.status != http.StatusOK {
		t.Errorf("status of an application: %d", a.status)
	}
	if b.get("/"); b.says("Парковочное разрешение") {
		t.Error("the list of services still offers it")
	}
	f.close()
	again := openIntake(t, f.path, f.clock, Options{})
	if a := again.call(http.MethodGet, applicationsPath+"/"+number, "", "Okno-Secret", secret); a.status != http.StatusOK {
		t.Errorf("status after a restart: %d", a.status)
	}
	if a := again.fileJSON(resident); a.status != http.StatusForbidden {
		t.Errorf("an application after the restart: %d", a.status)
	}
}

func TestPublicIntakeServesNothingThatWasNotPublished(t *testing.T) {
	f := openIntake(t, t.TempDir()+"/okno.db", &clock{now: noon}, Options{})
	if err := f.Serve(t.Context(), service, definition(t)); err == nil {
		t.Error("a public intake serves an unpublished definition")
	}
	author := openIntake(t, t.TempDir()+"/okno.db", &clock{now: noon}, Options{Mode: Author})
	for _, title := range []string{"Одно", "Другое", "Одно"} {
		if err := author.Serve(t.Context(), service, definition(t, titled(title))); err != nil {
			t.Fatal(err)
		}
		if got := author.heading(); got != title {
			t.Errorf("the author sees %q, want %q", got, title)
		}
	}
}
