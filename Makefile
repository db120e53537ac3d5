# Everything is installed in .venv. A stamp file there says what is in place, so nothing is installed twice.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     ?= $(or $(wildcard $(BIN)/uv),uv)
PIP    := $(BIN)/python -m pip --disable-pip-version-check install -qq
LOCK   := pip compile -q --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
          --no-emit-index-url --no-emit-find-links --no-header --no-annotate

EXAMPLES ?= 100000
JOBS     ?= 2
KILLS    ?= 500
SECONDS  ?= 60
WORKERS  ?= 3

.DEFAULT_GOAL := help
.PHONY: help setup demo test check soak fuzz lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.run ## install what a run needs into .venv: pinned, with hashes
	@echo "Ready. Next: make demo"

demo: $(VENV)/.run ## run the storm against the sandbox, judge it and say where the page is
	@out=reports/demo-$$(date +%Y%m%d-%H%M%S); \
	$(BIN)/inorder run scenarios/storm.toml --out $$out; code=$$?; \
	if [ -f $$out/index.html ]; then echo "The page: $$out/index.html"; fi; \
	exit $$code

test: $(VENV)/.dev $(VENV)/.npm ## run the tests; ARGS='-k rooms' goes to pytest, WORKERS=3 run side by side (most of the time is waiting)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(VENV)/.dev ## lint, format, types, and the nevers between the rooms
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m mypy
	@$(BIN)/python -m pytest -q tests/test_rooms.py

soak: $(VENV)/.dev ## the judge against the oracle, and servers killed, for long; EXAMPLES=100000 histories, JOBS=2, KILLS=500 a store
	@each=$$(( ($(EXAMPLES) + $(JOBS) - 1) / $(JOBS) )); \
	seq $(JOBS) | INORDER_ORACLE_EXAMPLES=$$each xargs -P $(JOBS) -I {} \
	$(BIN)/python -m pytest -q -o timeout=0 -p no:cacheprovider tests/analysis/test_oracle.py
	@INORDER_KILLS=$(KILLS) $(BIN)/python -m pytest -q -s -p no:cacheprovider tests/test_crashes.py

fuzz: $(VENV)/.dev ## fuzz the decoder of bodies, guided by coverage (Linux, x86-64); SECONDS=60
	@mkdir -p .fuzz && $(BIN)/python tests/fuzz/decoder.py .fuzz/corpus -max_total_time=$(SECONDS) -artifact_prefix=.fuzz/ -print_final_stats=1

# In a copy, so that a run that is ended half-way leaves nothing mutated here; the copy stays, for `mutmut show NAME` in it.
mutate: $(VENV)/.dev ## mutate the checking code, and see whether the tests notice (slow); ARGS='analysis.ordering.*' for a part
	@copy=$$(mktemp -d "$${TMPDIR:-/tmp}/inorder-mutate-XXXXXX") && echo "In $$copy" && \
	cp -R analysis inorder scenarios tests pyproject.toml "$$copy" && cd "$$copy" && \
	INORDER_ORACLE_EXAMPLES=60 OMP_NUM_THREADS=1 nice "$(CURDIR)/$(BIN)/mutmut" run --max-children 2 $(ARGS) && \
	"$(CURDIR)/$(BIN)/mutmut" results && "$(CURDIR)/$(BIN)/mutmut" export-cicd-stats && \
	"$(CURDIR)/$(BIN)/python" -c 'import json; n = json.load(open("mutants/mutmut-cicd-stats.json")); \
	    tried = sum(n.values()) - n["total"]; killed = n["killed"] + n["timeout"]; \
	    print(f"{killed} of {tried} mutants killed: {killed / tried:.1%}"); \
	    raise SystemExit(killed < 0.95 * tried)'

lock: ## pin the requirements again (needs uv); ARGS=--upgrade takes newer releases
	@command -v $(UV) >/dev/null || { echo "make: lock needs uv, and $(UV) is not on the path" >&2; exit 1; }
	$(UV) $(LOCK) $(ARGS) --extra run --extra judge --extra postgres --extra sql --extra dask --extra bench --extra mutation --extra fuzz --extra dev pyproject.toml -o requirements/dev.txt
	$(UV) $(LOCK) $(ARGS) --extra run --extra judge --extra sql -c requirements/dev.txt pyproject.toml requirements/build.in -o requirements/run.txt
	@! grep -n '://' requirements/*.txt

clean: ## remove .venv, caches and builds; runs in reports/ stay
	rm -rf $(VENV) .artifacts dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis .fuzz
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ensurepip puts pip in place last, so its presence says that the environment is whole.
$(BIN)/pip:
	@command -v $(PYTHON) >/dev/null || { echo "make: needs Python 3.11 or newer, and $(PYTHON) is not on the path" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1); name another with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "make: $(PYTHON) has no venv with pip; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(BIN)/pip
	@echo "Installing what a run needs into $(VENV) ..."
	@$(PIP) --require-hashes -r requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

# Holds all that a run needs too, so it counts for both.
$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(BIN)/pip
	@echo "Installing what development needs into $(VENV) ..."
	@$(PIP) --require-hashes -r requirements/dev.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $(VENV)/.run $@

# What the tests of the page run inside the browser; the lock file holds its hash.
$(VENV)/.npm: tests/page/package.json tests/page/package-lock.json | $(BIN)/pip
	@command -v npm >/dev/null || { echo "make: the tests of the page need npm (and Chromium); on Debian and Ubuntu: apt-get install npm chromium" >&2; exit 1; }
	@mkdir -p $(VENV)/npm && cp tests/page/package.json tests/page/package-lock.json $(VENV)/npm/
	@cd $(VENV)/npm && npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@
