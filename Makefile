# make run          the whole stack on this machine; Ctrl-C stops it
# make deploy-local bring changed code into the running stack
# make logs         what the functions of the running stack logged
# make test         lint, types, unit, contract, function and template tests
# make e2e          black-box tests against a local cloud of their own
# make test-versions the unit tests on Python 3.11, 3.12 and 3.13
# make openapi      write the API's description and pages anew
# make bench        what importing each function costs
# make bench-reach  how long a logout takes to be real, on the running local cloud
# make lock         compile the requirements files anew
PYTHON ?= python3
PORT ?= 8080
EMULATOR_PORT ?= 4566
.PHONY: python run deploy-local logs test test-versions e2e openapi bench bench-reach lock

# Old Pythons cannot even read the code, so they are turned away here.
python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "doorward: Python 3.11 or later is needed; choose one, such as: make run PYTHON=python3.13" >&2; exit 1; }

run: python
	@exec $(PYTHON) -m local.run --port $(PORT) --emulator-port $(EMULATOR_PORT)

deploy-local: python
	@exec $(PYTHON) -m local.deploy --port $(PORT) --emulator-port $(EMULATOR_PORT)

logs: python
	@exec $(PYTHON) -m local.logs --emulator-port $(EMULATOR_PORT)

VENV := .venv
PYTEST := $(VENV)/bin/python -m pytest
UV := .local/uv/bin/uv

# The tests' virtual environment, made anew when its requirements change.
$(VENV)/.installed: requirements/dev.txt requirements/uv.txt | python
	@$(PYTHON) -m local.tools dev $(VENV)
	@touch $@

test: $(VENV)/.installed
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check --quiet .
	$(VENV)/bin/mypy
	$(VENV)/bin/cfn-lint template.yaml examples/protected-api/*/template.yaml
	PYTHONPATH=layers/shared $(VENV)/bin/python -m tools.openapi --check
	$(PYTEST) -q -n auto --cov --cov-report=term --cov-fail-under=95

# The unit tests on every Python that the code promises and this machine has.
test-versions: $(VENV)/.installed
	@for version in 3.11 3.12 3.13; do \
	  command -v python$$version >/dev/null 2>&1 && python$$version -c pass 2>/dev/null || { echo "no python$$version here"; continue; }; \
	  $(UV) venv --quiet --clear --python python$$version .local/test-$$version && \
	  $(UV) pip install --quiet --python .local/test-$$version/bin/python --require-hashes -r requirements/dev.txt && \
	  echo "python$$version" && .local/test-$$version/bin/python -m pytest -q tests/unit || exit 1; \
	done

e2e: $(VENV)/.installed
	$(PYTEST) -q -s tests/e2e

openapi: $(VENV)/.installed
	PYTHONPATH=layers/shared $(VENV)/bin/python -m tools.openapi

bench-reach: $(VENV)/.installed
	PYTHONPATH=layers/shared $(VENV)/bin/python -m tools.bench.reach --url http://localhost:$(PORT)

bench: $(VENV)/.installed
	$(VENV)/bin/python -m tools.bench.imports

lock:
	for name in layers/shared/requirements requirements/dev requirements/local requirements/sam requirements/uv \
	  examples/clients/python/requirements examples/socketio/requirements; do \
	  uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes $$name.in -o $$name.txt; \
	done
