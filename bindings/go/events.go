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

// Event is an event to publish. A zero optional member leaves it to the library or the service.
type Event struct {
	// Identifier is required: what happened, such as the name of an operation.
	Identifier string
	// Payload is required: a value that encoding/json marshals to a JSON object, or one that is JSON
	// already ([json.RawMessage]), at most 16 MiB and 127 levels deep.
	Payload any
	// ChannelID is where to publish it; "": the client's channel, else the organisation's default.
	ChannelID string
	// EventType is "agent.start", "app.log", …; "": "custom". Any text is legal.
	EventType string
	// AgentID is the agent that the event is about.
	AgentID string
	// TraceID is the trace that the event belongs to; "": that of the context ([ContextWithTrace]), else one
	// of its own (a UUID).
	TraceID string
	// SpanID is the event's span; "": drawn at random (16 hex digits, as in W3C Trace Context).
	SpanID string
	// ParentSpanID is the span it happened in; "": that of the context, if the event belongs to its trace.
	ParentSpanID string
	// DedupKey: the service stores an event once per key, 1 to 255 printable ASCII characters; "": a
	// UUID. Every retry carries the same.
	DedupKey string
	// OccurredAt is when it happened; zero: now.
	OccurredAt time.Time
	// Metadata is a JSON object of your own making, given and bounded as Payload is; nil for none.
	Metadata any
}

// EventQuery filters events. All members are optional, and all are to be met.
type EventQuery struct {
	// Since is inclusive; zero: the last 24 hours.
	Since time.Time
	// Until is exclusive. The oldest CreatedAt seen leads to the page before.
	Until time.Time
	// Limit is at most 500; 0: the service's default, 50.
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
	// Q is free text, in any case.
	Q string
	// AttrKey is an attribute; it goes with AttrValue.
	AttrKey   string
	AttrValue string
}

// Events publishes and reads events: the member of that name of a [Client].
type Events struct {
	client *Client
}

// Result is what became of an event that was published in the background.
type Result struct {
	// Response is the service's answer; nil where fail-open gave the event up, and with an error.
	Response *Response
	// Err says why it was not delivered as far as is known; with [ErrConnection], [ErrDecode] and
	// [ErrClosed] it may have arrived all the same.
	Err error
}

// Publish publishes one event and waits for the answer: one request, repeated as the retry rules say,
// always with the same DedupKey. A nil Response without an error: suppressed by fail-open.
func (e *Events) Publish(ctx context.Context, event Event) (*Response, error) {
	event.join(TraceFromContext(ctx))
	t, payload, metadata := event.texts()
	return e.client.call(ctx, t, func() *C.axg_outcome {
		return C.axg_publish(e.client.handle, t.start(), t.places(), payload, metadata)
	})
}

// PublishAsync accepts one event for delivery in the background, and returns at once, without network or
// disk; only with [OverflowBlock] it waits for room. The event is copied.
//
// Without an error it is accepted: it is retried until [Options.DeliveryTimeout], and done, which may be
// nil, is called exactly once with what became of it. With an error it is not, and done is not called:
// [ErrInvalidArgument], [ErrQueueFull], [ErrClosed], or the error of ctx. (When ctx ends while it waits
// for room, the event may still be published.) What happens to ctx later does not matter.
//
// Callbacks run one after the other, on a goroutine of the client's. They may call anything,
// Close included, but one that waits keeps all others waiting.
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
	t, payload, metadata := event.texts()
	defer t.free()
	if t.err != nil {
		return t.err
	}
	c := e.client
	var id uintptr
	if done != nil {
		if err := c.completions.start(&c.closing); err != nil {
			return err
		}
		id = c.completions.expect(done)
	}
	outcome := C.axg_publish_async(c.handle, t.start(), t.places(), payload, metadata, done != nil, C.uintptr_t(id))
	if outcome == nil {
		return nil
	}
	if done != nil {
		c.completions.forget(id)
	}
	return takeError(outcome)
}

// publishBlocking is for a call that may wait for room.
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

// List lists events of a channel, newest first; see [Response.Events]. channelID "": the client's
// channel. query may be nil. In fail-open mode an unreachable service gives an empty list.
func (e *Events) List(ctx context.Context, channelID string, query *EventQuery) (*Response, error) {
	t, limit := query.texts()
	t.add(C.AXG_QUERY_LIST_CHANNEL, "channel_id", channelID)
	return e.client.call(ctx, t, func() *C.axg_outcome {
		return C.axg_list(e.client.handle, t.start(), t.places(), limit)
	})
}

// Search searches the organisation's events, newest first; see [Response.Events]. query may be nil. In
// fail-open mode an unreachable service gives an empty list.
func (e *Events) Search(ctx context.Context, query *EventQuery) (*Response, error) {
	t, limit := query.texts()
	return e.client.call(ctx, t, func() *C.axg_outcome {
		return C.axg_search(e.client.handle, t.start(), t.places(), limit)
	})
}

// texts are the event's texts, and how long its payload and metadata are.
func (event *Event) texts() (t *texts, payload, metadata C.size_t) {
	t = newTexts()
	t.add(C.AXG_EVENT_IDENTIFIER, "identifier", event.Identifier)
	payload = t.addJSON(C.AXG_EVENT_PAYLOAD, "payload", event.Payload)
	t.add(C.AXG_EVENT_CHANNEL_ID, "channel_id", event.ChannelID)
	t.add(C.AXG_EVENT_EVENT_TYPE, "event_type", event.EventType)
	t.add(C.AXG_EVENT_AGENT_ID, "agent_id", event.AgentID)
	t.add(C.AXG_EVENT_TRACE_ID, "trace_id", event.TraceID)
	t.add(C.AXG_EVENT_SPAN_ID, "span_id", event.SpanID)
	t.add(C.AXG_EVENT_PARENT_SPAN_ID, "parent_span_id", event.ParentSpanID)
	t.add(C.AXG_EVENT_DEDUP_KEY, "dedup_key", event.DedupKey)
	t.addTime(C.AXG_EVENT_OCCURRED_AT, "occurred_at", event.OccurredAt)
	metadata = t.addJSON(C.AXG_EVENT_METADATA, "metadata", event.Metadata)
	return t, payload, metadata
}

// texts are the filter's texts and its limit.
func (q *EventQuery) texts() (*texts, C.uint32_t) {
	t := newTexts()
	if q == nil {
		return t, 0
	}
	t.addTime(C.AXG_QUERY_SINCE, "since", q.Since)
	t.addTime(C.AXG_QUERY_UNTIL, "until", q.Until)
	t.add(C.AXG_QUERY_APP_ID, "app_id", q.AppID)
	t.add(C.AXG_QUERY_CHANNEL_ID, "channel_id", q.ChannelID)
	t.add(C.AXG_QUERY_ENVIRONMENT_ID, "environment_id", q.EnvironmentID)
	t.add(C.AXG_QUERY_EVENT_TYPE, "event_type", q.EventType)
	t.add(C.AXG_QUERY_SOURCE, "source", q.Source)
	t.add(C.AXG_QUERY_STATUS, "status", q.Status)
	t.add(C.AXG_QUERY_TRACE_ID, "trace_id", q.TraceID)
	t.add(C.AXG_QUERY_AGENT_ID, "agent_id", q.AgentID)
	t.add(C.AXG_QUERY_AGENT_NAME, "agent_name", q.AgentName)
	t.add(C.AXG_QUERY_TOOL_NAME, "tool_name", q.ToolName)
	t.add(C.AXG_QUERY_SEMANTIC_KIND, "semantic_kind", q.SemanticKind)
	t.add(C.AXG_QUERY_SERVICE_NAME, "service_name", q.ServiceName)
	t.add(C.AXG_QUERY_OPERATION_NAME, "operation_name", q.OperationName)
	t.add(C.AXG_QUERY_ERROR_TYPE, "error_type", q.ErrorType)
	t.add(C.AXG_QUERY_Q, "q", q.Q)
	t.add(C.AXG_QUERY_ATTR_KEY, "attr_key", q.AttrKey)
	t.add(C.AXG_QUERY_ATTR_VALUE, "attr_value", q.AttrValue)
	return t, t.number("limit", q.Limit)
}

func (t *texts) addTime(place int, name string, moment time.Time) {
	if !moment.IsZero() {
		t.add(place, name, moment.UTC().Format(time.RFC3339Nano))
	}
}
