# The Python binding's verbs, for the Makefile to include.

test-python-binding: build
	bindings/python/test

## make test-frameworks  the Python binding's integrations, with the frameworks' real packages
test-frameworks: build
	bindings/python/test-frameworks

bench-python: build
	bindings/python/bench/run

.PHONY: test-python-binding test-frameworks bench-python
