# Everything that one does to this repository. `make` lists it.

SHELL := bash
.DEFAULT_GOAL := help

# The modules of this repository: the root, and those nested in it.
MODULES := $(shell find . -name go.mod -not -path '*/testdata/*' -not -path './.*' -exec dirname {} \;)

# The linter is pinned, and kept in the repository's own folder under its version.
GOLANGCI_VERSION := v2.15.0
GOLANGCI := $(CURDIR)/.bin/golangci-lint-$(GOLANGCI_VERSION)

# Arguments for `make run`, as in `make run ARGS='--config my.yaml'`.
ARGS ?=
# How long `make fuzz` spends on each fuzz test, or how often it runs it, as in
# `make fuzz FUZZ=FuzzDecodeEncode FUZZTIME=20000000x`; and which it runs, by a pattern.
FUZZTIME ?= 60s
FUZZ ?= ^Fuzz
# The end of FUZZTIME is a failure to Go 1.26 now and then, on a busy machine above all. Such a
# log names neither an input nor anything else.
timeup = { [ "$$(grep -A 1 '^--- FAIL' "$(1)" | tail -n +2)" = "    context deadline exceeded" ] && echo "no failure: the time was up"; }
# What `make soak` runs, and for how long a package may run.
SOAK ?= ^TestSoak
SOAKTIME ?= 2h

# What the tests of MongoDB run on depends on the machine, and go test tells it with -v alone.
say_mongo = go test -race -count=1 -v -run '^TestTheSharedMongoSaysWhatItIs$$' ./integration/servers | \
	{ grep '^the tests of MongoDB run on ' || { echo "there is no server for the tests of MongoDB, see integration/servers" >&2; false; }; }

.PHONY: help
help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## start the site on an address that it prints; needs Go alone
	@# Not go run, whose exit status after Ctrl-C is 1.
	go build -o .bin/gyrfalcon ./app/gyrfalcon && exec .bin/gyrfalcon serve $(ARGS)

.PHONY: test
test: deps ## vet, and run all tests with the race detector; installs what they need
	@$(say_mongo)
	@for module in $(MODULES); do \
		echo "== $$module"; \
		(cd "$$module" && go vet ./... && go vet -tags soak ./... && go test -race -count=1 -timeout 9m ./...) || exit 1; \
	done

.PHONY: lint
lint: $(GOLANGCI) ## check with the pinned golangci-lint, gofmt, and go mod tidy
	@unformatted=$$(gofmt -l .); \
	if [ -n "$$unformatted" ]; then echo "not formatted, run gofmt -w: $$unformatted" >&2; exit 1; fi
	@for module in $(MODULES); do \
		echo "== $$module"; \
		(cd "$$module" && go mod tidy -diff && $(GOLANGCI) run --allow-parallel-runners --config $(CURDIR)/.golangci.yml ./...) || exit 1; \
	done

# GOBIN holds one name for all versions; ours is in the file's name.
$(GOLANGCI):
	@mkdir -p $(@D)
	GOBIN=$(@D) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@mv $(@D)/golangci-lint $@

.PHONY: fuzz
fuzz: ## run every fuzz test (or FUZZ=pattern) for FUZZTIME (60s, or 20000000x) and print how often each was run
	@set -o pipefail; counts=""; failed=0; \
	for module in $(MODULES); do \
		tests=$$(cd "$$module" && go test -list '$(FUZZ)' ./... | \
			awk '/^Fuzz/ { names[n++] = $$1 } /^ok/ { for (i = 0; i < n; i++) print $$2 ":" names[i]; n = 0 }') || exit 1; \
		for test in $$tests; do \
			log=$$(mktemp); \
			(cd "$$module" && go test -run '^$$' -fuzz "^$${test##*:}\$$" -fuzztime $(FUZZTIME) "$${test%%:*}") 2>&1 | tee "$$log" || \
				$(call timeup,$$log) || failed=1; \
			count=$$(sed -n 's/^fuzz: elapsed: .* execs: \([0-9]*\).*/\1/p' "$$log" | tail -n 1); \
			counts="$$counts$$(printf '%12s  %s' "$${count:-0}" "$$test")"$$'\n'; \
			rm -f "$$log"; \
		done; \
	done; \
	printf 'executions:\n%s' "$$counts"; \
	exit $$failed

.PHONY: soak
soak: deps ## run the long tests (build tag soak) and print what each of them counted
	@set -o pipefail; log=$$(mktemp); failed=0; \
	for module in $(MODULES); do \
		(cd "$$module" && go test -tags soak -race -count=1 -v -timeout $(SOAKTIME) -run '$(SOAK)' ./...) 2>&1 | \
			{ grep -v '\[no test' || true; } | tee -a "$$log" || failed=1; \
	done; \
	printf '%s soak tests passed, %s failed\n' "$$(grep -c '^--- PASS' "$$log" || true)" "$$(grep -c '^--- FAIL' "$$log" || true)"; \
	grep -q '^--- PASS' "$$log" || { echo "no soak test has run" >&2; failed=1; }; \
	rm -f "$$log"; \
	exit $$failed

.PHONY: bench
bench: ## run the benchmarks
	@for module in $(MODULES); do \
		echo "== $$module"; \
		(cd "$$module" && go test -run '^$$' -bench . -benchmem ./...) || exit 1; \
	done

.PHONY: deps
deps: ## install what the tests need (Debian, as root), or say what is missing
	@.ci/deps
