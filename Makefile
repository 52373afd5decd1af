PYTHON ?= python3
PORT ?= 8080
EMULATOR_PORT ?= 4566
# The web origins that may call the local cloud, with commas between them: http://localhost:3000 unless set.
ORIGIN ?=
FOLLOW ?=
ONLY ?=
ARGS ?=
BASE ?=
STACK ?=
# How long `make fuzz` goes on.
SECONDS ?= 600
TESTED ?=
RUNS ?=
EXAMPLES ?= 500
SEED ?=
STRICT ?=
ROUNDS ?= 20
RACES_PORT ?= 18015
VENV := .venv
PYTEST := $(VENV)/bin/python -m pytest
UV := .local/uv/bin/uv
LOCKED := layers/requirements requirements/dev requirements/check requirements/peers requirements/local requirements/sam requirements/uv requirements/lambda \
  examples/clients/python/requirements examples/socketio/requirements
# Each lists all its packages: none is in two layers of one function.
LAYERS := $(patsubst %.in,%,$(wildcard layers/*/requirements.in))
.PHONY: help python run deploy-local logs mail complete drill test test-fast fix test-versions e2e mutants assurance openapi client client-types example-spa messages screenshots feed-vectors common-passwords bench bench-cold bench-ratios bench-peers bench-plots bench-reach bench-requests bench-units bench-feed lock lock-upgrade standards drill-restore drill-theft drill-end drill-upgrade fuzz model races faults event-schemas check

help: ## what there is
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "Settings, such as make run PORT=9000: PYTHON=$(PYTHON) PORT=$(PORT) EMULATOR_PORT=$(EMULATOR_PORT) ORIGIN=http://localhost:3000"

# Old Pythons cannot even read the code, so they are turned away here.
python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "doorward: Python 3.11 or later is needed; choose one, such as: make run PYTHON=python3.13" >&2; exit 1; }

run: python ## the whole stack on this machine, for pages of ORIGIN=http://localhost:3000; Ctrl-C stops it
	@exec $(PYTHON) -m local.run --port $(PORT) --emulator-port $(EMULATOR_PORT) $(if $(ORIGIN),--origin $(ORIGIN))

deploy-local: python ## bring changed code into this folder's running stack; ORIGIN= changes the origin
	@exec $(PYTHON) -m local.deploy $(if $(ORIGIN),--origin $(ORIGIN))

logs: python ## what its functions logged, oldest first; FOLLOW=1 goes on
	@exec $(PYTHON) -m local.logs $(if $(FOLLOW),--follow)

mail: python ## the mails that it sent, the newest last; http://localhost:8080/_mail shows them too
	@exec $(PYTHON) -m local.mail

complete: python ## finish another stack that sam deployed there, STACK=name, and tell where it answers
	@exec $(PYTHON) -m local.complete $(or $(STACK),$(error say which stack: make complete STACK=name))

# Each writes its report into docs/assurance/drills.json, and fails if anything did not hold.
DRILL := PYTHONPATH=layers/shared:layers/mail:layers/accounts $(VENV)/bin/python -m local.drills
drill: $(VENV)/.installed ## three rotations of keys under traffic on the running stack, and what was refused
	$(DRILL) rotation

drill-restore: $(VENV)/.installed ## restore the running stack's tables from a backup: nothing that was revoked revives
	$(DRILL) restore

drill-theft: $(VENV)/.installed ## steal the running stack's keys, and revoke them while honest people go on
	$(DRILL) theft

drill-end: $(VENV)/.installed ## end everything on the running stack, and measure how soon each kind of token is refused
	$(DRILL) end

drill-upgrade: $(VENV)/.installed ## from the last release, or BASE=commit, to this tree under traffic, in a cloud of its own
	DOORWARD_STATE=$(CURDIR)/.local/drill-upgrade $(DRILL) upgrade $(if $(BASE),--base $(BASE))

# The tests' virtual environment, made anew when its requirements change.
$(VENV)/.installed: requirements/dev.txt requirements/uv.txt | python
	@$(PYTHON) -m local.tools dev $(VENV)
	@touch $@

$(UV): requirements/uv.txt | python
	@$(PYTHON) -m local.tools uv .local/uv
	@touch $@

test: $(VENV)/.installed ## lint, types, unit, contract, function and template tests
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check --quiet .
	$(VENV)/bin/mypy
	$(VENV)/bin/cfn-lint template.yaml examples/protected-api/*/template.yaml examples/token-hook/template.yaml
	PYTHONPATH=layers/shared:layers/mail:layers/accounts $(VENV)/bin/python -m tools.openapi --check
	$(PYTEST) -q -n auto --cov --cov-report=term --cov-fail-under=95

test-fast: $(VENV)/.installed ## the unit tests alone, for the inner loop
	$(PYTEST) -q -n auto tests/unit

fuzz: $(VENV)/.installed ## try what nobody would send, SECONDS=600 long; what fails is printed, to be kept in tests/functions/found
	DOORWARD_FUZZ_SECONDS=$(SECONDS) $(PYTEST) -q -n auto -m fuzz --show-capture=no tests/functions

# All 15,000 take about an hour of one processor; EVERY=10 tries each tenth.
EVERY ?= 1
faults: $(VENV)/.installed ## every operation with each of its requests failing in every way; EVERY=10 tries each tenth
	DOORWARD_FAULTS=$(EVERY) $(PYTEST) -q -n auto tests/faults

mutants: $(VENV)/.installed ## break each defence in a copy, and see that its tests fail; NAME= tries those of that name
	$(VENV)/bin/python -m tools.mutants $(NAME)

assurance: $(VENV)/.installed ## try all that is promised, and write docs/assurance.md; ONLY=faults tries one kind
	$(VENV)/bin/python -m tools.assurance $(ONLY)

# Its tools have an environment of their own, and so has what is shipped, which is only read.
check: python ## what is shipped: bills of materials (.local/sbom), licences, known vulnerabilities, secrets; STRICT=1 refuses what cannot be asked
	@$(PYTHON) -m local.tools check .local/check
	@.local/check/bin/python -m tools.check $(if $(STRICT),--strict)

fix: $(VENV)/.installed ## mend and format what ruff can
	$(VENV)/bin/ruff check --fix --quiet . ; $(VENV)/bin/ruff format --quiet . && $(VENV)/bin/ruff check .

# TESTED names a version that `make test` has just had.
test-versions: $(VENV)/.installed $(UV) ## the unit tests on each Python from 3.11 to 3.13 that this machine has
	@for version in $(filter-out $(TESTED),3.11 3.12 3.13); do \
	  command -v python$$version >/dev/null 2>&1 && python$$version -c pass 2>/dev/null || { echo "no python$$version here"; continue; }; \
	  $(UV) venv --quiet --clear --python python$$version .local/test-$$version && \
	  $(UV) pip install --quiet --python .local/test-$$version/bin/python --require-hashes -r requirements/dev.txt && \
	  echo "python$$version" && .local/test-$$version/bin/python -m pytest -q -n auto tests/unit || exit 1; \
	done

# Most of a test's time is one request that waits for another, so two clouds share two processors well.
e2e: $(VENV)/.installed ## black-box tests against local clouds of their own
	$(PYTEST) -q -n 2 --dist loadfile --no-loadscope-reorder -rfEsP --tb=native --durations=25 tests/e2e

model: $(VENV)/.installed ## many random stories of the whole product against the plain model; EXAMPLES=500, SEED=number
	@seed=$(or $(SEED),$$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')); echo "to run this again: make model SEED=$$seed EXAMPLES=$(EXAMPLES)"; \
	  MODEL_EXAMPLES=$(EXAMPLES) $(PYTEST) -q -n 0 --hypothesis-seed=$$seed tests/model

# The server is ended also when a race is lost, by its pid.
races: $(VENV)/.installed ## 50 callers at one moment for whatever one alone may win, on DynamoDB Local; ROUNDS=20, RACES_PORT=18015
	@trap '$(PYTHON) -m local.dynamodb stop $(RACES_PORT)' EXIT; \
	  $(PYTHON) -m local.dynamodb start $(RACES_PORT) && \
	  DYNAMODB_ENDPOINT=http://127.0.0.1:$(RACES_PORT) RACE_ROUNDS=$(ROUNDS) $(PYTEST) -q -n 0 tests/contract/test_races.py \
	    tests/contract/test_session_races.py tests/contract/test_proof_races.py

openapi: $(VENV)/.installed ## write the API's description and pages anew
	PYTHONPATH=layers/shared:layers/mail:layers/accounts $(VENV)/bin/python -m tools.openapi
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory client-types; \
	  else echo "no npm here: make client-types, where there is one, brings clients/typescript up to the API"; fi

standards: $(VENV)/.installed ## write docs/standards anew from the catalogues and the marks on tests; ARGS=--summary counts
	$(VENV)/bin/python -m tools.standards $(ARGS)

# The client for browsers. Its packages are installed anew when their lock file changes.
CLIENT := clients/typescript
$(CLIENT)/node_modules/.package-lock.json: $(CLIENT)/package-lock.json
	@npm ci --prefix $(CLIENT) --ignore-scripts --no-audit --no-fund --silent
	@touch $@

client-types: $(CLIENT)/node_modules/.package-lock.json ## write the types of clients/typescript anew from openapi.json
	@npm run --silent --prefix $(CLIENT) types

client: ## install, build and test clients/typescript, the client for browsers
	npm ci --prefix $(CLIENT) --ignore-scripts --no-audit --no-fund
	npm run --silent --prefix $(CLIENT) types:check || { echo "the types are not those of openapi.json: make client-types" >&2; exit 1; }
	npm run --silent --prefix $(CLIENT) build
	npm test --silent --prefix $(CLIENT)

example-spa: python $(CLIENT)/node_modules/.package-lock.json ## the application of examples/spa at http://localhost:3000, with the running stack
	@npm run --silent --prefix $(CLIENT) build
	@exec $(PYTHON) -m local.example_spa

messages: $(VENV)/.installed ## bring the catalogues of translations up to the templates
	PYTHONPATH=layers/shared:layers/mail:layers/accounts $(VENV)/bin/python -m tools.messages

screenshots: $(VENV)/.installed ## take the pictures of the documentation anew, from the running stack, with Debian's chromium
	$(VENV)/bin/python -m tools.screenshots --url http://localhost:$(PORT)

event-schemas: $(VENV)/.installed ## write the schemas of events anew, docs/events, from the catalogue of kinds
	PYTHONPATH=layers/shared:layers/mail:layers/accounts $(VENV)/bin/python -m tools.event_schemas

feed-vectors: $(VENV)/.installed ## write the test vectors of the feed of revocations anew
	PYTHONPATH=layers/shared:layers/mail:layers/accounts $(VENV)/bin/python -m tools.feed_vectors

common-passwords: $(VENV)/.installed ## write the layers' list of common passwords anew; LIST=file adds those of a file
	PYTHONPATH=layers/shared:layers/mail:layers/accounts $(VENV)/bin/python -m tools.common_passwords $(LIST)

bench-reach: $(VENV)/.installed ## how long a logout takes to be real, on the running stack
	PYTHONPATH=layers/shared:layers/mail:layers/accounts $(VENV)/bin/python -m tools.bench.reach --url http://localhost:$(PORT)

bench-requests: $(VENV)/.installed ## what first and later requests cost the functions that people wait for
	PYTHONPATH=layers/shared:layers/mail:layers/accounts $(VENV)/bin/python -m tools.bench.requests

bench-cold: $(VENV)/.installed $(UV) ## what cold starts of all functions cost, by Lambda's own runtime; INSTRUCTIONS=1 counts, ONLY=expression
	PYTHONPATH=layers/shared:layers/mail:layers/accounts $(VENV)/bin/python -m tools.bench.cold $(if $(RUNS),--runs $(RUNS)) $(if $(ONLY),--only "$(ONLY)") $(if $(INSTRUCTIONS),--instructions)

bench-ratios: $(VENV)/.installed ## what signing in, refreshing, signing out and verifying cost over raw cryptography
	PYTHONPATH=layers/shared:layers/mail:layers/accounts $(VENV)/bin/python -m tools.bench.ratios

# The others have environments of their own.
bench-peers: $(VENV)/.installed ## Doorward beside five others, on the same work
	@$(PYTHON) -m local.tools peers .local/peers
	@npm ci --prefix tools/bench/peers --ignore-scripts --no-audit --no-fund --silent
	PYTHONPATH=layers/shared:layers/mail:layers/accounts $(VENV)/bin/python -m tools.bench.peers --python $(CURDIR)/.local/peers/bin/python

bench-plots: $(VENV)/.installed ## draw what the measurements wrote into docs/performance
	$(VENV)/bin/python -m tools.bench.plots

bench-units: $(VENV)/.installed ## what operations ask of DynamoDB, cost, and share
	PYTHONPATH=layers/shared:layers/mail:layers/accounts $(VENV)/bin/python -m tools.bench.units

bench-feed: $(VENV)/.installed ## the feed with a thousand sign-outs a second and a million entries, simulated
	PYTHONPATH=layers/shared:layers/mail:layers/accounts $(VENV)/bin/python -m tools.bench.feed

bench: $(VENV)/.installed ## what importing each function costs
	$(VENV)/bin/python -m tools.bench.imports $(if $(RUNS),--runs $(RUNS))

LOCK_OPTIONS := $(if $(UPGRADE),--upgrade-package $(UPGRADE))
lock: $(UV) ## bring the requirements files up to their .in files; UPGRADE=package upgrades that one
	@for name in $(LOCKED); do \
	  $(UV) pip compile --quiet $(LOCK_OPTIONS) --universal --python-version 3.11 --generate-hashes $$name.in -o $$name.txt || exit 1; \
	done
	@for name in $(LAYERS); do \
	  $(UV) pip compile --quiet --no-deps --universal --python-version 3.11 --generate-hashes $$name.in -o $$name.txt || exit 1; \
	done

lock-upgrade: LOCK_OPTIONS := --upgrade
lock-upgrade: lock ## upgrade every requirement
