package axonpush

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"sync/atomic"
	"time"
)

// Event is an event to publish. For an optional member that is zero, the library or the service chooses.
type Event struct {
	// Identifier says what happened, such as the name of an operation. It is required.
	Identifier string
	// Payload is a value that encoding/json marshals to a JSON object; a [json.RawMessage] is sent as it
	// is. It may have at most 16 MiB and 127 levels. It is required.
	Payload any
	// ChannelID is the channel to publish to; "" means the client's channel, else the organization's
	// default.
	ChannelID string
	// EventType is "agent.start", "app.log", … or any other string; "" means "custom".
	EventType string
	// AgentID is the agent that the event is about.
	AgentID string
	// TraceID is the trace that the event belongs to; "" means the trace of the context
	// ([ContextWithTrace]), else a trace of its own (a UUID).
	TraceID string
	// SpanID is the event's span; "" means a random one (16 hex digits, as in W3C Trace Context).
	SpanID string
	// ParentSpanID is the span in which the event happened; "" means the span of the context, if the
	// event belongs to the context's trace.
	ParentSpanID string
	// DedupKey has 1 to 255 printable ASCII characters; "" means a UUID. The service stores an event once
	// per key, and every retry carries the same key.
	DedupKey string
	// OccurredAt is when the event happened; zero means now.
	OccurredAt time.Time
	// Metadata is a JSON object of your own, with the same types and limits as Payload; nil for none.
	Metadata any
}

// EventQuery filters events. An event must match every filter that is set.
type EventQuery struct {
	// Since is inclusive; zero means the last 24 hours.
	Since time.Time
	// Until is exclusive. For the next older page, set it to the oldest CreatedAt of this one.
	Until time.Time
	// Limit is at most 500; 0 means the service's default, 50.
	Limit         int
	AppID         string
	ChannelID     string
	EnvironmentID string
	EventType     string
	Source        string
	Status        string
	TraceID       string
	AgentID       string
	AgentName     string
	ToolName      string
	SemanticKind  string
	ServiceName   string
	OperationName string
	ErrorType     string
	// Q is free text; case does not matter.
	Q string
	// AttrKey is the name of an attribute; AttrKey and AttrValue must be set together.
	AttrKey   string
	AttrValue string
}

// Events publishes and reads events. It is a member of [Client].
type Events struct {
	client *Client
}

// Result is the final outcome of an event that was published in the background.
type Result struct {
	// Response is the service's response. It is nil if there is an error, and if the event was given up
	// under fail-open.
	Response *Response
	// Err says why the event was not delivered, as far as the library knows: after [ErrConnection],
	// [ErrDecode] and [ErrClosed] it may have arrived all the same.
	Err error
}

// Publish publishes one event and waits for the response. The request is repeated as the retry rules say,
// always with the same DedupKey. A nil Response without an error means that fail-open suppressed the failure.
func (e *Events) Publish(ctx context.Context, event Event) (*Response, error) {
	event.join(TraceFromContext(ctx))
	b, payload, metadata := event.strings()
	return e.client.call(ctx, b, func() *C.axg_outcome {
		return C.axg_publish(e.client.handle, b.start(), b.places(), payload, metadata)
	})
}

// PublishAsync accepts one event for delivery in the background and returns at once, without using network
// or disk; only with [OverflowBlock] it may wait for room. The event is copied.
//
// If the error is nil, the event was accepted: delivery is retried until [Options.DeliveryTimeout], and
// done, which may be nil, is called exactly once with the final outcome. Otherwise the event was not
// accepted and done is not called: the error is [ErrInvalidArgument], [ErrQueueFull], [ErrClosed], or that
// of ctx. (When ctx ends during a wait for room, the event may still be published.) Once the event
// is accepted, ctx no longer matters.
//
// Callbacks run one after the other on one goroutine of the client. They may call anything, Close
// included, but while one waits all others wait, too.
func (e *Events) PublishAsync(ctx context.Context, event Event, done func(Result)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	event.join(TraceFromContext(ctx))
	if e.client.overflow == OverflowBlock {
		return e.publishBlocking(ctx, event, done)
	}
	return e.enqueue(event, done)
}

// PublishChan is [Events.PublishAsync] with a channel that gets the result, and need not be read.
func (e *Events) PublishChan(ctx context.Context, event Event) (<-chan Result, error) {
	results := make(chan Result, 1)
	if err := e.PublishAsync(ctx, event, func(r Result) { results <- r }); err != nil {
		return nil, err
	}
	return results, nil
}

func (e *Events) enqueue(event Event, done func(Result)) error {
	b, payload, metadata := event.strings()
	defer b.free()
	if b.err != nil {
		return b.err
	}
	c := e.client
	var id uintptr
	if done != nil {
		if err := c.completions.start(&c.closing); err != nil {
			return err
		}
		id = c.completions.expect(done)
	}
	outcome := C.axg_publish_async(c.handle, b.start(), b.places(), payload, metadata, done != nil, C.uintptr_t(id))
	if outcome == nil {
		return nil
	}
	if done != nil {
		c.completions.forget(id)
	}
	return takeError(outcome)
}

// publishBlocking makes a call that may wait for room.
func (e *Events) publishBlocking(ctx context.Context, event Event, done func(Result)) error {
	if ctx.Done() == nil {
		_, err := blocking(ctx, func() (*Response, error) { return nil, e.enqueue(event, done) })
		return err
	}
	// Whether the callback has been called, or must not be any more.
	var settled atomic.Bool
	guarded := done
	if done != nil {
		guarded = func(r Result) {
			if settled.CompareAndSwap(false, true) {
				done(r)
			}
		}
	}
	_, err := blocking(ctx, func() (*Response, error) { return nil, e.enqueue(event, guarded) })
	if err != nil && err == ctx.Err() && !settled.CompareAndSwap(false, true) {
		return nil
	}
	return err
}

// List lists events of a channel, newest first; see [Response.Events]. channelID "" means the client's
// channel. query may be nil. In fail-open mode the list is empty if the service is unreachable.
func (e *Events) List(ctx context.Context, channelID string, query *EventQuery) (*Response, error) {
	b, limit := query.strings()
	b.add(C.AXG_QUERY_LIST_CHANNEL, "channel_id", channelID)
	return e.client.call(ctx, b, func() *C.axg_outcome {
		return C.axg_list(e.client.handle, b.start(), b.places(), limit)
	})
}

// Search searches the organization's events, newest first; see [Response.Events]. query may be nil. In
// fail-open mode the list is empty if the service is unreachable.
func (e *Events) Search(ctx context.Context, query *EventQuery) (*Response, error) {
	b, limit := query.strings()
	return e.client.call(ctx, b, func() *C.axg_outcome {
		return C.axg_search(e.client.handle, b.start(), b.places(), limit)
	})
}

// strings returns the event's strings, and how many bytes its payload and metadata have.
func (event *Event) strings() (b *stringBlock, payload, metadata C.size_t) {
	b = newStringBlock()
	b.add(C.AXG_EVENT_IDENTIFIER, "identifier", event.Identifier)
	payload = b.addJSON(C.AXG_EVENT_PAYLOAD, "payload", event.Payload)
	b.add(C.AXG_EVENT_CHANNEL_ID, "channel_id", event.ChannelID)
	b.add(C.AXG_EVENT_EVENT_TYPE, "event_type", event.EventType)
	b.add(C.AXG_EVENT_AGENT_ID, "agent_id", event.AgentID)
	b.add(C.AXG_EVENT_TRACE_ID, "trace_id", event.TraceID)
	b.add(C.AXG_EVENT_SPAN_ID, "span_id", event.SpanID)
	b.add(C.AXG_EVENT_PARENT_SPAN_ID, "parent_span_id", event.ParentSpanID)
	b.add(C.AXG_EVENT_DEDUP_KEY, "dedup_key", event.DedupKey)
	b.addTime(C.AXG_EVENT_OCCURRED_AT, "occurred_at", event.OccurredAt)
	metadata = b.addJSON(C.AXG_EVENT_METADATA, "metadata", event.Metadata)
	return b, payload, metadata
}

// strings returns the query's strings and its limit.
func (q *EventQuery) strings() (*stringBlock, C.uint32_t) {
	b := newStringBlock()
	if q == nil {
		return b, 0
	}
	b.addTime(C.AXG_QUERY_SINCE, "since", q.Since)
	b.addTime(C.AXG_QUERY_UNTIL, "until", q.Until)
	b.add(C.AXG_QUERY_APP_ID, "app_id", q.AppID)
	b.add(C.AXG_QUERY_CHANNEL_ID, "channel_id", q.ChannelID)
	b.add(C.AXG_QUERY_ENVIRONMENT_ID, "environment_id", q.EnvironmentID)
	b.add(C.AXG_QUERY_EVENT_TYPE, "event_type", q.EventType)
	b.add(C.AXG_QUERY_SOURCE, "source", q.Source)
	b.add(C.AXG_QUERY_STATUS, "status", q.Status)
	b.add(C.AXG_QUERY_TRACE_ID, "trace_id", q.TraceID)
	b.add(C.AXG_QUERY_AGENT_ID, "agent_id", q.AgentID)
	b.add(C.AXG_QUERY_AGENT_NAME, "agent_name", q.AgentName)
	b.add(C.AXG_QUERY_TOOL_NAME, "tool_name", q.ToolName)
	b.add(C.AXG_QUERY_SEMANTIC_KIND, "semantic_kind", q.SemanticKind)
	b.add(C.AXG_QUERY_SERVICE_NAME, "service_name", q.ServiceName)
	b.add(C.AXG_QUERY_OPERATION_NAME, "operation_name", q.OperationName)
	b.add(C.AXG_QUERY_ERROR_TYPE, "error_type", q.ErrorType)
	b.add(C.AXG_QUERY_Q, "q", q.Q)
	b.add(C.AXG_QUERY_ATTR_KEY, "attr_key", q.AttrKey)
	b.add(C.AXG_QUERY_ATTR_VALUE, "attr_value", q.AttrValue)
	return b, b.number("limit", q.Limit)
}

func (b *stringBlock) addTime(place int, name string, moment time.Time) {
	if !moment.IsZero() {
		b.add(place, name, moment.UTC().Format(time.RFC3339Nano))
	}
}
