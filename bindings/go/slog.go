//go:build go1.21

package axonpush

/*
#include "shim.h"
*/
import "C"

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

// LogHandlerOptions say what a [LogHandler] publishes. Everything is optional.
type LogHandlerOptions struct {
	// Level is the least that is published; nil: [slog.LevelInfo].
	Level slog.Leveler
	// ServiceName is the program, such as "checkout".
	ServiceName string
	// Logger is the name of the logger, which becomes the events' identifier; "": "log".
	Logger string
	// EventType is [EventTypeAppLog] unless it is given. An agent's log is [EventTypeAgentLog].
	EventType string
	// ChannelID is where to publish the lines; "": the client's channel, else the organisation's default.
	ChannelID string
	// AgentID is the agent whose log it is.
	AgentID string
}

// LogHandler is an [slog.Handler], with Go 1.21 and later, that publishes each record in the background as
// an event shaped like OpenTelemetry's log records: severity, text, time, attributes with groups as nested
// objects, source, and the trace of the context ([ContextWithTrace]).
//
// It cannot break its host: it never waits, not even with [OverflowBlock], and every failure is suppressed,
// in strict mode too, and counted: see [LogHandler.Lost]. Lines of the library's own log that a logger given
// to [SetLogger] hands on to it are refused, so that no line begets another.
//
// Attributes go by the privacy rules of all payloads: under a secret key nothing leaves the process, and
// under a content key ("message", "input", "response", …) only as [Options.ContentCapture] says.
//
// Any number of goroutines may use it.
type LogHandler struct {
	client  *Client
	options LogHandlerOptions
	scopes  []logScope
	lost    *atomic.Uint64
}

// logScope is what one WithGroup or WithAttrs added.
type logScope struct {
	group string // "": attrs
	attrs []slog.Attr
}

var _ slog.Handler = (*LogHandler)(nil)

// NewLogHandler makes a handler that publishes with a client. options may be nil.
func NewLogHandler(client *Client, options *LogHandlerOptions) *LogHandler {
	h := &LogHandler{client: client, lost: new(atomic.Uint64)}
	if options != nil {
		h.options = *options
	}
	if h.options.Level == nil {
		h.options.Level = slog.LevelInfo
	}
	return h
}

// Lost is how many records could not be published, by this handler, the one it was derived from, and all
// others derived from that. What was accepted and not delivered later is in [Stats].
func (h *LogHandler) Lost() uint64 { return h.lost.Load() }

// Enabled says whether records of a level are published.
func (h *LogHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.options.Level.Level()
}

// WithAttrs is a handler whose records have attributes more.
func (h *LogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	return h.with(logScope{attrs: attrs})
}

// WithGroup is a handler whose records have the attributes that follow in a group.
func (h *LogHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return h.with(logScope{group: name})
}

func (h *LogHandler) with(scope logScope) *LogHandler {
	derived := *h
	derived.scopes = append(h.scopes[:len(h.scopes):len(h.scopes)], scope)
	return &derived
}

// Handle publishes a record. It always gives nil.
func (h *LogHandler) Handle(ctx context.Context, record slog.Record) error {
	accepted := false
	defer func() {
		// What panics are values of the host's: its log must not end it.
		if recover() != nil || !accepted {
			h.lost.Add(1)
		}
	}()
	if !inLogger() {
		accepted = h.publish(ctx, record)
	}
	return nil
}

func (h *LogHandler) publish(ctx context.Context, record slog.Record) bool {
	t := newTexts()
	defer t.free()
	t.add(C.AXG_LOG_BODY, "body", clean(record.Message))
	t.add(C.AXG_LOG_LOGGER, "logger", clean(h.options.Logger))
	t.add(C.AXG_LOG_SERVICE_NAME, "service_name", clean(h.options.ServiceName))
	t.add(C.AXG_LOG_EVENT_TYPE, "event_type", h.options.EventType)
	t.add(C.AXG_LOG_CHANNEL_ID, "channel_id", h.options.ChannelID)
	t.add(C.AXG_LOG_AGENT_ID, "agent_id", h.options.AgentID)
	line := 0
	if record.PC != 0 {
		frame, _ := runtime.CallersFrames([]uintptr{record.PC}).Next()
		t.add(C.AXG_LOG_FILE, "file", clean(frame.File))
		t.add(C.AXG_LOG_FUNCTION, "function", clean(frame.Function))
		line = frame.Line
	}
	length := C.size_t(0)
	if attributes := h.attributes(record); len(attributes) > 0 {
		length = t.addJSON(C.AXG_LOG_ATTRIBUTES, "attributes", attributes)
	}
	nanoseconds := int64(0)
	if !record.Time.IsZero() {
		nanoseconds = record.Time.UnixNano()
	}
	if nanoseconds < 0 {
		nanoseconds = 0
	}
	t.addTrace(ctx)
	if t.err != nil {
		return false
	}
	return bool(C.axg_log_event(h.client.handle, t.start(), t.places(), severityOf(record.Level),
		C.uint32_t(line), length, C.uint64_t(nanoseconds)))
}

// severityOf is the severity number of OpenTelemetry: the levels of slog are made to be nine less.
func severityOf(level slog.Level) C.int32_t {
	const least, greatest = 1, 24
	switch {
	case level < least-9:
		return least
	case level > greatest-9:
		return greatest
	}
	return C.int32_t(level + 9)
}

// clean makes a text one that can be sent: a line is not lost for a bad character in it.
func clean(text string) string {
	const replacement = "\uFFFD"
	return strings.ReplaceAll(strings.ToValidUTF8(text, replacement), "\x00", replacement)
}

// logGroup is a group of attributes.
type logGroup map[string]any

func (h *LogHandler) attributes(record slog.Record) logGroup {
	root := logGroup{}
	inside := root
	for _, scope := range h.scopes {
		if scope.group != "" {
			inside = inside.open(scope.group)
		}
		for _, attr := range scope.attrs {
			inside.add(attr)
		}
	}
	record.Attrs(func(attr slog.Attr) bool {
		inside.add(attr)
		return true
	})
	root.prune()
	return root
}

func (g logGroup) open(name string) logGroup {
	inside, ok := g[name].(logGroup)
	if !ok {
		inside = logGroup{}
		g[name] = inside
	}
	return inside
}

func (g logGroup) add(attr slog.Attr) {
	value := attr.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		inside := g
		if attr.Key != "" {
			inside = g.open(attr.Key)
		}
		for _, member := range value.Group() {
			inside.add(member)
		}
	} else if attr.Key != "" || !value.Equal(slog.Value{}) {
		g[attr.Key] = jsonOf(value)
	}
}

// prune leaves groups out that have nothing in them.
func (g logGroup) prune() {
	for name, member := range g {
		if inside, ok := member.(logGroup); ok {
			if inside.prune(); len(inside) == 0 {
				delete(g, name)
			}
		}
	}
}

// jsonOf is what a value becomes; one that cannot be marshalled says so.
func jsonOf(value slog.Value) (result any) {
	defer func() {
		if p := recover(); p != nil {
			result = "!PANIC: it panicked while it was marshalled"
		}
	}()
	switch value.Kind() {
	case slog.KindString:
		return value.String()
	case slog.KindInt64:
		return value.Int64()
	case slog.KindUint64:
		return value.Uint64()
	case slog.KindBool:
		return value.Bool()
	case slog.KindDuration:
		return int64(value.Duration())
	case slog.KindTime:
		return value.Time().Format(time.RFC3339Nano)
	case slog.KindFloat64:
		if f := value.Float64(); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f
		}
		return fmt.Sprint(value.Float64())
	}
	any := value.Any()
	if _, ok := any.(json.Marshaler); !ok {
		if err, ok := any.(error); ok {
			return err.Error()
		}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(any); err != nil {
		return "!ERROR: " + err.Error()
	}
	return json.RawMessage(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
}
