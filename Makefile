# Everything works from a fresh clone on a machine that has git, make and Python 3.11 or later.
.DEFAULT_GOAL := help
.PHONY: help setup demo test unit lint lint-python lint-sql docs bench clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SHOPHOUSE := $(BIN)/shophouse
DEMO ?= demo-shop
ORDERS ?= 352000

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## Get uv and install everything into .venv

$(VENV)/.ready: pyproject.toml uv.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@UV_PROJECT_ENVIRONMENT=$(VENV) $(BIN)/uv sync --frozen --all-extras --inexact --quiet --compile-bytecode
	@touch $@

demo: setup ## Build the warehouse of a synthetic shop, a million order lines, in demo-shop/
	@$(SHOPHOUSE) demo shop --into $(DEMO) --orders $(ORDERS)

test: lint ## Run everything that CI runs
	$(BIN)/pytest -q --numprocesses 2 --dist loadfile --coverage-doc=docs/coverage.md

unit: setup ## Run the tests that take seconds
	$(BIN)/pytest -q -m "not slow and not server and not real_data"

lint: setup ## Check style, types, imports and SQL
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory --jobs=2 lint-python lint-sql

lint-python: setup
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

lint-sql: setup
	$(BIN)/sqlfluff lint --disable-progress-bar --processes 0 src/shophouse/warehouse/models

docs: setup ## Write the generated pages of docs/
	$(BIN)/python docs/generate.py
	$(BIN)/pytest -q --numprocesses 2 --dist loadfile --coverage-doc=docs/coverage.md

bench: setup ## Time a run against a hand-written DuckDB script
	$(BIN)/python bench/run.py

clean: ## Remove the environment and the demo
	rm -rf $(VENV) $(DEMO)
