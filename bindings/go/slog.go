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

// LogHandlerOptions configure a [LogHandler]. Every member is optional.
type LogHandlerOptions struct {
	// Level is the lowest level that is published; nil means [slog.LevelInfo].
	Level slog.Leveler
	// ServiceName is the name of the program, such as "checkout".
	ServiceName string
	// Logger is the name of the logger, which becomes the identifier of the events; "" means "log".
	Logger string
	// EventType is the type of the events; "" means [EventTypeAppLog]. For the log of an agent use
	// [EventTypeAgentLog].
	EventType string
	// ChannelID is the channel to publish to; "" means the client's channel, else the organization's
	// default.
	ChannelID string
	// AgentID is the agent that writes the log.
	AgentID string
}

// LogHandler is an [slog.Handler], for Go 1.21 and later, that publishes each record in the background as
// an event shaped like OpenTelemetry's log records, with severity, text, time, attributes (groups are nested
// objects), source, and the trace of the context ([ContextWithTrace]).
//
// It cannot break the application: it never waits, not even with [OverflowBlock], and it suppresses and
// counts every failure, in strict mode, too; see [LogHandler.Lost]. Lines of the library's own log that the
// function of [SetLogger] passes to it are refused, so that logging cannot feed on itself.
//
// The redaction rules apply to attributes as to all payloads: values under secret names never leave the
// process, and values under content names ("message", "input", "response", …) only as
// [Options.ContentCapture] says.
//
// Any number of goroutines may use it.
type LogHandler struct {
	client  *Client
	options LogHandlerOptions
	scopes  []logScope
	lost    *atomic.Uint64
}

// logScope holds what one call of WithGroup or WithAttrs added.
type logScope struct {
	group string // "" if this scope adds attrs
	attrs []slog.Attr
}

var _ slog.Handler = (*LogHandler)(nil)

// NewLogHandler returns a handler that publishes with a client. options may be nil.
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

// Lost returns how many records could not be published by this handler, the one it was derived from, and
// all others derived from that. [Stats] counts records that were accepted and not delivered later.
func (h *LogHandler) Lost() uint64 { return h.lost.Load() }

// Enabled says whether records of a level are published.
func (h *LogHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.options.Level.Level()
}

// WithAttrs returns a handler that adds attributes to its records.
func (h *LogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	return h.with(logScope{attrs: attrs})
}

// WithGroup returns a handler that puts the attributes that follow into a group.
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

// Handle publishes a record. It always returns nil.
func (h *LogHandler) Handle(ctx context.Context, record slog.Record) error {
	accepted := false
	defer func() {
		// Values of the application may panic, and logging them must not end it.
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
	b := newStringBlock()
	defer b.free()
	b.add(C.AXG_LOG_BODY, "body", clean(record.Message))
	b.add(C.AXG_LOG_LOGGER, "logger", clean(h.options.Logger))
	b.add(C.AXG_LOG_SERVICE_NAME, "service_name", clean(h.options.ServiceName))
	b.add(C.AXG_LOG_EVENT_TYPE, "event_type", h.options.EventType)
	b.add(C.AXG_LOG_CHANNEL_ID, "channel_id", h.options.ChannelID)
	b.add(C.AXG_LOG_AGENT_ID, "agent_id", h.options.AgentID)
	line := 0
	if record.PC != 0 {
		frame, _ := runtime.CallersFrames([]uintptr{record.PC}).Next()
		b.add(C.AXG_LOG_FILE, "file", clean(frame.File))
		b.add(C.AXG_LOG_FUNCTION, "function", clean(frame.Function))
		line = frame.Line
	}
	length := C.size_t(0)
	if attributes := h.attributes(record); len(attributes) > 0 {
		length = b.addJSON(C.AXG_LOG_ATTRIBUTES, "attributes", attributes)
	}
	nanoseconds := int64(0)
	if !record.Time.IsZero() {
		nanoseconds = record.Time.UnixNano()
	}
	if nanoseconds < 0 {
		nanoseconds = 0
	}
	b.addTrace(ctx)
	if b.err != nil {
		return false
	}
	return bool(C.axg_log_event(h.client.handle, b.start(), b.places(), severityOf(record.Level),
		C.uint32_t(line), length, C.uint64_t(nanoseconds)))
}

// severityOf returns OpenTelemetry's severity number, which is nine more than slog's level, by design.
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

// clean replaces what cannot be sent: a bad character must not lose the record.
func clean(s string) string {
	const replacement = "\uFFFD"
	return strings.ReplaceAll(strings.ToValidUTF8(s, replacement), "\x00", replacement)
}

// logGroup is a group of attributes by name.
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

// prune removes empty groups.
func (g logGroup) prune() {
	for name, member := range g {
		if inside, ok := member.(logGroup); ok {
			if inside.prune(); len(inside) == 0 {
				delete(g, name)
			}
		}
	}
}

// jsonOf returns what encoding/json can marshal for a value; for a value that it cannot, a string that says
// so.
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
