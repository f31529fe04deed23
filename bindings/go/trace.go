package axonpush

/*
#include "shim.h"
*/
import "C"

import "context"

// Trace is a trace and a span in it. Traces connect events across functions and processes.
//
// A Trace is immutable, so any number of goroutines may use it. A nil *Trace means "no trace": its methods
// return "".
type Trace struct {
	id, spanID, traceparent string
}

// NewTrace starts a trace with a random id, a UUID, and a random span, 16 hex digits. It returns nil only if
// the system has no random numbers.
func NewTrace() *Trace {
	trace, _ := makeTrace("", "", "", false)
	return trace
}

// TraceOf returns a trace with known ids; for an id that is "" it makes a random one. The error is
// [ErrInvalidArgument] if an id cannot be used.
func TraceOf(traceID, spanID string) (*Trace, error) { return makeTrace(traceID, spanID, "", false) }

// ParseTraceparent reads the trace from an incoming header "traceparent" (W3C Trace Context). A malformed
// header is [ErrInvalidArgument]; nothing in it is guessed.
func ParseTraceparent(header string) (*Trace, error) {
	if header == "" {
		return nil, newError(ErrInvalidArgument, "traceparent: it is empty", nil)
	}
	return makeTrace("", "", header, false)
}

func makeTrace(traceID, spanID, traceparent string, child bool) (*Trace, error) {
	b := newStringBlock()
	defer b.free()
	b.add(C.AXG_TRACE_ID, "traceID", traceID)
	b.add(C.AXG_TRACE_SPAN_ID, "spanID", spanID)
	b.add(C.AXG_TRACE_TRACEPARENT, "traceparent", traceparent)
	if b.err != nil {
		return nil, b.err
	}
	var made C.axg_trace
	err := takeError(C.axg_trace_make(b.start(), b.places(), C.bool(child), &made))
	defer C.axonpush_trace_free(made.handle)
	if err != nil {
		return nil, err
	}
	return &Trace{stringOf(made.id), stringOf(made.span_id), stringOf(made.traceparent)}, nil
}

// Child returns a new span in the same trace, or a new trace for a nil Trace.
func (t *Trace) Child() *Trace {
	if t == nil {
		return NewTrace()
	}
	child, _ := makeTrace(t.id, t.spanID, "", true)
	return child
}

// ID returns the id of the trace.
func (t *Trace) ID() string {
	if t == nil {
		return ""
	}
	return t.id
}

// SpanID returns the id of the span.
func (t *Trace) SpanID() string {
	if t == nil {
		return ""
	}
	return t.spanID
}

// Traceparent returns the header "traceparent" for an outgoing request. An id that does not have the form of
// W3C Trace Context is replaced by a hash of it, which is always the same.
func (t *Trace) Traceparent() string {
	if t == nil {
		return ""
	}
	return t.traceparent
}

type traceKey struct{}

// ContextWithTrace returns a context for calls in the trace: events carry its id, and its span as their
// parent, unless they name others, and requests carry both in their headers. A nil trace means "no trace".
func ContextWithTrace(ctx context.Context, trace *Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, trace)
}

// TraceFromContext returns the trace that [ContextWithTrace] put into ctx; nil if there is none.
func TraceFromContext(ctx context.Context) *Trace {
	trace, _ := ctx.Value(traceKey{}).(*Trace)
	return trace
}

// join makes the event part of the trace, unless it names another.
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

// addTrace adds the trace of ctx to calls other than those that publish; the library sends it in headers.
func (b *stringBlock) addTrace(ctx context.Context) {
	if trace := TraceFromContext(ctx); trace != nil {
		b.add(C.AXG_IN_TRACE, "trace_id", trace.id)
		b.add(C.AXG_IN_SPAN, "span_id", trace.spanID)
	}
}
