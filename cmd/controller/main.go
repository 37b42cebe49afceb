// SPDX-License-Identifier: Apache-2.0

// Command controller carries out what GovServices, approvals and policies say.
package main

import (
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/config/admission"
	"github.com/okno-dev/okno/controllers"
	"github.com/okno-dev/okno/internal/installation"
	"github.com/okno-dev/okno/internal/prover"
	"github.com/okno-dev/okno/internal/resources"
)

// flags are what the command line decides.
type flags struct {
	settings                    resources.Settings
	proverURL, proverInnerURL   string
	leaderElect                 bool
	metricsAddress, healthProbe string
	grace                       time.Duration
	workers                     int
	verbose                     bool
}

func parse() *flags {
	f := &flags{}
	flag.StringVar(&f.settings.BaseDomain, "base-domain", "localhost", "domain under which every provider has a host")
	flag.StringVar(&f.settings.PublicScheme, "public-scheme", "http", "http or https, as people's browsers see it")
	flag.IntVar(&f.settings.PublicPort, "public-port", 0, "port in people's addresses; 0 is the scheme's own")
	flag.Func("gateway", "namespace/name of the Gateway that brings people to agencies, or namespace/name/listener; empty uses Ingresses", func(s string) (err error) {
		f.settings.Gateway, err = resources.ParseGateway(s)
		return err
	})
	flag.StringVar(&f.settings.IngressClass, "ingress-class", "", "class of the Ingresses; empty is the cluster's default")
	flag.StringVar(&f.settings.TLSSecret, "tls-secret", "", "certificate in each agency's namespace; empty leaves TLS to what stands before the Ingress")
	flag.StringVar(&f.settings.IntakeImage, "intake-image", "okno.dev/intake:dev", "image of the intakes")
	flag.StringVar(&f.proverURL, "prover-url", "", "scenario listener of the prover; empty looks for its pods in "+v1alpha1.SystemNamespace)
	flag.StringVar(&f.proverInnerURL, "prover-inner-url", "", "inner port of the prover, with --prover-url")
	flag.BoolVar(&f.leaderElect, "leader-elect", false, "let several replicas choose one that acts")
	flag.StringVar(&f.metricsAddress, "metrics-bind-address", "0", "address of Prometheus metrics; 0 is none")
	flag.StringVar(&f.healthProbe, "health-probe-bind-address", ":8082", "address of /healthz and /readyz")
	flag.DurationVar(&f.grace, "withdraw-grace", time.Hour, "how long a deleted service still takes applications")
	flag.IntVar(&f.workers, "workers", 4, "how many services are reconciled at once")
	flag.BoolVar(&f.verbose, "verbose", false, "log every step")
	flag.Parse()
	return f
}

func main() {
	lean()
	f := parse()
	level := slog.LevelInfo
	if f.verbose {
		level = slog.LevelDebug
	}
	logger := logr.FromSlogHandler(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	ctrl.SetLogger(logger)
	klog.SetLogger(logger)
	if err := run(f); err != nil {
		logger.Error(err, "controller stopped")
		os.Exit(1)
	}
}

func run(f *flags) error {
	ctx := ctrl.SetupSignalHandler()
	config, err := restConfig()
	if err != nil {
		return err
	}
	direct, err := client.New(config, client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		return fmt.Errorf("connect to the API server: %w", err)
	}
	install, err := installation.Ensure(ctx, direct)
	if err != nil {
		return err
	}
	f.settings.TrustedKeys = install.TrustedKeys
	shipped, err := admission.Shipped()
	if err != nil {
		return err
	}
	mgr, err := newManager(config, f)
	if err != nil {
		return err
	}
	options := controllers.Options{
		Clock: clock.RealClock{}, HTTP: &http.Client{Timeout: 30 * time.Second}, Installation: install, Admission: shipped,
		Settings: f.settings, WithdrawGrace: f.grace, Workers: f.workers,
	}
	if f.proverURL != "" {
		options.ProverAddress = &prover.Address{Public: f.proverURL, Inner: f.proverInnerURL}
	}
	if err := controllers.Setup(ctx, mgr, options); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

func newManager(config *rest.Config, f *flags) (ctrl.Manager, error) {
	lock, err := controllers.Lock(config, "okno-controller")
	if err != nil {
		return nil, err
	}
	lease, renew, retry := controllers.Lease, controllers.Renew, controllers.Retry
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: controllers.Scheme(), Cache: controllers.CacheOptions(),
		LeaderElection: f.leaderElect, LeaderElectionResourceLockInterface: lock, LeaseDuration: &lease, RenewDeadline: &renew, RetryPeriod: &retry,
		// A leader that ends by itself hands over at once; the program ends with the manager, so nothing goes on without the lease.
		LeaderElectionReleaseOnCancel: true,
		Metrics:                       metricsserver.Options{BindAddress: f.metricsAddress},
		HealthProbeBindAddress:        f.healthProbe,
	})
	if err != nil {
		return nil, fmt.Errorf("make manager: %w", err)
	}
	for _, add := range []func(string, healthz.Checker) error{mgr.AddHealthzCheck, mgr.AddReadyzCheck} {
		if err := add("ping", healthz.Ping); err != nil {
			return nil, fmt.Errorf("add probe: %w", err)
		}
	}
	return mgr, nil
}
