# make install and make uninstall; included by the root Makefile. packaging/install does the work and knows the
# variables (PREFIX, LIBDIR, INCLUDEDIR, DESTDIR), which make hands on to it.
AXONPUSH_LIB_DIR ?= $(abspath target/release)
LIB ?= target/release/libaxonpush.so

## make install   header, C++ header, libraries, axonpush.pc and CMake package, to PREFIX=/usr/local; also DESTDIR, LIBDIR, INCLUDEDIR
# Builds only what is missing or stale, so that after `make build` this needs no Rust: root may have none.
install:
	@if [ "$(AXONPUSH_LIB_DIR)" = "$(abspath target/release)" ] && packaging/install --stale; then $(MAKE) $(LIB); fi
	@packaging/install

## make uninstall removes that again; with the same variables
uninstall:
	@packaging/install --uninstall

test-packaging: build
	tests/packaging/run

.PHONY: install uninstall test-packaging
