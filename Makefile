# make report    run the study and write reports/$(PROFILE)/index.html
# make test      run the tests
# make demo      audit a made-up recommender that remembers: a first result within a minute
# make lab       open copies of the notebooks in JupyterLab, on this machine only
# Each makes the environment (.venv, from requirements.lock) first where it is missing or stale.

PROFILE ?= quick
WORKERS ?= 2
BIN := .venv/bin

# The real click logs, where they lie beside the checkout; without them their tests skip.
ifneq ($(wildcard ../shared/data),)
test: export RECMIA_DATA ?= $(abspath ../shared/data)
endif

.PHONY: report test demo lab lint lock readme environment clean

report: environment
	$(BIN)/recmia run --profile $(PROFILE)

test: environment
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

# Made anew each time, in a folder of its own.
demo: environment
	rm -rf artifacts/demo
	$(BIN)/recmia audit example scores artifacts/demo/made-up
	$(BIN)/recmia audit scores artifacts/demo/made-up/memory --out artifacts/demo/audit

# The copies lie in lab/, which git ignores; see recmia.run.lab.
lab: environment
	$(BIN)/python -m recmia.run.lab

lint: environment
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/nbstripout --keep-id --verify notebooks/*.ipynb

# Needs both Pythons on PATH; resolves pyproject.toml afresh and rewrites requirements.lock and its
# hashes.
lock: environment
	python3.11 scripts/lock.py $(shell sed -n 's/^INSTALLER=//p' scripts/environment) python3.11 python3.10
	$(BIN)/python scripts/hashes.py

# The generated parts of README.md, ARTIFACT.md and docs/results.md, from the reports on real data.
readme: environment
	$(BIN)/python -m recmia.run.readme

environment:
	@PYTHON="$(PYTHON)" scripts/environment

# What can be made again: environment, caches and cached results. Data and reports stay.
clean:
	rm -rf .venv artifacts build .pytest_cache .ruff_cache src/*.egg-info
