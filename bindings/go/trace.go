package axonpush

/*
#include "shim.h"
*/
import "C"

import "context"

// Trace is a trace, and a span in it: what ties events together across functions and processes.
//
// It does not change, so any number of goroutines may use it. A nil *Trace is none: its methods give "".
type Trace struct {
	id, spanID, traceparent string
}

// NewTrace starts a trace: its id is a UUID drawn at random, and so is its span, 16 hex digits. It is nil
// only if the system has no random numbers.
func NewTrace() *Trace {
	trace, _ := makeTrace("", "", "", false)
	return trace
}

// TraceOf goes on with a trace of which the ids are known; one that is "" is drawn at random.
// [ErrInvalidArgument]: an id cannot be used.
func TraceOf(traceID, spanID string) (*Trace, error) { return makeTrace(traceID, spanID, "", false) }

// ParseTraceparent takes the trace of an incoming header "traceparent" (W3C Trace Context). A malformed one
// is [ErrInvalidArgument], and never guessed at.
func ParseTraceparent(header string) (*Trace, error) {
	if header == "" {
		return nil, newError(ErrInvalidArgument, "traceparent: it is empty", nil)
	}
	return makeTrace("", "", header, false)
}

func makeTrace(traceID, spanID, traceparent string, child bool) (*Trace, error) {
	t := newTexts()
	defer t.free()
	t.add(C.AXG_TRACE_ID, "trace_id", traceID)
	t.add(C.AXG_TRACE_SPAN_ID, "span_id", spanID)
	t.add(C.AXG_TRACE_TRACEPARENT, "traceparent", traceparent)
	if t.err != nil {
		return nil, t.err
	}
	var made C.axg_trace
	err := takeError(C.axg_trace_make(t.start(), t.places(), C.bool(child), &made))
	defer C.axonpush_trace_free(made.handle)
	if err != nil {
		return nil, err
	}
	return &Trace{stringOf(made.id), stringOf(made.span_id), stringOf(made.traceparent)}, nil
}

// Child is a new span in the same trace; a new trace for a nil Trace.
func (t *Trace) Child() *Trace {
	if t == nil {
		return NewTrace()
	}
	child, _ := makeTrace(t.id, t.spanID, "", true)
	return child
}

// ID is the id of the trace.
func (t *Trace) ID() string {
	if t == nil {
		return ""
	}
	return t.id
}

// SpanID is the id of the span.
func (t *Trace) SpanID() string {
	if t == nil {
		return ""
	}
	return t.spanID
}

// Traceparent is the header "traceparent" to send with an outgoing request. An id that is not in the form
// of W3C Trace Context is written as a hash of it, always the same.
func (t *Trace) Traceparent() string {
	if t == nil {
		return ""
	}
	return t.traceparent
}

type traceKey struct{}

// ContextWithTrace makes a context in which events carry the trace's id, and its span as their parent,
// unless they say otherwise, and in which requests carry it in their headers. nil: no trace.
func ContextWithTrace(ctx context.Context, trace *Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, trace)
}

// TraceFromContext is the trace that [ContextWithTrace] put into ctx; nil: none.
func TraceFromContext(ctx context.Context) *Trace {
	trace, _ := ctx.Value(traceKey{}).(*Trace)
	return trace
}

// join makes the event one of the trace, where it does not say otherwise.
func (event *Event) join(trace *Trace) {
	if trace == nil {
		return
	}
	if event.TraceID == "" {
		event.TraceID = trace.id
	}
	if event.ParentSpanID == "" && event.TraceID == trace.id {
		event.ParentSpanID = trace.spanID
	}
}

// addTrace is for calls other than of events, which the library tells the service about in headers.
func (t *texts) addTrace(ctx context.Context) {
	if trace := TraceFromContext(ctx); trace != nil {
		t.add(C.AXG_IN_TRACE, "trace_id", trace.id)
		t.add(C.AXG_IN_SPAN, "span_id", trace.spanID)
	}
}
