// Package axonpush publishes, traces and reads AI agent events with the AxonPush event service. It calls
// libaxonpush, a C library, through cgo.
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
// Fail-open mode is on by default: when the service cannot be reached, a call logs a warning and succeeds
// without a result, which is a nil [*Response], whose methods return zero values, or an empty list. Every
// other failure is an error in both modes. Setting [Options.FailOpen] to [Disabled] selects strict mode,
// in which an unreachable service is [ErrConnection].
//
// # Contexts
//
// A call ends when its context does: the network is given up at once, and the error is that of the context.
// The request may have been carried out all the same. The deadline of the context limits the whole call,
// including its retries: if the next retry would come too late, the call returns at once with the failure that
// it has. [Options.Timeout] limits each attempt.
//
// While a call waits for the network it holds a thread of the operating system. At most 256 calls of one client
// do so at once, and more wait for their turn; the calls of one client never wait for those of another.
//
// Events and requests made under a context of [ContextWithTrace] carry its trace.
//
// # Resources
//
// The methods of [Client].Apps, Channels and the others behave like [Client.Request]: they use the same
// credentials, retries, errors and fail-open mode. When a response is lost, the call is repeated, unless it
// creates something or hands something over, since that may have been carried out already;
// docs/operations.md lists these calls. A deletion that is sent again may find nothing to delete.
//
// Pass ids unencoded. Each becomes one segment of the path, whatever characters it contains; an empty id is
// [ErrInvalidArgument], and nothing is sent.
//
// # Background publishing
//
// [Events.PublishAsync] puts an event into a queue and returns. Callbacks run one after the other on one
// goroutine of the client, which starts with the first event that has a callback and ends with
// [Client.Close]. It waits in Go's network poller, so waiting costs neither a thread nor processor time.
//
// A Go program does not run C's exit handlers when it ends: queued events are lost unless the program calls
// [Client.Close], [Client.Shutdown] or [Client.Flush] first.
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

// Version is the version of this package; [LibraryVersion] is the version of the C library.
const Version = "0.1.0"

// LibraryVersion is the version of the C library that the process has loaded.
func LibraryVersion() string { return C.GoString(C.axonpush_version()) }

// Toggle is a boolean with a default.
type Toggle int32

const (
	// Default means: the environment variable decides if it is set, else the default.
	Default Toggle = C.AXONPUSH_DEFAULT
	// Enabled means yes.
	Enabled Toggle = C.AXONPUSH_ENABLED
	// Disabled means no.
	Disabled Toggle = C.AXONPUSH_DISABLED
)

// Overflow is what happens to an event that does not fit into the queue of background publishing.
type Overflow int32

const (
	// OverflowDropOldest drops the oldest waiting event to make room; its callback gets [ErrQueueFull].
	OverflowDropOldest Overflow = C.AXONPUSH_OVERFLOW_DROP_OLDEST
	// OverflowDropNewest refuses the new event with [ErrQueueFull].
	OverflowDropNewest Overflow = C.AXONPUSH_OVERFLOW_DROP_NEWEST
	// OverflowBlock makes the call wait until there is room, its context ends, or [Options.BlockTimeout] is over.
	OverflowBlock Overflow = C.AXONPUSH_OVERFLOW_BLOCK
)

// ContentCapture is how much of prompts, messages, tool results and other content leaves the process.
// Values under secret keys (password, api_key, authorization, …) never do.
type ContentCapture int32

const (
	// ContentDefault means: AXONPUSH_CONTENT_CAPTURE decides if it is set, else ContentMetadataOnly.
	ContentDefault ContentCapture = C.AXONPUSH_CONTENT_DEFAULT
	// ContentMetadataOnly sends no content: each value becomes "[REDACTED]".
	ContentMetadataOnly ContentCapture = C.AXONPUSH_CONTENT_METADATA_ONLY
	// ContentRedacted sends the first 256 characters of each string.
	ContentRedacted ContentCapture = C.AXONPUSH_CONTENT_REDACTED
	// ContentFull sends all content, each string up to [Options.MaxContentLength].
	ContentFull ContentCapture = C.AXONPUSH_CONTENT_FULL
)

// HTTPVersion is the version of HTTP that background publishing speaks. Calls that wait for the response
// speak HTTP/1.1.
type HTTPVersion int32

const (
	// HTTPAuto means: AXONPUSH_HTTP_VERSION decides if it is set, else HTTP/2 is spoken where TLS agrees on
	// it, and HTTP/1.1 otherwise.
	HTTPAuto HTTPVersion = C.AXONPUSH_HTTP_AUTO
	// HTTP11 is HTTP/1.1.
	HTTP11 HTTPVersion = C.AXONPUSH_HTTP_1_1
	// HTTP2 is HTTP/2, without asking on http:// too ("prior knowledge"). A server that has only HTTP/1.1
	// cannot be reached then.
	HTTP2 HTTPVersion = C.AXONPUSH_HTTP_2
)

// SpoolSync is when an event in the spool outlives a power failure. From the end of the process it is safe as
// soon as the call that publishes it has returned, whatever is chosen here.
type SpoolSync int32

const (
	// SpoolSyncInterval means: when [Options.SpoolSyncAfter] has passed. An event that is delivered before
	// costs no write to the disk.
	SpoolSyncInterval SpoolSync = C.AXONPUSH_SPOOL_SYNC_INTERVAL
	// SpoolSyncNone means: when the system writes it to the disk, usually within half a minute.
	SpoolSyncNone SpoolSync = C.AXONPUSH_SPOOL_SYNC_NONE
	// SpoolSyncEach means: before the call that publishes it returns. Calls at the same time share one write.
	SpoolSyncEach SpoolSync = C.AXONPUSH_SPOOL_SYNC_EACH
)

// Exporter is how the events of background publishing leave the process.
type Exporter int32

const (
	// ExporterEvents means: AXONPUSH_EXPORTER decides if it is set, else each event is a request of its own to
	// the service, which stores it once.
	ExporterEvents Exporter = C.AXONPUSH_EXPORTER_EVENTS
	// ExporterOTLP means: as log records of OpenTelemetry (OTLP over HTTP, in JSON), in batches. Each is delivered
	// at least once: one that comes twice has the same attribute log.record.uid, its dedup key.
	ExporterOTLP Exporter = C.AXONPUSH_EXPORTER_OTLP
)

const (
	// NoRetries as [Options.MaxRetries] means that a failed call is never repeated.
	NoRetries = -1
	// NoProxy as [Options.Proxy] means that no proxy is used, whatever the environment says.
	NoProxy = "none"
)

// Options configure a client. For a member that is zero the environment variable applies if there is one,
// else the default. Durations are rounded up to whole milliseconds, and SpoolMaxAge to whole seconds.
type Options struct {
	// APIKey is an API key (ak_…), or a public ingest token (pt_…), which may only publish. It is
	// required, here or as AXONPUSH_API_KEY, unless events go to an OTLPEndpoint.
	APIKey string
	// TenantID is the organization that calls are made for. AXONPUSH_TENANT_ID, then AXONPUSH_ORG_ID;
	// default none.
	TenantID string
	// BaseURL is the URL of the service, http or https. A path in it is kept as a prefix.
	// AXONPUSH_BASE_URL; default https://api.axonpush.xyz.
	BaseURL string
	// Environment is the slug of the environment that events belong to. AXONPUSH_ENVIRONMENT; default
	// none.
	Environment string
	// ChannelID is the channel of events that name none. AXONPUSH_CHANNEL_ID; default none, which means
	// the organization's default channel.
	ChannelID string
	// Timeout limits one whole attempt. Connecting may take at most 5 s of it. AXONPUSH_TIMEOUT, in
	// seconds; default 30 s.
	Timeout time.Duration
	// MaxRetries is how often a failed call is repeated at most; [NoRetries] means never.
	// AXONPUSH_MAX_RETRIES; default 3.
	MaxRetries int
	// FailOpen says whether an unreachable service is a logged warning (Enabled) or an error (Disabled,
	// strict mode). AXONPUSH_FAIL_OPEN; default Enabled.
	FailOpen Toggle

	// QueueMaxEvents is how many events may wait for background delivery, including those being sent.
	// Default 10000.
	QueueMaxEvents int
	// QueueMaxBytes is how many bytes these events may take. Default 32 MiB.
	QueueMaxBytes uint64
	// Overflow is what happens when there is no room. Default OverflowDropOldest.
	Overflow Overflow
	// DeliveryTimeout is how long delivery of a queued event is retried. Default 300 s.
	DeliveryTimeout time.Duration
	// MaxConnections is how many connections of HTTP/1.1 background publishing may use, at most 256. It uses
	// more than one only when events queue up. HTTP/2 needs one, at most four. Default 32.
	MaxConnections int
	// HTTPVersion is the version of HTTP that background publishing speaks. AXONPUSH_HTTP_VERSION (auto, 1.1
	// or 2); default HTTPAuto.
	HTTPVersion HTTPVersion
	// BlockTimeout is how long OverflowBlock waits for room at most; then the error is [ErrQueueFull].
	// Default 0, which means as long as it takes, or until the context ends.
	BlockTimeout time.Duration
	// SpoolDir is a folder in which the events of background publishing outlive the process: the next client
	// with the same folder, service, tenant and environment delivers what is left. It is made if it does not
	// exist, for this user only. AXONPUSH_SPOOL_DIR; default none, which means that the queue is in memory
	// only.
	SpoolDir string
	// SpoolMaxBytes is how many bytes the files of all clients in SpoolDir may take together. Default 256 MiB.
	SpoolMaxBytes uint64
	// SpoolMaxAge is how long delivery of an event in the spool is retried, in place of DeliveryTimeout.
	// Default 259200 s, which is three days.
	SpoolMaxAge time.Duration
	// SpoolSync is when an event in the spool outlives a power failure. Default SpoolSyncInterval.
	SpoolSync SpoolSync
	// SpoolSyncAfter is how old an event gets until SpoolSyncInterval has made it outlive a power failure.
	// Default 1 s.
	SpoolSyncAfter time.Duration
	// Exporter is how the events of background publishing leave the process. Calls that wait for the response
	// always go to the service. AXONPUSH_EXPORTER (events or otlp); default ExporterEvents.
	Exporter Exporter
	// OTLPEndpoint is the base URL of an OpenTelemetry Collector, or of anything that takes OTLP over HTTP:
	// ExporterOTLP sends to /v1/logs below it, and no credential or header of the service's goes there.
	// AXONPUSH_OTLP_ENDPOINT; default none, which means the service's own /v1/logs.
	OTLPEndpoint string
	// OTLPHeaders are the headers of every request to OTLPEndpoint: "name=value,name=value", the values
	// percent-encoded. AXONPUSH_OTLP_HEADERS; default none.
	OTLPHeaders string
	// OTLPBatchMaxEvents is how many events one request of ExporterOTLP has at most. Default 512.
	OTLPBatchMaxEvents int
	// OTLPBatchMaxBytes is how many bytes its body has at most, before it is compressed. Default 1 MiB.
	OTLPBatchMaxBytes int
	// OTLPBatchTimeout is how long an event waits for others to be sent with it. Default 1 s.
	OTLPBatchTimeout time.Duration
	// OTLPGzip says whether these requests are compressed. Default Disabled.
	OTLPGzip Toggle
	// ShutdownTimeout is how long [Client.Close] may take to deliver queued events. Default 2 s.
	ShutdownTimeout time.Duration

	// ContentCapture is how much content leaves the process. AXONPUSH_CONTENT_CAPTURE; default
	// ContentMetadataOnly.
	ContentCapture ContentCapture
	// RedactKeys are names of members whose values never leave the process; case does not matter.
	// AXONPUSH_REDACT_KEYS, separated by commas; default none.
	RedactKeys []string
	// MaxContentLength is the number of Unicode characters after which any string is cut.
	// AXONPUSH_MAX_CONTENT_LENGTH; default 4096.
	MaxContentLength int

	// CAFile is a PEM file of the certificate authorities to trust in place of the platform's. (The
	// variable SSL_CERT_FILE replaces the platform's, too.)
	CAFile string
	// CAPEM is the content of such a file; it takes precedence over CAFile.
	CAPEM string
	// Proxy is the URL of an HTTP proxy, used by CONNECT. It takes precedence over HTTPS_PROXY,
	// HTTP_PROXY and NO_PROXY; [NoProxy] means no proxy at all.
	Proxy string
	// UserAgent is a product token of the program ("shop/1.0"), which is appended to the User-Agent.
	UserAgent string
}

const defaultShutdownTimeout = 2 * time.Second

// Client is a client of the service. It has its own configuration, connections and queue.
//
// Any number of goroutines may use one client at once, and may close it meanwhile. It lives from [New] to
// [Client.Close], and must not be copied.
type Client struct {
	// Events publishes and reads events.
	Events Events
	// Apps manages apps, which channels belong to.
	Apps Apps
	// Channels manages channels, which events are published to.
	Channels Channels
	// Environments manages environments, such as production and staging.
	Environments Environments
	// Webhooks manages the endpoints to which the service delivers events.
	Webhooks Webhooks
	// Traces reads traces, each of which is a group of related events.
	Traces Traces
	// Organizations manages organizations, which own everything else.
	Organizations Organizations
	// Capabilities tells what the service can do.
	Capabilities Capabilities
	// Health tells whether the service is healthy.
	Health Health
	// OTLP accepts spans and log records in OpenTelemetry's format.
	OTLP OTLP

	// The library's handle is slot and generation, never an address, so it is no pointer in Go.
	handle          C.uintptr_t
	overflow        Overflow
	shutdownTimeout time.Duration
	blockingCalls   chan struct{} // has a place for each call that may wait in C
	completions     completions
	closing         atomic.Bool
	closed          chan struct{}
	closeErr        error
}

// New makes a client. It sends nothing, looks up no name, and starts no goroutine or thread. The error is
// [ErrConfig] or [ErrInvalidArgument]. Close the client with [Client.Close].
func New(options Options) (*Client, error) {
	b := newStringBlock()
	defer b.free()
	proxy := options.Proxy
	if proxy == NoProxy {
		proxy = ""
		b.at[C.AXG_OPTION_PROXY] = 1
		b.block = append(b.block, 0)
	}
	b.add(C.AXG_OPTION_API_KEY, "Options.APIKey", options.APIKey)
	b.add(C.AXG_OPTION_TENANT_ID, "Options.TenantID", options.TenantID)
	b.add(C.AXG_OPTION_BASE_URL, "Options.BaseURL", options.BaseURL)
	b.add(C.AXG_OPTION_ENVIRONMENT, "Options.Environment", options.Environment)
	b.add(C.AXG_OPTION_CHANNEL_ID, "Options.ChannelID", options.ChannelID)
	b.add(C.AXG_OPTION_REDACT_KEYS, "Options.RedactKeys", strings.Join(options.RedactKeys, ","))
	b.add(C.AXG_OPTION_CA_FILE, "Options.CAFile", options.CAFile)
	b.add(C.AXG_OPTION_CA_PEM, "Options.CAPEM", options.CAPEM)
	b.add(C.AXG_OPTION_PROXY, "Options.Proxy", proxy)
	b.add(C.AXG_OPTION_USER_AGENT, "Options.UserAgent", strings.TrimSpace("axonpush-go/"+Version+" "+options.UserAgent))
	b.add(C.AXG_OPTION_SPOOL_DIR, "Options.SpoolDir", options.SpoolDir)
	b.add(C.AXG_OPTION_OTLP_ENDPOINT, "Options.OTLPEndpoint", options.OTLPEndpoint)
	b.add(C.AXG_OPTION_OTLP_HEADERS, "Options.OTLPHeaders", options.OTLPHeaders)
	numbers := C.axonpush_options{
		timeout_ms:            b.milliseconds("Options.Timeout", options.Timeout),
		max_retries:           b.retries(options.MaxRetries),
		fail_open:             C.axonpush_toggle(options.FailOpen),
		queue_max_events:      b.number("Options.QueueMaxEvents", options.QueueMaxEvents),
		queue_max_bytes:       C.uint64_t(options.QueueMaxBytes),
		overflow:              C.axonpush_overflow(options.Overflow),
		delivery_timeout_ms:   b.milliseconds("Options.DeliveryTimeout", options.DeliveryTimeout),
		max_connections:       b.number("Options.MaxConnections", options.MaxConnections),
		http_version:          C.axonpush_http_version(options.HTTPVersion),
		shutdown_timeout_ms:   b.milliseconds("Options.ShutdownTimeout", options.ShutdownTimeout),
		block_timeout_ms:      b.milliseconds("Options.BlockTimeout", options.BlockTimeout),
		spool_max_bytes:       C.uint64_t(options.SpoolMaxBytes),
		spool_max_age_s:       b.seconds("Options.SpoolMaxAge", options.SpoolMaxAge),
		spool_sync:            C.axonpush_spool_sync(options.SpoolSync),
		spool_sync_ms:         b.milliseconds("Options.SpoolSyncAfter", options.SpoolSyncAfter),
		exporter:              C.axonpush_exporter(options.Exporter),
		otlp_batch_max_events: b.number("Options.OTLPBatchMaxEvents", options.OTLPBatchMaxEvents),
		otlp_batch_max_bytes:  b.number("Options.OTLPBatchMaxBytes", options.OTLPBatchMaxBytes),
		otlp_batch_timeout_ms: b.milliseconds("Options.OTLPBatchTimeout", options.OTLPBatchTimeout),
		otlp_gzip:             C.axonpush_toggle(options.OTLPGzip),
		completion_mode:       C.AXONPUSH_COMPLETION_POLLED,
		content_capture:       C.axonpush_content_capture(options.ContentCapture),
		max_content_length:    b.number("Options.MaxContentLength", options.MaxContentLength),
	}
	if b.err != nil {
		return nil, b.err
	}
	client := &Client{
		overflow:        options.Overflow,
		shutdownTimeout: options.ShutdownTimeout,
		blockingCalls:   make(chan struct{}, maxBlockingCalls),
		closed:          make(chan struct{}),
	}
	if client.shutdownTimeout == 0 {
		client.shutdownTimeout = defaultShutdownTimeout
	}
	if err := takeError(C.axg_new(numbers, b.start(), b.places(), &client.handle)); err != nil {
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

// Request describes a call of any endpoint, for [Client.Request].
type Request struct {
	// Method is GET, POST, PUT, PATCH or DELETE.
	Method string
	// Path starts with "/" and is relative to the base URL. Encode ids in it with [net/url.PathEscape]
	// (and an id ".." as "%2e%2e").
	Path string
	// Query is what [net/url.Values.Encode] returns; "" for none.
	Query string
	// Body is marshalled by encoding/json. A [json.RawMessage] is sent as it is; nil means no body.
	Body any
}

// Request calls any endpoint, such as one that has no method of its own, with the same credentials,
// retries, errors and fail-open mode. A POST or PATCH whose response was lost is not repeated, since it may
// have been carried out.
//
// An empty response reads as JSON null. A nil Response without an error means that fail-open suppressed
// the failure.
func (c *Client) Request(ctx context.Context, request Request) (*Response, error) {
	b := newStringBlock()
	b.add(C.AXG_REQUEST_METHOD, "Request.Method", request.Method)
	b.add(C.AXG_REQUEST_PATH, "Request.Path", request.Path)
	b.add(C.AXG_REQUEST_QUERY, "Request.Query", request.Query)
	bodyLength := b.addJSON(C.AXG_REQUEST_BODY, "Request.Body", request.Body)
	return c.call(ctx, b, func(handle C.uintptr_t) *C.axg_outcome {
		return C.axg_request(handle, b.start(), b.places(), bodyLength)
	})
}

// call makes a call that waits for the network, and frees its strings afterwards.
func (c *Client) call(ctx context.Context, b *stringBlock, call func(handle C.uintptr_t) *C.axg_outcome) (response *Response, err error) {
	defer b.free()
	b.addTrace(ctx)
	if b.err != nil {
		return nil, b.err
	}
	err = c.blocking(ctx, func(handle C.uintptr_t) (err error) {
		response, err = take(call(handle))
		return err
	})
	if cause := endedBy(ctx, response, err); cause != nil {
		return nil, cause
	}
	return response, err
}

// Flush waits until every event that was accepted before the call has reached its final outcome, delivered
// or not, and its callback has returned. It does not wait for events accepted meanwhile.
//
// When the deadline of ctx passes, the error is both [ErrTimeout] and [context.DeadlineExceeded], and says
// how many events are left; they stay queued. Inside a callback, Flush itself runs the callbacks that are
// ready, and does not wait for the one that calls it.
func (c *Client) Flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	// Flush does not wait for its turn, as calls that use the network do: it must not wait behind these.
	bound, err := c.bind(ctx)
	if err != nil {
		return err
	}
	defer bound.free()
	defer bound.watch(untilCancelled)()
	if err := takeError(C.axg_flush(bound.handle, toMilliseconds(longest))); err != nil {
		if errors.Is(err, ErrCancelled) {
			return ctx.Err()
		}
		return withDeadline(ctx, err)
	}
	return c.completions.flush(ctx)
}

// Shutdown stops the client for good: new calls and events get [ErrClosed] at once, and queued events are
// delivered until the deadline of ctx, or for [Options.ShutdownTimeout] if it has none. Then the remaining
// events are abandoned, and their callbacks get [ErrClosed]. Afterwards only [Client.Stats] and
// [Client.Close] are useful.
//
// Shutdown returns within half a second of its deadline, plus the time that callbacks take. [ErrTimeout]
// means that events were abandoned, and its message says how many. When ctx is cancelled, what is left is
// abandoned at once, and the error is that of ctx.
func (c *Client) Shutdown(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	bound, err := c.bind(ctx)
	if err != nil {
		return err
	}
	defer bound.free()
	defer bound.watch(untilCancelled)()
	timeout := c.shutdownTimeout
	if _, ok := ctx.Deadline(); ok {
		timeout = longest // the deadline is the handle's
	}
	err = takeError(C.axg_shutdown(bound.handle, toMilliseconds(timeout)))
	if errors.Is(err, ErrCancelled) {
		err = ctx.Err()
	}
	// For callbacks there is time, as there is in Close.
	if flushErr := c.completions.flush(context.Background()); err == nil {
		err = flushErr
	}
	return withDeadline(ctx, err)
}

// Close shuts the client down as [Client.Shutdown] does, within [Options.ShutdownTimeout], and then releases
// everything. Calls made later, and calls that are still in progress then, get [ErrClosed].
//
// Close returns within ShutdownTimeout plus half a second, whatever the network does, plus the time that
// callbacks take: all callbacks have returned by then, unless Close is called inside one. The error is
// [ErrTimeout] if events were abandoned. Closing a closed client, or a nil one, does nothing.
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
	// Shut down first, so that callbacks run while the queue drains: a closed client cannot be polled.
	err := takeError(C.axg_shutdown(c.handle, toMilliseconds(c.shutdownTimeout)))
	c.completions.close()
	deliverLog()
	if errors.Is(err, ErrTimeout) {
		return err
	}
	return nil
}

// Stats are counters of background publishing and of the network. The counters add up at any moment:
// Accepted + Recovered = Delivered + Failed + Suppressed + Dropped + Expired + Abandoned + Kept + QueuedEvents.
// Calls that do not publish in the background appear in Retried and Connections only.
type Stats struct {
	// Accepted counts the events that background publishing accepted, those of log handlers included.
	Accepted uint64
	// Delivered counts the events that the service confirmed.
	Delivered uint64
	// Failed counts the events that the service rejected for good.
	Failed uint64
	// Suppressed counts the events that were given up under fail-open, the service being unreachable.
	Suppressed uint64
	// Dropped counts the events that were dropped to make room for newer ones (OverflowDropOldest).
	Dropped uint64
	// Expired counts the events that were not delivered within [Options.DeliveryTimeout].
	Expired uint64
	// Abandoned counts the events that were not delivered before a shutdown ran out of time.
	Abandoned uint64
	// QueuedEvents is how many events are waiting or being sent now.
	QueuedEvents uint64
	// QueuedBytes is how many bytes these events take.
	QueuedBytes uint64
	// Retried counts attempts beyond the first, of all calls and events.
	Retried uint64
	// Connections counts the connections opened so far.
	Connections uint64
	// LogEventsLost counts the log records that a log handler could not publish.
	LogEventsLost uint64
	// LogLinesLost counts the lines of the library's own log that were lost, in the whole process, because the
	// function of [SetLogger] was too slow.
	LogLinesLost uint64
	// Recovered counts the events that were taken over from the spool of a client that ended. They have no
	// callback.
	Recovered uint64
	// Kept counts the events that were in the spool when the client was closed: the next one delivers them.
	Kept uint64
	// SpoolBytes is how many bytes this client's events take in the spool.
	SpoolBytes uint64
	// Batches counts the requests with batches of events (ExporterOTLP), repeated ones included.
	Batches uint64
}

// Stats returns the counters. After [Client.Close] the error is [ErrClosed]; after [Client.Shutdown] it
// still works.
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
		LogLinesLost:  uint64(s.log_lines_lost),
		Recovered:     uint64(s.recovered),
		Kept:          uint64(s.kept),
		SpoolBytes:    uint64(s.spool_bytes),
		Batches:       uint64(s.batches),
	}, nil
}

// longest is as good as for ever.
const longest = 1<<63 - 1

// withDeadline makes a time-out also [context.DeadlineExceeded] if ctx has a deadline.
func withDeadline(ctx context.Context, err error) error {
	var failure *Error
	if _, ok := ctx.Deadline(); ok && errors.As(err, &failure) && failure.Status == ErrTimeout {
		failure.cause = context.DeadlineExceeded
	}
	return err
}
