# District heating control. `make demo` and `make test` set up all they need; `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.NOTPARALLEL:
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PACKAGES := controller stations optimizer hmi simulators
# Workers of the parallel part of `make test`: one more than two cores, because many tests wait for a wire.
WORKERS ?= 3
PYTEST := $(BIN)/python -m pytest
PARALLEL = $(PYTEST) -m "not serial and not long" -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# Options of the demo, extra options of pytest, area of the benchmarks.
DEMO ?= --speed 10
ARGS ?=
AREA ?=

# Not even where the environment forbids to keep compiled code: each process would compile all of it anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test coverage lint bench screenshots soak realdata deps venv lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: venv ## the demo city on real sockets, under control; Ctrl-C stops everything
	@exec $(BIN)/dhc demo $(DEMO)

# Two calls of pytest, both always made. First, alone, what measures time or load (marker `serial`): beside
# neighbours it would measure those. Unless something is selected,
# only files in which the marker stands are looked through: to collect all takes a core ten seconds. Then all
# the rest on $(WORKERS) workers; loadfile keeps the tests of a file together, with what they share, and files
# are taken in the order of tests/conftest.py: those with long tests first.
# Status 5 means that no test was collected, which is no fault of a selection.
test: deps venv ## every behaviour, long tests at reduced count
	@serial=0
	$(PYTEST) -m serial $(or $(ARGS),$$(grep -rl --include='test_*.py' 'mark\.serial' tests)) || serial=$$?
	if [ $$serial -eq 5 ]; then serial=0; fi
	$(PARALLEL) $(ARGS)
	if [ $$serial -ne 0 ]; then echo "make test: the serial part above failed (pytest status $$serial)" >&2; fi
	exit $$serial

# Apart from `make test`, whose time it would lengthen by a quarter; tests/support/tracer.py says what is watched.
coverage: deps venv ## the lines that the parallel part of `make test` runs, and the share of each file
	@$(PARALLEL) $(addprefix --cov=,$(PACKAGES)) --cov-report=term $(ARGS)

lint: venv ## ruff, mypy strict, import contracts
	@failed=()
	for check in "ruff format --check ." "ruff check ." mypy "lint-imports --no-logo"; do
		echo "$$check"
		$(BIN)/$$check || failed+=("$$check")
	done
	if [ $${#failed[@]} -gt 0 ]; then
		printf 'make lint: failed: %s\n' "$${failed[@]}" >&2
		exit 1
	fi

bench: deps venv ## benchmarks -> build/bench/<area>.json; AREA=field runs one area
	@$(BIN)/python -m benchmarks $(AREA)

screenshots: deps venv ## every screen in both languages and themes -> build/screenshots/*.png
	@$(BIN)/python -m tests.screenshots $(ARGS)

soak: deps venv ## the long tests at full count and duration, up to 3 h -> build/soak/*.json
	@DHC_SOAK=1 $(PYTEST) -m "soak or long" --timeout=10800 $(ARGS)

realdata: venv ## tests on measured data in the folder named by DHC_REALDATA
	@if [ ! -d "$${DHC_REALDATA:-}" ]; then
		echo "make realdata: set DHC_REALDATA to the folder of measured data" >&2
		exit 2
	fi
	$(PYTEST) -m realdata $(ARGS)

# Prints the first interpreter that is new enough, "old" if all are too old, "none" if there is none.
define FIND_PYTHON
find_python() {
	local found=none candidate
	for candidate in $${PYTHON:-python3.11 python3.12 python3.13 python3}; do
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
			echo "$$candidate"
			return
		elif "$$candidate" -c '' 2>/dev/null; then
			found=old
		fi
	done
	echo "$$found"
}
refuse_old_python() {
	if [ "$$1" = old ] || [ "$$1" = none ]; then
		echo "Python 3.11 or newer is needed; found: $$(python3 --version 2>&1 || echo none)." >&2
		echo "Install it, or name it: make PYTHON=/path/to/python3.11 ..." >&2
		exit 2
	fi
}
endef

# All Python dependencies come as wheels: no compiler, no headers. What Debian must give is an interpreter
# that can make a venv (one from elsewhere that can needs nothing). Tests need more: systemd-analyze judges
# deploy/dhc.service, Chromium with a Chinese font opens the screen, node runs what the screen draws with,
# sqlite3 what a how-to asks of the journal.
# NEED=run leaves that out; so the demo of a bare machine waits for no browser.
NEED ?= tests
SERVERS := build/servers/.complete
deps: $(if $(filter tests,$(NEED)),$(SERVERS)) ## the Debian packages needed: installs what is missing, or prints the command and exits 2
	@$(FIND_PYTHON)
	python=$$(find_python)
	if [ "$$python" = old ]; then refuse_old_python old; fi
	needed=()
	if [ "$$python" = none ]; then needed+=(python3); fi
	if [ "$$python" = none ] || ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then needed+=(python3-venv); fi
	if [ "$(NEED)" = tests ]; then
		if ! command -v systemd-analyze >/dev/null; then needed+=(systemd); fi
		if ! command -v chromium >/dev/null; then needed+=(chromium); fi
		if ! node -e 'process.exit(parseInt(process.versions.node) < 18)' 2>/dev/null; then needed+=(nodejs); fi
		if ! command -v sqlite3 >/dev/null; then needed+=(sqlite3); fi
		needed+=(fonts-noto-cjk)
	fi
	missing=()
	for package in "$${needed[@]}"; do
		dpkg-query -W -f '$${db:Status-Status}\n' "$$package" 2>/dev/null | grep -qx installed || missing+=("$$package")
	done
	if [ $${#missing[@]} -eq 0 ]; then exit 0; fi
	install="apt-get install -y --no-install-recommends $${missing[*]}"
	echo "Debian packages needed: $${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	if [ "$$(id -u)" -eq 0 ]; then
		apt-get update -q </dev/null
		$$install </dev/null
	elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
		sudo apt-get update -q
		sudo $$install
	else
		echo "make deps: neither root nor sudo here; run as root: $$install" >&2
		exit 2
	fi

# The server historians that tests forward to. Unpacked, not installed: installed they would be services, which
# Debian starts at once and at every boot, on all addresses. Without them their tests fail, and say so.
$(SERVERS):
	@mkdir -p $(@D)
	cd $(@D)
	fetch() {
		local package failed=0
		for package in victoria-metrics influxdb caddy; do
			apt-get -q -o APT::Sandbox::User=root download "$$package" >/dev/null 2>&1 || failed=1
		done
		return $$failed
	}
	if ! fetch && [ "$$(id -u)" -eq 0 ]; then apt-get update -q </dev/null && fetch || true; fi
	for package in *.deb; do
		if [ -f "$$package" ]; then dpkg -x "$$package" .; fi
	done
	rm -f *.deb
	if [ -x usr/bin/victoria-metrics ] && [ -x usr/bin/influxd ] && [ -x usr/bin/caddy ]; then
		touch .complete
	else
		echo "make deps: apt-get can not download all of victoria-metrics, influxdb and caddy here" >&2
	fi

venv: $(STAMP) ## .venv with pinned dependencies and the command `dhc`

$(STAMP): requirements-dev.txt pyproject.toml
	@$(MAKE) --no-print-directory deps NEED=run
	$(FIND_PYTHON)
	if ! $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
		python=$$(find_python)
		refuse_old_python "$$python"
		"$$python" -m venv --clear $(VENV)
	fi
	echo "Installing the pinned dependencies into $(VENV) (about a minute, once)"
	pip="$(BIN)/python -m pip --quiet --disable-pip-version-check --no-input"
	$$pip install --require-hashes -r requirements-dev.txt
	PYTHONWARNINGS=ignore $$pip install --no-build-isolation --no-deps --editable .
	touch $@

# The requirement files name no index: each machine's pip knows its own. Run it with Python 3.11.
LOCK = CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --strip-extras \
	--allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options \
	$(if $(UPGRADE),--upgrade)
lock: venv ## requirements*.txt anew from pyproject.toml; UPGRADE=1 moves the pins
	@$(LOCK) -o requirements.txt pyproject.toml
	$(LOCK) --extra dev -c requirements.txt -o requirements-dev.txt pyproject.toml

clean: ## removes the venv, builds and caches
	@rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -rf .import_linter_cache .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
