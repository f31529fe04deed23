package axonpush_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	axonpush "github.com/axonpush/libaxonpush/bindings/go"
)

func TestPublishSendsWhatTheEventSays(t *testing.T) {
	s := newServer(t)
	client := s.client(func(o *axonpush.Options) {
		o.TenantID, o.Environment, o.ChannelID, o.UserAgent = "t1", "staging", "ch_default", "shop/1.0"
	})
	response, err := client.Events.Publish(background, axonpush.Event{
		Identifier:   "order.reserved",
		Payload:      struct{ Note string }{"1 < 2 & ü"},
		EventType:    "agent.tool_call.end",
		AgentID:      "a1",
		TraceID:      "trace",
		SpanID:       "00f067aa0ba902b7",
		ParentSpanID: "00f067aa0ba902b8",
		DedupKey:     "key-1",
		OccurredAt:   time.Date(2026, 11, 24, 7, 57, 22, 123e6, time.FixedZone("", 2*60*60)),
		Metadata:     json.RawMessage(`{"a":[1, 2.50]}`),
	})
	must(t, err)
	if response.EventID() == "" || response.HTTPStatus() != 200 || response.RequestID() == "" {
		t.Errorf("event id %q, HTTP status %d, request id %q", response.EventID(), response.HTTPStatus(), response.RequestID())
	}
	request := s.requests()[0]
	want := `{"identifier":"order.reserved","payload":{"Note":"1 < 2 & ü"},"channel_id":"ch_default","eventType":"agent.tool_call.end",` +
		`"agentId":"a1","traceId":"trace","spanId":"00f067aa0ba902b7","parentSpanId":"00f067aa0ba902b8","dedupKey":"key-1",` +
		`"metadata":{"a":[1,2.50]},"occurredAt":"2026-11-24T05:57:22.123Z"}`
	if !sameJSON(request.Body, want) {
		t.Errorf("sent %s\nwant %s", request.Body, want)
	}
	for name, want := range map[string]string{
		"X-API-Key": "ak_test", "x-tenant-id": "t1", "X-Axonpush-Environment": "staging", "Idempotency-Key": "key-1",
		"User-Agent": "axonpush-c/" + axonpush.LibraryVersion() + " axonpush-go/" + axonpush.Version + " shop/1.0",
	} {
		if got := request.header(name); got != want {
			t.Errorf("header %s: %q, want %q", name, got, want)
		}
	}
}

func sameJSON(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	a1, _ := json.Marshal(x)
	b1, _ := json.Marshal(y)
	return string(a1) == string(b1)
}

func TestListAndSearch(t *testing.T) {
	s := newServer(t)
	client := s.client()
	for i := 0; i < 5; i++ {
		e := event(i)
		e.ChannelID, e.AgentID = "ch", "agent"
		_, err := client.Events.Publish(background, e)
		must(t, err)
	}
	page, err := client.Events.List(background, "ch", &axonpush.EventQuery{Limit: 3, AgentID: "agent"})
	must(t, err)
	events := page.Events()
	if len(events) != 3 || page.Count("/events") != 3 {
		t.Fatalf("%d events: %s", len(events), page.JSON())
	}
	newest := events[0]
	if newest.EventID == "" || newest.ChannelID != "ch" || newest.AgentID != "agent" || newest.EventType != "custom" ||
		string(newest.Payload) != `{"n":4}` || time.Since(newest.CreatedAt) > time.Minute || newest.OccurredAt.IsZero() ||
		!strings.Contains(string(newest.Raw), `"payloadSpilled"`) {
		t.Errorf("%+v", newest)
	}
	before, err := client.Events.Search(background, &axonpush.EventQuery{
		ChannelID: "ch", Since: time.Now().Add(-time.Hour), Until: events[2].CreatedAt,
	})
	must(t, err)
	if rest := before.Events(); len(rest) != 2 || string(rest[0].Payload) != `{"n":1}` {
		t.Errorf("the page before: %s", before.JSON())
	}
	none, err := client.Events.List(background, "nothing here", nil)
	must(t, err)
	if none == nil || len(none.Events()) != 0 {
		t.Errorf("%s", none.JSON())
	}
	if target := s.requests()[len(s.requests())-1].Target; target != "/events?channelId=nothing%20here" {
		t.Errorf("listed %s", target)
	}
}

func TestRequest(t *testing.T) {
	s := newServer(t)
	client := s.client()
	made, err := client.Request(background, axonpush.Request{
		Method: "POST", Path: "/apps", Body: map[string]string{"name": "shop"},
	})
	must(t, err)
	var app struct{ Name string }
	must(t, made.Decode(&app))
	if app.Name != "shop" || made.HTTPStatus() != 201 {
		t.Errorf("%d %s", made.HTTPStatus(), made.JSON())
	}
	_, err = client.Request(background, axonpush.Request{Method: "GET", Path: "/traces", Query: "limit=2"})
	must(t, err)
	if got := s.requests()[1].Target; got != "/traces?limit=2" {
		t.Errorf("asked for %s", got)
	}
}

func TestResponsesAreReadByPointers(t *testing.T) {
	s := newServer(t)
	s.fault(`{"path":"/x","status":200,"body":{"a/b":{"~":"tilde"},"list":[1,-2.5,true,null,"s",9007199254740993,7],"":"empty"}}`)
	r, err := s.client().Request(background, axonpush.Request{Method: "GET", Path: "/x"})
	must(t, err)
	for pointer, want := range map[string]string{
		"/a~1b/~0": "tilde", "/list/4": "s", "/": "empty", "/list/0": "", "/list/05": "", "/list/9": "", "x": "", "/a~1b/~": "", "/nothing/there": "",
	} {
		if got := r.String(pointer); got != want {
			t.Errorf("String(%q) = %q, want %q", pointer, got, want)
		}
	}
	if n, ok := r.Int("/list/5"); n != 9007199254740993 || !ok {
		t.Error(n, ok)
	}
	if n, ok := r.Int("/list/1"); ok {
		t.Error(n, ok)
	}
	if f, ok := r.Float("/list/1"); f != -2.5 || !ok {
		t.Error(f, ok)
	}
	if b, ok := r.Bool("/list/2"); !b || !ok {
		t.Error(b, ok)
	}
	for pointer, want := range map[string]string{
		"/a~1b": `{"~":"tilde"}`, "/a~1b/~0": `"tilde"`, "/list/5": "9007199254740993", "/list/3": "null", "/": `"empty"`,
		"/list/7": "", "/list/01": "", "/list/x": "", "/a~1b/~": "", "list": "", "/list/0/x": "", "/nothing": "",
	} {
		if got := string(r.Raw(pointer)); got != want {
			t.Errorf("Raw(%q) = %s, want %s", pointer, got, want)
		}
	}
	if string(r.Raw("")) != string(r.JSON()) {
		t.Error(string(r.Raw("")))
	}
	if r.Count("/list") != 7 || r.Count("") != 3 || r.Count("/list/4") != 0 {
		t.Error(r.Count("/list"), r.Count(""), r.Count("/list/4"))
	}
}

func TestANilResponseGivesNothing(t *testing.T) {
	var r *axonpush.Response
	into := 7
	if r.JSON() != nil || r.Decode(&into) != nil || into != 7 || r.EventID() != "" || r.HTTPStatus() != 0 || r.RequestID() != "" ||
		r.String("") != "" || r.Raw("") != nil || r.Count("") != 0 || r.Events() != nil {
		t.Error("a nil response has something")
	}
	if _, ok := r.Int("/x"); ok {
		t.Error("an integer")
	}
}

func TestWhatCannotBeSentIsRefused(t *testing.T) {
	s := newServer(t)
	client := s.client()
	channel := make(chan int)
	for name, e := range map[string]axonpush.Event{
		"no identifier":    {Payload: map[string]int{}},
		"no payload":       {Identifier: "x"},
		"a nil map":        {Identifier: "x", Payload: map[string]int(nil)},
		"an array":         {Identifier: "x", Payload: []int{1}},
		"a text":           {Identifier: "x", Payload: `{"a":1}`},
		"no JSON":          {Identifier: "x", Payload: json.RawMessage(`{"a":`)},
		"empty JSON":       {Identifier: "x", Payload: json.RawMessage{}},
		"JSON with a NUL":  {Identifier: "x", Payload: json.RawMessage("{}\x00{}")},
		"a channel of Go":  {Identifier: "x", Payload: map[string]any{"c": channel}},
		"a NUL":            {Identifier: "x\x00y", Payload: map[string]int{}},
		"bad UTF-8":        {Identifier: "\xff", Payload: map[string]int{}},
		"a bad key":        {Identifier: "x", Payload: map[string]int{}, DedupKey: "ü"},
		"a year too large": {Identifier: "x", Payload: map[string]int{}, OccurredAt: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"bad metadata":     {Identifier: "x", Payload: map[string]int{}, Metadata: 7},
	} {
		_, err := client.Events.Publish(background, e)
		if !errors.Is(err, axonpush.ErrInvalidArgument) {
			t.Errorf("%s: %v", name, err)
		}
		err = client.Events.PublishAsync(background, e, func(axonpush.Result) { t.Errorf("%s: a completion", name) })
		if !errors.Is(err, axonpush.ErrInvalidArgument) {
			t.Errorf("%s, in the background: %v", name, err)
		}
	}
	_, err := client.Events.Publish(background, axonpush.Event{Identifier: "x", Payload: map[string]any{"c": channel}})
	var unsupported *json.UnsupportedTypeError
	if !errors.As(err, &unsupported) {
		t.Errorf("its cause is not there: %v", err)
	}
	if _, err := client.Events.List(background, "x", &axonpush.EventQuery{Limit: -1}); !errors.Is(err, axonpush.ErrInvalidArgument) {
		t.Error(err)
	}
	must(t, client.Flush(background))
	if requests := s.requests(); len(requests) > 0 {
		t.Errorf("something was sent: %v", requests)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		options axonpush.Options
		want    error
	}{
		"base URL":         {axonpush.Options{BaseURL: "ftp://x"}, axonpush.ErrConfig},
		"proxy":            {axonpush.Options{Proxy: "ftp://x"}, axonpush.ErrConfig},
		"negative timeout": {axonpush.Options{Timeout: -1}, axonpush.ErrInvalidArgument},
		"negative number":  {axonpush.Options{QueueMaxEvents: -1}, axonpush.ErrInvalidArgument},
		"huge number":      {axonpush.Options{MaxContentLength: 1 << 40}, axonpush.ErrInvalidArgument},
		"toggle":           {axonpush.Options{FailOpen: 9}, axonpush.ErrInvalidArgument},
		"HTTP version":     {axonpush.Options{HTTPVersion: 3}, axonpush.ErrInvalidArgument},
		"NUL":              {axonpush.Options{TenantID: "a\x00b"}, axonpush.ErrInvalidArgument},
		"user agent":       {axonpush.Options{UserAgent: "ü"}, axonpush.ErrInvalidArgument},
		"CA file":          {axonpush.Options{CAFile: "/nowhere", BaseURL: "https://127.0.0.1:1"}, axonpush.ErrConfig},
	} {
		client, err := axonpush.New(c.options)
		if client != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %v", name, client, err)
		}
	}
	t.Setenv("AXONPUSH_API_KEY", "")
	if _, err := axonpush.New(axonpush.Options{}); !errors.Is(err, axonpush.ErrConfig) || !strings.Contains(err.Error(), "AXONPUSH_API_KEY") {
		t.Error(err)
	}
}

func TestOptionsReachTheLibrary(t *testing.T) {
	s := newServer(t)
	client := s.client(func(o *axonpush.Options) {
		o.Proxy = axonpush.NoProxy
		o.RedactKeys = []string{"pin", "code"}
		o.MaxContentLength = 5
		o.ContentCapture = axonpush.ContentFull
	})
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	_, err := client.Events.Publish(background, axonpush.Event{
		Identifier: "x",
		Payload:    json.RawMessage(`{"pin":1,"Code":"2","prompt":"abc","other":"123456"}`),
	})
	must(t, err)
	if body := s.requests()[0].Body; !strings.Contains(body, `"payload":{"pin":"[REDACTED]","Code":"[REDACTED]","prompt":"abc","other":"12345…[TRUNCATED]"}`) {
		t.Error(body)
	}
}
