# The READMEs of the bindings are run by the tests of the bindings.
test-readme: build
	tests/readme-blocks/run

.PHONY: test-readme
