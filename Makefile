# The commands people learn. `make demo` or `make test`, whichever comes first, makes .venv.
.PHONY: demo page page-test pictures test simulation mutants fuzz faults guarantees e2e chaos cluster cluster-stop check fix generate generate-check bench bench-page bench-sharing attacks dist publish lock clean
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

help:
	@echo 'make demo    try it: the examples on this machine, with a receiver of its own (KEEP=1 stays up)'
	@echo 'make page    builds the page of the admin port; make page-test tests it in a real browser'
	@echo 'make pictures takes the pictures in docs/pictures from the real product'
	@echo 'make test    all tests that need no cluster'
	@echo 'make simulation  lives of the engine full of faults, in virtual time (SECONDS=, SEED=)'
	@echo 'make mutants breaks the engine on purpose, to see that a test says so (a few minutes)'
	@echo 'make fuzz    grows inputs of every target for a minute each (SECONDS=, TARGETS=)'
	@echo 'make faults  what can go wrong, for an hour (SEED=, ROUNDS=, ONLY=); make guarantees writes docs/guarantees.md from it'
	@echo 'make e2e     tests on a real Kubernetes (kind, or its own as root; see tests/e2e/run)'
	@echo 'make chaos   everything at random on that Kubernetes, then judged (SEED=, SECONDS=)'
	@echo 'make cluster such a Kubernetes to try things on; prints its kubeconfig; make cluster-stop ends it'
	@echo 'make check   format, lint, types, layers, generated files, licences, examples'
	@echo 'make attacks what one namespace, sender or target can do to another, beside a canary'
	@echo 'make dist    what a release is made of: wheel, sdist, chart, image, bill of materials'
	@echo 'make publish REGISTRY=…  puts its image and chart there (DRY_RUN=1 says what it would do)'
	@echo 'make bench   what it costs, printed; make bench-page the views of the page in Chromium, where there is much'
	@echo 'make bench-sharing   what several dispatchers on one PostgreSQL cost'
	@echo 'make fix, make generate, make lock'

$(READY): requirements.txt pyproject.toml tools/setup.sh
	@sh tools/setup.sh $(VENV)

demo: $(READY) $(if $(KEEP),page)
	@$(BIN)/python tools/demo.py $(if $(KEEP),--keep)

page: $(READY)
	@$(BIN)/python tools/page.py node || $(BIN)/python -m pip install --quiet --require-hashes -r page/requirements.txt
	@$(BIN)/python tools/page.py build

page-test: $(READY)
	@tests/page/run $(ARGS)

pictures: page
	@$(BIN)/python tools/pictures.py

test: $(READY)
	@tests/install_postgres
	@$(BIN)/python -m pytest tests/guarantees
	@$(BIN)/python -m pytest -n 4 --dist worksteal tests/faults
	@$(BIN)/python -m pytest -n 2 --ignore tests/guarantees --ignore tests/faults
	@echo 'cluster tests left out: make e2e'

simulation: $(READY)
	@$(BIN)/python tests/simulation --hunt $(or $(SECONDS),60) --first $(or $(SEED),1)

mutants: $(READY)
	@$(BIN)/python tools/mutants.py $(ARGS)

faults: $(READY)
	@tests/install_postgres
	@PYTHONPATH=tests:tools $(BIN)/python -m faults.run $(if $(SEED),--seed $(SEED)) $(if $(ROUNDS),--rounds $(ROUNDS)) \
		$(if $(ONLY),--only $(ONLY)) $(if $(SHORT),--short)

guarantees: $(READY)
	@PYTHONPATH=tests:tools $(BIN)/python -m faults.publish

fuzz: $(READY)
	@for target in $(or $(TARGETS),decoding templates jsonpath answers manifests specs redaction); do \
		$(BIN)/python tests/fuzz $$target -max_total_time=$(or $(SECONDS),60) -artifact_prefix=$${TMPDIR:-/tmp}/ || exit 1; done

e2e: $(READY)
	@$(BIN)/python -m pytest -m "needs_go or needs_npm" tests/gitops tests/matching tests/clients tests/release tests/chart
	@tests/e2e/run $(ARGS)

chaos: $(READY)
	@CHAOS_SEED=$(or $(SEED),$$(date +%s)) CHAOS_SECONDS=$(or $(SECONDS),300) tests/e2e/run -s -k test_chaos $(ARGS)

cluster:
	@tests/cluster/up

cluster-stop:
	@tests/cluster/down

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/generate.py --check
	$(BIN)/python tools/packages.py check
	$(BIN)/hookwright validate examples

fix: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

generate: $(READY)
	$(BIN)/python tools/generate.py

generate-check: $(READY)
	$(BIN)/python tools/generate.py --check

bench: $(READY)
	@$(BIN)/python benchmarks/bench.py

bench-page: page
	@$(BIN)/python benchmarks/page.py --browser $(ARGS)

bench-sharing: $(READY)
	@$(BIN)/python benchmarks/sharing.py $(ARGS)

attacks: $(READY)
	@$(BIN)/python benchmarks/attacks.py $(ARGS)

dist: $(READY)
	@$(BIN)/python tools/dist.py $(ARGS)

publish: $(READY)
	@$(BIN)/python tools/publish.py $(if $(DRY_RUN),--dry-run) $(ARGS) \
		$(or $(REGISTRY),$(error make publish needs REGISTRY, such as registry.example/team))

lock: $(READY)
	$(BIN)/python -m pip install --quiet pip-tools==7.6.2
	$(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
		--strip-extras --no-header --upgrade --output-file requirements.txt pyproject.toml requirements.in

clean:
	rm -rf $(VENV)
