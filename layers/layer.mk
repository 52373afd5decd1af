# What the makefiles of all layers share. SAM runs them (BuildMethod: makefile), each in a copy of its folder.
# ARCHITECTURE follows the template's parameter (arm64, x86_64); `local` builds for this machine's
# own interpreter, because the local cloud runs the functions in it.
ARCHITECTURE ?= arm64
PYTHON_VERSION ?= 3.13
TARGET_arm64 := --python-platform aarch64-manylinux_2_28
TARGET_x86_64 := --python-platform x86_64-manylinux_2_28
TARGET_local :=
# A folder of our own to copy.
PACKAGE ?=
# What no function imports of the packages: files and folders, as the shell expands them.
LEFT_OUT ?=
# The interpreter that compiles; the local cloud names its own. Otherwise uv finds one of the version, or brings it.
COMPILE_WITH ?=
FIND := uv python find --no-project
STRIP := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))strip.py)

build-%Layer:
	@# /opt is read-only on Lambda: without .pyc files every cold start compiles again. So nothing is built without them.
	@python="$(COMPILE_WITH)"; [ -n "$$python" ] || python=$$({ $(FIND) $(PYTHON_VERSION) || \
	  { uv python install --quiet $(PYTHON_VERSION) && $(FIND) --managed-python $(PYTHON_VERSION); }; } 2>/dev/null) || \
	  { echo "doorward: Python $(PYTHON_VERSION) is needed to compile the layers: uv python install $(PYTHON_VERSION)" >&2; exit 1; }; \
	uv pip install --quiet --target "$(ARTIFACTS_DIR)/python" --python-version $(PYTHON_VERSION) \
	  $(TARGET_$(ARCHITECTURE)) --only-binary :all: --no-deps --require-hashes -r requirements.txt && \
	$(if $(PACKAGE),cp -R $(PACKAGE) "$(ARTIFACTS_DIR)/python/" &&) \
	cd "$(ARTIFACTS_DIR)/python" && rm -rf .lock bin *.dist-info/RECORD *.dist-info/sboms $(LEFT_OUT) && find . -name __pycache__ -prune -exec rm -rf {} + && \
	find . -name '*.so' -exec "$$python" "$(STRIP)" {} + && \
	"$$python" -m compileall -q -j 0 --invalidation-mode unchecked-hash -s "$(ARTIFACTS_DIR)" -p /opt "$(ARTIFACTS_DIR)/python"
