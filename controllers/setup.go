// SPDX-License-Identifier: Apache-2.0

// Package controllers is the controller's table of contents: one line for each thing that it does.
package controllers

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/controllers/govservice"
	"github.com/okno-dev/okno/controllers/intake"
	"github.com/okno-dev/okno/controllers/observation"
	"github.com/okno-dev/okno/controllers/serviceprovider"
	"github.com/okno-dev/okno/internal/gate"
	"github.com/okno-dev/okno/internal/inner"
	"github.com/okno-dev/okno/internal/installation"
	"github.com/okno-dev/okno/internal/locate"
	"github.com/okno-dev/okno/internal/prover"
	"github.com/okno-dev/okno/internal/resources"
	"github.com/okno-dev/okno/internal/signature"
)

// Options are what the installation decides.
type Options struct {
	// Clock tells the time.
	Clock clock.WithTicker
	// HTTP talks to intakes and provers.
	HTTP *http.Client
	// Installation signs.
	Installation *installation.Installation
	// Admission are the admission policies as shipped.
	Admission gate.Admission
	// Settings are what every intake is built with.
	Settings resources.Settings
	// ProverAddress is where a prover listens; nil means to look for provers' pods in the system namespace.
	ProverAddress *prover.Address
	// Find finds intakes; nil means their pods.
	Find observation.Finder
	// WithdrawGrace is how long a deleted service still takes applications.
	WithdrawGrace time.Duration
	// Workers is how many services are reconciled at once.
	Workers int
}

// Setup adds everything that the controller does to a manager.
func Setup(ctx context.Context, mgr ctrl.Manager, o Options) error {
	if err := index(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	keys, err := signature.ParseKeys(o.Installation.TrustedKeys...)
	if err != nil {
		return fmt.Errorf("trusted keys: %w", err)
	}
	pods := locate.NewPods(mgr.GetAPIReader())
	if o.Find == nil {
		o.Find = pods
	}
	scenarios := o.prover(pods.Prover)
	observer := observation.New(observation.Options{
		Client: mgr.GetClient(), Events: mgr.GetEventRecorder(v1alpha1.FieldManager), Clock: o.Clock, HTTP: o.HTTP, Find: o.Find,
		Token: func(namespace string) string { return o.token(inner.IntakeAudience(namespace)) },
	})
	ofImage := func(ctx context.Context) (prover.Address, error) { return pods.ProverOf(ctx, o.Settings.IntakeImage) }
	trials := intake.NewTrials(o.prover(ofImage), mgr.GetClient(), mgr.GetAPIReader(), o.Clock)
	keeper := intake.NewKeeper(intake.Options{
		Client: mgr.GetClient(), Reader: mgr.GetAPIReader(), Clock: o.Clock, Settings: o.Settings, Keys: keys, Trials: trials,
	})
	for name, add := range map[string]func() error{
		"services": func() error {
			return govservice.Setup(mgr, govservice.Options{
				Clock: o.Clock, Installation: o.Installation, Keys: keys, Admission: o.Admission, Prover: scenarios,
				Endpoints: o.Settings.Endpoints, Metrics: observer.Metrics, Checkpoint: observer.Checkpoint, WithdrawGrace: o.WithdrawGrace, Workers: o.Workers,
			})
		},
		"providers": func() error {
			return serviceprovider.Setup(mgr, serviceprovider.Options{Clock: o.Clock, Intake: keep(keeper), Wake: trials.Ended, BaseURL: o.Settings.BaseURL})
		},
		"trials":      func() error { return mgr.Add(trials) },
		"observation": func() error { return mgr.Add(observer) },
	} {
		if err := add(); err != nil {
			return fmt.Errorf("set up %s: %w", name, err)
		}
	}
	return nil
}

// prover runs scenarios on a prover that locate finds, unless the installation says where one is.
func (o Options) prover(locate func(context.Context) (prover.Address, error)) *prover.Prover {
	if o.ProverAddress != nil {
		locate = func(context.Context) (prover.Address, error) { return *o.ProverAddress, nil }
	}
	return &prover.Prover{HTTP: o.HTTP, Locate: locate, Token: func() string { return o.token(inner.ProverAudience) }}
}

// token is short-lived: whoever overhears it can use it for two minutes, at one place.
func (o Options) token(audience string) string {
	return o.Installation.Signer.Token(audience, o.Clock.Now().Add(signature.TokenLife))
}

// keep lets providers and intakes meet without knowing each other.
func keep(k *intake.Keeper) serviceprovider.Intake {
	return func(ctx context.Context, p *v1alpha1.ServiceProvider) (serviceprovider.IntakeState, error) {
		state, err := k.Keep(ctx, p)
		return serviceprovider.IntakeState(state), err
	}
}
