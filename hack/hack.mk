# Targets of the local cluster; included by the Makefile.

##@ Local cluster

.PHONY: controlplane
controlplane: ## Build etcd, kube-apiserver, kube-controller-manager and kubectl into bin/ (once per version)
	@hack/build-controlplane.sh

.PHONY: run
run: ## Run Okno on a local Kubernetes and publish the sample; CLUSTER=<context> uses an existing cluster, ADDRESS=127.0.0.1:9090 moves the front door
	@mkdir -p bin
	@test -x bin/okno-local || echo "building the local cluster's tool (2 min the first time)"
	@CGO_ENABLED=0 GOFLAGS="-buildvcs=false -trimpath" go build -o bin/okno-local ./hack/local/run
	@bin/okno-local $(if $(CLUSTER),--cluster="$(CLUSTER)") $(if $(ADDRESS),--address="$(ADDRESS)")

.PHONY: clean-run
clean-run: ## Drop the local cluster's data
	@CGO_ENABLED=0 GOFLAGS="-buildvcs=false -trimpath" go run ./hack/local/run clean
