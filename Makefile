# Questline's commands. `make` alone lists them; the two that a newcomer needs are `run` and `test`.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
DATA ?= target/demo

.PHONY: help
help: ## lists these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{printf "  make %-16s %s\n", $$1, $$2}'

.PHONY: run
run: ## replays a year of a real shop's orders through the whole engine, then stays up to be asked
	$(CARGO) run --release --locked --bin questline -- demo --data $(DATA)

.PHONY: test
test: .tools/bin/nats-server .tools/cassandra/fetched ## every test, with a replay of the real orders that is killed three times on its way
	QUESTLINE_KILLS=3 $(CARGO) test --workspace --locked --no-fail-fast

.PHONY: verify-replay
verify-replay: ## server = simulate, to the last micro-point, through 20 kills, a lost state folder and a file sent twice
	QUESTLINE_KILLS=$(or $(QUESTLINE_KILLS),20) $(CARGO) test --release --locked -p questline --test verify_replay -- --nocapture

.PHONY: verify
verify: fmt lint tidy deny proto-lint doc ## every linter

.PHONY: fmt
fmt: ## formatting
	$(CARGO) fmt --all --check

.PHONY: lint
lint: ## clippy, warnings are errors
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

.PHONY: tidy
tidy: ## layers of crates, long files, leftovers
	$(CARGO) xtask all

.PHONY: deny
deny: .tools/bin/cargo-deny ## licences, bans and sources of dependencies
	.tools/bin/cargo-deny --locked check bans licenses sources

.PHONY: proto-lint
proto-lint: .tools/buf ## the protobuf packages
	cd proto && ../.tools/buf lint

.PHONY: doc
doc: ## public documentation builds without a warning
	RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" $(CARGO) doc --workspace --no-deps --locked --quiet

.PHONY: bench
bench: ## every number, in some tens of minutes: bench-results/*.json, the tables of docs/performance.md, which bars are met
	$(CARGO) build --release --locked --bin questline --bin questline-bench
	mkdir -p bench-results
	$(CARGO) bench --locked -p events -p progression -p embedded --bench wire --bench fold --bench log | tee bench-results/micro.txt
	$(CARGO) run --release --locked --bin questline-bench -- $(BENCH)

.PHONY: cluster
cluster: .tools/bin/nats-server .tools/cassandra/fetched ## a whole cluster on loopback: NATS, Cassandra, every role a process; compared with simulate, then stays up
	$(CARGO) build --release --locked --bin questline --bin questline-cluster
	$(or $(CARGO_TARGET_DIR),target)/release/questline-cluster up $(CLUSTER)

.PHONY: chaos
chaos: .tools/bin/nats-server .tools/cassandra/fetched ## every part of a cluster is killed, paused or restarted under load: what became of every event
	$(CARGO) build --release --locked --bin questline --bin questline-cluster
	$(or $(CARGO_TARGET_DIR),target)/release/questline-cluster chaos $(CHAOS)

.PHONY: sim
sim: ## 20,000 simulated histories (SEEDS), or one (SEED) told line by line: docs/simulation.md
	QUESTLINE_SEEDS=$(or $(SEEDS),20000) QUESTLINE_SEED=$(SEED) $(CARGO) test --release --locked -p engine --test simulation \
		whatever -- --nocapture

.PHONY: mutants
mutants: ## each rule of the protocol taken away alone, in a copy of the tree: after how many histories that is noticed
	$(CARGO) xtask mutants $(MUTANT)

.PHONY: loadtest
loadtest: ## a shop's ordinary day against a server started for it: a verdict, and loadtest-results/steady.json and .html
	$(CARGO) build --release --locked --bin questline --bin questline-load
	$(or $(CARGO_TARGET_DIR),target)/release/questline-load run --scenario loadtest/scenarios/steady.toml --start \
		--report loadtest-results/steady.html

.PHONY: fuzz
fuzz: .tools/bin/cargo-fuzz ## libFuzzer on everything that takes bytes from outside: FUZZ_SECONDS on each target (60)
	$(CARGO) run --locked -p hostile --example corpus -- fuzz/corpus
	tools/fuzz.sh $(or $(FUZZ_SECONDS),60)

.PHONY: clean
clean: ## removes what was built and fetched
	rm -rf target .tools bench-results loadtest-results fuzz/target fuzz/corpus fuzz/artifacts

.tools/bin/cargo-deny: tools/cargo-deny.sh
	tools/cargo-deny.sh

.tools/bin/cargo-fuzz: tools/cargo-fuzz.sh
	tools/cargo-fuzz.sh

.tools/bin/nats-server: tools/nats.sh
	tools/nats.sh

.tools/buf: tools/buf/package.json tools/buf/package-lock.json
	mkdir -p .tools
	cp tools/buf/package.json tools/buf/package-lock.json .tools/
	npm ci --prefix .tools --ignore-scripts --no-audit --no-fund --loglevel=error
	cp .tools/node_modules/@bufbuild/buf-linux-*/bin/buf $@

.tools/cassandra/fetched: tools/cassandra.sh tools/cassandra/pom.xml tools/cassandra/jars.sha256
	tools/cassandra.sh
