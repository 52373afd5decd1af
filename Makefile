# make run          the whole stack on this machine; Ctrl-C stops it
# make deploy-local bring changed code into the running stack
# make test         lint, types, unit, contract, function and template tests
# make e2e          black-box tests against a local cloud of their own
# make lock         compile the requirements files anew
PYTHON ?= python3
PORT ?= 8080
EMULATOR_PORT ?= 4566
.PHONY: run deploy-local test e2e lock bench

run:
	@exec $(PYTHON) -m local.run --port $(PORT) --emulator-port $(EMULATOR_PORT)

deploy-local:
	@exec $(PYTHON) -m local.deploy --port $(PORT) --emulator-port $(EMULATOR_PORT)
