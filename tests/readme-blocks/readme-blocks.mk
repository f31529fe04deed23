# The READMEs of the bindings are run by the tests of the bindings.
test-readme: build
	tests/readme-blocks/run root
	tests/readme-blocks/run examples
	tests/readme-blocks/run cli

.PHONY: test-readme
