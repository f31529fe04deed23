## make test-collector  events through a real OpenTelemetry Collector, which is built first (needs Go)
test-collector: library
	tests/collector/run
.PHONY: test-collector
