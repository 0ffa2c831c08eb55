# Two commands set everything up on a fresh machine: `make demo` and `make test`.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export OMP_WAIT_POLICY := passive
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test check format browser bench clean

help:
	@echo "make demo     install into $(VENV) and open the bundled sample in the browser"
	@echo "make test     install, check and run all tests, browser included"
	@echo "make check    linters, types and the arrows between the folders"
	@echo "make format   let ruff format the code"
	@echo "make clean    remove $(VENV) and caches of the tools"

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(VENV)/installed
	$(BIN)/dataset-explorer demo

test: $(VENV)/installed-dev browser check
	$(BIN)/python -m pytest

check: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

browser: $(VENV)/installed-dev
	$(BIN)/python scripts/ensure_chromium.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
