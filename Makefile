# make demo    install, then run the whole pipeline on a bundled clip
# make test    install, then run all tests
# make quick   install, then the tests that take less than a few seconds each: under three minutes in all
# make app     install, then serve the browser app on this machine
# make lint    install, then ruff and mypy
# make constraints: test the newest releases that pyproject.toml allows, then write down what they were
# make hostile install, then the whole corpus of broken and hostile input; make kill: SIGKILL, fifty times and more
#
# Everything goes into $(VENV); a second call installs nothing. Settings, on the command line or in the environment:
#   PYTHON       the interpreter that makes the virtual environment (3.11 or newer)
#   TORCH        which torch: README, "Install"
#   CONSTRAINTS  releases of everything else (default: what the tests ran with under this Python; empty: the newest)
#   PIP_ARGS     passed on to pip
PYTHON ?= python3
VENV ?= .venv
TORCH ?= torch==2.13.0
CONSTRAINTS ?= $(wildcard $(TESTED))
PIP_ARGS ?=
OUT ?= out

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
TESTED = requirements/constraints-$(shell $(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])').txt
INSTALL = $(PIP) $(PIP_ARGS) $(addprefix -c ,$(CONSTRAINTS)) '$(TORCH)'
INPUTS := pyproject.toml estimators/openmmlab.txt $(wildcard requirements/*.txt) $(VENV)/wanted

.PHONY: help install install-dev demo test quick lint constraints freeze hostile kill format app clean FORCE
.DELETE_ON_ERROR:

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | head -12

install: $(VENV)/installed
install-dev: $(VENV)/installed-dev

demo: install
	$(BIN)/d3p demo -o $(OUT)

test: install-dev
	$(BIN)/python -m pytest

quick: install-dev
	$(BIN)/python -m pytest -m "not slow"

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

constraints:
	rm -rf $(VENV)-newest
	$(MAKE) test VENV=$(VENV)-newest CONSTRAINTS=
	$(MAKE) freeze VENV=$(VENV)-newest CONSTRAINTS=

# Left out: torch, and what some of its builds or releases ask for in one release (TORCH says which); setuptools, which
# belongs to the environment; and mmpose with what is installed beside it, which estimators/openmmlab.txt pins.
FROZEN_NOT := ^(torch|triton|nvidia-|cuda-|sympy|setuptools|mmengine|mmcv|mmpose|ray)
freeze: install-dev
	{ echo "# What the tests ran with; written by \`make constraints\`."; \
	  $(BIN)/python -m pip freeze --exclude-editable | sed -e 's/+[a-z0-9.]*$$//' \
	  | grep -E '^[A-Za-z0-9._-]+==' | grep -v -i -E '$(FROZEN_NOT)'; } > $(TESTED).tmp
	mv $(TESTED).tmp $(TESTED)

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
	rm -rf $(VENV) $(VENV)-newest $(OUT) build *.egg-info .pytest_cache .ruff_cache .mypy_cache

# --- the virtual environment ---------------------------------------------------------------------------------------
$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " \
	  + sys.version.split()[0] + ". Name another one: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)

# Changes only when TORCH or CONSTRAINTS does, so that `make demo TORCH=...` installs again.
$(VENV)/wanted: FORCE | $(VENV)/pyvenv.cfg
	@echo '$(TORCH) $(CONSTRAINTS)' | cmp -s - $@ || echo '$(TORCH) $(CONSTRAINTS)' > $@

$(VENV)/installed: $(INPUTS)
	@echo "Installing into $(VENV); a few minutes the first time ..."
	$(INSTALL) -e '.[app]'
	$(PIP) $(PIP_ARGS) --no-deps -r estimators/openmmlab.txt
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(INSTALL) -e '.[app,dev,train,render,convert]'
	@touch $@
