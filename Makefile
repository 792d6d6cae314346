# One word for each thing a developer does; `make help` lists them. They run on a bare machine with Python 3.11 or newer.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.made-from-lock
COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --custom-compile-command 'make lock'

# Some machines export it, and Airflow without byte code takes minutes to start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help env system run test full fresh soak bench mutate new-erp new-channel contract check docs requirements lock release clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile

env: $(STAMP)  ## build .venv from requirements-dev.lock

$(STAMP): requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "order-sync needs Python 3.11 or newer, and '$(PYTHON)' is not: name one, as in 'make env PYTHON=python3.12'." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@awk '/^[^ ]/ { wanted = /^uv==/ } wanted' requirements-dev.lock > $(VENV)/uv.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements-dev.lock
	@touch $@

system:  ## install what `make full` needs beside Python, with apt-get and as root: Debian's PostgreSQL and OpenSSH server
	@set --; ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || set -- postgresql; \
	test -x /usr/sbin/sshd || set -- "$$@" openssh-server; \
	if [ $$# = 0 ]; then echo "Debian's PostgreSQL and OpenSSH server are installed"; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy "$$@" || exit 1; \
		case "$$*" in *openssh-server*) service ssh stop; update-rc.d ssh disable;; esac; \
	else echo "not installed: $$*. 'make system' installs it as root, where there is apt-get." >&2; exit 1; fi

run: env  ## start the sandbox: Postgres, Tryton, Airflow (ONCE=1: one round, then stop; ERP=drop: into files)
	PYTHONPATH=plugins $(BIN)/python -m sandbox.run $(if $(ONCE),--once) $(if $(ERP),--erp $(ERP))

test: env  ## run the tests in stages, with the time of each (STAGES="core dags" for some)
	$(BIN)/python -m tests.stages $(STAGES)

full: env  ## run what `make test` leaves out: ledger and channels on other servers (PARTS="debian" for some)
	$(BIN)/python -m tests.stages --full $(PARTS)

fresh:  ## both README commands in a new clone, with an empty home and a bare environment, as root and as another user
	$(PYTHON) tests/fresh.py

soak: env  ## send 200 real invoices, and one of 1,114 lines, into Tryton, and print counts and times
	PYTHONPATH=plugins $(BIN)/python -m tests.real_orders.soak

bench: env  ## measure how fast much data goes through, beside COPY and dlt (ARGS="--baskets 5000 ..." for less)
	@PYTHONPATH=plugins $(BIN)/python -m benchmarks.bulk $(ARGS)

mutate: env  ## break the code in small ways, and expect each guarding test to fail (GUARDS="2 7" for some)
	@$(BIN)/python -m tests.mutate $(GUARDS)

new-erp: env  ## begin an ERP: NAME=my_erp (its adapter, simulator, fixture, registry line and connection)
	@PYTHONPATH=plugins $(BIN)/python -m scaffold erp '$(NAME)'
	@PYTHONPATH=plugins $(BIN)/python -m docs.generate

new-channel: env  ## begin a channel: NAME=my_shop (its SQL, fixture, registry line and connection)
	@PYTHONPATH=plugins $(BIN)/python -m scaffold channel '$(NAME)'
	@PYTHONPATH=plugins $(BIN)/python -m docs.generate

contract: env  ## what a channel or ERP still lacks, up to the first sentence: NAME=my_erp (ALL=1: every sentence)
	@test -n "$(NAME)" || { echo "Which channel or ERP? Name it, as in 'make contract NAME=my_erp'." >&2; exit 2; }
	@$(BIN)/python -m pytest -q --tb=line $(if $(ALL),,-x) tests/contract -k '[$(NAME)'

check: env  ## formatting, lint, types, and who may import whom
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PYTHONPATH=plugins $(BIN)/lint-imports

docs: env  ## write the generated parts of the documentation again
	PYTHONPATH=plugins $(BIN)/python -m docs.generate

requirements: env  ## list each line of docs/requirements.md with the tests that prove it
	@$(BIN)/python -m tests.requirements

lock: env  ## pin each file of requirements, with hashes, and write constraints.txt
	$(COMPILE) requirements.txt -o requirements.lock
	{ echo '# The versions that are tested: pip install -r requirements.txt -c constraints.txt'; \
		sed -n 's/^\([^ #][^;]*==[^ ;]*\( ; .*\)\{0,1\}\) \\$$/\1/p' requirements.lock; } > constraints.txt
	$(COMPILE) requirements-dev.txt -o requirements-dev.lock
	$(COMPILE) --resolution lowest-direct tests/least/requirements.txt -o tests/least/requirements.lock
	$(COMPILE) sandbox/requirements-tryton.txt -o sandbox/requirements-tryton.lock
	$(COMPILE) benchmarks/requirements.txt -o benchmarks/requirements.lock
	$(COMPILE) tests/judges/requirements.txt -o tests/judges/requirements.lock

RELEASED := dags plugins include bin docs requirements.txt requirements.lock constraints.txt airflow_settings.yaml README.md CHANGELOG.md LICENSE

release:  ## write what an Airflow needs into one archive, with checksums, from a clean tree
	@test -z "$$(git status --porcelain)" || { echo "not released: 'git status' shows changes. Commit or remove them first." >&2; exit 1; }
	@name=order-sync-$$(sed -n 's/^__version__ = "\(.*\)"/\1/p' plugins/order_sync/__init__.py); mkdir -p dist && \
	git ls-files -z $(RELEASED) | xargs -0 sha256sum > dist/SHA256SUMS && \
	git archive --prefix=$$name/ --add-file=dist/SHA256SUMS --output=dist/$$name.tar.gz HEAD $(RELEASED) && \
	rm dist/SHA256SUMS && echo "dist/$$name.tar.gz"

clean:  ## remove the environment, the sandbox and every cache
	@if [ -d .sandbox ]; then find .sandbox -type l -exec readlink {} \; | grep '^/var/tmp/order-sync-' | xargs rm -rf; fi
	rm -rf $(VENV) .sandbox .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
