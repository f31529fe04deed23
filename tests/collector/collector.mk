## make test-collector  events through a real OpenTelemetry Collector, which is built first (needs Go)
test-collector: build
	tests/collector/run
.PHONY: test-collector
