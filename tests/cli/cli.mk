test-cli: server
	tests/cli/run

.PHONY: test-cli
