# Bare `make` lists the verbs. ARGS="..." is handed on: make test ARGS="services/ocr -k scan".
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
ARGS ?=
BREAK ?=
# Where Python is told to keep no compiled modules, every process of a fleet compiles everything anew: three seconds each.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## List the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup: ## Install everything that is missing (Debian, Ubuntu; elsewhere it says what)
	@deploy/setup.sh

.PHONY: demo
demo: setup ## Play the story of one enquiry through the whole house
	@$(BIN)/frontdesk demo $(ARGS)

.PHONY: run
run: setup ## Start everything and stay, with addresses and a token
	@$(BIN)/frontdesk up $(ARGS)

.PHONY: test
test: ## Run all tests; a browser is installed for them where there is none
	@deploy/setup.sh --tests
	@$(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: check
check: setup ## Format, lint, types, imports, contracts, architecture
	@$(MAKE) --jobs 2 --output-sync=target check-types check-rules

.PHONY: check-types
check-types:
	@$(BIN)/basedpyright

.PHONY: check-rules
check-rules:
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports
	@$(BIN)/pytest -q contracts tests/architecture

.PHONY: bench
bench: setup ## Measure, each figure beside its floor; writes .local/bench.json
	@$(BIN)/python tests/load/bench.py $(ARGS)

.PHONY: bench-check
bench-check: setup ## Fail on figures that fall short
	@$(BIN)/python tests/load/bench.py --check $(ARGS)

.PHONY: chaos
chaos: setup ## Kill everything in turn under load, and count (BREAK=inbox|claim|ack switches a guard off)
	@$(BIN)/python tests/chaos/run.py $(if $(BREAK),--break $(BREAK)) $(ARGS)

.PHONY: down
down: ## Stop every broker and database of this checkout; the data stay
	@if [ -x $(BIN)/frontdesk ]; then $(BIN)/frontdesk stack down --all; fi

.PHONY: clean
clean: ## Remove what was installed and stored here, the data too
	@if [ -x $(BIN)/frontdesk ]; then $(BIN)/frontdesk stack clean --all; fi
	@rm -rf .local .venv .tools .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: chart
chart: setup ## Lint and render the chart for dev, stage and prod, by helm where it is installed
	@if command -v helm >/dev/null; then \
	    helm lint helm/frontdesk && \
	    for environment in dev stage prod; do deploy/render.sh $$environment >/dev/null || exit 1; done; \
	fi
	@$(BIN)/pytest -q tests/deploy/test_the_chart.py tests/deploy/test_the_settings.py $(ARGS)

.PHONY: images
images: setup ## Build what each image holds, without Docker, and print how big it is (ARGS="ocr gateway")
	@deploy/rehearse.sh $(ARGS)

.PHONY: lock
lock: setup ## Resolve all dependencies anew into requirements.lock
	@.tools/bin/uv export --quiet --all-packages --all-groups --no-header --output-file requirements.lock

.PHONY: generate
generate: setup ## Write the generated files: schemas, AsyncAPI, the catalogue, rules, boards
	@$(BIN)/frontdesk generate
	@$(BIN)/python -m observer.adapters.observer_config > deploy/observer_config.schema.json

.PHONY: format
format: setup ## Put all code into form
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .
