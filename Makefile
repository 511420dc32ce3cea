# Everything runs in .venv, which the first target makes: uv comes from PyPI, nothing else is needed.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: demo test lint types bench battery contracts shots clean

demo: $(VENV)/.runtime
	@$(BIN)/gemstra demo $(ARGS)

test: $(VENV)/.development
	@$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.development
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports

types: $(VENV)/.development
	@$(BIN)/mypy

bench: $(VENV)/.development
	@for name in node chain; do $(BIN)/python -m bench.$$name $(ARGS) || exit 1; done

battery: $(VENV)/.development
	@$(BIN)/python -m tests.battery all $(ARGS)

contracts: $(VENV)/.development
	@$(BIN)/python contracts/build.py

shots: $(VENV)/.development
	@$(BIN)/python -m pytest -q tests/e2e -m browser $(ARGS)

clean:
	rm -rf $(VENV) build

# uv lives in a small environment of its own, so that a bare machine with Python is enough.
$(VENV)-uv/bin/uv:
	@$(PYTHON) -m venv $(VENV)-uv
	@$(VENV)-uv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.11,<1'

define sync
	@UV_PROJECT_ENVIRONMENT=$(VENV) UV_PYTHON_DOWNLOADS=never $(VENV)-uv/bin/uv sync --quiet --locked $(1) \
		--python "$$($(PYTHON) -c 'import sys; print(sys.executable)')"
endef

$(VENV)/.runtime: pyproject.toml uv.lock $(VENV)-uv/bin/uv
	$(call sync,--no-dev --inexact)
	@touch $@

$(VENV)/.development: pyproject.toml uv.lock $(VENV)-uv/bin/uv
	$(call sync,)
	@touch $@ $(VENV)/.runtime
