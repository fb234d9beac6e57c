# Thin names over plain commands. `make` lists them.
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test test-fast fuzz bench bench-peers lint format documents pins clean

HYDRA := .venv/bin/hydra
PYTHON_IN := .venv/bin/python

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

setup: ## what the demo needs
	@scripts/setup.sh
	@echo 'Ready. In each new terminal, once: . .venv/bin/activate   Then: hydra -h'

setup-dev: ## what the tests and benchmarks need too
	@scripts/setup.sh dev models

demo: ## some hours of a simulated exchange through the five layers, their report, and three whys
	@scripts/setup.sh
	@$(HYDRA) demo

# In the order of tests/conftest.py: xdist would begin the files of few tests last, and they take the longest.
# Hundreds of processes are started: with bytecode on disk they do not compile the same modules again.
# The soak of live orders comes last and alone: it counts seconds of a running exchange.
test: setup-dev ## the whole test suite
	@PYTHONDONTWRITEBYTECODE= $(PYTHON_IN) -m pytest -n 4 --dist loadfile --no-loadscope-reorder
	@PYTHONDONTWRITEBYTECODE= LONG_SOAK=500,20 $(PYTHON_IN) -m pytest -n 0 tests/system/test_live_soak.py

test-fast: setup-dev ## the unit tests without the slow files, in less than a minute
	@$(PYTHON_IN) -m pytest tests/unit -n 2 --dist loadfile -m "not slow" -q

fuzz: setup-dev ## hostile input in thousands, seeded: some minutes; make test has a short round
	@$(PYTHON_IN) -m tests.fuzz

bench: setup-dev ## every benchmark; figures in .bench/results.json
	@$(PYTHON_IN) -m tests.bench

bench-peers: setup-dev ## rival backtesters and HYDRA on the same candles; figures in .bench/peers.json
	@$(PYTHON_IN) -m tests.peers

lint: setup-dev ## ruff and mypy
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

format: setup-dev ## let ruff format the code
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

documents: setup-dev ## write the documents that are generated from the code
	@$(PYTHON_IN) -m hydra.readings
	@$(PYTHON_IN) -m hydra.features.document
	@$(PYTHON_IN) -m hydra.layers.document

pins: setup-dev ## pin the newest versions of the private server's packages
	@$(PYTHON_IN) -m hydra.db.server.renew_pins

clean: ## delete the private database, wherever it is, and everything built in this folder
	@$${PYTHON:-python3} -m hydra.db.server.remove
	rm -rf .venv .bench .hydra .pytest_cache .mypy_cache .ruff_cache .hypothesis hydra_perpetuals.egg-info
