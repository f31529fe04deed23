// How fast OpenTelemetry's own SDK for Go delivers the events of event.h as log records: its batch processor and its exporter
// (OTLP over HTTP, protobuf), with the attributes that libaxonpush sends. The queue holds everything, since the processor drops
// what it has no room for; the clock runs from the first record until the flush returns.
package main

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"log"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	otellog "go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"
)

// counting counts the requests, which the sink is asked about.
type counting struct{ requests atomic.Int64 }

func (c *counting) RoundTrip(request *http.Request) (*http.Response, error) {
	c.requests.Add(1)
	return http.DefaultTransport.RoundTrip(request)
}

func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func emit(logger otellog.Logger) {
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		log.Fatal(err)
	}
	var record otellog.Record
	now := time.Now()
	record.SetTimestamp(now)
	record.SetObservedTimestamp(now)
	record.SetSeverity(otellog.SeverityInfo)
	record.SetSeverityText("INFO")
	record.SetEventName("axonpush.agent.tool_call.end")
	record.AddAttributes(
		attribute.String("axonpush.identifier", "checkout.reserve_stock"),
		attribute.String("axonpush.channel.id", "ch_01J9Z3K8Q4T7"),
		attribute.Map("axonpush.payload",
			attribute.Int("step", 17), attribute.String("model", "gpt-4o-mini"), attribute.Float64("latency_ms", 1834.25),
			attribute.Bool("cached", false),
			attribute.Map("usage", attribute.Int("tokens_in", 812), attribute.Int("tokens_out", 164)),
			attribute.Slice("tags", attribute.StringValue("bench"), attribute.StringValue("worker-3")),
			attribute.String("note", "Reserved 3 of 4 lines; line 2 waits for the warehouse in Rotterdam to confirm its stock until nine o'clock")),
		attribute.String("log.record.uid", fmt.Sprintf("%x", id)),
	)
	logger.Emit(context.Background(), record)
}

func main() {
	url := flag.String("url", "", "of the sink")
	count := flag.Int("count", 200000, "how many records")
	flag.Parse()
	const warmUp = 500
	transport := &counting{}
	exporter, err := otlploghttp.New(context.Background(), otlploghttp.WithEndpoint(strings.TrimPrefix(*url, "http://")),
		otlploghttp.WithInsecure(), otlploghttp.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		log.Fatal(err)
	}
	processor := sdklog.NewBatchProcessor(exporter, sdklog.WithMaxQueueSize(*count+warmUp), sdklog.WithExportMaxBatchSize(512),
		sdklog.WithExportBufferSize(8))
	provider := sdklog.NewLoggerProvider(sdklog.WithProcessor(processor))
	logger := provider.Logger("axonpush")
	run := func(count int) {
		for range count {
			emit(logger)
		}
		if err := provider.ForceFlush(context.Background()); err != nil {
			log.Fatal(err)
		}
	}
	run(warmUp)
	began, cpuBegan := time.Now(), cpu()
	run(*count)
	seconds, used := time.Since(began).Seconds(), cpu()-cpuBegan
	fmt.Printf("{\"program\":\"otel_go\",\"events\":%d,\"requests\":%d,\"seconds\":%.6f,\"events_per_s\":%.1f,\"cpu_us_per_event\":%.3f}\n",
		*count, transport.requests.Load(), seconds, float64(*count)/seconds, float64(used.Nanoseconds())/1e3/float64(*count))
}
