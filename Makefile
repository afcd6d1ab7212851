# The commands of the README. Everything is set up in .venv; nothing is installed elsewhere.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
BIN := .venv/bin
CUSTOMERS ?= 5000

.PHONY: demo demo-spark test test-deep check bench clean setup setup-spark setup-dev java

demo: setup ## Generate a retailer, build, and sync to a local receiver.
	@test -f $${CDP_DATA:-data}/warehouse.duckdb || $(BIN)/cdp demo --customers $(CUSTOMERS) --seed 42 --today 2026-11-22
	@$(BIN)/cdp receiver --port 0 --store $${CDP_DATA:-data}/receiver.sqlite -- $(BIN)/cdp run

demo-spark: setup-spark ## The same at 1,000 customers on Spark, in this process; Java 17 is installed where it is missing.
	@test -d $${CDP_DATA:-data}/spark/metastore || $(BIN)/cdp demo --target spark --customers 1000 --seed 42 --today 2026-11-22
	@$(BIN)/cdp receiver --port 0 --store $${CDP_DATA:-data}/receiver-spark.sqlite -- $(BIN)/cdp run --target spark

test: setup-dev check ## Run all checks and tests but the deep ones. Without Java the engines are not compared.
	-@$(MAKE) --no-print-directory java
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder -m "not spark and not deep"

test-deep: java setup-dev ## Run the tests that take minutes each; of Spark's own parts with one session a process.
	$(BIN)/pytest -m deep
	$(BIN)/pytest -m spark tests/python/identity
	$(BIN)/pytest -m spark tests/python/warehouse tests/end_to_end

# sqlfluff finds the models of one dbt project only, so it reads a copy in which the package and the retailer are one.
check: setup-dev ## Lint and type-check.
	$(BIN)/ruff format --check cdp_cli tests benchmarks
	$(BIN)/ruff check cdp_cli tests benchmarks
	$(BIN)/mypy
	$(BIN)/cdp generate --check
	$(BIN)/cdp generate --docs --check
	@rm -rf target/lint && mkdir -p target/lint/data && cp -R cdp_cli/dbt_package/. models profiles.yml .sqlfluff target/lint/
	@echo "profile: retailer" >> target/lint/dbt_project.yml
	cd target/lint && $(CURDIR)/$(BIN)/sqlfluff lint --processes 2 models

bench: setup-dev ## Measure the steps at 5,000 and 100,000 customers (minutes).
	$(BIN)/python benchmarks/end_to_end.py

clean: ## Remove the demo's warehouse, ledgers and dbt's artifacts; the installation stays.
	find $${CDP_DATA:-data} -mindepth 1 ! -name .gitkeep -delete
	rm -rf target logs

setup: .venv/.installed
setup-spark: java .venv/.installed-spark
setup-dev: .venv/.installed-dev

java: ## Java for Spark, from Debian's packages where there is none.
	@command -v java >/dev/null || { apt-get update -qq && apt-get install -y -qq openjdk-17-jre-headless; } >/dev/null \
		|| { echo "Spark needs Java 17, and it could not be installed: install openjdk-17-jre-headless, or put java on the PATH." >&2; exit 1; }

.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/.installed-spark: pyproject.toml constraints.txt .venv/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[spark]'
	@touch $@

.venv/.installed-dev: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,spark]'
	@touch $@ .venv/.installed .venv/.installed-spark
