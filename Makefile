# Two commands: `make demo` shows the main job, `make test` proves it. Everything that they need
# beyond Python 3.11 or newer and make is installed into this folder.

UV := $(or $(shell command -v uv),.uv/bin/uv)
PY := .venv/bin/python
# The distribution's Python, where it is new enough: it was compiled with profiles. What a version
# manager compiles mostly is not, and took 1.6 times as long for the same code.
PYTHON ?= $(shell /usr/bin/python3 -c 'import sys; \
	print("/usr/bin/python3" if sys.version_info >= (3, 11) else ">=3.11")' 2>/dev/null || echo '>=3.11')
# uv is told which Python: it would otherwise take whichever environment is activated.
COMPILE = $(UV) pip compile -q --python $(PY) --universal --generate-hashes --no-header --no-annotate \
	--python-version 3.11 pyproject.toml
CLIENTS = $(UV) pip compile -q --python $(PY) --universal --generate-hashes --no-header --no-annotate \
	--python-version 3.11
INSTALL = $(UV) pip install -q --python $(PY)
# Processes that are forked from one that has collected the tests (tests/support/forking.py).
BESIDE = --processes
# Three a core: tests of whole services wait for most of their time.
PROCESSES = $(shell $(PY) -c 'import os; print(3 * min(len(os.sched_getaffinity(0)), 4))')
FAST = tests/domain tests/providers tests/egress tests/web tests/test_accounts.py tests/test_locale.py

# With bytecode switched off nothing is cached, and every start pays for it.
export PYTHONDONTWRITEBYTECODE :=
export UV_COMPILE_BYTECODE := 1
export UV_PYTHON_DOWNLOADS := never

.DEFAULT_GOAL := help
.PHONY: help install setup demo tools browser fonts promtool pgbouncer deploy-tools pictures test test-fast test-pg cov bench chaos check fmt lint types imports migrations-check lock \
	lock-check run emulate migration docs clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: .venv/.run ## Install what the service needs into .venv, without developer tools

setup: .venv/.dev ## Install everything into .venv

pictures: .venv/.dev browser fonts ## Make the pictures of the READMEs anew, in Chromium
	$(PY) -m tests.support.screenshots

browser: ## Install Chromium's headless shell for tests of pages (as root on Debian), or take Chromium
	@command -v chromium-headless-shell >/dev/null || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq \
			&& DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
				chromium-headless-shell >/dev/null; } || command -v chromium >/dev/null \
		|| { echo "chromium is not on PATH: install it, or run this as root on Debian"; exit 1; }
	@$$(command -v chromium-headless-shell || command -v chromium) --version

fonts: ## Install a font with Chinese letters for the pictures (as root on Debian), or take one
	@fc-list :lang=zh-cn | grep -q . || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq \
			&& DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
				fontconfig fonts-noto-cjk >/dev/null; } \
		|| { echo "no font has Chinese letters: install one (Debian: fonts-noto-cjk)"; exit 1; }
	@fc-match -f '%{family[0]}\n' sans-serif:lang=zh-cn

promtool: ## Fetch promtool from Debian's packages into .promtool, for tests of alert rules, unless it is there
	@command -v promtool >/dev/null || test -x .promtool/usr/bin/promtool || { \
		command -v apt-get >/dev/null || { echo "promtool is not on PATH: install it"; exit 1; }; \
		[ "$$(id -u)" != 0 ] || apt-get update -qq; \
		mkdir -p .promtool && cd .promtool && apt-get download -qq prometheus >/dev/null \
			&& dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb; }

pgbouncer: ## Unpack Debian's PgBouncer into this folder for the tests of poolers
	@tests/pgbouncer.sh && .pgbouncer/pgbouncer --version | head -1

deploy-tools: .deploy/.ready ## Install linters of the recipes in deploy/ into .deploy, with Helm's library

demo: .venv/.run ## Run the main job on this machine (KEEP=1 leaves it running)
	@$(PY) -m tracker demo $(if $(KEEP),--keep)

test: .venv/.dev .venv/.s3 tools ## Run all tests, on SQLite, PostgreSQL and in Chromium
	$(PY) -m pytest $(BESIDE) $(PROCESSES) $(ARGS)

# One after the other: apt-get lets nobody else in.
tools: .clients/.ready
	@$(MAKE) -s browser || echo "Chromium could not be installed: the tests of pages in it will be skipped"
	@$(MAKE) -s promtool || echo "promtool could not be had: the tests of alert rules by it will be skipped"
	@$(MAKE) -s pgbouncer || echo "PgBouncer could not be had: the tests of poolers will be skipped"
	@$(MAKE) -s deploy-tools || echo "the linters of deploy/ could not be had: their tests will be skipped"

# The contract test draws its requests while it is collected, and runs on PostgreSQL alone.
test-fast: .venv/.dev ## Run what a change breaks first: core, providers and routes, on SQLite
	$(PY) -m pytest $(BESIDE) $(PROCESSES) -k "not postgres" -m "not browser" \
		--ignore tests/web/edge/test_contract.py $(FAST) $(ARGS)

test-pg: .venv/.dev ## Run the tests that need PostgreSQL
	$(PY) -m pytest $(BESIDE) $(PROCESSES) -k postgres $(ARGS)

cov: .venv/.dev .clients/.ready ## Measure what the tests cover
	$(PY) -m pytest $(BESIDE) $(PROCESSES) --cov --cov-report=term-missing:skip-covered

bench: .venv/.bench ## Measure the service beside plain references (QUICK=1, ROWS=1,2)
	$(PY) -m bench $(if $(QUICK),--quick) $(if $(ROWS),--rows $(ROWS)) $(if $(ON),--on $(ON))

chaos: .venv/.dev ## Kill everything at random and count what was lost (SEED=, SECONDS=60, DB=sqlite|postgres|pgbouncer)
	$(PY) -m tests.chaos $(if $(SEED),--seed $(SEED)) --seconds $(or $(SECONDS),60) --db $(or $(DB),sqlite)

check: lint types imports migrations-check lock-check ## Everything but the tests

fmt: .venv/.dev ## Format the code
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

lint: .venv/.dev
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .

types: .venv/.dev
	$(PY) -m mypy

imports: .venv/.dev
	.venv/bin/lint-imports

migrations-check: .venv/.dev
	$(PY) -m pytest -q -p no:cacheprovider tests/architecture/test_migrations.py

run: .venv/.run ## Serve on this machine, with the settings of the environment or .env
	$(PY) -m tracker migrate && $(PY) -m tracker serve

emulate: .venv/.run ## Run the provider emulator alone
	$(PY) -m tracker emulate

migration: .venv/.dev ## Draft a migration from the schema (NAME="add lease token")
	$(PY) -m alembic revision --autogenerate -m "$(NAME)" \
		--rev-id $$(printf %04d $$(($$(ls migrations/versions/*.py | wc -l) + 1)))

docs: .venv/.dev ## Redraw what is drawn from the code
	$(PY) docs/draw.py

lock: | .venv/bin/python ## Renew the lock files
	$(COMPILE) --extra fast --upgrade -o requirements.lock
	$(COMPILE) --extra fast --group dev --upgrade -c requirements.lock -o requirements-dev.lock
	$(COMPILE) --extra fast --group dev --group bench --upgrade -c requirements-dev.lock \
		-o requirements-bench.lock
	$(COMPILE) --extra fast --group dev --group s3 --upgrade -c requirements-dev.lock \
		-o requirements-s3.lock

	$(CLIENTS) requirements-deploy.in -o requirements-deploy.lock
	$(CLIENTS) requirements-clients.in --overrides requirements-clients.overrides \
		-o requirements-clients.lock
	cd tests/clients && npm install --package-lock-only --ignore-scripts \
		--omit-lockfile-registry-resolved=true

lock-check: | .venv/bin/python
	@cp requirements.lock .lock-run && cp requirements-dev.lock .lock-dev
	@cp requirements-bench.lock .lock-bench && cp requirements-s3.lock .lock-s3
	@$(COMPILE) --extra fast -o .lock-run && $(COMPILE) --extra fast --group dev -o .lock-dev
	@$(COMPILE) --extra fast --group dev --group bench -o .lock-bench
	@$(COMPILE) --extra fast --group dev --group s3 -o .lock-s3
	@cmp requirements.lock .lock-run && cmp requirements-dev.lock .lock-dev \
		&& cmp requirements-bench.lock .lock-bench && cmp requirements-s3.lock .lock-s3; \
		status=$$?; rm -f .lock-run .lock-dev .lock-bench .lock-s3; \
		[ $$status = 0 ] || echo "pyproject.toml and the lock files differ: run make lock"; exit $$status

clean: ## Remove what make installed
	rm -rf .venv .uv .clients .deploy .promtool .pgbouncer .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

.uv/bin/uv:
	python3 -m venv .uv
	.uv/bin/pip install -q --disable-pip-version-check 'uv>=0.13,<0.14'

.venv/bin/python: | $(UV)
	$(UV) venv -q --allow-existing --python '$(PYTHON)' .venv

.venv/.run: requirements.lock pyproject.toml | .venv/bin/python
	$(INSTALL) --require-hashes -r requirements.lock
	$(INSTALL) --no-deps -e .
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.run
	$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

# Without it the tests of S3 and Parquet are skipped, which is said here and by them.
.venv/.s3: requirements-s3.lock .venv/.dev
	@$(INSTALL) --require-hashes -r requirements-s3.lock \
		|| echo "moto and pyarrow could not be installed: the tests of S3 and Parquet will be skipped"
	@touch $@

.venv/.bench: requirements-bench.lock .venv/.dev
	$(INSTALL) --require-hashes -r requirements-bench.lock
	@touch $@

.deploy/.ready: requirements-deploy.lock | .venv/bin/python
	@$(UV) venv -q --allow-existing --python $(PY) .deploy
	@$(UV) pip install -q --python .deploy/bin/python --require-hashes -r requirements-deploy.lock
	@touch $@

# Published clients, each as its authors packed it, away from what we run on. klingai-api asks for
# Python 3.14 but runs on ours; of google-genai there are two majors, the newer one apart; what
# comfy-cli's other commands need is left out. Without Node.js
# the JavaScript clients are missing, which is said here and by the tests that are skipped for it.
.clients/.ready: requirements-clients.lock requirements-klingai.lock requirements-genai.lock \
		tests/clients/package-lock.json \
		| .venv/bin/python
	$(UV) venv -q --allow-existing --python $(PY) .clients
	$(UV) pip install -q --python .clients/bin/python --no-deps --require-hashes \
		-r requirements-clients.lock
	$(UV) pip install -q --python .clients/bin/python --python-version 3.14 --no-deps \
		--target .clients/klingai --require-hashes -r requirements-klingai.lock
	$(UV) pip install -q --python .clients/bin/python --no-deps \
		--target .clients/genai3 --require-hashes -r requirements-genai.lock
	@if command -v node >/dev/null && command -v npm >/dev/null; then \
		cp tests/clients/package.json tests/clients/package-lock.json .clients/ \
			&& npm ci --prefix .clients --ignore-scripts --no-audit --no-fund --loglevel=error; \
	else \
		rm -rf .clients/node_modules; \
		echo "node or npm is not on PATH: the tests of the JavaScript clients will be skipped"; \
	fi
	@touch $@
