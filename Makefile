# `make demo` and `make test` do everything on a machine with Python 3.11, pip and make.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
BENCH_VENV := .venv-bench
BENCH_STAMP := $(BENCH_VENV)/.ready
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test lint types acceptance bench lock docs soak clean

demo: $(STAMP)
	@$(BIN)/selfscope models fetch embedded
	@$(BIN)/selfscope demo

test: $(STAMP)
	@$(BIN)/selfscope models fetch embedded
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

acceptance: $(STAMP)
	$(BIN)/python -m selfscope.studies.acceptance --studies 2000
	$(BIN)/python -m selfscope.studies.judged_planted --studies 2000
	$(BIN)/python -m selfscope.studies.travel_planted --panels 200
	$(BIN)/python -m selfscope.studies.travel_grid --panels 200
	$(BIN)/python -m selfscope.studies.where_planted --sets 2000
	$(BIN)/python -m selfscope.studies.stress_planted --sets 1000
	$(BIN)/python -m selfscope.studies.stress_hung --sets 200
	$(BIN)/python -m selfscope.studies.selves_simulated --sets 400
	$(BIN)/python -m selfscope.studies.copies_simulated --sets 500
	$(BIN)/python -m selfscope.studies.layers_simulated --sets 300
	$(BIN)/python -m selfscope.studies.interview_simulated --sets 500
	$(BIN)/python -m selfscope.studies.together_planted --sets 200
	$(BIN)/python -m selfscope.studies.lives_rates --sets 1000
	$(BIN)/python -m selfscope.studies.replacement_planted --sets 2000
	$(BIN)/python -m pytest -q -m "not model" tests/studies/test_selves.py tests/studies/test_copies.py \
	  tests/studies/test_layers_study.py tests/studies/test_interview.py

bench: $(STAMP) $(BENCH_STAMP)
	$(BIN)/python bench/closed_scoring.py
	$(BIN)/python bench/capture.py
	$(BIN)/python bench/variance.py
	$(BIN)/python bench/capping.py
	$(BIN)/python bench/serving.py
	$(BIN)/python bench/many.py

# Every test of faults at its full length, 10 to 20 minutes on two cores; broken off, it goes on where it was.
soak: $(STAMP)
	$(BIN)/python -m tests.archive.faults.soak

docs: $(STAMP)
	$(BIN)/python -m selfscope.cli.pages

# The lock names every package but torch, with hashes; torch is pinned by version alone, because its hash is
# that of one build (CPU or CUDA) and another machine is served another.
$(STAMP): requirements/lock.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements/lock.txt
	$(BIN)/python -m pip install --quiet --constraint requirements/lock-versions.txt torch==2.13.0
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

# The libraries that bench/capture.py compares with, in an environment of their own, at the versions of the lock.
$(BENCH_STAMP): requirements/bench.txt requirements/lock-versions.txt
	@test -x $(BENCH_VENV)/bin/python || $(PYTHON) -m venv $(BENCH_VENV) || python3 -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip install --quiet --constraint requirements/lock-versions.txt torch==2.13.0
	$(BENCH_VENV)/bin/python -m pip install --quiet --constraint requirements/lock-versions.txt -r requirements/bench.txt
	@touch $(BENCH_STAMP)

# pip-tools resolves the newest versions that fit pyproject.toml; torch is taken out of the result.
# Every extra but lm-eval, which brings a hundred packages for one option and is pinned by itself.
LOCKED := api dev ocfl prov sign unbalanced

lock:
	$(PYTHON) -m venv build/lock && build/lock/bin/python -m pip install --quiet pip-tools torch==2.13.0
	build/lock/bin/python -m piptools compile --quiet --generate-hashes $(LOCKED:%=--extra %) --allow-unsafe \
	  --strip-extras --no-annotate --no-header --no-emit-options --no-emit-index-url \
	  --no-emit-trusted-host --no-emit-find-links -o build/lock/all.txt pyproject.toml
	$(PYTHON) requirements/split_lock.py build/lock/all.txt

clean:
	rm -rf $(VENV) $(BENCH_VENV) build dist
