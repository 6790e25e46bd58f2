PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BYTECODE := $(VENV)/.bytecode
KERNELS := $(VENV)/.kernels

.PHONY: plan test lint bench ablate lock clean

# The main job, on the sample network that ships with the package.
plan: $(STAMP) $(BYTECODE) $(KERNELS)
	$(BIN)/cdnplan plan --out plans/sample --force

test: lint $(BYTECODE) $(KERNELS)
	$(BIN)/python -m pytest -n auto --dist loadfile

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP) $(BYTECODE) $(KERNELS)
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m tests.oracle.many --instances 2000 --seed 1 --families
	$(BIN)/python -m tests.oracle.tight --instances 300
	$(BIN)/python -m benchmarks.whole_plans --only sample --seeds 40
	$(BIN)/python -m benchmarks.whole_plans --only country,FR-300 --seeds 5
	$(BIN)/python -m tests.second_judge.many
	$(BIN)/python -m benchmarks.forecasts
	$(BIN)/python -m benchmarks.crash
	$(BIN)/python -m benchmarks.fuzz
	$(BIN)/python -m benchmarks.nights
	$(BIN)/python -m benchmarks.ten_nights
	$(BIN)/python -m benchmarks.sizing
	$(BIN)/python -m benchmarks.edits
	$(BIN)/python -m benchmarks.experiment
	$(BIN)/python -m benchmarks.replay
	$(BIN)/python -m benchmarks.reports
	$(BIN)/python -m benchmarks.ingest
	$(BIN)/python -m benchmarks.first_plan

# What each part of planning brings: hours; with what is in build/ablation.json already, only the rest.
ablate: $(STAMP) $(BYTECODE) $(KERNELS)
	mkdir -p build
	$(BIN)/python -m benchmarks.ablate --only sample --seeds 40 --json build/ablation.json
	$(BIN)/python -m benchmarks.ablate --only tight,tight-again,as-large --json build/ablation.json
	$(BIN)/python -m benchmarks.ablate --only country,FR-300,BE-NL-LU,DK-NO-FI,EC-PE-BO --seeds 3 --json build/ablation.json
	$(BIN)/python -m benchmarks.ablate --only continent,world_week-1,world_week-4,world_week-noise,world_week-hard --seeds 3 --json build/ablation.json

# Versions and hashes only: no addresses of registries.
lock: $(STAMP)
	$(BIN)/python -m pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --extra dev --generate-hashes --strip-extras --no-emit-index-url \
	    --no-emit-find-links --no-emit-trusted-host --no-header --no-annotate --allow-unsafe \
	    --output-file requirements.lock pyproject.toml

$(STAMP): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $(STAMP)

# Bytecode is written as pip does for what it copies: where Python is told to write none, each start would
# compile all sources again.
$(BYTECODE): $(shell find cdnplan -name '*.py') $(STAMP)
	$(BIN)/python -m compileall -q cdnplan
	touch $(BYTECODE)

# Compile the kernels once, as part of the set-up. numba's cache notices a changed kernel, but not a
# changed one that it calls in another file: so everything is compiled anew when any of them changes.
$(KERNELS): cdnplan/compiled.py $(shell find cdnplan -name '*kernels*.py') $(STAMP)
	find cdnplan -name '*.nb[ic]' -delete
	$(BIN)/cdnplan warm
	touch $(KERNELS)

clean:
	rm -rf $(VENV) plans build *.egg-info
