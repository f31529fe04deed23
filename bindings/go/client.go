// Package axonpush publishes, traces and reads AI agent events with the AxonPush event service. It is the
// Go side of libaxonpush, a C library, which it calls through cgo.
//
//	client, err := axonpush.New(axonpush.Options{}) // configured by AXONPUSH_… variables
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//	response, err := client.Events.Publish(ctx, axonpush.Event{
//		Identifier: "order.reserved",
//		Payload:    map[string]any{"order": 4711},
//	})
//
// # Fail-open
//
// On by default: when the service cannot be reached, a call logs a warning and succeeds with nothing: a nil
// [*Response], whose methods give zero values, or an empty list. Every other failure is reported in both
// modes. [Options.FailOpen] set to [Disabled] is strict mode: an unreachable service is [ErrConnection].
//
// # Contexts
//
// A call returns as soon as its context ends, with the context's error. The C call below it cannot be
// interrupted: it goes on in the background, for at most what [Options.Timeout] and the retries allow, on
// an operating system thread of its own, and its result is dropped. So an event may still be
// published, and a request still be carried out, after its context has ended. [Client.Close] ends
// what is left. With a context that can never end, such as [context.Background], a call needs no
// goroutine of its own. At most 256 calls of a process wait for the network at once; more wait for their turn.
//
// What [ContextWithTrace] puts into a context, events and requests under it carry.
//
// # Resources
//
// The methods of [Client].Apps, Channels and the others go the same way as [Client.Request]: the same
// credentials, retries, errors and fail-open. After a lost answer they are repeated, but for those that create
// something or hand something over, which may have been carried out; docs/operations.md lists them. A
// deletion that is sent again may be told that there is nothing of that id.
//
// Ids are given as they are, and become one segment of the path each, whatever is in them; an empty one is
// [ErrInvalidArgument], and nothing is sent.
//
// # Background publishing
//
// [Events.PublishAsync] puts an event into a queue and returns. Callbacks run one after the other on one
// goroutine of the client's, which starts with the first event that has one, and ends with
// [Client.Close]. It waits in Go's network poller, so that waiting costs neither a thread nor processor time.
//
// A Go program ends without the exit handlers of C: events that wait are lost unless the program calls
// [Client.Close], [Client.Shutdown] or [Client.Flush] before it ends.
package axonpush

/*
#cgo CFLAGS: -std=c99 -Wall -Wextra
#cgo LDFLAGS: -lpthread
#include "shim.h"
*/
import "C"

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"
)

// Version is the version of this package. [LibraryVersion] is that of the C library.
const Version = "0.1.0"

// LibraryVersion is the version of the C library that is running.
func LibraryVersion() string { return C.GoString(C.axonpush_version()) }

// Toggle is a switch with a default.
type Toggle int32

const (
	// Default leaves the choice to the environment variable, else to the default.
	Default Toggle = C.AXONPUSH_DEFAULT
	// Enabled is on.
	Enabled Toggle = C.AXONPUSH_ENABLED
	// Disabled is off.
	Disabled Toggle = C.AXONPUSH_DISABLED
)

// Overflow is what happens to an event for which the queue of background publishing has no room.
type Overflow int32

const (
	// OverflowDropOldest lets the oldest event that waits make room; its callback gets [ErrQueueFull].
	OverflowDropOldest Overflow = C.AXONPUSH_OVERFLOW_DROP_OLDEST
	// OverflowDropNewest refuses the new event with [ErrQueueFull].
	OverflowDropNewest Overflow = C.AXONPUSH_OVERFLOW_DROP_NEWEST
	// OverflowBlock lets the call wait for room, or for the end of its context.
	OverflowBlock Overflow = C.AXONPUSH_OVERFLOW_BLOCK
)

// ContentCapture is how much of prompts, messages, tool results and other content leaves the process.
// Values under secret keys (password, api_key, authorization, …) never do.
type ContentCapture int32

const (
	// ContentDefault leaves the choice to AXONPUSH_CONTENT_CAPTURE, else it is metadata only.
	ContentDefault ContentCapture = C.AXONPUSH_CONTENT_DEFAULT
	// ContentMetadataOnly lets no content out: the value becomes "[REDACTED]".
	ContentMetadataOnly ContentCapture = C.AXONPUSH_CONTENT_METADATA_ONLY
	// ContentRedacted lets the first 256 characters of each text out.
	ContentRedacted ContentCapture = C.AXONPUSH_CONTENT_REDACTED
	// ContentFull lets all of it out, up to [Options.MaxContentLength].
	ContentFull ContentCapture = C.AXONPUSH_CONTENT_FULL
)

const (
	// NoRetries as [Options.MaxRetries]: a failed call is never repeated.
	NoRetries = -1
	// NoProxy as [Options.Proxy]: no proxy at all, whatever the environment says.
	NoProxy = "none"
)

// Options say how a client is to behave. A zero member means: the environment variable if there is one,
// else the default. Durations count in whole milliseconds, rounded up.
type Options struct {
	// APIKey is an API key (ak_…), or a public ingest token (pt_…) that may only publish. Required, here
	// or as AXONPUSH_API_KEY.
	APIKey string
	// TenantID is the organisation that calls are made for. AXONPUSH_TENANT_ID, then AXONPUSH_ORG_ID;
	// default none.
	TenantID string
	// BaseURL is the service: http or https, a path in it is kept as a prefix. AXONPUSH_BASE_URL; default
	// https://api.axonpush.xyz.
	BaseURL string
	// Environment is an environment's slug. AXONPUSH_ENVIRONMENT; default none.
	Environment string
	// ChannelID is the channel of events that name none. AXONPUSH_CHANNEL_ID; default none, which means
	// the organisation's default channel.
	ChannelID string
	// Timeout is for one whole attempt, of which connecting takes at most 5 s. AXONPUSH_TIMEOUT, in
	// seconds; default 30 s.
	Timeout time.Duration
	// MaxRetries is how often a failed call is repeated at most; [NoRetries]: never.
	// AXONPUSH_MAX_RETRIES; default 3.
	MaxRetries int
	// FailOpen says whether an unreachable service is a logged warning (Enabled) or an error (Disabled:
	// strict mode). AXONPUSH_FAIL_OPEN; default Enabled.
	FailOpen Toggle

	// QueueMaxEvents is how many events may wait for background delivery, those being sent included.
	// Default 10000.
	QueueMaxEvents int
	// QueueMaxBytes is how much these events may take. Default 32 MiB.
	QueueMaxBytes uint64
	// Overflow is what happens when there is no room. Default OverflowDropOldest.
	Overflow Overflow
	// DeliveryTimeout is for how long a queued event is retried. Default 300 s.
	DeliveryTimeout time.Duration
	// MaxConnections is the most connections of background publishing, at most 256; more than one only
	// under backlog. Default 8.
	MaxConnections int
	// ShutdownTimeout is what [Client.Close] may spend on delivering what waits. Default 2 s.
	ShutdownTimeout time.Duration

	// ContentCapture is how much content leaves the process. AXONPUSH_CONTENT_CAPTURE; default metadata
	// only.
	ContentCapture ContentCapture
	// RedactKeys are names, matched in any case, of members whose values never leave the process.
	// AXONPUSH_REDACT_KEYS, separated by commas; default none.
	RedactKeys []string
	// MaxContentLength is after how many Unicode characters any string is cut.
	// AXONPUSH_MAX_CONTENT_LENGTH; default 4096.
	MaxContentLength int

	// CAFile is a PEM file of the certificate authorities to trust in place of the platform's. The
	// variable SSL_CERT_FILE does the same for the platform's.
	CAFile string
	// CAPEM is the same as text; it wins over CAFile.
	CAPEM string
	// Proxy is the URL of an HTTP proxy, used by CONNECT. It wins over HTTPS_PROXY, HTTP_PROXY and
	// NO_PROXY; [NoProxy] means no proxy at all.
	Proxy string
	// UserAgent is a product token of the program ("shop/1.0"), appended to the User-Agent.
	UserAgent string
}

const defaultShutdownTimeout = 2 * time.Second

// Client is a client of the service: configuration, connections, and a queue of its own.
//
// Any number of goroutines may use one client at once, Close included. It lives from [New] to
// [Client.Close], and must not be copied.
type Client struct {
	// Events publishes and reads events.
	Events Events
	// Apps are what channels belong to.
	Apps Apps
	// Channels are what events are published to.
	Channels Channels
	// Environments are such as production and staging.
	Environments Environments
	// Webhooks deliver events to endpoints of yours.
	Webhooks Webhooks
	// Traces are the events that belong together.
	Traces Traces
	// Organizations are who it all belongs to.
	Organizations Organizations
	// Capabilities are what the service can do.
	Capabilities Capabilities
	// Health is whether the service is well.
	Health Health
	// OTLP takes spans and log records of OpenTelemetry.
	OTLP OTLP

	// The library's ticket: never an address, so never a pointer in Go.
	handle          C.uintptr_t
	overflow        Overflow
	shutdownTimeout time.Duration
	completions     completions
	closing         atomic.Bool
	closed          chan struct{}
	closeErr        error
}

// New makes a client. Nothing is sent yet, no name is looked up, no goroutine or thread is started.
// The error is [ErrConfig] or [ErrInvalidArgument]. Close the client with [Client.Close].
func New(options Options) (*Client, error) {
	t := newTexts()
	defer t.free()
	proxy := options.Proxy
	if proxy == NoProxy {
		proxy = ""
		t.at[C.AXG_OPTION_PROXY] = 1
		t.block = append(t.block, 0)
	}
	t.add(C.AXG_OPTION_API_KEY, "api_key", options.APIKey)
	t.add(C.AXG_OPTION_TENANT_ID, "tenant_id", options.TenantID)
	t.add(C.AXG_OPTION_BASE_URL, "base_url", options.BaseURL)
	t.add(C.AXG_OPTION_ENVIRONMENT, "environment", options.Environment)
	t.add(C.AXG_OPTION_CHANNEL_ID, "channel_id", options.ChannelID)
	t.add(C.AXG_OPTION_REDACT_KEYS, "redact_keys", strings.Join(options.RedactKeys, ","))
	t.add(C.AXG_OPTION_CA_FILE, "ca_file", options.CAFile)
	t.add(C.AXG_OPTION_CA_PEM, "ca_pem", options.CAPEM)
	t.add(C.AXG_OPTION_PROXY, "proxy", proxy)
	t.add(C.AXG_OPTION_USER_AGENT, "user_agent", strings.TrimSpace("axonpush-go/"+Version+" "+options.UserAgent))
	numbers := C.axonpush_options{
		timeout_ms:          t.milliseconds("timeout_ms", options.Timeout),
		max_retries:         t.retries(options.MaxRetries),
		fail_open:           C.axonpush_toggle(options.FailOpen),
		queue_max_events:    t.number("queue_max_events", options.QueueMaxEvents),
		queue_max_bytes:     C.uint64_t(options.QueueMaxBytes),
		overflow:            C.axonpush_overflow(options.Overflow),
		delivery_timeout_ms: t.milliseconds("delivery_timeout_ms", options.DeliveryTimeout),
		max_connections:     t.number("max_connections", options.MaxConnections),
		shutdown_timeout_ms: t.milliseconds("shutdown_timeout_ms", options.ShutdownTimeout),
		completion_mode:     C.AXONPUSH_COMPLETION_POLLED,
		content_capture:     C.axonpush_content_capture(options.ContentCapture),
		max_content_length:  t.number("max_content_length", options.MaxContentLength),
	}
	if t.err != nil {
		return nil, t.err
	}
	client := &Client{
		overflow:        options.Overflow,
		shutdownTimeout: options.ShutdownTimeout,
		closed:          make(chan struct{}),
	}
	if client.shutdownTimeout == 0 {
		client.shutdownTimeout = defaultShutdownTimeout
	}
	if err := takeError(C.axg_new(numbers, t.start(), t.places(), &client.handle)); err != nil {
		return nil, err
	}
	client.Events.client = client
	client.Apps.client = client
	client.Channels.client = client
	client.Environments.client = client
	client.Webhooks.client = client
	client.Traces.client = client
	client.Organizations.client = client
	client.Capabilities.client = client
	client.Health.client = client
	client.OTLP.client = client
	client.completions.handle = client.handle
	return client, nil
}

// Request is a call of any endpoint.
type Request struct {
	// Method is GET, POST, PUT, PATCH or DELETE.
	Method string
	// Path starts with "/" and is relative to the base URL. Ids in it are to be encoded with
	// [net/url.PathEscape] (an id ".." as "%2e%2e").
	Path string
	// Query is what [net/url.Values.Encode] gives; "" for none.
	Query string
	// Body is marshalled by encoding/json, or JSON already ([json.RawMessage]); nil for none.
	Body any
}

// Request calls any endpoint that has no method of its own, with the same credentials, retries,
// errors and fail-open. A POST or PATCH whose answer was lost is not repeated, since it may have been
// carried out.
//
// An empty answer is JSON null. A nil Response without an error: suppressed by fail-open.
func (c *Client) Request(ctx context.Context, request Request) (*Response, error) {
	t := newTexts()
	t.add(C.AXG_REQUEST_METHOD, "method", request.Method)
	t.add(C.AXG_REQUEST_PATH, "path", request.Path)
	t.add(C.AXG_REQUEST_QUERY, "query", request.Query)
	bodyLength := t.addJSON(C.AXG_REQUEST_BODY, "body", request.Body)
	return c.call(ctx, t, func() *C.axg_outcome {
		return C.axg_request(c.handle, t.start(), t.places(), bodyLength)
	})
}

// call makes a call that waits for the network, and frees its texts after it.
func (c *Client) call(ctx context.Context, t *texts, call func() *C.axg_outcome) (*Response, error) {
	t.addTrace(ctx)
	if t.err != nil {
		defer t.free()
		return nil, t.err
	}
	return blocking(ctx, func() (*Response, error) {
		defer t.free()
		return take(call())
	})
}

// Flush waits until every event accepted before it has ended, delivered or not, and its callback has
// returned. Events accepted meanwhile are not waited for.
//
// When ctx runs out, the error is both [ErrTimeout] and [context.DeadlineExceeded], and says how many
// events are left; they stay queued. Inside a callback, Flush runs the callbacks that wait itself, and
// does not wait for the one that calls it.
func (c *Client) Flush(ctx context.Context) error {
	err := waitOut(ctx, longest, func(timeout C.uint32_t) *C.axg_outcome {
		return C.axg_flush(c.handle, timeout)
	})
	if err != nil {
		return err
	}
	return c.completions.flush(ctx)
}

// Shutdown stops the client for good, in an orderly way: new calls and events get [ErrClosed] at once, and
// events that wait are delivered until ctx ends, for [Options.ShutdownTimeout] if it has no deadline.
// What is left then is abandoned, and its callbacks get [ErrClosed]. Only [Client.Stats] and
// [Client.Close] are of use afterwards.
//
// It returns within half a second of its deadline, plus what callbacks take. [ErrTimeout]: events were
// abandoned; the message says how many. When ctx is cancelled, it returns at once and the shutdown goes on.
func (c *Client) Shutdown(ctx context.Context) error {
	err := waitOut(ctx, c.shutdownTimeout, func(timeout C.uint32_t) *C.axg_outcome {
		return C.axg_shutdown(c.handle, timeout)
	})
	if errors.Is(err, ErrTimeout) || err == nil {
		// For callbacks there is time, as there is in Close.
		if flushErr := c.completions.flush(context.Background()); err == nil {
			err = flushErr
		}
	}
	return err
}

// Close closes the client: [Client.Shutdown] within [Options.ShutdownTimeout], and then everything is
// released. Calls from now on, and those that still run, get [ErrClosed].
//
// It returns within ShutdownTimeout plus half a second, whatever the network does, plus what the callbacks
// take: all of them have returned then, unless it is called inside one. The error is [ErrTimeout] if
// events were abandoned. Closing a closed client, or a nil one, is fine.
func (c *Client) Close() error {
	if c == nil {
		return nil
	}
	if !c.closing.CompareAndSwap(false, true) {
		// Inside a callback, the other one may be waiting for us.
		if !inCallback() {
			<-c.closed
		}
		return nil
	}
	defer close(c.closed)
	// First, so that callbacks run while it drains: once it is closed there is nothing to be polled.
	err := takeError(C.axg_shutdown(c.handle, toMilliseconds(c.shutdownTimeout)))
	c.completions.close()
	deliverLog()
	if errors.Is(err, ErrTimeout) {
		return err
	}
	return nil
}

// Stats are the books of background publishing, and of the network. At any moment: Accepted = Delivered +
// Failed + Suppressed + Dropped + Expired + Abandoned + QueuedEvents. Other calls count in Retried and
// Connections only.
type Stats struct {
	// Accepted are the events that background publishing took.
	Accepted uint64
	// Delivered: the service said that it has them.
	Delivered uint64
	// Failed: the service rejected them for good.
	Failed uint64
	// Suppressed: given up while the service was unreachable, under fail-open.
	Suppressed uint64
	// Dropped: made room for newer ones (OverflowDropOldest).
	Dropped uint64
	// Expired: not delivered within [Options.DeliveryTimeout].
	Expired uint64
	// Abandoned: not delivered when a shutdown ran out of time.
	Abandoned uint64
	// QueuedEvents wait or are being sent now.
	QueuedEvents uint64
	// QueuedBytes are what these take.
	QueuedBytes uint64
	// Retried are attempts beyond the first, of all calls and events.
	Retried uint64
	// Connections are those opened so far.
	Connections uint64
	// LogEventsLost are lines of a log that a sink could not publish.
	LogEventsLost uint64
}

// Stats reads the books. After [Client.Close] it is [ErrClosed]; after [Client.Shutdown] it still works.
func (c *Client) Stats() (Stats, error) {
	var s C.axonpush_stats
	if err := takeError(C.axg_stats(c.handle, &s)); err != nil {
		return Stats{}, err
	}
	return Stats{
		Accepted:      uint64(s.accepted),
		Delivered:     uint64(s.delivered),
		Failed:        uint64(s.failed),
		Suppressed:    uint64(s.suppressed),
		Dropped:       uint64(s.dropped),
		Expired:       uint64(s.expired),
		Abandoned:     uint64(s.abandoned),
		QueuedEvents:  uint64(s.queued_events),
		QueuedBytes:   uint64(s.queued_bytes),
		Retried:       uint64(s.retried),
		Connections:   uint64(s.connections),
		LogEventsLost: uint64(s.log_events_lost),
	}, nil
}

// longest is as good as for ever.
const longest = 1<<63 - 1

// waitOut makes a call that ends by itself at the deadline of ctx, or after `otherwise` if it has none.
// When ctx is cancelled earlier, it returns at once.
func waitOut(ctx context.Context, otherwise time.Duration, call func(timeout C.uint32_t) *C.axg_outcome) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	timeout := otherwise
	deadline, limited := ctx.Deadline()
	if limited {
		timeout = time.Until(deadline)
	}
	if ctx.Done() == nil {
		return takeError(call(toMilliseconds(timeout)))
	}
	done := make(chan error, 1)
	go func() { done <- takeError(call(toMilliseconds(timeout))) }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		if ctx.Err() == context.Canceled {
			return ctx.Err()
		}
		err = <-done
	}
	var failure *Error
	if limited && errors.As(err, &failure) && failure.Status == ErrTimeout {
		failure.cause = context.DeadlineExceeded
	}
	return err
}
