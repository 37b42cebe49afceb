// SPDX-License-Identifier: Apache-2.0

// Package e2e_test walks the README's path on a cluster that `make run` would make, as a stranger does: with kubectl, kubectl okno,
// the persons of bin/as, and HTTP. It knows nothing of the product's inside but the API's types.
package e2e_test

import (
	"path/filepath"
	"runtime"
	"testing"

	"github.com/okno-dev/okno/hack/local/controlplane/controlplanetest"
)

// The sample that the local cluster publishes.
const (
	service   = "pension-delivery"
	namespace = "sfr"
)

// walk is one walk over one cluster. Each step starts where the step before ended.
type walk struct {
	*cluster
	// old and next are the digests of the sample as it lies in config/samples, and with the changed title.
	old, next string
	// early is a browser whose draft was begun on the old edition, at the page that it was shown.
	early     *browser
	earlyPage *page
	// filed are the applications that were acknowledged.
	filed []receipt
}

func TestTheWalkOfTheREADME(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs a whole cluster")
	}
	if runtime.GOOS != "linux" {
		t.Skip("the local node needs Linux, whose loopback is a whole network")
	}
	controlplanetest.BinDir(t)
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	w := &walk{cluster: &cluster{root: root}}
	w.start(t)
	for _, step := range []struct {
		name string
		do   func(*walk, *testing.T)
	}{
		{"WhoIsNobodyLearnsWhoThereIs", (*walk).nobody},
		{"ASecondRunSaysThatOneIsRunning", (*walk).secondRun},
		{"TheNewEditionWaitsWhileTheOldOneServes", (*walk).waits},
		{"TheLastApprovalShowsTheCitizenTheNewTitle", (*walk).approve},
		{"ADraftFinishesOnTheEditionItWasBegunOn", (*walk).finishEarly},
		{"FormJSONAndXMLAreFiledAndCountedExactly", (*walk).file},
		{"TheOldFileIsServedAgainAtOnce", (*walk).revert},
		{"WhatMustNotDecideDoesNot", (*walk).refuse},
		{"AForgedStatusIsRefusedAndALostOneComesBack", (*walk).status},
		{"NothingIsWrittenWhileNothingChanges", (*walk).quiet},
		{"TheIntakeStartsAndFilesWithoutTheAPIServer", (*walk).outage},
		{"StoppedAndStartedAgainItContinues", (*walk).again},
		{"TheTutorialGoesOnInTheCluster", (*walk).tutorial},
	} {
		// The steps build on each other: after one that failed the others would only say so too.
		if !t.Run(step.name, func(t *testing.T) { step.do(w, t) }) {
			return
		}
	}
}
