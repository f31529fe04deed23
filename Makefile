# The few verbs of this project. `make help` lists them.

CARGO  ?= cargo
DEV    := target/debug
LIB    := target/release/libaxonpush.so
SERVER := $(abspath $(DEV)/axonpush-dev-server)

export AXONPUSH_DEV_SERVER ?= $(SERVER)
export AXONPUSH_LIB_DIR ?= $(abspath target/release)

help:
	@sed -n 's/^## //p' Makefile packaging/*.mk

## make demo      builds everything, publishes an event to a local server and reads it back
demo: build examples
	tests/with-server target/examples/quickstart

## make test      all tests; installs the tools they need where it can
test: tools check test-rust test-c test-nginx test-conformance test-abi test-examples test-memory test-python \
      test-otlp test-cpp test-go test-node test-packaging

## make check     formatting, lints, and whether the committed header is the generated one
check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings

## make build     the library (release) and the development server
build: $(LIB) $(DEV)/axonpush-dev-server

# Cargo knows what is stale. Without the rlib, which only Rust programs want: with it, Cargo leaves
# link-time optimisation out, and the library is a fifth larger.
$(LIB): FORCE
	$(CARGO) rustc --release --lib --crate-type cdylib,staticlib
$(DEV)/axonpush-dev-server: FORCE
	$(CARGO) build -p axonpush-dev-server
FORCE:

## make header    writes include/axonpush.h anew from src/ffi/
header:
	AXONPUSH_UPDATE_HEADER=1 $(CARGO) build --release

examples: $(LIB)
	$(MAKE) -C examples-c OUT=$(abspath target/examples)

test-rust:
	$(CARGO) test --workspace
test-c: build
	tests/c/run
test-nginx: build
	tests/nginx/run
test-conformance: build
	tests/conformance/run-c
test-abi: build
	tests/abi/check
test-examples: build
	tests/c/run --examples
test-memory: build
	tests/c/run --valgrind
test-python: build
	tests/python/run
test-otlp: build
	tests/otlp/run
test-cpp: build
	bindings/cpp/test
test-go: build
	bindings/go/test
test-node: build
	bindings/node/test.sh

## make test-races  the queue under ThreadSanitizer (needs a nightly toolchain, so not part of `make test`)
test-races:
	RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer --cfg axonpush_races" \
	TSAN_OPTIONS="suppressions=$(abspath tests/races/suppressions)" \
	$(CARGO) +nightly test --lib --target x86_64-unknown-linux-gnu --target-dir target/races -- queue

## make bench     ours beside libcurl, librdkafka, raw sockets and the Python SDK, and each binding beside C
bench: build
	benches/run
	bindings/cpp/bench/run
	bindings/go/bench
	bindings/node/bench/run

## make herd      simulates many clients in an outage (docs/scaling.md)
herd:
	$(CARGO) run --release --example herd

# What the tests need beyond Rust and make; installed where apt and the rights are there.
tools:
	tests/tools

include packaging/install.mk packaging/docs.mk

## make clean     removes what was built
clean:
	$(CARGO) clean

.PHONY: help demo test check build header examples test-rust test-c test-nginx test-conformance test-abi test-examples test-memory test-python test-otlp test-cpp test-go test-node test-races bench herd tools clean FORCE
