# Run `make` to list the commands.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The Kubernetes version for tests and demo. 1.34.4 works too.
K8S_VERSION ?= $(shell sed -n 's|.*k8s.io/kubernetes v\([0-9.]*\).*|\1|p' tests/controlplane/kubernetes/go.mod)
export K8S_VERSION

# Most tests wait for a timer or for another process, so two of them share a core.
RUST_TEST_THREADS ?= $(shell echo $$(($$(nproc) * 2)))
export RUST_TEST_THREADS

.PHONY: help controlplane test check deny generated nightly-advisories nightly-contract nightly-failover nightly-sdk bench bench-cost bench-instructions demo image e2e clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

controlplane: ## Build etcd, kube-apiserver, kube-controller-manager, kubectl, Helm and promtool, once
	@tests/controlplane/build.sh

# --no-fail-fast, so that the summary counts every test, not only those before the first failure.
test: controlplane ## Run all tests against a real control plane and list the failed ones with their logs
	@mkdir -p target && rm -rf target/test-logs
	@cargo test --locked --workspace --no-fail-fast 2>&1 | tee target/test.log && status=0 || status=$$?; \
	tests/summary.sh target/test.log target/test-logs $$status

check: controlplane deny ## Check formatting, lints, dependencies and generated files
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo test --locked --workspace --test integration generated

deny: ## Check licenses, sources and banned crates of the dependencies
	@.ci/cargo-deny --log-level error check --hide-inclusion-graph bans licenses sources

generated: ## Update the generated files
	UPDATE=1 cargo test --locked --workspace --test integration generated

# Not part of `make check`, because a new advisory is no fault of a commit. It reads the RustSec database from the network.
nightly-advisories: ## Check the dependencies for known vulnerabilities
	@.ci/cargo-deny check advisories

# Not part of `make test`, because it installs packages. They reach the sandbox under Microsoft's public host names, through a
# proxy.
nightly-sdk: ## Test the sandbox with Microsoft's client packages
	@cargo build --locked --package nimbus-sandbox
	@test -x target/sdk/venv/bin/python || python3 -m venv target/sdk/venv
	@target/sdk/venv/bin/pip install --quiet --requirement sandbox/tests/sdk/requirements.txt
	@target/sdk/venv/bin/python sandbox/tests/sdk/sdk.py target/debug/nimbus-sandbox

# Not part of `make test` either: it takes four minutes, with other requests in each run. The output contains the seed.
nightly-contract: ## Test the sandbox against its OpenAPI document with generated requests
	@cargo build --locked --package nimbus-sandbox
	@test -x target/contract/venv/bin/python || python3 -m venv target/contract/venv
	@target/contract/venv/bin/pip install --quiet --requirement sandbox/tests/contract/requirements.txt
	@target/contract/venv/bin/python sandbox/tests/contract/contract.py target/debug/nimbus-sandbox target/contract/venv/bin/schemathesis

# Not part of `make test` either: it takes a quarter of an hour.
nightly-failover: controlplane ## Kill 50 leaders and pause 50, and print the longest takeover
	@cargo test --locked --test integration ha::campaign -- --include-ignored --nocapture

# A release build as it is shipped. PROFILE=dev builds faster, and its CPU and memory say nothing; the counts are the same.
PROFILE ?= release
N ?= 1000
# All options: make bench BENCH=--help
BENCH ?=
bench: controlplane ## Measure the operator beside an oracle and a stock operator (N=1000, BENCH="--rounds 3 ...")
	cargo build --locked --profile $(PROFILE) --package nimbus-operator --bin nimbus-operator
	cargo build --locked --profile $(PROFILE) --package nimbus-sandbox --bin nimbus-sandbox
	cargo bench --locked --profile $(PROFILE) --package nimbus-bench --bench operator -- run --tenants $(N) $(BENCH)

bench-cost: controlplane ## Measure what a create costs the API server: schema, rules, each policy
	cargo build --locked --profile $(PROFILE) --package nimbus-sandbox --bin nimbus-sandbox
	cargo bench --locked --profile $(PROFILE) --package nimbus-bench --bench operator -- cost $(BENCH)

# Always the same profile: the baseline is of it. Needs valgrind; on Debian and Ubuntu, apt-get install valgrind.
bench-instructions: export CARGO_PROFILE_RELEASE_LTO = off
bench-instructions: export CARGO_PROFILE_RELEASE_CODEGEN_UNITS = 16
bench-instructions: ## Count the instructions of the pure core and compare them with benches/baseline.json (UPDATE=1: keep them)
	cargo bench --locked --profile release --package nimbus-bench --bench core

demo: controlplane ## Run everything until Ctrl-C (ONESHOT=1: run all steps, check them and exit)
	@cargo build --locked --workspace --bins --example demo
	@cargo run --quiet --locked --example demo -- $(if $(ONESHOT),--oneshot)

# Without a container engine. Paths of this machine are left out, so that the same commit gives the same bytes elsewhere.
TARGET ?= $(shell rustc -vV | sed -n 's/^host: //p')
# As in the value image.registry of the charts.
REGISTRY ?=
image: ## Make the images as OCI archives in target/image, each with a software bill of materials
	export RUSTFLAGS="-C target-feature=+crt-static --remap-path-prefix=$$PWD=/src --remap-path-prefix=$${CARGO_HOME:-$$HOME/.cargo}=/cargo" \
	$(foreach package,nimbus-operator nimbus-sandbox,&& cargo build --release --locked --target $(TARGET) --package $(package) --bins)
	cargo run --quiet --locked --example image -- --target $(TARGET) --binaries target/$(TARGET)/release --output target/image --registry "$(REGISTRY)" \
	$(if $(wildcard .git),--revision $$(git rev-parse HEAD))

# README.md describes its variables.
e2e: ## Install both charts in the cluster of KUBECONFIG, use them, and remove everything again
	tests/e2e/run.sh

clean: ## Remove all build output
	cargo clean
	rm -rf .controlplane
