# Một Cửa. `make help` lists the targets; everything is installed below this folder, without root.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
PIP_ASK := --require-hashes --progress-bar off
FRONTEND := webapp/frontend
DIST := webapp/static/dist
# Sources of the front end: all but what was installed.
FRONTEND_SOURCES := $(shell find $(FRONTEND) -name node_modules -prune -o -type f -print)

TESTS ?= tests
# Processes that run tests side by side: one per core, at most four; 0 for all in one.
SIDE_BY_SIDE ?= auto
BENCH ?=
DATA ?= .data

.PHONY: help demo run test bench lint assets install install-dev reset-demo clean lock

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: install assets ## Install what is needed and start the demo province
	@MOTCUA_DATA_DIR="$${MOTCUA_DATA_DIR:-$(DATA)}" exec $(BIN)/motcua demo

run: install assets ## Start the product with the settings of the environment (deploy/README.md)
	@exec $(BIN)/motcua run

test: install-dev assets ## Install what is needed and run every test (TESTS=path for some)
	@$(BIN)/python -m pytest $(TESTS) -n $(SIDE_BY_SIDE) --maxprocesses 4 --dist loadfile --durations 25

bench: install-dev assets ## Measure the product against its limits, small sizes (tests/benchmarks/README.md)
	@echo "==> engine"; $(BIN)/python -m tests.benchmarks.engine
	@for name in $$($(BIN)/motcua bench --names); do echo "==> $$name"; $(BIN)/motcua bench $$name $(BENCH); done

lint: install-dev ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

reset-demo: install ## Throw the demo's data away (stop the demo first)
	@MOTCUA_DATA_DIR="$${MOTCUA_DATA_DIR:-$(DATA)}" $(BIN)/motcua reset-demo

assets: $(DIST)/manifest.json ## Build the front end, when older than its sources

install: $(VENV)/.stamp $(VENV)/redis/.stamp
install-dev: install $(VENV)/.stamp-dev

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info[:2] <= (3, 13) or sys.exit("Python 3.11, 3.12 or 3.13 is needed, $(PYTHON) is %s.%s: make PYTHON=python3.12 …" % sys.version_info[:2])'
	@echo "==> Virtual environment in $(VENV) ($$($(PYTHON) --version))"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv is missing: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.stamp: deploy/requirements.lock pyproject.toml | $(VENV)/pyvenv.cfg
	@echo "==> Python packages (deploy/requirements.lock)"
	@$(PIP) install $(PIP_ASK) -r deploy/requirements.lock | deploy/progress
	@$(PIP) install -q --require-hashes -r deploy/build.lock
	@$(PIP) install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.stamp-dev: deploy/requirements-dev.lock $(VENV)/.stamp
	@echo "==> Packages for tests (deploy/requirements-dev.lock)"
	@$(PIP) install $(PIP_ASK) -r deploy/requirements-dev.lock | deploy/progress
	@touch $@

$(VENV)/redis/.stamp: deploy/redis.lock deploy/install-redis | $(VENV)/pyvenv.cfg
	@deploy/install-redis $(BIN)/python $(VENV)/redis
	@touch $@

$(FRONTEND)/node_modules/.stamp: $(FRONTEND)/package-lock.json $(FRONTEND)/.npmrc deploy/with-node | $(VENV)/pyvenv.cfg
	@echo "==> Front-end packages ($(FRONTEND)/package-lock.json)"
	@cd $(FRONTEND) && ../../deploy/with-node npm ci --no-fund --no-audit --loglevel=error
	@touch $@

$(DIST)/manifest.json: $(FRONTEND_SOURCES) $(FRONTEND)/node_modules/.stamp
	@echo "==> Front end into $(DIST)"
	@cd $(FRONTEND) && ../../deploy/with-node node build.mjs

lock: ## Renew the Python locks (needs uv on PATH; for developers)
	deploy/renew-locks

clean: ## Remove what was installed and built (the data in .data stays)
	rm -rf $(VENV) $(FRONTEND)/node_modules $(DIST) *.egg-info
