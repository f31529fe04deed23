package axonpush_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	axonpush "github.com/axonpush/libaxonpush/bindings/go"
)

// traced is what an event says of its trace.
type traced struct {
	Identifier, TraceID, SpanID, ParentSpanID string
}

func tracedOf(t testing.TB, r recorded) traced {
	t.Helper()
	var e traced
	must(t, json.Unmarshal([]byte(r.Body), &e))
	return e
}

func TestTraces(t *testing.T) {
	trace := axonpush.NewTrace()
	if !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(trace.ID()) {
		t.Error(trace.ID())
	}
	if want := "00-" + strings.ReplaceAll(trace.ID(), "-", "") + "-" + trace.SpanID() + "-01"; trace.Traceparent() != want {
		t.Error(trace.Traceparent(), want)
	}
	child := trace.Child()
	if child.ID() != trace.ID() || child.SpanID() == trace.SpanID() || len(child.SpanID()) != 16 {
		t.Error(child, trace)
	}
	if other := axonpush.NewTrace(); other.ID() == trace.ID() {
		t.Error("the same trace twice")
	}
	const header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	parsed, err := axonpush.ParseTraceparent(header)
	must(t, err)
	if parsed.ID() != "0af7651916cd43dd8448eb211c80319c" || parsed.SpanID() != "b7ad6b7169203331" || parsed.Traceparent() != header {
		t.Error(parsed)
	}
	for _, bad := range []string{
		"", "00", header + "0", strings.ToUpper(header), "ff" + header[2:], header[:len(header)-3],
		"00-" + strings.Repeat("0", 32) + "-b7ad6b7169203331-01", header + "\x00",
	} {
		if trace, err := axonpush.ParseTraceparent(bad); trace != nil || !errors.Is(err, axonpush.ErrInvalidArgument) {
			t.Errorf("%q: %v, %v", bad, trace, err)
		}
	}
	known, err := axonpush.TraceOf("order 4711", "")
	must(t, err)
	if known.ID() != "order 4711" || len(known.SpanID()) != 16 || !strings.HasPrefix(known.Traceparent(), "00-") {
		t.Error(known)
	}
	if _, err := axonpush.TraceOf("a\nb", ""); !errors.Is(err, axonpush.ErrInvalidArgument) {
		t.Error(err)
	}
	var none *axonpush.Trace
	if none.ID()+none.SpanID()+none.Traceparent() != "" || none.Child() == nil {
		t.Error("nil")
	}
	if axonpush.TraceFromContext(background) != nil || axonpush.TraceFromContext(axonpush.ContextWithTrace(background, nil)) != nil {
		t.Error("a trace from nowhere")
	}
}

func TestEventsCarryTheTraceOfTheContext(t *testing.T) {
	for _, overflow := range []axonpush.Overflow{axonpush.OverflowDropOldest, axonpush.OverflowBlock} {
		s := newServer(t)
		client := s.client(func(o *axonpush.Options) { o.Overflow = overflow })
		trace := axonpush.NewTrace()
		ctx, cancel := context.WithTimeout(axonpush.ContextWithTrace(background, trace), time.Minute)
		defer cancel()
		publish := func(e axonpush.Event) {
			t.Helper()
			e.Payload = map[string]int{}
			_, err := client.Events.Publish(ctx, e)
			must(t, err)
			must(t, client.Events.PublishAsync(ctx, e, nil))
			must(t, client.Flush(ctx))
		}
		publish(axonpush.Event{Identifier: "plain"})
		publish(axonpush.Event{Identifier: "span", SpanID: "00000000000000aa"})
		publish(axonpush.Event{Identifier: "parent", ParentSpanID: "00000000000000bb"})
		publish(axonpush.Event{Identifier: "other", TraceID: "t"})
		publish(axonpush.Event{Identifier: "same", TraceID: trace.ID()})
		requests := s.requests()
		if len(requests) != 10 {
			t.Fatalf("%d requests", len(requests))
		}
		for _, r := range requests {
			got := tracedOf(t, r)
			want := traced{got.Identifier, trace.ID(), got.SpanID, trace.SpanID()}
			switch got.Identifier {
			case "span":
				want.SpanID = "00000000000000aa"
			case "parent":
				want.ParentSpanID = "00000000000000bb"
			case "other":
				want.TraceID, want.ParentSpanID = "t", ""
			}
			if got != want || len(got.SpanID) != 16 || got.SpanID == trace.SpanID() {
				t.Errorf("%+v instead of %+v", got, want)
			}
			if r.header("X-Axonpush-Trace-Id") != want.TraceID {
				t.Errorf("%s: header %q", got.Identifier, r.header("X-Axonpush-Trace-Id"))
			}
		}
	}
}

func TestRequestsCarryTheTraceOfTheContext(t *testing.T) {
	s := newServer(t)
	client := s.client()
	trace := axonpush.NewTrace()
	ctx := axonpush.ContextWithTrace(background, trace)
	calls := map[string]func(context.Context) error{
		"request": func(ctx context.Context) error {
			_, err := client.Request(ctx, axonpush.Request{Method: "GET", Path: "/apps"})
			return err
		},
		"list":   func(ctx context.Context) error { _, err := client.Events.List(ctx, "ch", nil); return err },
		"search": func(ctx context.Context) error { _, err := client.Events.Search(ctx, nil); return err },
		"apps":   func(ctx context.Context) error { _, err := client.Apps.List(ctx); return err },
		"traces": func(ctx context.Context) error { _, err := client.Traces.List(ctx, nil); return err },
		"iterate": func(ctx context.Context) error {
			it := client.Events.Iterate(ctx, "ch", nil)
			it.Next()
			return it.Err()
		},
	}
	for name, call := range calls {
		before := len(s.requests())
		must(t, call(ctx))
		must(t, call(background))
		sent := s.requests()[before:]
		with, without := sent[0], sent[1]
		if with.header("X-Axonpush-Trace-Id") != trace.ID() || with.header("X-Axonpush-Span-Id") != trace.SpanID() ||
			with.header("traceparent") != trace.Traceparent() {
			t.Errorf("%s: %v", name, with.Headers)
		}
		if without.header("X-Axonpush-Trace-Id")+without.header("traceparent") != "" {
			t.Errorf("%s, without a trace: %v", name, without.Headers)
		}
	}
}

func TestTracesOfManyGoroutinesDoNotMix(t *testing.T) {
	s := newServer(t)
	client := s.client()
	var all sync.WaitGroup
	for i := 0; i < 16; i++ {
		i := i
		all.Add(1)
		go func() {
			defer all.Done()
			ctx := background
			if i%2 == 0 {
				trace, err := axonpush.TraceOf(fmt.Sprintf("trace-%d", i), "")
				if err != nil {
					t.Error(err)
					return
				}
				ctx = axonpush.ContextWithTrace(ctx, trace)
			}
			for n := 0; n < 10; n++ {
				id := fmt.Sprint(i)
				_, err := client.Request(ctx, axonpush.Request{Method: "GET", Path: "/apps", Query: "i=" + id})
				if err == nil {
					err = client.Events.PublishAsync(ctx, axonpush.Event{Identifier: id, Payload: map[string]int{}}, nil)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	all.Wait()
	must(t, client.Flush(background))
	for _, r := range s.requests() {
		got := r.header("X-Axonpush-Trace-Id")
		if r.Method == "GET" {
			_, id, _ := strings.Cut(r.Target, "i=")
			want := ""
			if id[len(id)-1]%2 == 0 {
				want = "trace-" + id
			}
			if got != want {
				t.Errorf("request %s has %q", id, got)
			}
		} else if e := tracedOf(t, r); strings.HasPrefix(e.TraceID, "trace-") != (e.Identifier[len(e.Identifier)-1]%2 == 0) ||
			strings.HasPrefix(e.TraceID, "trace-") && e.TraceID != "trace-"+e.Identifier {
			t.Errorf("event %+v", e)
		}
	}
}

func ExampleContextWithTrace() {
	client, err := axonpush.New(axonpush.Options{})
	if err != nil {
		panic(err)
	}
	defer client.Close()
	// Of an incoming request; else axonpush.NewTrace().
	trace, err := axonpush.ParseTraceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	if err != nil {
		trace = axonpush.NewTrace()
	}
	ctx := axonpush.ContextWithTrace(context.Background(), trace)
	_, err = client.Events.Publish(ctx, axonpush.Event{Identifier: "step", Payload: map[string]any{}})
	if err != nil {
		panic(err)
	}
	events, err := client.Events.Search(ctx, &axonpush.EventQuery{TraceID: trace.ID()})
	if err != nil {
		panic(err)
	}
	fmt.Println(events.Events()[0].ParentSpanID)
	// Output: b7ad6b7169203331
}
