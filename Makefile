# make run: every example under the real packages. make test: everything .ci/run checks. Both do their own set-up.
# make sanitize: the native runtime under gcc's sanitizers. make test-long: 5,000 generated kernels in both engines
# (LONG_SEED=50000 others, LONG_JOBS=1 one module at a time), which goes on where it was stopped.
# make coverage: docs/coverage.md, from a run of all tests.
# make fuzz: hostile calls, damaged images, random programs. make soak: millions of launches, memory flat.
# make test-upstream COMPATLAYER_UPSTREAM=folder: numba-cuda's and cuda-python's own suites (tests/upstream/README.md).
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

VERSION := -c 'import sys; print(sys.version)'
LONG_KERNELS ?= 5000
LONG_SEED ?= 0
FUZZ_CALLS ?= 10000000
FUZZ_IMAGES ?= 20000
FUZZ_PROGRAMS ?= 2000

.PHONY: coverage wheel run test test-long test-upstream test-pycuda sanitize fuzz soak lint bench build install clean same-python

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 15) else \
	    "Python 3.11 to 3.14 is needed and $(PYTHON) is %d.%d; use make PYTHON=/path/to/python3.11" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	touch $@

same-python: $(VENV)/.made
	@if [ "$$($(PYTHON) $(VERSION))" != "$$($(BIN)/python $(VERSION))" ]; then \
	    echo "$(VENV) was made with another Python than $(PYTHON); make clean first, or choose a folder: make VENV=.venv2"; \
	    exit 1; fi >&2

# What the build and the tests need; without build isolation a rebuild takes seconds.
$(VENV)/.tools: $(VENV)/.made pyproject.toml | same-python
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

# Wheels to give away, in dist/ (docs/wheels.md). WHEEL_FOR=aarch64: only that one.
wheel: $(VENV)/.tools
	$(BIN)/python wheels/make.py $(WHEEL_FOR)

run: install
	@mkdir -p examples/out; failed=0; \
	numba=; if $(BIN)/python -c 'import numba_cuda' 2>/dev/null; then numba=examples/numba/*.py; fi; \
	examples=$$(ls examples/*.py); if ! $(BIN)/python -c 'import onnxruntime, onnx' 2>/dev/null; then \
	    examples=$$(ls examples/*.py | grep -v tensorrt_); fi; \
	for example in $$examples $$numba; do \
	    name=$${example#examples/}; name=$${name%.py}; name=$${name/\//-}; start=$$(date +%s%N); \
	    if timeout $(EXAMPLE_TIMEOUT_S) $(BIN)/compatlayer run $$example >examples/out/$$name.log 2>&1; \
	    then result=pass; else result=FAIL; failed=1; fi; \
	    printf '%-4s  %-24s %6.2f s  %s\n' $$result $$name \
	        $$(( ($$(date +%s%N) - start) / 10000000 ))e-2 "$$(tail -n 1 examples/out/$$name.log)"; \
	    if [ $$result = FAIL ]; then tail -n 20 examples/out/$$name.log; fi; \
	done; exit $$failed

test: install
	$(BIN)/python -m pytest tests --timeout=$(TEST_TIMEOUT_S) $(PYTEST_ARGUMENTS)

test-long: install
	cd tests/property && $(abspath $(BIN))/python -m generated $(LONG_SEED) $(LONG_KERNELS) \
	    --record $(abspath build/generated-kernels.txt) $(if $(LONG_JOBS),--jobs $(LONG_JOBS))

# PyCUDA's own tests: built from source on the first run, in an environment of its own.
test-pycuda: install
	$(BIN)/python tests/upstream/pycuda_suite.py

# numba-cuda's tests first, which need no checkout: one environment for each numba, built on the first run.
NUMBAS := 0.68.1 0.65.0 0.60.0

test-upstream: install
	$(call requirements,p["project"]["optional-dependencies"]["upstream"])
	status=0; for version in $(NUMBAS); do \
	    $(BIN)/python tests/upstream/numba_suite.py --jobs 2 --numba $$version || status=1; done; \
	if [ -d "$$COMPATLAYER_UPSTREAM" ]; then $(BIN)/python tests/upstream/run.py || status=1; \
	else echo "COMPATLAYER_UPSTREAM names no cuda-python checkout, whose suites did not run;" \
	    "tests/upstream/README.md says how to get one"; status=2; fi >&2; exit $$status

# Skipped, with the reason, where there is no gcc or its sanitizers are not installed.
sanitize: install
	$(BIN)/python -m pytest tests/unit/test_native_races.py --timeout=$(TEST_TIMEOUT_S) $(PYTEST_ARGUMENTS)

# Hostile calls, damaged images and random programs; FUZZ_SEED=5 repeats a run (tests/fuzz/README.md).
fuzz: install
	$(BIN)/python tests/fuzz/fuzz_api.py --calls $(FUZZ_CALLS) $(if $(FUZZ_SEED),--seed $(FUZZ_SEED)) --json build/fuzz-report.json
	$(BIN)/python tests/fuzz/fuzz_modules.py --images $(FUZZ_IMAGES) $(if $(FUZZ_SEED),--seed $(FUZZ_SEED))
	FUZZ_PROGRAMS=$(FUZZ_PROGRAMS) $(BIN)/python -m pytest tests/fuzz/test_state_machine.py $(PYTEST_ARGUMENTS)

# Ten million launches, a million allocations, a thousand kernels that fail: memory must stay flat. Reports in build/.
soak: install
	mkdir -p build
	$(BIN)/python tests/soak/soak.py --report build/soak-report.json
	$(BIN)/python tests/soak/fault_rounds.py --rounds 1000 --report build/fault-report.json 2>build/fault-stderr

lint: $(VENV)/.checkers $(VENV)/.packages
	$(BIN)/ruff check .
	$(BIN)/mypy
	for file in src/compatlayer/native/*.c; do \
	    cc -std=c11 -Wall -Wextra -Werror -fsyntax-only -Iinclude -Isrc/compatlayer/native $$file; done

# Everything that is measured, in one report (docs/benchmarks.md). KERNELS=saxpy,triad: only these; SMALL=1: a moment.
# Contenders that cannot be installed are missing from the table, which says how to get them.
$(VENV)/.contenders: $(VENV)/.packages
	$(call requirements,p["project"]["optional-dependencies"]["bench"])
	$(call requirements,p["project"]["optional-dependencies"]["bench-contenders"]) || \
	    echo "some contenders could not be installed; the table will say which" >&2
	touch $@

bench: install $(VENV)/.contenders
	$(BIN)/python bench/run.py $(if $(KERNELS),--kernels $(KERNELS)) $(if $(SMALL),--small) \
	    $(if $(AGAINST),--against $(AGAINST)) $(if $(PAIRS),--pairs $(PAIRS)) \
	    $(if $(CLOCK),--clock $(CLOCK)) $(PARTS)

# The page that says of each function what it is and which tests call it: runs all tests.
coverage: install
	rm -rf build/calls && mkdir -p build/calls
	COMPATLAYER_RECORD_CALLS=$(abspath build/calls) $(BIN)/python -m pytest tests --timeout=$(TEST_TIMEOUT_S) \
	    --deselect tests/unit/test_coverage_page.py $(PYTEST_ARGUMENTS)
	$(BIN)/compatlayer coverage --markdown --calls build/calls > build/coverage.md
	mv build/coverage.md docs/coverage.md

clean:
	rm -rf $(VENV) build dist nvvm src/*.egg-info src/compatlayer/_lib src/compatlayer/_native* examples/out
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
