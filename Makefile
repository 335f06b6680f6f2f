# make demo    install, then run the whole pipeline on a bundled clip
# make test    install, then run the tests
# make app     install, then serve the browser app on this machine
# make lint    install, then ruff and mypy
# make hostile install, then the whole corpus of broken and hostile input; make kill: SIGKILL, fifty times and more
#
# Everything goes into $(VENV); a second call installs nothing. Settings, on the command line or in the environment:
#   PYTHON     the interpreter that makes the virtual environment (3.11 or newer)
#   TORCH      which torch: README, "Install"
#   PIP_ARGS   passed on to pip
PYTHON ?= python3
VENV ?= .venv
TORCH ?= torch==2.13.0
PIP_ARGS ?=
OUT ?= out

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
INPUTS := pyproject.toml requirements/mmpose.txt $(VENV)/torch-wanted

.PHONY: help install install-dev demo test lint hostile kill format app clean FORCE
.DELETE_ON_ERROR:

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | head -10

install: $(VENV)/installed
install-dev: $(VENV)/installed-dev

demo: install
	$(BIN)/d3p demo -o $(OUT)

test: install-dev
	$(BIN)/python -m pytest

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

hostile: install-dev
	$(BIN)/python -m tests.hostile --jobs 2

kill: install-dev
	$(BIN)/python -m tests.hostile.kill

format: install-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

app: install
	$(BIN)/d3p app

clean:
	rm -rf $(VENV) $(OUT) build *.egg-info .pytest_cache .ruff_cache .mypy_cache

# --- the virtual environment ---------------------------------------------------------------------------------------
$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " \
	  + sys.version.split()[0] + ". Name another one: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)

# Changes only when TORCH does, so that `make demo TORCH=...` installs again.
$(VENV)/torch-wanted: FORCE | $(VENV)/pyvenv.cfg
	@echo '$(TORCH)' | cmp -s - $@ || echo '$(TORCH)' > $@

$(VENV)/installed: $(INPUTS)
	@echo "Installing into $(VENV); a few minutes the first time ..."
	$(PIP) $(PIP_ARGS) '$(TORCH)' -e .
	$(PIP) $(PIP_ARGS) --no-deps -r requirements/mmpose.txt
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(PIP) $(PIP_ARGS) '$(TORCH)' -e '.[dev,train,render,convert]'
	@touch $@
