# The one place where commands are named. `make help` lists them.
# One set of build flags everywhere: a second set would compile everything twice on two cores.
export CGO_ENABLED := 0
export GOFLAGS := -buildvcs=false -trimpath

BIN := $(CURDIR)/bin
SAMPLE := config/samples/pension-delivery/govservice.yaml
# Packages whose goroutines share memory; they alone are tested with the race detector.
RACE := ./internal/intake/... ./internal/portal/... ./internal/scenario/... \
	./controllers/govservice ./controllers/intake ./controllers/observation ./controllers/serviceprovider

.DEFAULT_GOAL := help

##@ Use

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-zA-Z_-]+:.*##/ {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: try
try: ## Lint, prove and serve the sample service on loopback, without a cluster; ADDRESS=127.0.0.1:9090 moves it
	@test -x $(BIN)/kubectl-okno || echo "building the command line and the intake (about 4 minutes the first time)"
	@go build -o $(BIN)/kubectl-okno ./cmd/kubectl-okno
	@$(BIN)/kubectl-okno serve -f $(SAMPLE) $(if $(ADDRESS),--addr="$(ADDRESS)")

include hack/hack.mk

##@ Develop

.PHONY: build
build: ## Build the controller, the intake, the portal and the command line into bin/
	go build -o $(BIN)/ ./cmd/...

.PHONY: generate
generate: $(BIN)/controller-gen ## Write deepcopy code, CRDs and styles anew
	$(BIN)/controller-gen object:headerFile=hack/boilerplate.go.txt crd:generateEmbeddedObjectMeta=false paths=./api/... output:crd:dir=config/crd
	hack/build-styles.sh

.PHONY: test
test: controlplane ## Run all tests: unit, API server and end to end
	hack/test.sh ./...

.PHONY: test-race
test-race: ## Run the packages that share memory with the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -race $(RACE)

.PHONY: test-browser
test-browser: ## Look at every page in Chromium: axe-core, keyboard, phone, print (needs chromium and npm)
	hack/test-browser.sh

.PHONY: verify
verify: $(BIN)/golangci-lint ## Check that generated files are current, the code is formatted and linted, and the modules are tidy
	$(MAKE) --no-print-directory generate
	go mod tidy -diff
	go vet ./...
	$(BIN)/golangci-lint run
	hack/verify-clean.sh

.PHONY: bench
bench: controlplane build ## Measure the figures of docs/performance.md as ratios and write bench/results/*.json
	go run ./test/bench

.PHONY: soak
soak: controlplane build ## Run the long campaigns: kill -9, crashes at every write, fuzzing
	OKNO_SOAK=1 hack/test.sh -timeout 3h -run 'Soak|Kill|Crash' ./internal/intake/... ./controllers/... ./test/...
	hack/fuzz.sh

# Tools, built when a target needs them.

TOOLS := hack/tools/go.mod hack/tools/go.sum

$(BIN)/controller-gen: $(TOOLS)
	cd hack/tools && go build -o $@ sigs.k8s.io/controller-tools/cmd/controller-gen

# One linter binary: golangci-lint with kube-api-linter linked in.
$(BIN)/golangci-lint: $(TOOLS)
	@echo "building the linter (about 4 minutes the first time)"
	cd hack/tools && go build -o $@ sigs.k8s.io/kube-api-linter/cmd/golangci-lint-kube-api-linter
