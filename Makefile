# Needs CPython 3.11 or newer with pip, and make. Everything is installed into .venv, pinned by hash, and nothing
# is built: a .pth file puts src/ on the path and a two-line script is the `signfleet` command.

PYTHON  ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PORT    ?= 8080
DATA    ?= data
PLAYERS ?= 25
PREFIX  ?= /opt/signfleet
ROUNDS  ?= 1
ARGS    ?=

VENV     := .venv
PY       := $(VENV)/bin/python
PIP      := $(PYTHON) -m pip --python $(PY) --disable-pip-version-check -qq
INSTALL  := $(PIP) install --no-deps --no-compile --require-hashes
RUNTIME  := $(VENV)/.runtime-installed
DEV      := $(VENV)/.dev-installed
NODE     := $(VENV)/.node-installed
# What pins and checks the requirements has requirements of its own, which must not change the server's.
TOOLS_VENV := .venv-tools
TOOLS      := $(TOOLS_VENV)/.installed

# Whatever the caller prefers: without byte code each process would compile every module for itself.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test quick check house bench profile torture wheel install deb docs screenshots vendor translations lock sbom audit clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(RUNTIME) ## Run a server with simulated players (PORT=8080 DATA=data PLAYERS=25)
	@exec $(VENV)/bin/signfleet demo --port '$(PORT)' --data '$(DATA)' --players '$(PLAYERS)' $(ARGS)

test: $(DEV) $(NODE) ## Run all tests, or some (ARGS="tests/wire -k zone")
	@tools/install_test_programs.sh
	@$(PY) -m pytest -n 4 --dist worksteal $(ARGS)

quick: $(DEV) ## Run the tests that need neither PostgreSQL nor processes, but for the longest: under a third of the time
	@$(PY) -m pytest -n 2 --dist worksteal --quick $(ARGS)

check: $(DEV) ## Check style and types, and look for dead code
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(PY) tools/dead_code.py

house: $(DEV) ## Measure how the source reads: words, lengths, repetitions (ARGS=-v shows the places, ARGS=--check fails)
	@$(PY) -m tools.house $(ARGS)

torture: $(DEV) ## Break things on purpose and print what happened (ROUNDS=100 ARGS="kill-sqlite hostile")
	@ROUNDS='$(ROUNDS)' PYTHONPATH=src:. $(PY) -m tests.torture $(ARGS)

bench: $(DEV) ## Measure speed beside references in the same run (ARGS="requests")
	@$(PY) -m bench $(ARGS)

profile: $(DEV) ## Draw where the hot paths spend their time, into bench/profiles (ARGS="get report")
	@$(PY) -m bench.profile $(ARGS)

wheel: $(DEV) ## Build dist/signfleet-VERSION-py3-none-any.whl, for pip install
	@rm -rf build dist/*.whl
	@$(PIP) wheel --no-deps --no-build-isolation -w dist .
	@rm -rf build src/signfleet.egg-info
	@ls dist/*.whl

install: wheel ## Install for all users (PREFIX=/opt/signfleet)
	@$(PYTHON) -m venv --without-pip '$(PREFIX)'
	@$(PYTHON) -m pip --python '$(PREFIX)/bin/python' --disable-pip-version-check install -qq --no-deps \
		--require-hashes -r requirements/runtime.txt
	@$(PYTHON) -m pip --python '$(PREFIX)/bin/python' --disable-pip-version-check install -qq --no-deps \
		--force-reinstall dist/*.whl
	@echo "Installed $(PREFIX)/bin/signfleet"

deb: wheel ## Build a package for Debian into dist/
	@tools/build_deb.sh $(PYTHON) dist/*.whl

docs: $(DEV) ## Write COMPATIBILITY.md and the generated parts of docs again
	@$(PY) tools/compatibility.py
	@$(PY) tools/reference.py
	@$(PY) tools/performance.py

screenshots: $(DEV) ## Take the pictures of the console for README and docs/console.md again
	@$(PY) -m tools.screenshots $(ARGS)

vendor: $(DEV) ## Fetch the files of others that the console serves again, and check their sums
	@$(PY) tools/vendor.py

translations: $(DEV) ## Add new texts of the console to the catalogues of its languages
	@$(PY) -m tools.translations

lock: $(TOOLS) ## Pin the requirements again after a change (ARGS=--upgrade takes newer versions)
	@for set in runtime:pyproject.toml dev:requirements/dev.in tools:requirements/tools.in; do \
		$(TOOLS_VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--no-annotate --no-header $(ARGS) -o requirements/$${set%%:*}.txt $${set#*:} || exit 1; done

sbom: $(RUNTIME) ## Write sbom.json (CycloneDX) and licenses.md of what the server is made of
	@$(PY) tools/sbom.py

audit: $(TOOLS) ## Look for known vulnerabilities in what the server needs
	@$(TOOLS_VENV)/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r requirements/runtime.txt || { \
		status=$$?; echo "Not clean, or not looked at: the advisory data could not be had if the error above says so." >&2; \
		exit $$status; }

clean: ## Remove the environment and caches; the data stays
	@rm -rf $(VENV) $(TOOLS_VENV) tests/node/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PY):
	@test -n "$(PYTHON)" || { echo "CPython 3.11 or newer is needed; name it with make PYTHON=..." >&2; exit 1; }
	@echo "Creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --without-pip $(VENV)

$(RUNTIME): requirements/runtime.txt Makefile | $(PY)
	@echo "Installing what the server needs"
	@$(INSTALL) -r requirements/runtime.txt
	@$(PY) -c 'import os, pathlib, sysconfig; libraries = sysconfig.get_path("purelib"); \
		pathlib.Path(libraries, "signfleet.pth").write_text(os.path.relpath("src", libraries) + "\n")'
	@printf '%s\n' '#!/bin/sh' 'exec "$$(dirname "$$0")/python" -P -m signfleet "$$@"' \
		> $(VENV)/bin/signfleet
	@chmod +x $(VENV)/bin/signfleet
	@touch $@

$(TOOLS): requirements/tools.txt Makefile
	@echo "Creating $(TOOLS_VENV)"
	@$(PYTHON) -m venv --without-pip $(TOOLS_VENV)
	@$(PYTHON) -m pip --python $(TOOLS_VENV)/bin/python --disable-pip-version-check -qq \
		install --no-deps --no-compile --require-hashes -r requirements/tools.txt
	@touch $@

$(DEV): requirements/dev.txt $(RUNTIME)
	@echo "Installing what the tests need"
	@$(INSTALL) -r requirements/dev.txt
	@touch $@

# Programs of Node that some tests run; without npm those tests are skipped.
$(NODE): tests/node/package-lock.json | $(DEV)
	@if command -v npm > /dev/null; then echo "Installing the Node programs of the tests" \
		&& npm ci --prefix tests/node --no-audit --no-fund --ignore-scripts --silent; \
		else echo "npm is not installed, so tests that need it are skipped" >&2; fi
	@touch $@
