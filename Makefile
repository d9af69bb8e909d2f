PYTHON ?= python3
UV ?= .venv/bin/uv
PYTEST_ARGS ?=
BENCH_ARGS ?=
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
LOCK_ARGS ?=

PIP = .venv/bin/python -m pip --disable-pip-version-check --no-input -qq
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url $(LOCK_ARGS)
FAIL = { echo "$(1)" >&2; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help run test test-browser test-pooler bench soak check format install lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: .venv/.run ## Start the service (PORT=8001 HOST=0.0.0.0, or as .env says)
	@exec .venv/bin/timetracker-api serve $(and $(HOST),--host $(HOST)) $(and $(PORT),--port $(PORT))

test: .venv/.test ## Run the tests (PYTEST_ARGS="-k timer -x")
	@.venv/bin/pytest -n logical --maxprocesses 8 $(PYTEST_ARGS)

test-browser: .venv/.test ## Test with generated clients and Chromium
	@command -v node >/dev/null && command -v npm >/dev/null || \
		$(call FAIL,There is no Node.js with npm here; version 20 or newer is needed: https://nodejs.org)
	@test -x "$(CHROMIUM)" || \
		$(call FAIL,There is no Chromium here; on Debian and Ubuntu: apt install chromium)
	@cd tests/browser && test node_modules/.package-lock.json -nt package-lock.json || \
		npm ci --loglevel=error
	@CHROMIUM="$(CHROMIUM)" .venv/bin/pytest tests/browser $(PYTEST_ARGS)

test-pooler: .venv/.test ## Test behind PgBouncer
	@PATH="$$PATH:/usr/sbin" && command -v pgbouncer >/dev/null || \
		$(call FAIL,There is no PgBouncer here; on Debian and Ubuntu: apt install pgbouncer)
	@PATH="$$PATH:/usr/sbin" .venv/bin/pytest tests/pooler $(PYTEST_ARGS)

bench: .venv/.test ## Measure the service (BENCH_ENTRIES=10000 BENCH_ARGS="--only list create")
	@.venv/bin/python -m benchmarks $(BENCH_ARGS)

soak: .venv/.test ## Use the service while PostgreSQL and workers fail (SOAK_SECONDS=120)
	@.venv/bin/python -m benchmarks.soak

check: .venv/.test ## Lint, check formatting, types, the direction of imports and migrations
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/pyright
	.venv/bin/lint-imports
	@rm -rf build/sql
	@.venv/bin/timetracker-api db sql --out build/sql > /dev/null
	.venv/bin/squawk build/sql/*.sql

format: .venv/.test ## Format the code and apply safe fixes
	.venv/bin/ruff check --fix-only
	.venv/bin/ruff format

install: .venv/.run ## Install what the service needs into .venv, and start nothing

lock: .venv/pyvenv.cfg ## Write the locks anew (LOCK_ARGS=--upgrade for newer versions)
	@command -v $(UV) >/dev/null || $(PIP) install uv
	$(COMPILE) pyproject.toml requirements/build.in -o requirements/run.txt
	$(COMPILE) pyproject.toml requirements/build.in --extra test -c requirements/run.txt \
		-o requirements/test.txt

clean: ## Remove .venv, caches and build results; databases stay
	rm -rf tests/browser/node_modules tests/browser/generated
	rm -rf .venv build dist .coverage .hypothesis .pytest_cache .ruff_cache .import_linter_cache
	find src tests alembic -name __pycache__ -type d -prune -exec rm -rf {} +

# The test lock contains the run lock, so one environment serves both.
.venv/.%: requirements/%.txt pyproject.toml .venv/pyvenv.cfg
	@echo "Installing requirements/$*.txt into .venv (a minute or so the first time)"
	@$(PIP) install --require-hashes --only-binary=:all: -r $<
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch .venv/.run $@

# A copied checkout brings a .venv that runs the code it was copied from: make a new one.
ifeq ($(shell grep -qsF '$(CURDIR)/.venv' .venv/bin/activate && test -x .venv/bin/python && echo ours),)
.PHONY: .venv/pyvenv.cfg
endif

.venv/pyvenv.cfg:
	@command -v $(PYTHON) >/dev/null || $(call FAIL,There is no $(PYTHON) here; Python 3.11 or newer is needed)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		$(call FAIL,$(PYTHON) is older than 3.11; name a newer one: make PYTHON=python3.13 ...)
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		$(call FAIL,$(PYTHON) has no venv module; on Debian and Ubuntu: apt install python3-venv)
	@$(PYTHON) -m venv --clear .venv
