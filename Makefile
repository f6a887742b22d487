# Two commands: `make run` serves the app, `make test` proves it. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export OMP_WAIT_POLICY := PASSIVE
export GOMP_SPINCOUNT := 0
export OPENBLAS_NUM_THREADS := 1

.PHONY: run test lint types unit app browser setup benchmark clean

run: $(VENV)/runtime
	$(BIN)/streamlit run app.py

test: lint types unit app browser
	@echo "All checks passed."

setup: $(VENV)/development

lint: $(VENV)/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/development
	$(BIN)/mypy

unit: $(VENV)/development
	$(BIN)/pytest tests forecasting data engine ui --ignore tests/app --ignore tests/browser

app: $(VENV)/development
	$(BIN)/pytest tests/app

browser: $(VENV)/development
	$(BIN)/python tests/browser/chromium.py
	$(BIN)/pytest tests/browser

benchmark: $(VENV)/runtime
	$(BIN)/python -m benchmarks.ingest
	$(BIN)/python -m benchmarks.screens

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache

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
