# make run: every example under the real packages. make test: everything .ci/run checks. Both do their own set-up.
PYTHON ?= python3
VENV ?= .venv
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := run

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SOURCES := setup.py pyproject.toml $(shell find src include -type f \
    -not -path '*/__pycache__/*' -not -path '*.egg-info/*' -not -path 'src/compatlayer/_*/*' -not -name '_native*' 2>/dev/null)
# Requirements come from pyproject.toml: $(call requirements,EXPRESSION over its content p).
requirements = $(BIN)/python -c 'import tomllib; p = tomllib.load(open("pyproject.toml", "rb")); \
    print(*$(1), sep="\n")' | $(PIP) install --requirement /dev/stdin
TEST_TIMEOUT_S := 120
EXAMPLE_TIMEOUT_S := 180

.PHONY: run test lint bench build install clean

$(VENV)/.made:
	$(PYTHON) -m venv $(VENV)
	touch $@

# What the build and the tests need; without build isolation a rebuild takes seconds.
$(VENV)/.tools: $(VENV)/.made pyproject.toml
	$(call requirements,p["build-system"]["requires"] + p["project"]["dependencies"] + ["wheel"])
	touch $@

$(VENV)/.installed: $(VENV)/.tools $(SOURCES)
	$(PIP) install --no-build-isolation --force-reinstall --no-deps .
	touch $@

$(VENV)/.packages: $(VENV)/.tools
	$(call requirements,p["project"]["optional-dependencies"]["test"])
	touch $@

$(VENV)/.checkers: $(VENV)/.tools
	$(call requirements,p["project"]["optional-dependencies"]["lint"])
	touch $@

install: $(VENV)/.installed $(VENV)/.packages

# Native libraries in the source tree, for working on it (PYTHONPATH=src).
build: $(VENV)/.tools
	$(BIN)/python setup.py --quiet build_ext --inplace

run: install
	@mkdir -p examples/out; failed=0; \
	for example in examples/*.py; do \
	    name=$$(basename $$example .py); start=$$(date +%s%N); \
	    if timeout $(EXAMPLE_TIMEOUT_S) $(BIN)/compatlayer run $$example >examples/out/$$name.log 2>&1; \
	    then result=pass; else result=FAIL; failed=1; fi; \
	    printf '%-4s  %-24s %6.2f s  %s\n' $$result $$name \
	        $$(( ($$(date +%s%N) - start) / 10000000 ))e-2 "$$(tail -n 1 examples/out/$$name.log)"; \
	    if [ $$result = FAIL ]; then tail -n 20 examples/out/$$name.log; fi; \
	done; exit $$failed

test: install
	$(BIN)/python -m pytest tests --timeout=$(TEST_TIMEOUT_S) $(PYTEST_ARGUMENTS)

lint: $(VENV)/.checkers $(VENV)/.packages
	$(BIN)/ruff check .
	$(BIN)/mypy
	for file in src/compatlayer/native/*.c; do \
	    cc -std=c11 -Wall -Wextra -Werror -fsyntax-only -Iinclude -Isrc/compatlayer/native $$file; done

bench: install
	$(BIN)/compatlayer run bench/run.py

# The page that lists what each library has.
docs/coverage.md: install
	$(BIN)/compatlayer coverage --markdown > $@

clean:
	rm -rf $(VENV) build dist src/*.egg-info src/compatlayer/_lib src/compatlayer/_native* examples/out
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
