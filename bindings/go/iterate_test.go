package axonpush_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	axonpush "github.com/axonpush/libaxonpush/bindings/go"
)

// publishMany publishes n events, whose payload has their number.
func publishMany(t testing.TB, client *axonpush.Client, channel string, n int) {
	t.Helper()
	for i := 0; i < n; i++ {
		e := event(i)
		e.ChannelID = channel
		must(t, client.Events.PublishAsync(background, e, nil))
	}
	must(t, client.Flush(background))
}

func TestAnIteratorYieldsEveryEventOnce(t *testing.T) {
	client := newServer(t).client()
	const n = 230
	publishMany(t, client, "ch", n)
	publishMany(t, client, "other", 3)
	for _, limit := range []int{0, 50, 120, 500} {
		seen := map[string]bool{}
		it := client.Events.Iterate(background, "ch", &axonpush.EventQuery{Limit: limit})
		last := time.Now().Add(time.Hour)
		for it.Next() {
			e := it.Event()
			if seen[e.EventID] || e.EventID == "" || e.ChannelID != "ch" || e.CreatedAt.After(last) {
				t.Fatalf("limit %d: %s", limit, e.Raw)
			}
			seen[e.EventID], last = true, e.CreatedAt
		}
		must(t, it.Err())
		if len(seen) != n {
			t.Errorf("limit %d: %d events", limit, len(seen))
		}
		if it.Next() || it.Err() != nil || it.Event().EventID != "" {
			t.Error("after the end")
		}
		it.Close()
	}
	count := 0
	all := client.Events.Iterate(background, "", nil)
	for all.Next() {
		count++
	}
	must(t, all.Err())
	if count != n+3 {
		t.Errorf("%d events of the organization", count)
	}
}

func TestAnIteratorRequestsNoMoreThanIsRead(t *testing.T) {
	s := newServer(t)
	client := s.client()
	publishMany(t, client, "ch", 20)
	before := len(s.requests())
	it := client.Events.Iterate(background, "ch", &axonpush.EventQuery{Limit: 5})
	if len(s.requests()) != before {
		t.Error("requested before Next")
	}
	for i := 0; i < 5; i++ {
		if !it.Next() {
			t.Fatal(it.Err())
		}
	}
	it.Close()
	if n := len(s.requests()) - before; n != 1 {
		t.Errorf("%d requests for one page", n)
	}
	if it.Next() {
		t.Error("goes on after Close")
	}
}

func TestAnIteratorGoesOnAfterAFailure(t *testing.T) {
	s := newServer(t)
	client := s.client()
	publishMany(t, client, "ch", 6)
	it := client.Events.Iterate(background, "ch", &axonpush.EventQuery{Limit: 4})
	defer it.Close()
	s.fault(`{"times":1,"status":500}`)
	if it.Next() || !errors.Is(it.Err(), axonpush.ErrServer) {
		t.Fatal(it.Err())
	}
	seen := map[string]bool{}
	for it.Next() {
		seen[it.Event().EventID] = true
	}
	if it.Err() != nil || len(seen) != 6 {
		t.Error(it.Err(), len(seen))
	}
}

func TestAnIteratorOfAnUnreachableService(t *testing.T) {
	catchLog(t)
	url := deadURL(t)
	it := newClient(t, url, failOpen).Events.Iterate(background, "ch", nil)
	if it.Next() || it.Err() != nil {
		t.Error(it.Err())
	}
	it = newClient(t, url).Events.Iterate(background, "ch", nil)
	if it.Next() || !errors.Is(it.Err(), axonpush.ErrConnection) {
		t.Error(it.Err())
	}
	client := newClient(t, url)
	it = client.Events.Iterate(background, "a\x00b", nil)
	if it.Next() || !errors.Is(it.Err(), axonpush.ErrInvalidArgument) {
		t.Error(it.Err())
	}
	it = client.Events.Iterate(background, "ch", nil)
	client.Close()
	if it.Next() || !errors.Is(it.Err(), axonpush.ErrClosed) {
		t.Error(it.Err())
	}
	it.Close()
}

func TestAContextEndsAnIterator(t *testing.T) {
	s := newServer(t)
	client := s.client(hurry)
	publishMany(t, client, "ch", 3)
	ctx, cancel := context.WithCancel(background)
	it := client.Events.Iterate(ctx, "ch", nil)
	if !it.Next() {
		t.Fatal(it.Err())
	}
	cancel()
	if it.Next() || it.Err() != context.Canceled {
		t.Error(it.Err())
	}
	s.fault(`{"times":0,"silent":true}`)
	ctx, cancel = context.WithTimeout(background, 50*time.Millisecond)
	defer cancel()
	it = client.Events.Iterate(ctx, "ch", nil)
	if it.Next() || it.Err() != context.DeadlineExceeded {
		t.Error(it.Err())
	}
	it.Close()
	// An iterator that is cancelled while it waits, and one that nobody closes.
	ctx, cancelWaiting := context.WithCancel(background)
	time.AfterFunc(50*time.Millisecond, cancelWaiting)
	start := time.Now()
	it = client.Events.Iterate(ctx, "ch", nil)
	if it.Next() || it.Err() != context.Canceled || time.Since(start) > 2*time.Second {
		t.Errorf("%v after %v", it.Err(), time.Since(start))
	}
	for i := 0; i < 3; i++ {
		client.Events.Iterate(background, "ch", nil)
		runtime.GC()
	}
}

func ExampleEvents_Iterate() {
	client, err := axonpush.New(axonpush.Options{})
	if err != nil {
		panic(err)
	}
	defer client.Close()
	ctx := context.Background()
	for step := 1; step <= 3; step++ {
		_, err := client.Events.Publish(ctx, axonpush.Event{
			Identifier: "step",
			ChannelID:  "an iterator",
			Payload:    map[string]any{"step": step},
		})
		if err != nil {
			panic(err)
		}
	}
	it := client.Events.Iterate(ctx, "an iterator", nil)
	defer it.Close()
	for it.Next() {
		fmt.Printf("%s\n", it.Event().Payload)
	}
	fmt.Println(it.Err())
	// Output:
	// {"step":3}
	// {"step":2}
	// {"step":1}
	// <nil>
}
