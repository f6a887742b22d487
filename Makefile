# Two commands: `make run` serves the app, `make test` proves it. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A file in one process, so that what its tests share is made once; in the order of conftest.py.
PARALLEL := -n 2 --dist loadfile --no-loadscope-reorder
export OMP_WAIT_POLICY := PASSIVE
export GOMP_SPINCOUNT := 0
export OPENBLAS_NUM_THREADS := 1
# Hundreds of processes are started in tests: none should compile anew what others have compiled.
unexport PYTHONDONTWRITEBYTECODE

BENCH := .venv-bench

.PHONY: run test lint types unit app browser setup benchmark benchmark-accuracy clean

run: $(VENV)/runtime
	$(BIN)/streamlit run app.py

# Two tests run at once, each of them on small data: threads of their own would only be in the way.
unit app browser: export OMP_NUM_THREADS := 1

test: lint types unit app browser
	@echo "All checks passed."

setup: $(VENV)/development

lint: $(VENV)/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/development
	$(BIN)/mypy -n 2

unit: $(VENV)/development
	$(BIN)/pytest $(PARALLEL) tests forecasting data engine reports ui api almanac --ignore tests/app --ignore tests/browser

app: $(VENV)/development
	$(BIN)/pytest $(PARALLEL) tests/app

browser: $(VENV)/development
	$(BIN)/python tests/browser/chromium.py
	$(BIN)/pytest -n 2 --dist worksteal tests/browser

benchmark: $(VENV)/runtime
	$(BIN)/python -m benchmarks.ingest
	$(BIN)/python -m benchmarks.screens
	$(BIN)/python -m benchmarks.explore
	$(BIN)/python -m benchmarks.recovery --write
	$(BIN)/python -m benchmarks.compare
	$(BIN)/python -m benchmarks.worklist
	$(BIN)/python -m benchmarks.plan
	$(BIN)/python -m benchmarks.what_if
	$(BIN)/python -m benchmarks.prices
	$(BIN)/python -m benchmarks.inventory
	$(BIN)/python -m benchmarks.replay
	$(BIN)/python -m benchmarks.causal
	$(BIN)/python -m benchmarks.reports
	$(BIN)/python -m benchmarks.rest
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.rest
	$(MAKE) benchmark-accuracy

# Hours at the first time; what is stored in var/ is not run again. Needs the folder ALMANAC_DATA.
benchmark-accuracy: $(BENCH)/rivals
	$(BENCH)/bin/python -m benchmarks.accuracy
	$(BENCH)/bin/python -m benchmarks.accuracy speed --write

clean:
	rm -rf $(VENV) $(BENCH) .mypy_cache .ruff_cache .pytest_cache

# The peers' libraries live apart: they are heavy, and nothing else needs them.
$(BENCH)/rivals: requirements-bench.txt requirements.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/pip install --quiet -r requirements-bench.txt
	@touch $@

# A stamp per requirements file: installing happens again only when the file changes.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	    "Almanac needs Python 3.11 or newer; this is " + sys.version.split()[0] + \
	    ". Choose another with: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime: $(VENV)/bin/python requirements.txt
	$(BIN)/pip install --quiet -r requirements.txt
	@touch $@

$(VENV)/development: $(VENV)/bin/python $(wildcard requirements*.txt)
	$(BIN)/pip install --quiet -r requirements-dev.txt
	@touch $(VENV)/runtime $@
