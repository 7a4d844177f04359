# Footfall. `make demo` and `make test` set up everything they need in .venv.
TARGET ?= duckdb
HISTORIES ?= 5000
EVENTS ?= 1500000
ENGINE ?= both
PYTHON ?= $(shell for python in python3.12 python3.13 python3.11 python3; do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null \
	&& echo "$$python" && break; done)
YARDSTICK ?= yes
# pyenv hides the versions that are not chosen.
BG_NBD_PYTHON ?= $(shell for python in python3.12 python3.13 python3 \
	$(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/3.1[23].*/bin/python3); do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 12) <= sys.version_info[:2] < (3, 14))' 2>/dev/null \
	&& echo "$$python" && break; done)
SUPERSET_PYTHON ?= $(shell for python in python3.12 python3.11 python3 \
	$(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/3.1[12].*/bin/python3); do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null \
	&& echo "$$python" && break; done)
UV := $(shell command -v uv 2>/dev/null)
BIN := .venv/bin
PYTEST := --numprocesses 2 --dist loadfile --no-loadscope-reorder --durations 20

.PHONY: help demo test test-all bench churn superset semantic site replay lint format dev docs picture lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Made anew only when the lock changes; uv where it is at hand, pip otherwise, hashes checked by both. The lock names all that
# is needed: pip, left to resolve, asks for the hash of a newer release of what a package wants with extras. Bytecode is compiled
# now, as pip does: half of the time of a small run would go to that where Python may not write it later.
.venv/.locked: requirements.lock
	@test -n "$(PYTHON)" || { echo "Footfall needs Python 3.11, 3.12 or 3.13 (with venv) on the PATH." >&2; exit 1; }
	@echo "Setting up .venv with $$($(PYTHON) --version); this is done once."
ifneq ($(UV),)
	@$(UV) venv --quiet --clear --python "$(PYTHON)" .venv
	@VIRTUAL_ENV=.venv $(UV) pip sync --quiet --compile-bytecode --require-hashes requirements.lock
	@VIRTUAL_ENV=.venv $(UV) pip install --quiet --no-deps --no-build-isolation --editable .
else
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
endif
	@touch $@

demo: .venv/.locked ## Run the whole pipeline on made-up data (TARGET=postgres: on Postgres)
	@$(BIN)/footfall demo --target $(TARGET)

test: .venv/.locked ## Run the tests, but those that take minutes and tell little more than others
	@$(BIN)/pytest $(PYTEST)

test-all: .venv/.locked ## Run all tests and those that take minutes each: every fault at every moment, on both engines (two hours)
	@FOOTFALL_TEST_ALL=1 $(BIN)/pytest $(PYTEST)

bench: .venv/.locked ## Measure the pipeline against its floors (EVENTS=15000000, ENGINE=duckdb|postgres|both)
	@$(BIN)/python -m tests.benchmarks.bench --events $(EVENTS) --engine $(ENGINE)

# An environment of its own for what must not share the lock: $(call set_up,python,folder), from the hashes of $<.
ifneq ($(UV),)
set_up = $(UV) venv --quiet --clear --python "$(1)" $(2) && VIRTUAL_ENV=$(2) $(UV) pip sync --quiet --require-hashes $<
else
set_up = "$(1)" -m venv --clear $(2) \
	&& $(2)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement $<
endif

# Without a Python for it nothing is set up, and the table says that the yardstick was left out.
.venv-bg_nbd/.locked: tests/benchmarks/bg_nbd_requirements.txt
	@test -z "$(BG_NBD_PYTHON)" || { \
		echo "Setting up .venv-bg_nbd (650 MB) with $$("$(BG_NBD_PYTHON)" --version); this is done once." \
		&& $(call set_up,$(BG_NBD_PYTHON),.venv-bg_nbd) && touch $@; \
	} || { echo "\`make churn YARDSTICK=no\` does without it." >&2; exit 1; }

churn: .venv/.locked $(if $(filter no,$(YARDSTICK)),,.venv-bg_nbd/.locked) ## Judge the churn probabilities on CDNOW's last 30 days (data at ../shared/data/cdnow; YARDSTICK=no: no BG/NBD fit)
	@$(BIN)/python -m tests.benchmarks.churn --yardstick $(YARDSTICK)

.venv-superset/.locked: serving/superset/requirements.txt
	@test -n "$(SUPERSET_PYTHON)" || { echo "Superset needs Python 3.11 or 3.12 (with venv)." >&2; exit 1; }
	@echo "Setting up .venv-superset (600 MB) with $$("$(SUPERSET_PYTHON)" --version); this is done once."
	@$(call set_up,$(SUPERSET_PYTHON),.venv-superset) && touch $@

superset: .venv/.locked .venv-superset/.locked ## Import the assets into an empty Superset and compare its charts with the marts (needs chromium)
	@FOOTFALL_TEST_SUPERSET=.venv-superset/bin $(BIN)/pytest tests/browser/test_superset.py

.venv-semantic/.locked: tests/semantic/requirements.txt
	@echo "Setting up .venv-semantic (120 MB); this is done once."
	@$(call set_up,$(PYTHON),.venv-semantic) && touch $@

semantic: .venv/.locked .venv-semantic/.locked ## Compare the semantic model's metrics with the marts
	@FOOTFALL_TEST_SEMANTIC=.venv-semantic/bin $(BIN)/pytest tests/semantic

.venv-site/.locked: docs/site/requirements.txt
	@echo "Setting up .venv-site (80 MB); this is done once."
	@$(call set_up,$(PYTHON),.venv-site) && touch $@

site: .venv/.locked .venv-site/.locked ## Build the documentation and dbt's reference as one static site in site/, and check it (needs chromium)
	@$(BIN)/python -m docs.site.build site .venv-site/bin/sphinx-build
	@FOOTFALL_TEST_SITE=site $(BIN)/pytest tests/browser/test_site.py

replay: .venv/.locked ## Let many random histories arrive in any order (HISTORIES=5000), each load against a fresh warehouse
	@$(BIN)/python -m tests.property.many_histories --histories $(HISTORIES)

lint: .venv/.locked ## Check layout and style of Python and SQL
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/sqlfluff lint --processes 1 dbt_project/models dbt_project/tests

format: .venv/.locked ## Lay out Python and SQL
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/sqlfluff fix dbt_project/models dbt_project/tests

dev: .venv/.locked ## Open the Dagster UI
	@$(BIN)/footfall dev

docs: .venv/.locked ## Build the dbt docs under FOOTFALL_HOME/dbt
	@$(BIN)/footfall docs --target $(TARGET)

picture: .venv/.locked ## Draw the pictures of the docs from a run of the demo (needs chromium)
	@$(BIN)/footfall demo 2>/dev/null | sed -n '/^Activity and growth/,/^What next/p' | sed '$$d' \
		| $(BIN)/python docs/images/terminal.py > docs/images/demo.svg
	@$(BIN)/footfall dashboard --no-browser --port 8599 & server=$$!; trap "kill $$server" EXIT; \
		until curl -sf -o /dev/null http://127.0.0.1:8599/_stcore/health || ! kill -0 $$server; do sleep 1; done; \
		$(BIN)/python docs/images/dashboard.py http://127.0.0.1:8599

COMPILE := uv pip compile --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet

lock: ## Resolve requirements.lock and the requirements of the other environments anew from pyproject.toml (needs uv)
	@$(COMPILE) pyproject.toml --extra dev --python-version 3.11 --output-file requirements.lock
	@$(COMPILE) --group pyproject.toml:bg_nbd --python-version 3.12 --output-file tests/benchmarks/bg_nbd_requirements.txt
	@$(COMPILE) --group pyproject.toml:superset --python-version 3.11 --output-file serving/superset/requirements.txt
	@$(COMPILE) --group pyproject.toml:semantic --python-version 3.11 --output-file tests/semantic/requirements.txt
	@$(COMPILE) --group pyproject.toml:site --python-version 3.11 --output-file docs/site/requirements.txt

clean: ## Remove .venv, the other environments and caches; FOOTFALL_HOME stays
	@rm -rf .venv .venv-bg_nbd .venv-superset .venv-semantic .venv-site site .pytest_cache .ruff_cache .hypothesis *.egg-info
