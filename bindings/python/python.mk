# The Python binding's verbs, for the Makefile to include.

test-python-binding: build
	bindings/python/test

## make test-frameworks  the Python binding's integrations, with the frameworks' real packages
test-frameworks: build
	bindings/python/test-frameworks

## make test-free-threading  the Python binding without the interpreter's lock, on a Python that is built for it (minutes)
test-free-threading: build
	bindings/python/test-free-threading

bench-python: build
	bindings/python/bench/run

.PHONY: test-python-binding test-frameworks test-free-threading bench-python
