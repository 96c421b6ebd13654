# Two commands matter to a new user: `make audit` and `make test`. Each sets up what is missing, once, in .venv.

.DEFAULT_GOAL := help
.PHONY: help setup audit test test-long lint check format power bench lock clean moved

PY    := .venv/bin/python
STAMP := .venv/.ready
LOCK  := requirements.lock
PIP   := PIP_USER=0 $(PY) -m pip --disable-pip-version-check --no-input
ARGS  :=

# What a shell around us sets for another Python must not reach this one.
unexport PYTHONHOME
unexport PYTHONPATH

# The stamp holds the folder it was made in: a checkout that was moved, or whose Python is gone, is set up afresh.
MADE_IN := $(shell test -x $(PY) && cat $(STAMP) 2>/dev/null)
ifneq ($(MADE_IN),$(CURDIR))
$(STAMP): moved
endif

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo 'ARGS="..." is handed on, for example: make audit ARGS="preset:plain-mean --profile ci"'

setup: $(STAMP)  ## .venv with the locked dependencies, this package and its compiled kernels

# Without a finished stamp whatever lies in .venv is half made: it is emptied first.
$(STAMP): pyproject.toml $(LOCK)
	@set -eu; \
	if [ '$(MADE_IN)' != '$(CURDIR)' ]; then \
	    found=; \
	    for name in "$(PYTHON)" python3 python3.13 python3.12 python3.11 python3.14; do \
	        [ -n "$$name" ] || continue; \
	        if "$$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then found=$$name; break; fi; \
	    done; \
	    [ -n "$$found" ] || { echo 'setup: no Python 3.11 or newer (with its venv module) was found; install one, or name it: make PYTHON=/path/to/python3' >&2; exit 1; }; \
	    echo "setup: $$("$$found" --version) in .venv"; \
	    "$$found" -m venv --clear .venv; \
	fi; \
	rm -f $(STAMP); \
	echo 'setup: installing the locked dependencies (a minute or two, the first time)'; \
	$(PIP) install -qq --progress-bar off --only-binary :all: --require-hashes --requirement $(LOCK); \
	$(PIP) install -qq --no-deps --no-build-isolation --editable .; \
	echo 'setup: compiling the kernels'; \
	$(PY) -m indexlab.audit.warm; \
	printf '%s\n' '$(CURDIR)' > $(STAMP); \
	echo 'setup: done'

audit: $(STAMP)  ## audit the bundled methodologies, print the table, write a report
	@.venv/bin/indexlab audit $(ARGS)

# Two cores are two workers; one that has nothing left to do takes over tests of the other.
test: $(STAMP)  ## the tests
	@$(PY) -m pytest -n auto --dist worksteal $(ARGS)

test-long: $(STAMP)  ## the tests that take minutes, and only those
	@$(PY) -m pytest -m long $(ARGS)

lint: $(STAMP)  ## format, lint and types, changing nothing
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy

check: lint test  ## everything a change must pass: format, lint, types, tests (floors and cycles among them)

format: $(STAMP)  ## put the code into the house's format, and mend what the linter can
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

# The measurement goes into the package: every report carries it.
power: $(STAMP)  ## measure which planted defects are found, at ci, and keep the figures for every report
	@set -u; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; code=0; \
	.venv/bin/indexlab power --profile ci --out "$$dir/power" $(ARGS) || code=$$?; \
	[ $$code -gt 1 ] || cp "$$dir/power/power.json" indexlab/audit/power.json; \
	exit $$code

bench: $(STAMP)  ## the benchmarks: figures to look at, none of them asserted
	@$(PY) -m pytest benchmarks -q --benchmark-only --benchmark-quiet $(ARGS)

# Every dependency and the build backend, with hashes, for every Python and platform at once; no address of any index. uv lives in a
# folder of its own that is gone afterwards.
lock:  ## resolve the dependencies anew into requirements.lock
	@set -eu; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	$(or $(wildcard $(PY)),$(PYTHON),python3) -m venv "$$dir/uv"; \
	PIP_USER=0 "$$dir/uv/bin/python" -m pip --disable-pip-version-check install -qq uv; \
	"$$dir/uv/bin/uv" pip compile pyproject.toml --group dev --all-extras --universal --python-version 3.11 --upgrade --generate-hashes \
	    --no-config --no-emit-index-url --no-emit-find-links --no-header --quiet --output-file "$$dir/lock"; \
	{ echo '# Everything that runs, checks and builds indexlab, exactly. Written by `make lock`; not edited by hand.'; cat "$$dir/lock"; } > $(LOCK); \
	echo 'lock: wrote $(LOCK)'

clean:  ## remove .venv and every cache; reports stay
	@rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
