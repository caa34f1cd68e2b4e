# Two commands matter: `make demo` and `make test`. Both start from nothing but Python 3.11 or later and make.

.DEFAULT_GOAL := help
SHELL := /bin/sh
.SUFFIXES:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
BUILT := webapp/lastmeter_web/static/built/manifest.json
ASSETS := $(wildcard webapp/assets/*.json webapp/assets/.npmrc webapp/assets/*.ts) \
          $(shell find webapp/assets/src -type f 2>/dev/null)
# Enough to keep four cores busy; more processes only wait for the same disk.
WORKERS = $(shell $(BIN)/python -c 'import os; print(min(4, os.cpu_count() or 1))')
ARGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test needs check bench rehearse assets install clean

help:
	@echo "make demo      start the demonstration on this machine and print its address and logins"
	@echo "make test      run every check and every test"
	@echo "make check     run ruff, mypy, the import contracts and the TypeScript compiler"
	@echo "make bench     measure; results are described in docs/benchmarks.md"
	@echo "make rehearse  play three years of all 161 stations on a virtual clock"
	@echo "make assets    build the front end"
	@echo "make clean     remove what was installed and built; the demonstration's data in var/ stays"

demo: $(INSTALLED)
	@$(BIN)/lastmeter demo $(ARGS)

test: needs check
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

# Chromium, Chinese fonts and a redis-server: installed where we may, else an error that names the packages.
needs:
	@.ci/needs

check: $(INSTALLED) $(BUILT)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python hatch_build.py check

bench: $(INSTALLED)
	@for file in bench/[a-z]*.py; do name=$${file#bench/}; $(BIN)/python -m bench.$${name%.py} $(ARGS) || exit 1; done

rehearse: $(INSTALLED)
	$(BIN)/lastmeter rehearse --jinan --districts 15 --years 3 $(ARGS)

assets: $(BUILT)

install: $(INSTALLED)

clean:
	rm -rf $(VENV) webapp/assets/node_modules webapp/lastmeter_web/static/built .mypy_cache .ruff_cache .pytest_cache

# The first python3 that is new enough; the one on PATH may be the system's older one.
$(BIN)/python:
	@for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	  if command -v $$python >/dev/null 2>&1 \
	     && $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Lastmeter needs Python 3.11 or later on PATH (Debian and Ubuntu: apt-get install python3 python3-venv)." >&2; \
	  exit 1; \
	fi; \
	if ! $$found -c 'import venv, ensurepip' 2>/dev/null; then \
	  echo "$$found cannot make a virtual environment: install its venv package (Debian and Ubuntu: python3-venv)." >&2; \
	  exit 1; \
	fi; \
	echo "Making $(VENV) with $$($$found --version)"; \
	$$found -m venv $(VENV)

# pip refuses an editable install in a file of hashes: the pinned packages first, then ourselves without any.
$(INSTALLED): requirements.txt pyproject.toml hatch_build.py | $(BIN)/python
	@echo "Installing pinned packages and building the front end; about a minute the first time"
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(BUILT): $(ASSETS) | $(INSTALLED)
	@$(BIN)/python hatch_build.py
	@touch $@
