# The commands of this project; `make` alone lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The Kubernetes that tests and demo run against; 1.34.4 is one that works too.
K8S_VERSION ?= $(shell sed -n 's|.*k8s.io/kubernetes v\([0-9.]*\).*|\1|p' tests/controlplane/kubernetes/go.mod)
export K8S_VERSION

.PHONY: help controlplane test check generated nightly-contract nightly-sdk demo clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

controlplane: ## Build etcd, kube-apiserver, kube-controller-manager and kubectl once
	@tests/controlplane/build.sh

# --no-fail-fast, so that the last line counts every test, not those before the first failure.
test: controlplane ## Run every test against a real control plane and say how many passed
	@mkdir -p target
	@cargo test --locked --workspace --no-fail-fast 2>&1 | tee target/test.log && status=0 || status=$$?; \
	awk '/^test result:/ { passed += $$4; failed += $$6 } \
	     /^test .*::platform_only::.* ok$$/ { apart += 1 } \
	     END { printf "%d of these show behaviour of the platform alone (platform_only)\n", apart; \
	           printf "%d passed, %d failed\n", passed, failed; exit failed > 0 }' target/test.log || status=1; \
	exit $$status

check: controlplane ## Check formatting, lints and that generated files are fresh
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo test --locked --workspace --test integration generated

generated: ## Write the generated files anew
	UPDATE=1 cargo test --locked --workspace --test integration generated

# Not part of `make test`: it installs packages. The packages talk to their public hosts through a proxy of their own.
nightly-sdk: ## Let Microsoft's own packages talk to the sandbox
	@cargo build --locked --package nimbus-sandbox
	@test -x target/sdk/venv/bin/python || python3 -m venv target/sdk/venv
	@target/sdk/venv/bin/pip install --quiet --requirement sandbox/tests/sdk/requirements.txt
	@target/sdk/venv/bin/python sandbox/tests/sdk/sdk.py target/debug/nimbus-sandbox

# Not part of `make test` either: four minutes of generated requests, another set each time. The seed of a run is in its output.
nightly-contract: ## Hold the sandbox against its OpenAPI document with generated requests
	@cargo build --locked --package nimbus-sandbox
	@test -x target/contract/venv/bin/python || python3 -m venv target/contract/venv
	@target/contract/venv/bin/pip install --quiet --requirement sandbox/tests/contract/requirements.txt
	@target/contract/venv/bin/python sandbox/tests/contract/contract.py target/debug/nimbus-sandbox target/contract/venv/bin/schemathesis

demo: controlplane ## Start everything and play with it until Ctrl-C (ONESHOT=1: check it and exit)
	@cargo build --locked --workspace --bins --example demo
	@cargo run --quiet --locked --example demo -- $(if $(ONESHOT),--oneshot)

clean: ## Remove everything that was built
	cargo clean
	rm -rf .controlplane
