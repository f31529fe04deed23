package axonpush_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	axonpush "github.com/axonpush/libaxonpush/bindings/go"
)

func TestTheEndOfAContextEndsTheCall(t *testing.T) {
	s := newServer(t)
	s.fault(`{"times":0,"silent":true}`)
	client := s.client(hurry)
	calls := map[string]func(context.Context) error{
		"publish": func(ctx context.Context) error { _, err := client.Events.Publish(ctx, event(1)); return err },
		"list":    func(ctx context.Context) error { _, err := client.Events.List(ctx, "ch", nil); return err },
		"search":  func(ctx context.Context) error { _, err := client.Events.Search(ctx, nil); return err },
		"request": func(ctx context.Context) error {
			_, err := client.Request(ctx, axonpush.Request{Method: "GET", Path: "/apps"})
			return err
		},
	}
	for name, call := range calls {
		start := time.Now()
		ctx, cancel := context.WithTimeout(background, 50*time.Millisecond)
		err := call(ctx)
		cancel()
		if took := time.Since(start); err != context.DeadlineExceeded || took < 50*time.Millisecond || took > 500*time.Millisecond {
			t.Errorf("%s, deadline: %v after %v", name, err, took)
		}
		ctx, cancel = context.WithCancel(background)
		time.AfterFunc(50*time.Millisecond, cancel)
		start = time.Now()
		if err := call(ctx); err != context.Canceled || time.Since(start) > 500*time.Millisecond {
			t.Errorf("%s, cancelled: %v after %v", name, err, time.Since(start))
		}
	}
	before := len(s.requests())
	ctx, cancel := context.WithCancel(background)
	cancel()
	for name, call := range calls {
		if err := call(ctx); err != context.Canceled {
			t.Errorf("%s, with a dead context: %v", name, err)
		}
	}
	if err := client.Events.PublishAsync(ctx, event(1), nil); err != context.Canceled {
		t.Error(err)
	}
	if err := client.Flush(ctx); err != context.Canceled {
		t.Error(err)
	}
	if n := len(s.requests()); n != before {
		t.Errorf("%d requests with a dead context", n-before)
	}
}

func TestAContextThatDoesNotEndChangesNothing(t *testing.T) {
	s := newServer(t)
	client := s.client()
	ctx, cancel := context.WithTimeout(background, time.Minute)
	defer cancel()
	response, err := client.Events.Publish(ctx, event(1))
	must(t, err)
	if response.EventID() == "" {
		t.Errorf("%s", response.JSON())
	}
}

// An abandoned call ends in C, too: neither its thread nor its turn is held until the library's own time-out.
func TestAbandonedCallsEndAtOnce(t *testing.T) {
	silent := newServer(t)
	silent.fault(`{"path":"/event","times":0,"silent":true}`)
	client := silent.client(hurry)
	abandon := func(n int) {
		t.Helper()
		ctx, cancel := context.WithCancel(background)
		var wait sync.WaitGroup
		for i := 0; i < n; i++ {
			wait.Add(1)
			go func() {
				defer wait.Done()
				if _, err := client.Events.Publish(ctx, event(1)); err != context.Canceled {
					t.Error(err)
				}
			}()
		}
		time.Sleep(100 * time.Millisecond)
		cancel()
		wait.Wait()
	}
	before := runtime.NumGoroutine()
	for round := 0; round < 3; round++ {
		abandon(256)
	}
	// All turns are free again, and nothing is left that waits for the service.
	ctx, cancel := context.WithTimeout(background, 10*time.Second)
	defer cancel()
	if _, err := client.Events.Search(ctx, nil); err != nil {
		t.Errorf("768 abandoned calls are in the way: %v", err)
	}
	eventually(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= before+1 })
}

// More calls than may wait at once, all to a service that does not respond, do not hold up another client.
func TestASilentServiceHoldsUpNoOtherClient(t *testing.T) {
	silent, healthy := newServer(t), newServer(t)
	silent.fault(`{"times":0,"silent":true}`)
	stuck, client := silent.client(hurry), healthy.client()
	ctx, cancel := context.WithCancel(background)
	var wait sync.WaitGroup
	for i := 0; i < 300; i++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			if _, err := stuck.Events.Publish(ctx, event(1)); err != context.Canceled {
				t.Error(err)
			}
		}()
	}
	eventually(t, "the calls wait", func() bool { return len(silent.requests()) > 200 })
	short, stop := context.WithTimeout(background, 10*time.Second)
	defer stop()
	if _, err := client.Events.Publish(short, event(1)); err != nil {
		t.Error(err)
	}
	// A flush does not wait for a turn.
	must(t, stuck.Flush(short))
	cancel()
	wait.Wait()
}

// The library knows the deadline: it does not wait for a retry that would come after it.
func TestARetryThatComesTooLateIsNotWaitedFor(t *testing.T) {
	s := newServer(t)
	s.fault(`{"path":"/event","times":0,"status":429,"headers":{"Retry-After":"20"}}`)
	client := s.client(func(o *axonpush.Options) { o.MaxRetries = 5 })
	ctx, cancel := context.WithTimeout(background, 5*time.Second)
	defer cancel()
	start := time.Now()
	_, err := client.Events.Publish(ctx, event(1))
	var failure *axonpush.Error
	if !errors.As(err, &failure) || failure.Status != axonpush.ErrRateLimit || failure.RetryAfter != 20*time.Second {
		t.Error(err)
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("returned after %v", took)
	}
	// A wait that is under way ends with the context.
	s.noFaults()
	s.fault(`{"path":"/event","times":0,"status":503}`)
	cancelled, cancel := context.WithCancel(background)
	time.AfterFunc(100*time.Millisecond, cancel)
	start = time.Now()
	if _, err := client.Events.Publish(cancelled, event(1)); err != context.Canceled || time.Since(start) > 2*time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}

// Fail-open suppresses an unreachable service, and not the end of a context.
func TestFailOpenDoesNotHideTheEndOfAContext(t *testing.T) {
	catchLog(t)
	s := newServer(t)
	s.fault(`{"times":0,"silent":true}`)
	client := s.client(hurry, failOpen)
	for i := 0; i < 5; i++ {
		ctx, cancel := context.WithTimeout(background, 30*time.Millisecond)
		if response, err := client.Events.Publish(ctx, event(1)); err != context.DeadlineExceeded {
			t.Error(response, err)
		}
		if list, err := client.Apps.List(ctx); err != context.DeadlineExceeded {
			t.Error(list, err)
		}
		cancel()
	}
}

func TestTheEndOfAContextEndsAWaitForRoom(t *testing.T) {
	s := newServer(t)
	s.fault(`{"path":"/event","times":0,"silent":true}`)
	client := s.client(hurry, func(o *axonpush.Options) {
		o.Overflow, o.QueueMaxEvents, o.MaxConnections = axonpush.OverflowBlock, 1, 1
	})
	must(t, client.Events.PublishAsync(background, event(1), nil))
	for name, contextOf := range map[string]func() (context.Context, context.CancelFunc, error){
		"cancelled": func() (context.Context, context.CancelFunc, error) {
			ctx, cancel := context.WithCancel(background)
			time.AfterFunc(50*time.Millisecond, cancel)
			return ctx, cancel, context.Canceled
		},
		"deadline": func() (context.Context, context.CancelFunc, error) {
			ctx, cancel := context.WithTimeout(background, 50*time.Millisecond)
			return ctx, cancel, context.DeadlineExceeded
		},
	} {
		ctx, cancel, want := contextOf()
		err := client.Events.PublishAsync(ctx, event(2), func(axonpush.Result) { t.Errorf("%s: a completion", name) })
		if err != want {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
	}
	stats, err := client.Stats()
	must(t, err)
	if stats.Accepted != 1 {
		t.Errorf("an event was accepted after its context had ended: %+v", stats)
	}
}

// Contexts that end at any moment, also while a call begins or returns.
func TestContextsEndAtAnyMoment(t *testing.T) {
	s := newServer(t)
	client := s.client()
	var wait sync.WaitGroup
	for g := 0; g < 4; g++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for i := 0; i < 100; i++ {
				ctx, cancel := context.WithTimeout(background, time.Duration(i*20)*time.Microsecond)
				response, err := client.Events.Publish(ctx, event(i))
				if err == nil && response.EventID() == "" || err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Error(fmt.Sprintf("%s", response.JSON()), err)
				}
				cancel()
			}
		}()
	}
	wait.Wait()
	if _, err := client.Events.Publish(background, event(0)); err != nil {
		t.Error(err)
	}
}
