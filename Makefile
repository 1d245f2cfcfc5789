# make demo, make test: each makes the environment on first use.
# PYTHON=python3.12 chooses the interpreter, VENV=folder the environment.
PYTHON ?= python3
VENV ?= .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/.mmseg_medical
EXTRAS := onedl,albu,fast,smp,dicom,volumes,track,tests

.PHONY: demo test lint benchmark compare doctor

demo: $(STAMP)
	$(RUN) tools/demo.py

test: $(STAMP)
	OMP_NUM_THREADS=1 $(RUN) -m pytest -n 2 --dist loadfile $(ARGS)

lint: $(STAMP)
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check
	$(RUN) -m mypy

# The peers go into the environment as well; some pin what they do not need.
benchmark: $(STAMP)
	$(RUN) -m uv pip install --python $(RUN) -c requirements/constraints.txt \
	    -r requirements/benchmark.txt
	$(RUN) -m uv pip install --python $(RUN) --no-deps \
	    -r requirements/benchmark_nodeps.txt
	$(RUN) -W ignore -m benchmarks $(ARGS)

# Hours of one core: three folds of each task and system, 180 s each.
compare: $(STAMP)
	$(RUN) -W ignore -m benchmarks.training $(ARGS)

doctor: $(STAMP)
	$(RUN) tools/doctor.py

# uv takes seconds where pip takes minutes; pip serves where uv is not there.
$(STAMP): pyproject.toml $(wildcard requirements/*.txt)
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) \
	    else "Python 3.11 or later is needed: make PYTHON=python3.11 …")'
	test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet uv || true
	$(RUN) -m uv pip install --python $(RUN) \
	    -c requirements/constraints.txt -e '.[$(EXTRAS)]' \
	|| $(RUN) -m pip install \
	    -c requirements/constraints.txt -e '.[$(EXTRAS)]'
	touch $@
