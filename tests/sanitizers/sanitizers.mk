## make test-sanitizers  applications built with ThreadSanitizer and AddressSanitizer use the library
test-sanitizers: build
	tests/sanitizers/run

.PHONY: test-sanitizers
