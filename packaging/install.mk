# make install and make uninstall; included by the root Makefile. packaging/install does the work and knows the
# variables (PREFIX, LIBDIR, INCLUDEDIR, DESTDIR), which make hands on to it.

## make install   header, C++ header, libraries, axonpush.pc and CMake package, to PREFIX=/usr/local; also DESTDIR, LIBDIR, INCLUDEDIR
# Builds only what is missing or stale, so that after `make build` this needs no Rust: root may have none.
install:
	@if [ -z "$(AXONPUSH_LIB_DIR)" ] && packaging/install --stale; then $(MAKE) library; fi
	@packaging/install

## make uninstall removes that again; with the same variables
uninstall:
	@packaging/install --uninstall

test-packaging: build
	tests/packaging/run

.PHONY: install uninstall test-packaging
