// Package cloop publishes events in a loop of plain C, for the benchmark to compare with. (It is a package
// of its own because test files cannot use cgo.)
package cloop

/*
#cgo pkg-config: axonpush
#cgo CFLAGS: -std=c99 -O2 -D_POSIX_C_SOURCE=200809L
#include <axonpush.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void count(axonpush_status status, const axonpush_response *response, const axonpush_error *error, void *user_data) {
    (void)status, (void)response, (void)error;
    ++*(uint64_t *)user_data;
}

static uint64_t counted;

// Nanoseconds that `times` events take; -1 after a failure.
static int64_t publish(uintptr_t client, const char *payload, int times, bool completions) {
    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = "checkout.reserve_stock";
    event.payload = payload;
    event.payload_len = strlen(payload);
    event.channel_id = "ch_01J9Z3K8Q4T7";
    event.event_type = "agent.tool_call.end";
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < times; i++) {
        axonpush_error *error = NULL;
        if (axonpush_events_publish_async((axonpush_client *)client, &event, completions ? count : NULL, &counted, &error) != AXONPUSH_OK)
            return -1;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    return (end.tv_sec - start.tv_sec) * 1000000000LL + (end.tv_nsec - start.tv_nsec);
}

static uintptr_t open_client(const char *url) {
    axonpush_options options = AXONPUSH_OPTIONS_INIT;
    options.api_key = "ak_bench";
    options.base_url = url;
    options.fail_open = AXONPUSH_DISABLED;
    options.queue_max_events = 2000000;
    options.queue_max_bytes = 2000000000;
    options.shutdown_timeout_ms = 1;
    options.completion_mode = AXONPUSH_COMPLETION_POLLED; // as Go has it
    options.proxy = "";
    return (uintptr_t)axonpush_new(&options, NULL);
}

static bool flush_client(uintptr_t client) {
    bool all = axonpush_flush((axonpush_client *)client, 60000, NULL) == AXONPUSH_OK;
    while (axonpush_poll((axonpush_client *)client, 0) > 0) {}
    return all;
}

static void close_client(uintptr_t client) { axonpush_close((axonpush_client *)client); }
*/
import "C"

import (
	"errors"
	"time"
	"unsafe"
)

// Client is a client in C.
type Client struct {
	handle  C.uintptr_t
	payload *C.char
}

// New makes a client whose events have this payload.
func New(url, payload string) *Client {
	u := C.CString(url)
	defer C.free(unsafe.Pointer(u))
	return &Client{C.open_client(u), C.CString(payload)}
}

// Publish publishes events, and says how long that took.
func (c *Client) Publish(times int, completions bool) (time.Duration, error) {
	ns := C.publish(c.handle, c.payload, C.int(times), C.bool(completions))
	if ns < 0 {
		return 0, errors.New("an event was not accepted")
	}
	return time.Duration(ns), nil
}

// Flush waits for the events, and runs their completions.
func (c *Client) Flush() error {
	if !C.flush_client(c.handle) {
		return errors.New("the events were not delivered in time")
	}
	return nil
}

// Close closes the client.
func (c *Client) Close() {
	C.close_client(c.handle)
	C.free(unsafe.Pointer(c.payload))
}
