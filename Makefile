# The commands of the README. Everything is set up in .venv; nothing is installed elsewhere.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
BIN := .venv/bin
CUSTOMERS ?= 5000

.PHONY: demo test check bench clean setup setup-dev

demo: setup ## Generate a retailer, build, and sync to a local receiver.
	@test -f $${CDP_DATA:-data}/warehouse.duckdb || $(BIN)/cdp demo --customers $(CUSTOMERS) --seed 42 --today 2026-11-22
	@$(BIN)/cdp receiver --port 0 --store $${CDP_DATA:-data}/receiver.sqlite -- $(BIN)/cdp run

test: setup-dev check ## Run all checks and tests.
	$(BIN)/pytest

check: setup-dev ## Lint and type-check.
	$(BIN)/ruff format --check cdp_cli tests benchmarks
	$(BIN)/ruff check cdp_cli tests benchmarks
	$(BIN)/mypy
	$(BIN)/cdp generate --check
	$(BIN)/sqlfluff lint --processes 2 models

bench: setup-dev ## Measure the steps at 5,000 and 100,000 customers (minutes).
	$(BIN)/python benchmarks/end_to_end.py

clean: ## Remove the demo's warehouse, ledgers and dbt's artifacts; the installation stays.
	find $${CDP_DATA:-data} -mindepth 1 ! -name .gitkeep -delete
	rm -rf target logs

setup: .venv/.installed
setup-dev: .venv/.installed-dev

.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/.installed-dev: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ .venv/.installed
