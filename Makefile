# Everything a person types at this repository. `make` alone lists it.
# Needs Python 3.11 or newer, make and git; each target makes .venv when it is missing or older than its pins.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help install demo test test-slow check format constraints clean

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r target what; do \
		printf '%-20s %s\n' "$$target" "$$what"; done

install: $(STAMP) ## make .venv with the package and its pinned dependencies

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(STAMP) ## train Connect Four for three minutes, then play and show the ladder
	@$(BIN)/arena demo

test: $(STAMP) ## the test suite
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test-slow: $(STAMP) ## the tests that take minutes each
	$(BIN)/python -m pytest -m slow

check: $(STAMP) ## lint, format, types, and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## put the code into the repository's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

constraints: ## pin what .venv holds now
	$(BIN)/python -m pip freeze --exclude-editable > .constraints.new
	sed 's/+[a-z0-9.]*$$//' .constraints.new > constraints.txt
	rm .constraints.new

clean: ## remove .venv and every cache (runs/ stays)
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
