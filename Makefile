# make lab: install and open JupyterLab on the first chapter.   make test: check everything.
# make lab LANGUAGE=zh: the course in Chinese; so make board LANGUAGE=zh.
# make board: all demos on one page, for a projector.   make assignment CHAPTER=03: its exercises for nbgrader.
# make stick DIR=/media/stick: all that a computer without a network needs (deploy/stick/README.md).
# make test-kit: check the instructor's tools: board, assignments, hub.
# make site: the course as pages to read and play with, nothing installed.   make test-site: check them in a browser.
# make test-oldest: check the course with the oldest releases that it may be used with (constraints/oldest.txt).
VENV ?= .venv
PYTHON ?= python3
PY = $(VENV)/bin/python
ARGS ?=
HOST ?= 127.0.0.1
LANGUAGE ?= en
CHINESE = $(filter zh,$(LANGUAGE))
# JupyterLab's own menus in Chinese, this time, unless the user's settings say otherwise.
MENUS = JUPYTER_CONFIG_PATH="$(CURDIR)/nin_course/assets/jupyterlab$${JUPYTER_CONFIG_PATH:+:$$JUPYTER_CONFIG_PATH}"
# How glibc deals with the memory of large tensors (docs/decisions/0014): in a class little is wanted, in a test it is quick
# to use again what was used before.
LITTLE = MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=8388608 MALLOC_TRIM_THRESHOLD_=16777216
KEEP = MALLOC_MMAP_THRESHOLD_=4294967296 MALLOC_TRIM_THRESHOLD_=4294967296
ROOT_OK = $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: lab check test test-oldest test-kit test-site mutants notebooks assignment site stick demos board bench memory clean

lab: export NIN_COURSE_LANGUAGE = $(LANGUAGE)
lab: $(VENV)/lab.done $(CHINESE:zh=$(VENV)/zh.done)
	@$(PY) -m nin_course data --full || true
	@$(PY) -m nin_course doctor
	$(LITTLE) $(if $(CHINESE),$(MENUS)) $(PY) -m jupyterlab $(ROOT_OK) --LabApp.default_url=/lab/tree/notebooks/$(CHINESE:zh=zh/)00_start_here.ipynb $(ARGS)

check: $(VENV)/dev.done
	OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 --dist loadfile -q -m "not slow" tests/unit tests/checks tests/demos tests/notebooks/test_built.py

test: $(VENV)/dev.done
	$(PY) -m nin_course data --full
	$(PY) tests/browser/chromium.py
	$(KEEP) OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder --nbval --nbval-current-env \
		--ignore tests/kit --ignore tests/site tests notebooks/A_the_original_notes.ipynb

mutants: $(VENV)/dev.done
	$(PY) tests/survivors.py $(ARGS)

test-oldest: export PIP_CONSTRAINT = $(CURDIR)/constraints/oldest.txt
test-oldest:
	$(MAKE) VENV=.venv-oldest .venv-oldest/dev.done
	.venv-oldest/bin/python -m nin_course data --full
	$(KEEP) OMP_NUM_THREADS=1 .venv-oldest/bin/python -m pytest -n 2 --dist loadfile --nbval --nbval-current-env \
		--ignore tests/unit/test_lint.py tests/unit tests/checks tests/demos notebooks

test-kit:
	$(MAKE) VENV=.venv-kit .venv-kit/kit.done
	.venv-kit/bin/python tests/browser/chromium.py
	OMP_NUM_THREADS=1 .venv-kit/bin/python -m pytest tests/kit

test-site: site
	$(PY) tests/browser/chromium.py
	OMP_NUM_THREADS=1 $(PY) -m pytest tests/site

site: $(VENV)/site.done  # one thread, as in its tests: the sums of two round otherwise, and an untrained network shows it
	OMP_NUM_THREADS=1 $(PY) site/make_site.py

assignment: $(VENV)/dev.done
	$(PY) notebooks/source/assignment.py $(CHAPTER) $(ARGS)

stick: $(VENV)/lab.done
	$(PY) deploy/stick/make_stick.py $(DIR) $(ARGS)

notebooks: $(VENV)/dev.done
	$(PY) notebooks/source/build.py

demos: $(VENV)/dev.done
	$(PY) docs/instructor_guide.py

board: export NIN_COURSE_LANGUAGE = $(LANGUAGE)
board:
	$(MAKE) VENV=.venv-kit .venv-kit/kit.done
	$(LITTLE) OMP_NUM_THREADS=1 .venv-kit/bin/python board/serve.py --Voila.ip=$(HOST) $(ARGS)

bench: $(VENV)/lab.done
	$(PY) benchmarks/run_all.py

memory: $(VENV)/dev.done
	$(LITTLE) $(PY) benchmarks/memory.py

clean:
	rm -rf $(VENV) .venv-oldest .venv-kit .pytest_cache .ruff_cache .hypothesis tests/browser/screenshots site/built

$(VENV)/lab.done: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --no-compile -r requirements.txt
	@$(PY) -m compileall -qq -j 0 $(VENV)/lib || true  # as pip would, but on all cores
	@touch $@

$(VENV)/zh.done: $(VENV)/lab.done  # what the menus say; without it they stay English, and the course is Chinese
	-$(PY) -m pip install --quiet jupyterlab-language-pack-zh-CN
	@touch $@

$(VENV)/dev.done: $(VENV)/lab.done
	$(PY) -m pip install --quiet -e '.[dev]'
	@touch $@

$(VENV)/kit.done: $(VENV)/dev.done
	$(PY) -m pip install --quiet -e '.[kit]'
	@touch $@

$(VENV)/site.done: $(VENV)/dev.done
	$(PY) -m pip install --quiet -e '.[site]'
	@touch $@
