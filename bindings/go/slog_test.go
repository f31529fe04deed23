//go:build go1.21

package axonpush_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"time"

	axonpush "github.com/axonpush/libaxonpush/bindings/go"
)

// logged is a log-shaped event.
type logged struct {
	Identifier, EventType, AgentID, TraceID, SpanID, ParentSpanID string

	ChannelID string `json:"channel_id"`
	Payload   struct {
		SeverityNumber                   int
		SeverityText, Body, TimeUnixNano string
		Attributes                       map[string]any
		Resource                         map[string]string
	}
}

// lines are those that the server has got, in their order.
func (s server) lines(client *axonpush.Client) []logged {
	s.t.Helper()
	must(s.t, client.Flush(background))
	var all []logged
	for _, r := range s.requests() {
		var e logged
		must(s.t, json.Unmarshal([]byte(r.Body), &e))
		all = append(all, e)
	}
	return all
}

func oneConnection(o *axonpush.Options) { o.MaxConnections = 1 }

func TestALineOfALog(t *testing.T) {
	s := newServer(t)
	client := s.client()
	h := axonpush.NewLogHandler(client, &axonpush.LogHandlerOptions{
		ServiceName: "checkout", Logger: "orders", EventType: axonpush.EventTypeAgentLog, ChannelID: "ch", AgentID: "a",
	})
	trace := axonpush.NewTrace()
	start := time.Now()
	slog.New(h).With("with", 1).WithGroup("g").ErrorContext(axonpush.ContextWithTrace(background, trace), "it broke",
		"order", 4711, slog.Group("in", "a", true), slog.Group("empty"), "password", "hunter2")
	line := s.lines(client)[0]
	if line.Identifier != "orders" || line.EventType != "agent.log" || line.ChannelID != "ch" || line.AgentID != "a" ||
		line.TraceID != trace.ID() || line.ParentSpanID != trace.SpanID() {
		t.Errorf("%+v", line)
	}
	p := line.Payload
	if p.SeverityNumber != 17 || p.SeverityText != "ERROR" || p.Body != "it broke" || p.Resource["service.name"] != "checkout" {
		t.Errorf("%+v", p)
	}
	var nanoseconds int64
	fmt.Sscan(p.TimeUnixNano, &nanoseconds)
	if at := time.Unix(0, nanoseconds); at.Before(start.Round(0)) || at.After(time.Now()) {
		t.Error(p.TimeUnixNano)
	}
	file, _ := p.Attributes["code.file.path"].(string)
	function, _ := p.Attributes["code.function.name"].(string)
	number, _ := p.Attributes["code.line.number"].(float64)
	if !strings.HasSuffix(file, "slog_test.go") || !strings.HasSuffix(function, "TestALineOfALog") || number < 10 {
		t.Errorf("%v", p.Attributes)
	}
	attributes, _ := json.Marshal(map[string]any{"with": p.Attributes["with"], "g": p.Attributes["g"]})
	if string(attributes) != `{"g":{"in":{"a":true},"order":4711,"password":"[REDACTED]"},"with":1}` {
		t.Errorf("%s", attributes)
	}
	if h.Lost() != 0 {
		t.Error(h.Lost())
	}
}

func TestLevelsOfSlog(t *testing.T) {
	s := newServer(t)
	client := s.client(oneConnection)
	h := axonpush.NewLogHandler(client, &axonpush.LogHandlerOptions{Level: slog.Level(-100)})
	levels := map[slog.Level]int{-100: 1, -8: 1, slog.LevelDebug: 5, slog.LevelInfo: 9, slog.LevelWarn: 13, slog.LevelError: 17, 12: 21, 100: 24}
	for level := range levels {
		slog.New(h).Log(background, level, fmt.Sprint(int(level)))
	}
	for _, line := range s.lines(client) {
		var level int
		fmt.Sscan(line.Payload.Body, &level)
		if line.Payload.SeverityNumber != levels[slog.Level(level)] {
			t.Errorf("level %d: %+v", level, line.Payload)
		}
	}
	d := axonpush.NewLogHandler(client, nil)
	if d.Enabled(background, slog.LevelDebug) || !d.Enabled(background, slog.LevelInfo) {
		t.Error("the default level")
	}
}

func TestSlogtest(t *testing.T) {
	s := newServer(t)
	client := s.client(oneConnection)
	err := slogtest.TestHandler(axonpush.NewLogHandler(client, nil), func() (all []map[string]any) {
		for _, line := range s.lines(client) {
			m := map[string]any{"time": line.Payload.TimeUnixNano, "level": line.Payload.SeverityText, "msg": line.Payload.Body}
			for key, value := range line.Payload.Attributes {
				m[key] = value
			}
			all = append(all, m)
		}
		return all
	})
	if err == nil {
		return
	}
	for _, complaint := range strings.Split(err.Error(), "\n") {
		// A line without a time gets the time that it is, since events have one.
		if !strings.Contains(complaint, "zero Record.Time") && !strings.Contains(complaint, `unexpected key "time"`) {
			t.Error(complaint)
		}
	}
}

type panics struct{}

func (panics) LogValue() slog.Value { panic("a value's") }

type panicsInJSON struct{}

func (panicsInJSON) MarshalJSON() ([]byte, error) { panic("a value's") }

func TestAnyValueCanBeLogged(t *testing.T) {
	s := newServer(t)
	client := s.client()
	h := axonpush.NewLogHandler(client, nil)
	cycle := map[string]any{}
	cycle["cycle"] = cycle
	slog.New(h).Info("bad \xff\x00 text",
		"error", errors.New("an error"), "nan", math.NaN(), "inf", math.Inf(1), "channel", make(chan int), "cycle", cycle,
		"panics", panics{}, "json", panicsInJSON{}, "nil", nil, "bytes", "\xff\x00", "duration", time.Second,
		"time", time.Unix(0, 0).UTC(), "struct", struct{ A string }{"<&>"}, "max", uint64(math.MaxUint64))
	line := s.lines(client)[0]
	if line.Payload.Body != "bad \uFFFD\uFFFD text" {
		t.Errorf("%q", line.Payload.Body)
	}
	got := line.Payload.Attributes
	for key, want := range map[string]string{
		"error": `"an error"`, "nan": `"NaN"`, "inf": `"+Inf"`, "nil": `null`, "duration": `1000000000`,
		"time": `"1970-01-01T00:00:00Z"`, "struct": `{"A":"\u003c\u0026\u003e"}`, "bytes": "\"\uFFFD\\u0000\"",
	} {
		if text, _ := json.Marshal(got[key]); string(text) != want {
			t.Errorf("%s: %s", key, text)
		}
	}
	for _, key := range []string{"channel", "cycle", "panics", "json"} {
		if text, ok := got[key].(string); !ok || text == "" {
			t.Errorf("%s: %v", key, got[key])
		}
	}
	if h.Lost() != 0 {
		t.Error(h.Lost())
	}
}

func TestLoggingCannotBreakTheApplication(t *testing.T) {
	catchLog(t)
	refused := newServer(t)
	refused.fault(`{"times":0,"status":401}`)
	broken := newServer(t)
	broken.fault(`{"times":0,"status":500}`)
	silent := newServer(t)
	silent.fault(`{"times":0,"silent":true}`)
	for what, url := range map[string]string{"dead": deadURL(t), "401": refused.url, "500": broken.url, "slow": silent.url} {
		for _, mode := range []axonpush.Toggle{axonpush.Enabled, axonpush.Disabled} {
			client := newClient(t, url, hurry, func(o *axonpush.Options) {
				o.FailOpen, o.Overflow, o.QueueMaxEvents = mode, axonpush.OverflowBlock, 50
			})
			h := axonpush.NewLogHandler(client, nil)
			start := time.Now()
			for i := 0; i < 200; i++ {
				must(t, h.Handle(background, slog.NewRecord(time.Now(), slog.LevelInfo, "a line", 0)))
			}
			if took := time.Since(start); took > time.Second {
				t.Errorf("%s: waited %v", what, took)
			}
			stats, err := client.Stats()
			must(t, err)
			if stats.Accepted+h.Lost() != 200 || stats.LogEventsLost != h.Lost() {
				t.Errorf("%s: %+v, lost %d", what, stats, h.Lost())
			}
			client.Close()
			before := h.Lost()
			must(t, h.Handle(background, slog.NewRecord(time.Now(), slog.LevelInfo, "too late", 0)))
			if h.Lost() != before+1 {
				t.Errorf("%s: not counted after Close", what)
			}
		}
	}
	h := axonpush.NewLogHandler(nil, nil)
	slog.New(h).Info("no client")
	if h.Lost() != 1 {
		t.Error(h.Lost())
	}
}

func TestTheLibrarysOwnLogDoesNotFeedOnItself(t *testing.T) {
	s := newServer(t)
	sink := s.client()
	h := axonpush.NewLogHandler(sink, nil)
	own := slog.New(h.WithGroup("own").WithAttrs([]slog.Attr{slog.Bool("x", true)}))
	var mu sync.Mutex
	lines := 0
	must(t, axonpush.SetLogger(axonpush.LogWarn, func(_ axonpush.LogLevel, message string) {
		own.Warn(message)
		mu.Lock()
		lines++
		mu.Unlock()
	}))
	t.Cleanup(func() { must(t, axonpush.SetLogger(axonpush.LogWarn, nil)) })
	_, err := newClient(t, deadURL(t), failOpen).Events.Publish(background, event(1))
	must(t, err)
	eventually(t, "a line of the library's", func() bool { mu.Lock(); defer mu.Unlock(); return lines == 1 })
	if h.Lost() != 1 {
		t.Errorf("%d refused", h.Lost())
	}
	own.Info("from the application")
	if all := s.lines(sink); len(all) != 1 || all[0].Payload.Body != "from the application" {
		t.Errorf("%+v", all)
	}
}

func TestManyGoroutinesLog(t *testing.T) {
	s := newServer(t)
	client := s.client()
	h := axonpush.NewLogHandler(client, nil)
	base := slog.New(h).With("base", 1)
	var all sync.WaitGroup
	for i := 0; i < 8; i++ {
		i := i
		all.Add(1)
		go func() {
			defer all.Done()
			mine := base.With("mine", i)
			for n := 0; n < 20; n++ {
				mine.Info(fmt.Sprint(i))
			}
		}()
	}
	all.Wait()
	lines := s.lines(client)
	if len(lines) != 160 || h.Lost() != 0 {
		t.Errorf("%d lines, %d lost", len(lines), h.Lost())
	}
	for _, line := range lines {
		if fmt.Sprint(line.Payload.Attributes["mine"]) != line.Payload.Body {
			t.Errorf("%+v", line.Payload)
		}
	}
}

func ExampleLogHandler() {
	client, err := axonpush.New(axonpush.Options{})
	if err != nil {
		panic(err)
	}
	defer client.Close()
	logger := slog.New(axonpush.NewLogHandler(client, &axonpush.LogHandlerOptions{ServiceName: "checkout", ChannelID: "the log"}))

	ctx := axonpush.ContextWithTrace(context.Background(), axonpush.NewTrace())
	logger.WarnContext(ctx, "stock is low", "sku", "A-1", slog.Group("stock", "left", 3))

	if err := client.Flush(ctx); err != nil {
		panic(err)
	}
	page, err := client.Events.List(ctx, "the log", nil)
	if err != nil {
		panic(err)
	}
	fmt.Println(page.String("/events/0/payload/severityText"), page.String("/events/0/payload/body"))
	// Output: WARN stock is low
}
