# Thin names over plain commands. `make` lists them.
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test bench bench-peers lint format documents clean

HYDRA := .venv/bin/hydra
PYTHON_IN := .venv/bin/python

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

setup: ## what the demo needs
	@scripts/setup.sh

setup-dev: ## what the tests and benchmarks need too
	@scripts/setup.sh dev

demo: setup ## a simulated day through the five layers, its report, and three whys
	@$(HYDRA) demo

test: setup-dev ## the whole test suite
	@$(PYTHON_IN) -m pytest -n 2 --dist loadfile

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

clean: ## stop the private database, remove what was built in this folder
	@[ ! -x $(HYDRA) ] || $(HYDRA) db down
	rm -rf .venv .bench .hydra .pytest_cache .mypy_cache .ruff_cache .hypothesis
