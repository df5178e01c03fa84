# The house's commands. Each sets up what it needs: only Python 3.11 to 3.13, make and git are assumed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test explore lab check bench notebooks worked-case docs lock clean

help:  ## list these commands
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/\t/' | expand -t 12

# What running needs: every file pinned by hash, then the package itself.
$(VENV)/.runs: requirements.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --require-hashes --only-binary :all: -r requirements.txt
	$(PIP) install --quiet --no-deps --editable .
	@touch $@

# What the site of documents needs on top.
$(VENV)/.documents: requirements-docs.txt $(VENV)/.runs
	$(PIP) install --quiet --require-hashes --only-binary :all: -r requirements-docs.txt
	@touch $@

# What the tests and checks need on top.
$(VENV)/.develops: requirements-dev.txt $(VENV)/.runs
	$(PIP) install --quiet --require-hashes --only-binary :all: -r requirements-dev.txt
	@touch $@

demo: $(VENV)/.runs  ## from a viral clip's claim to a sealed package that verifies (writes demo-case/)
	rm -rf demo-case
	$(BIN)/verikit demo --out demo-case

test: $(VENV)/.develops  ## the test suite
	@# One test builds pdqhash, where there are a compiler and a package index, to compare our PDQ with it bit for bit.
	VERIKIT_BUILD_PDQHASH=1 $(BIN)/python -m pytest

explore: $(VENV)/.develops  ## the suite's laws on examples that nobody chose; what fails becomes an @example
	$(BIN)/python -m pytest -m hypothesis --hypothesis-profile=explore

CASE ?= demo-case/case
lab: $(VENV)/.runs  ## JupyterLab on the demo case, or on CASE=folder
	$(BIN)/verikit lab $(CASE)

check: $(VENV)/.develops  ## lint, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

FILMS ?=
CLIPS ?=
PEERS ?=
bench: $(VENV)/.develops  ## what a scan costs and how right shots and keyframes are, beside peers in the same run
	$(BIN)/python -m benchmarks --films $(FILMS) --clips $(CLIPS) $(if $(PEERS),--peers $(PEERS))

notebooks: $(VENV)/.develops  ## regenerate notebooks/*.ipynb from their .py sources
	$(BIN)/python notebooks/generate.py

worked-case: $(VENV)/.runs  ## make the sealed case in sample_data/worked_case anew
	$(BIN)/python sample_data/worked_case/make.py

docs: $(VENV)/.documents  ## the documents as a site in build/docs/, with the worked case; a warning is an error
	@# The worked case that ships is shown; where there is none, the demonstration's.
	@test -f sample_data/worked_case/worked_case.zip -o -f demo-case/case.zip || $(MAKE) demo
	$(BIN)/python -m sphinx --builder html --fail-on-warning --fresh-env --quiet docs build/docs

lock:  ## re-resolve the hash-locked requirements (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements.txt
	uv pip compile pyproject.toml --group dev -c requirements.txt --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements-dev.txt
	uv pip compile pyproject.toml --group docs -c requirements-dev.txt --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements-docs.txt

clean:  ## remove what these commands made
	rm -rf $(VENV) build dist demo-case .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache docs/worked docs/reference.md
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
