# Everything runs in .venv, which the first target makes: uv comes from PyPI, nothing else is needed.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=
FOUND := $(shell $(PYTHON) -c 'import sys; print("%d.%d.%d" % sys.version_info[:3] if (3, 11) <= sys.version_info < (3, 14) else "")')
ifeq ($(FOUND),)
$(error $(PYTHON) is no Python 3.11, 3.12 or 3.13: name one, for example make demo PYTHON=python3.12)
endif
RUNTIME := $(VENV)/.runtime-$(FOUND)
DEVELOPMENT := $(VENV)/.development-$(FOUND)

# Compiled modules are kept: a node starts in half the time, and the tests start hundreds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint types bench battery docs contracts shots clean

demo: $(RUNTIME)
	@$(BIN)/gemstra demo $(ARGS)

test: $(DEVELOPMENT)
	@$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

lint: $(DEVELOPMENT)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports

types: $(DEVELOPMENT)
	@$(BIN)/mypy

bench: $(DEVELOPMENT)
	@for file in $$(grep -l '"__main__"' bench/*.py); do $(BIN)/python -m bench.$$(basename $$file .py) $(ARGS) || exit 1; done

battery: $(DEVELOPMENT)
	@$(BIN)/python -m tests.battery all $(ARGS)

# The pages under docs/ that are drawn from the program.
docs: $(DEVELOPMENT)
	@$(BIN)/python -m tests.house.pages

contracts: $(DEVELOPMENT)
	@$(BIN)/python contracts/tool.py build

shots: $(DEVELOPMENT)
	@GEMSTRA_SHOTS=1 $(BIN)/python -m pytest -q tests/e2e -m browser $(ARGS)

clean:
	rm -rf $(VENV) $(VENV)-uv build

# uv lives in a small environment of its own, so that a bare machine with Python is enough.
$(VENV)-uv/bin/uv:
	@echo "Making the environment in $(VENV): once, with what uv.lock names." >&2
	@$(PYTHON) -m venv $(VENV)-uv
	@$(VENV)-uv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.11,<1'

define sync
	@UV_PROJECT_ENVIRONMENT=$(VENV) UV_PYTHON_DOWNLOADS=never $(VENV)-uv/bin/uv sync --quiet --locked $(1) \
		--python "$$($(PYTHON) -c 'import sys; print(sys.executable)')"
endef

$(RUNTIME): pyproject.toml uv.lock $(VENV)-uv/bin/uv
	$(call sync,--no-dev --inexact)
	@touch $@

$(DEVELOPMENT): pyproject.toml uv.lock $(VENV)-uv/bin/uv
	$(call sync,)
	@touch $@ $(RUNTIME)
