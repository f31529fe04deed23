# The few verbs of this project. `make help` lists them.

CARGO ?= cargo
# Where everything is built. Absolute, for scripts that run elsewhere; tests/built knows the rest.
override CARGO_TARGET_DIR := $(shell CARGO_TARGET_DIR='$(CARGO_TARGET_DIR)' tests/built target)
export CARGO_TARGET_DIR

# One verb after the other, even with -j: two suites at once would disturb each other's clocks. `make test` knows which
# may run side by side.
.NOTPARALLEL:

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make demo      builds everything, publishes an event to a local server, reads it back and shows it on a page
demo: server examples
	@tests/demo "$(CARGO_TARGET_DIR)/examples/quickstart"

## make test      all tests; installs the tools they need where it can
test: tools
	tests/all

## make check     formatting and lints
check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings

## make build     the library (release), the development server and the program axonpush
build: library server

# Without the rlib, which only Rust programs want: with it, Cargo leaves link-time optimisation out, and the library is
# a fifth larger. The file beside it is for tests/packaging/run.
library:
	$(CARGO) rustc --release --lib --crate-type cdylib,staticlib -- \
		--print native-static-libs="$(CARGO_TARGET_DIR)/release/native-static-libs"
# Of the whole workspace, so that it shares its dependencies with `cargo test --workspace`: for one package alone,
# Cargo would build some of them again, with fewer features.
server:
	$(CARGO) build --workspace --bins

## make header    writes include/axonpush.h anew from src/ffi/
header:
	AXONPUSH_UPDATE_HEADER=1 $(CARGO) build --release

examples: library
	$(MAKE) -C examples-c OUT="$(CARGO_TARGET_DIR)/examples"

test-rust:
	$(CARGO) test --workspace
test-c: build
	tests/c/run
test-nginx: build
	tests/nginx/run
test-conformance: build
	tests/conformance/run-c
test-abi: library
	tests/abi/check
test-examples: build
	tests/c/run --examples
test-memory: build
	tests/c/run --valgrind
test-python: build
	tests/python/run
test-otlp: server
	tests/otlp/run
test-page: build
	tests/page/run
test-cpp: build
	bindings/cpp/test
test-go: build
	bindings/go/test
test-node: build
	bindings/node/test.sh

## make test-races  the library's own tests under ThreadSanitizer (needs a nightly toolchain, so not part of `make test`)
# Without those that kill processes of their own, and those that feed what a fuzzer found to one thread.
test-races:
	RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer --cfg axonpush_races" \
	TSAN_OPTIONS="suppressions=tests/races/suppressions" \
	$(CARGO) +nightly test --lib --target x86_64-unknown-linux-gnu --target-dir "$(CARGO_TARGET_DIR)/races" -- \
	--skip crash_tests --skip fuzz

## make fuzz      fuzzes what reads bytes of others, each target for SECONDS (60); needs nightly and cargo-fuzz
fuzz:
	tests/fuzz/run $(or $(SECONDS),60)

## make test-kills  1,000 rounds of killed processes with a spool: none may lose an event (ten minutes)
test-kills: build
	AXONPUSH_KILL_ROUNDS=1000 $(CARGO) test --lib -- --nocapture whatever_is_killed
	AXONPUSH_KILL_ROUNDS=1000 tests/c/run test_spool

## make bench     ours beside libcurl, librdkafka, raw sockets and the Python SDK, and each binding beside C
bench: build
	benches/run
	bindings/cpp/bench/run
	bindings/go/bench
	bindings/node/bench/run
	bindings/python/bench/run

## make bench-page  the dev server's page with 100,000 events: first paint, search, memory
bench-page: server
	tests/page/bench

## make herd      simulates many clients in an outage (docs/scaling.md)
herd:
	$(CARGO) run --release --example herd

# What the tests need beyond make; installed where apt and the rights are there.
tools:
	tests/tools

# The verbs of each folder, as far as it is there.
include $(wildcard packaging/*.mk tests/*/*.mk bindings/*/*.mk)

## make clean     removes what was built
clean:
	$(CARGO) clean

.PHONY: help demo test check build library server header examples test-rust test-c test-nginx test-conformance test-abi test-examples test-memory test-python test-otlp test-page test-cpp test-go test-node test-races fuzz test-kills bench bench-page herd tools clean
