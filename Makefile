# Shortcuts for people who work on mvp_real. New here? Use ./quickstart instead.
PYTHON ?= python

.PHONY: check test bench format

check:  ## linters, types, import contracts
	ruff check . && ruff format --check . && mypy && lint-imports

test:  ## all tests
	$(PYTHON) -m pytest

bench:  ## every benchmark, into benchmarks/results.json
	$(PYTHON) benchmarks/run.py

format:  ## rewrite the sources in the house style
	ruff check --fix . && ruff format .
