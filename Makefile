# Every target makes the virtual environment when it is missing or older than what it is made from.

PYTHON ?= python3
VENV ?= .venv
MEDIAPIPE ?= .venv-mediapipe
ARGS ?=
RESULTS ?= results
PROJECT ?= palmbench
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test test-slow golden lint table2 table3 table4 table5 table6 table7 figure4 figure5 figure6 figure7 methods attack report docs test-nightly \
	weights weights-hand weights-view weights-spot weights-ccnet weights-eehnet weights-autoencoder weights-inpainting \
	embedded mediapipe judge claims controls diversity campaign bench bench-gpu sync dashboard clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z][a-z0-9 -]*:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  ARGS='...' goes to the command behind demo, test*, weights*, embedded, judge, bench, claims, controls,"
	@echo "  diversity, campaign, report, attack, table* and figure*; DATASET names the data of table*, figure*, attack, report,"
	@echo "  claims and diversity; PYTHON=python3.12 picks the interpreter that setup starts from."

setup: $(STAMP)  ## the virtual environment .venv, pinned by constraints.txt

# The old stamp goes first and the new one comes last: an install that failed is tried again.
$(STAMP): pyproject.toml constraints.txt
	rm -f $@
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --upgrade pip
	$(PY) -m pip install --quiet --no-compile -c constraints.txt -e '.[wandb,dev]'
	touch $@

demo: $(STAMP)  ## synthetic palms, de-identified and attacked
	$(PY) -m experiments.demo $(ARGS)

# On every core, each worker on one half of the files until it runs out of tests and takes some of the other's.
PYTEST := $(PY) -m pytest -n auto --dist worksteal

test: $(STAMP)  ## the tests, without the slow ones
	$(PYTEST) $(ARGS)

test-slow: $(STAMP)  ## the slow tests that still fit before every change
	$(PYTEST) -m 'slow and not nightly' $(ARGS)

test-nightly: $(STAMP)  ## all slow tests
	$(PYTEST) -m 'slow or nightly' $(ARGS)

golden: $(STAMP)  ## golden artefacts of raised versions, stored
	$(PY) -m tests.golden

lint: $(STAMP)  ## ruff, mypy, and the one direction of imports
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports --no-logo

$(VENV)/.installed-docs: $(STAMP)
	rm -f $@
	$(PY) -m pip install --quiet -c constraints.txt -e '.[docs]'
	touch $@

docs: $(VENV)/.installed-docs  ## the documentation as a website, build/docs/index.html; asks nothing of the network
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict --quiet $(ARGS)

table2: ## Table 2 of the paper, computing what is missing; DATASET=name
table3: ## Table 3; DATASET=name
table4: ## Table 4; DATASET=name
table5: ## Table 5; DATASET=name
table6: ## Table 6; DATASET=name
table7: ## Table 7; DATASET=name
table2 table3 table4 table5 table6 table7: table%: $(STAMP)
	$(PY) -m palmbench table $* --run $(if $(DATASET),dataset=$(DATASET)) $(ARGS)

figure4: ## Figure 4 of the paper, computing what is missing; DATASET=name
figure5: ## Figure 5; DATASET=name; the ten seeds take a while
figure6: ## Figure 6; DATASET=name
figure7: ## Figure 7; DATASET=name
figure4 figure5 figure6 figure7: figure%: $(STAMP)
	$(PY) -m palmbench figure $* --run $(if $(DATASET),dataset=$(DATASET)) $(ARGS)

methods: $(STAMP)  ## every embedded method side by side, computing what is missing; DATASET=name
	$(PY) -m palmbench methods --run $(if $(DATASET),dataset=$(DATASET)) $(ARGS)

attack: $(STAMP)  ## methods against attackers, and what they leave of the photo; DATASET=name; takes a while
	$(PY) -m palmbench attack --utility +ablation=attackers $(if $(DATASET),dataset=$(DATASET),dataset.profile=mobile dataset.identities=80) $(ARGS)

report: $(STAMP)  ## one HTML page of what the store holds; DATASET=name
	$(PY) -m palmbench report $(if $(DATASET),dataset=$(DATASET)) $(ARGS)

claims: $(STAMP)  ## the paper's findings, checked one by one, computing what is missing; DATASET=name
	$(PY) -m palmbench claims --run $(if $(DATASET),dataset=$(DATASET)) $(ARGS)

controls: $(STAMP)  ## results known beforehand: the photo unchanged, a stranger's photo, a grey image
	$(PY) -m experiments.controls $(ARGS)

diversity: $(STAMP)  ## ten seeds a photo, four distributions for each recognizer
	$(PY) -m palmbench diversity $(if $(DATASET),dataset=$(DATASET)) $(ARGS)

campaign: $(STAMP)  ## kills, corruption, hostile files and full disks, and how runs end under them; takes an hour
	$(PY) -m experiments.campaign $(ARGS)

weights: $(STAMP)  ## train all embedded weights again, one network after the other
	$(PY) -m experiments.train_weights $(ARGS)

weights-hand: ## the hand network alone
weights-view: ## the view network alone, the second look at a hand
weights-spot: ## the spot network alone, which looks for palms that were not found
weights-ccnet: ## the compact CCNet alone
weights-eehnet: ## the compact EEHNet alone
weights-autoencoder: ## the autoencoder alone
weights-inpainting: ## the inpainting UNet and its exemplar encoder alone
weights-hand weights-view weights-spot weights-ccnet weights-eehnet weights-autoencoder weights-inpainting: weights-%: $(STAMP)
	$(PY) -m experiments.weights.train_$* $(ARGS)

embedded: $(STAMP)  ## every figure of rendered palms and embedded networks, measured beside its bound
	$(PY) -m pytest -m gate tests/gates $(ARGS)

# MediaPipe pins packages that palmbench has newer, and has no wheels for Python 3.13.
$(MEDIAPIPE)/.installed: mediapipe-requirements.txt
	rm -f $@
	$(PYTHON) -m venv $(MEDIAPIPE)
	$(MEDIAPIPE)/bin/python -m pip install --quiet --only-binary :all: -r $<
	touch $@

mediapipe: $(MEDIAPIPE)/.installed  ## the environment of detector=mediapipe; PYTHON=python3.12 or older

judge: $(STAMP) $(MEDIAPIPE)/.installed  ## what an outside hand model makes of the rendered hands
	GATE_JUDGE=$(MEDIAPIPE)/bin/python $(PY) -m pytest -m gate tests/gates/test_judge.py $(ARGS)

bench: $(STAMP)  ## speed of matching, bootstrap, quality, painter and engine, each beside a reference, and memory
	$(PY) -m experiments.bench_matching $(ARGS)
	$(PY) -m experiments.bench_scoring
	$(PY) -m experiments.bench_quality
	$(PY) -m experiments.bench_painter
	$(PY) -m experiments.bench_engine
	$(PY) -m experiments.bench_memory

bench-gpu: $(STAMP)  ## speed of the painter at its published size, on a GPU; says so where there is none
	$(PY) -m experiments.bench_painter --full-size --images 4 $(ARGS)

# Wherever it looks and keeps things is below the results; only who you are comes from `wandb login`.
sync: export WANDB_DIR = $(abspath $(RESULTS))
sync: export WANDB_DATA_DIR = $(abspath $(RESULTS))/wandb/data
sync: export WANDB_CACHE_DIR = $(abspath $(RESULTS))/wandb/cache
sync: $(STAMP)  ## upload the offline Weights & Biases runs that have not been; RESULTS=folder
	@if ls -d '$(RESULTS)'/wandb/offline-run-* >/dev/null 2>&1; \
	then $(PY) -m wandb sync --no-include-online --no-include-synced $(ARGS) '$(RESULTS)/wandb'; \
	else echo "no offline runs below $(RESULTS)/wandb"; fi

dashboard: $(STAMP)  ## the dashboard of tracked runs, made in your project at Weights & Biases; PROJECT=entity/name
	$(PY) -m pip install --quiet -c constraints.txt wandb-workspaces
	$(PY) -m experiments.dashboard $(PROJECT) $(ARGS)

clean:  ## caches and build products; keeps .venv, data and results
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache *.egg-info
	find palmbench recognizers experiments tests -name __pycache__ -type d -prune -exec rm -rf {} +
