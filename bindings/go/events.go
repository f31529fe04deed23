package axonpush

/*
#include "shim.h"
*/
import "C"

import (
	"context"
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
	return e.client.call(ctx, b, func(handle C.uintptr_t) *C.axg_outcome {
		return C.axg_publish(handle, b.start(), b.places(), payload, metadata)
	})
}

// PublishAsync accepts one event for delivery in the background and returns at once, without using network
// or disk; only with [OverflowBlock] it may wait for room. The event is copied.
//
// If the error is nil, the event was accepted: delivery is retried until [Options.DeliveryTimeout], and
// done, which may be nil, is called exactly once with the final outcome. Otherwise the event was not
// accepted and done is not called: the error is [ErrInvalidArgument], [ErrQueueFull], [ErrClosed], or that
// of ctx. Once the event is accepted, ctx no longer matters.
//
// Callbacks run one after the other on one goroutine of the client. They may call anything, Close
// included, but while one waits all others wait, too.
func (e *Events) PublishAsync(ctx context.Context, event Event, done func(Result)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	event.join(TraceFromContext(ctx))
	if e.client.overflow != OverflowBlock {
		return e.enqueue(e.client.handle, event, done)
	}
	err := e.client.blocking(ctx, func(handle C.uintptr_t) error { return e.enqueue(handle, event, done) })
	if err != nil {
		if cause := endedBy(ctx, nil, err); cause != nil {
			return cause
		}
	}
	return err
}

// PublishChan is [Events.PublishAsync] with a channel in place of a callback. The channel receives exactly one
// Result and is then closed. It need not be read.
func (e *Events) PublishChan(ctx context.Context, event Event) (<-chan Result, error) {
	results := make(chan Result, 1)
	done := func(r Result) {
		results <- r
		close(results)
	}
	if err := e.PublishAsync(ctx, event, done); err != nil {
		return nil, err
	}
	return results, nil
}

func (e *Events) enqueue(handle C.uintptr_t, event Event, done func(Result)) error {
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
	outcome := C.axg_publish_async(handle, b.start(), b.places(), payload, metadata, done != nil, C.uintptr_t(id))
	if outcome == nil {
		return nil
	}
	if done != nil {
		c.completions.forget(id)
	}
	return takeError(outcome)
}

// List lists events of a channel, newest first; see [Response.Events]. channelID "" means the client's
// channel. query may be nil. In fail-open mode the list is empty if the service is unreachable.
func (e *Events) List(ctx context.Context, channelID string, query *EventQuery) (*Response, error) {
	b, limit := query.strings()
	b.add(C.AXG_QUERY_LIST_CHANNEL, "channelID", channelID)
	return e.client.call(ctx, b, func(handle C.uintptr_t) *C.axg_outcome {
		return C.axg_list(handle, b.start(), b.places(), limit)
	})
}

// Search searches the organization's events, newest first; see [Response.Events]. query may be nil. In
// fail-open mode the list is empty if the service is unreachable.
func (e *Events) Search(ctx context.Context, query *EventQuery) (*Response, error) {
	b, limit := query.strings()
	return e.client.call(ctx, b, func(handle C.uintptr_t) *C.axg_outcome {
		return C.axg_search(handle, b.start(), b.places(), limit)
	})
}

// strings returns the event's strings, and how many bytes its payload and metadata have.
func (event *Event) strings() (b *stringBlock, payload, metadata C.size_t) {
	b = newStringBlock()
	b.add(C.AXG_EVENT_IDENTIFIER, "Event.Identifier", event.Identifier)
	payload = b.addJSON(C.AXG_EVENT_PAYLOAD, "Event.Payload", event.Payload)
	b.add(C.AXG_EVENT_CHANNEL_ID, "Event.ChannelID", event.ChannelID)
	b.add(C.AXG_EVENT_EVENT_TYPE, "Event.EventType", event.EventType)
	b.add(C.AXG_EVENT_AGENT_ID, "Event.AgentID", event.AgentID)
	b.add(C.AXG_EVENT_TRACE_ID, "Event.TraceID", event.TraceID)
	b.add(C.AXG_EVENT_SPAN_ID, "Event.SpanID", event.SpanID)
	b.add(C.AXG_EVENT_PARENT_SPAN_ID, "Event.ParentSpanID", event.ParentSpanID)
	b.add(C.AXG_EVENT_DEDUP_KEY, "Event.DedupKey", event.DedupKey)
	b.addTime(C.AXG_EVENT_OCCURRED_AT, "Event.OccurredAt", event.OccurredAt)
	metadata = b.addJSON(C.AXG_EVENT_METADATA, "Event.Metadata", event.Metadata)
	return b, payload, metadata
}

// strings returns the query's strings and its limit.
func (q *EventQuery) strings() (*stringBlock, C.uint32_t) {
	b := newStringBlock()
	if q == nil {
		return b, 0
	}
	b.addTime(C.AXG_QUERY_SINCE, "query.Since", q.Since)
	b.addTime(C.AXG_QUERY_UNTIL, "query.Until", q.Until)
	b.add(C.AXG_QUERY_APP_ID, "query.AppID", q.AppID)
	b.add(C.AXG_QUERY_CHANNEL_ID, "query.ChannelID", q.ChannelID)
	b.add(C.AXG_QUERY_ENVIRONMENT_ID, "query.EnvironmentID", q.EnvironmentID)
	b.add(C.AXG_QUERY_EVENT_TYPE, "query.EventType", q.EventType)
	b.add(C.AXG_QUERY_SOURCE, "query.Source", q.Source)
	b.add(C.AXG_QUERY_STATUS, "query.Status", q.Status)
	b.add(C.AXG_QUERY_TRACE_ID, "query.TraceID", q.TraceID)
	b.add(C.AXG_QUERY_AGENT_ID, "query.AgentID", q.AgentID)
	b.add(C.AXG_QUERY_AGENT_NAME, "query.AgentName", q.AgentName)
	b.add(C.AXG_QUERY_TOOL_NAME, "query.ToolName", q.ToolName)
	b.add(C.AXG_QUERY_SEMANTIC_KIND, "query.SemanticKind", q.SemanticKind)
	b.add(C.AXG_QUERY_SERVICE_NAME, "query.ServiceName", q.ServiceName)
	b.add(C.AXG_QUERY_OPERATION_NAME, "query.OperationName", q.OperationName)
	b.add(C.AXG_QUERY_ERROR_TYPE, "query.ErrorType", q.ErrorType)
	b.add(C.AXG_QUERY_Q, "query.Q", q.Q)
	b.add(C.AXG_QUERY_ATTR_KEY, "query.AttrKey", q.AttrKey)
	b.add(C.AXG_QUERY_ATTR_VALUE, "query.AttrValue", q.AttrValue)
	return b, b.number("query.Limit", q.Limit)
}

func (b *stringBlock) addTime(place int, name string, moment time.Time) {
	if !moment.IsZero() {
		b.add(place, name, moment.UTC().Format(time.RFC3339Nano))
	}
}
