// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/okno-dev/okno/internal/intake/store"
)

// metrics are numbers for operators. Labels are routes, statuses and services: nothing that a citizen typed.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	unrouted *prometheus.CounterVec
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "okno_intake_requests_total", Help: "Requests by route and status.",
		}, []string{"route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "okno_intake_request_duration_seconds", Help: "Time to answer, by route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, 1, 5},
		}, []string{"route"}),
		unrouted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "okno_intake_unrouted_total", Help: "Applications that no routing rule took, since the start.",
		}, []string{"service"}),
	}
	m.registry.MustRegister(m.requests, m.duration, m.unrouted, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	stat := func(name, help string, value func(store.Stats) float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help},
			func() float64 { return value(s.store.Stats()) }))
	}
	stat("okno_intake_store_queue", "Commands that wait for the writer.", func(st store.Stats) float64 { return float64(st.QueueDepth) })
	stat("okno_intake_store_oldest_seconds", "How long the oldest command has waited.", func(st store.Stats) float64 { return st.Oldest.Seconds() })
	stat("okno_intake_store_syncs", "Syncs asked of the disk since the start.", func(st store.Stats) float64 { return float64(st.Syncs) })
	stat("okno_intake_store_commands", "Commands answered since the start.", func(st store.Stats) float64 { return float64(st.Commands) })
	return m
}

// meter counts the requests of one route.
type meter struct {
	duration prometheus.Observer
	requests *prometheus.CounterVec // by status
	usual    [2]prometheus.Counter  // of what most requests are answered with
}

// usualStatuses are those that are counted without looking for them.
var usualStatuses = [2]int{http.StatusOK, http.StatusCreated}

func (m *metrics) meter(route string) *meter {
	t := &meter{
		duration: m.duration.WithLabelValues(route),
		requests: m.requests.MustCurryWith(prometheus.Labels{"route": route}),
	}
	for i, status := range usualStatuses {
		t.usual[i] = t.requests.WithLabelValues(strconv.Itoa(status))
	}
	return t
}

func (t *meter) observe(status int, took time.Duration) {
	t.duration.Observe(took.Seconds())
	for i, usual := range usualStatuses {
		if status == usual {
			t.usual[i].Inc()
			return
		}
	}
	t.requests.WithLabelValues(strconv.Itoa(status)).Inc()
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
