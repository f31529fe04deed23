package axonpush_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	axonpush "github.com/axonpush/libaxonpush/bindings/go"
)

func TestAThousandEventsHaveOneResultEach(t *testing.T) {
	s := newServer(t)
	client := s.client()
	const events, publishers = 1000, 4
	var results [events]atomic.Int32
	var wait sync.WaitGroup
	for p := 0; p < publishers; p++ {
		wait.Add(1)
		go func(p int) {
			defer wait.Done()
			for i := p; i < events; i += publishers {
				i := i
				err := client.Events.PublishAsync(background, event(i), func(r axonpush.Result) {
					if r.Err != nil || r.Response.EventID() == "" {
						t.Errorf("event %d: %v, %s", i, r.Err, r.Response.JSON())
					}
					results[i].Add(1)
				})
				if err != nil {
					t.Error(err)
				}
			}
		}(p)
	}
	wait.Wait()
	must(t, client.Flush(background))
	for i := range results {
		if n := results[i].Load(); n != 1 {
			t.Errorf("event %d has %d results when Flush returns", i, n)
		}
	}
	stats, err := client.Stats()
	must(t, err)
	if stats.Accepted != events || stats.Delivered != events || stats.QueuedEvents != 0 || stats.Connections == 0 || s.stored() != events {
		t.Errorf("%+v, %d stored", stats, s.stored())
	}
	must(t, client.Close())
	for i := range results {
		if n := results[i].Load(); n != 1 {
			t.Errorf("event %d has %d results when Close returns", i, n)
		}
	}
}

func TestResultsComeByChannel(t *testing.T) {
	s := newServer(t)
	client := s.client()
	s.fault(`{"path":"/event","skip":1,"status":404,"body":{"code":"no_channel","message":"no such channel","requestId":"r9"}}`)
	good, err := client.Events.PublishChan(background, event(1))
	must(t, err)
	if r := <-good; r.Err != nil || r.Response.String("/status") != "accepted" {
		t.Errorf("%+v", r)
	}
	if r, open := <-good; open {
		t.Errorf("a second result: %+v", r)
	}
	bad, err := client.Events.PublishChan(background, event(2))
	must(t, err)
	r := <-bad
	var failure *axonpush.Error
	if r.Response != nil || !errors.As(r.Err, &failure) || failure.Status != axonpush.ErrNotFound || failure.Code != "no_channel" ||
		failure.RequestID != "r9" || failure.HTTPStatus != 404 {
		t.Errorf("%+v", r.Err)
	}
}

func TestAChannelHasOneResult(t *testing.T) {
	client := newServer(t).client()
	results, err := client.Events.PublishChan(background, event(1))
	must(t, err)
	n := 0
	for r := range results {
		must(t, r.Err)
		n++
	}
	if n != 1 {
		t.Errorf("%d results", n)
	}
	must(t, client.Close())
	if results, err := client.Events.PublishChan(background, event(2)); results != nil || !errors.Is(err, axonpush.ErrClosed) {
		t.Error(results, err)
	}
}

func TestEventsWithoutCallbackNeedNoGoroutine(t *testing.T) {
	s := newServer(t)
	before := runtime.NumGoroutine()
	client := s.client()
	for i := 0; i < 10; i++ {
		must(t, client.Events.PublishAsync(background, event(i), nil))
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines more", n-before)
	}
	must(t, client.Flush(background))
	if s.stored() != 10 {
		t.Error(s.stored())
	}
}

func TestFailOpenGivesBackgroundEventsUp(t *testing.T) {
	catchLog(t)
	client := newClient(t, deadURL(t), failOpen, func(o *axonpush.Options) { o.DeliveryTimeout = 50 * time.Millisecond })
	results, err := client.Events.PublishChan(background, event(1))
	must(t, err)
	if r := <-results; r.Err != nil || r.Response != nil {
		t.Errorf("%+v", r)
	}
	if stats, _ := client.Stats(); stats.Suppressed != 1 {
		t.Errorf("%+v", stats)
	}
}

func TestTheSpoolOutlivesAClient(t *testing.T) {
	catchLog(t)
	url := deadURL(t)
	folder := t.TempDir()
	spool := func(o *axonpush.Options) {
		o.SpoolDir, o.SpoolMaxBytes, o.SpoolMaxAge = folder, 10<<20, time.Hour
		o.SpoolSync, o.SpoolSyncAfter = axonpush.SpoolSyncEach, time.Second
		o.ShutdownTimeout = time.Millisecond
	}
	first := newClient(t, url, spool)
	must(t, first.Events.PublishAsync(background, event(1), nil))
	if stats, err := first.Stats(); err != nil || stats.SpoolBytes == 0 {
		t.Errorf("%+v, %v", stats, err)
	}
	first.Close()
	second := newClient(t, url, spool)
	for stop := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		stats, err := second.Stats()
		must(t, err)
		if stats.Recovered == 1 {
			break
		}
		if time.Now().After(stop) {
			t.Fatalf("%+v", stats)
		}
	}
}

func TestBatchesGoToACollectorWithoutTheKey(t *testing.T) {
	s := newServer(t)
	client := newClient(t, deadURL(t), func(o *axonpush.Options) {
		o.Exporter, o.OTLPEndpoint, o.OTLPHeaders = axonpush.ExporterOTLP, s.url, "X-API-Key=ak_collector"
		o.OTLPBatchMaxEvents, o.OTLPBatchMaxBytes, o.OTLPBatchTimeout = 50, 1<<20, time.Minute
		o.OTLPGzip = axonpush.Enabled
	})
	for i := 0; i < 100; i++ {
		must(t, client.Events.PublishAsync(background, event(i), nil))
	}
	must(t, client.Flush(background))
	if stats, err := client.Stats(); err != nil || stats.Delivered != 100 || stats.Batches < 2 {
		t.Errorf("%+v, %v", stats, err)
	}
	if s.stored() != 100 {
		t.Error(s.stored())
	}
}

func TestCloseWhileBusy(t *testing.T) {
	catchLog(t)
	s := newServer(t)
	s.fault(`{"path":"/event","times":0,"silent":true}`)
	client := s.client(hurry)
	const events = 200
	var ended, wrong atomic.Int32
	for i := 0; i < events; i++ {
		must(t, client.Events.PublishAsync(background, event(i), func(r axonpush.Result) {
			if !errors.Is(r.Err, axonpush.ErrClosed) {
				wrong.Add(1)
			}
			ended.Add(1)
		}))
	}
	calls := make(chan error, 8)
	for i := 0; i < cap(calls); i++ {
		go func() {
			_, err := client.Events.Publish(background, event(0))
			calls <- err
		}()
	}
	eventually(t, "requests arrive", func() bool { return len(s.requests()) > 8 })
	start := time.Now()
	err := client.Close()
	if took := time.Since(start); took > 700*time.Millisecond {
		t.Errorf("Close took %v", took)
	}
	if !errors.Is(err, axonpush.ErrTimeout) {
		t.Errorf("Close does not say that events were abandoned: %v", err)
	}
	if ended.Load() != events || wrong.Load() > 0 {
		t.Errorf("%d results, %d of them not ErrClosed", ended.Load(), wrong.Load())
	}
	for i := 0; i < cap(calls); i++ {
		if err := <-calls; !errors.Is(err, axonpush.ErrClosed) {
			t.Error(err)
		}
	}
	must(t, client.Close())
	if _, err := client.Events.Publish(background, event(1)); !errors.Is(err, axonpush.ErrClosed) || !errors.Is(err, axonpush.ErrInvalidHandle) {
		t.Error(err)
	}
	if err := client.Events.PublishAsync(background, event(1), func(axonpush.Result) {}); !errors.Is(err, axonpush.ErrClosed) {
		t.Error(err)
	}
	if _, err := client.Stats(); !errors.Is(err, axonpush.ErrClosed) {
		t.Error(err)
	}
	if err := client.Flush(background); !errors.Is(err, axonpush.ErrClosed) {
		t.Error(err)
	}
}

func TestCloseDelivers(t *testing.T) {
	s := newServer(t)
	client := s.client()
	var delivered atomic.Int32
	for i := 0; i < 300; i++ {
		must(t, client.Events.PublishAsync(background, event(i), func(r axonpush.Result) {
			if r.Err == nil {
				delivered.Add(1)
			}
		}))
	}
	must(t, client.Close())
	if delivered.Load() != 300 || s.stored() != 300 {
		t.Errorf("%d delivered, %d stored", delivered.Load(), s.stored())
	}
}

func TestCallbacksMayCallAnything(t *testing.T) {
	s := newServer(t)
	client := s.client()
	var others atomic.Int32
	closed := make(chan error, 1)
	must(t, client.Events.PublishAsync(background, event(0), func(axonpush.Result) {
		if _, err := client.Events.Publish(background, event(1)); err != nil {
			t.Error(err)
		}
		for i := 2; i < 10; i++ {
			if err := client.Events.PublishAsync(background, event(i), func(axonpush.Result) { others.Add(1) }); err != nil {
				t.Error(err)
			}
		}
		if err := client.Flush(background); err != nil {
			t.Error(err)
		}
		if others.Load() != 8 {
			t.Errorf("%d callbacks have run when Flush returns inside one", others.Load())
		}
		closed <- client.Close()
	}))
	select {
	case err := <-closed:
		must(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("Close in a callback does not return")
	}
	must(t, client.Close())
}

func TestCloseInACallbackWhileClosing(t *testing.T) {
	s := newServer(t)
	client := s.client()
	inside, done := make(chan bool), make(chan bool)
	must(t, client.Events.PublishAsync(background, event(0), func(axonpush.Result) {
		close(inside)
		time.Sleep(50 * time.Millisecond)
		client.Close()
		close(done)
	}))
	<-inside
	client.Close()
	select {
	case <-done:
	default:
		t.Error("Close has returned before the callback")
	}
}

func TestShutdown(t *testing.T) {
	catchLog(t)
	s := newServer(t)
	client := s.client()
	delivered, err := client.Events.PublishChan(background, event(1))
	must(t, err)
	must(t, client.Shutdown(background))
	if r := <-delivered; r.Err != nil {
		t.Error(r.Err)
	}
	if _, err := client.Events.Publish(background, event(1)); !errors.Is(err, axonpush.ErrClosed) {
		t.Error(err)
	}
	if stats, err := client.Stats(); err != nil || stats.Delivered != 1 {
		t.Errorf("%+v, %v", stats, err)
	}

	s.fault(`{"path":"/event","times":0,"silent":true}`)
	stuck := s.client()
	for i := 0; i < 200; i++ {
		must(t, stuck.Events.PublishAsync(background, event(i), nil))
	}
	abandoned, err := stuck.Events.PublishChan(background, event(200))
	must(t, err)
	ctx, cancel := context.WithTimeout(background, 50*time.Millisecond)
	defer cancel()
	err = stuck.Shutdown(ctx)
	if !errors.Is(err, axonpush.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	select {
	case r := <-abandoned:
		if !errors.Is(r.Err, axonpush.ErrClosed) {
			t.Error(r.Err)
		}
	default:
		t.Error("no result when Shutdown returns")
	}
}

func TestFlushSaysWhatIsLeft(t *testing.T) {
	s := newServer(t)
	s.fault(`{"path":"/event","delayMs":400}`)
	client := s.client()
	result, err := client.Events.PublishChan(background, event(1))
	must(t, err)
	ctx, cancel := context.WithTimeout(background, 30*time.Millisecond)
	defer cancel()
	start := time.Now()
	err = client.Flush(ctx)
	if !errors.Is(err, axonpush.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 350*time.Millisecond {
		t.Errorf("%v after %v", err, time.Since(start))
	}
	cancelled, cancel := context.WithCancel(background)
	time.AfterFunc(30*time.Millisecond, cancel)
	start = time.Now()
	if err := client.Flush(cancelled); err != context.Canceled || time.Since(start) > 350*time.Millisecond {
		t.Errorf("%v after %v", err, time.Since(start))
	}
	must(t, client.Flush(background))
	if r := <-result; r.Err != nil {
		t.Error(r.Err)
	}
}

func TestOverflow(t *testing.T) {
	catchLog(t)
	small := func(o *axonpush.Options) { o.QueueMaxEvents, o.MaxConnections = 2, 1 }
	policy := func(p axonpush.Overflow) func(*axonpush.Options) {
		return func(o *axonpush.Options) { o.Overflow = p }
	}
	// Full, with one event being sent.
	fill := func(t *testing.T, change ...func(*axonpush.Options)) (server, *axonpush.Client, <-chan axonpush.Result) {
		s := newServer(t)
		s.fault(`{"path":"/event","times":0,"silent":true}`)
		client := s.client(append(change, small, hurry)...)
		must(t, client.Events.PublishAsync(background, event(1), nil))
		eventually(t, "the first arrives", func() bool { return len(s.requests()) > 0 })
		waiting, err := client.Events.PublishChan(background, event(2))
		must(t, err)
		return s, client, waiting
	}
	t.Run("drop oldest", func(t *testing.T) {
		_, client, waiting := fill(t)
		must(t, client.Events.PublishAsync(background, event(3), nil))
		if r := <-waiting; !errors.Is(r.Err, axonpush.ErrQueueFull) {
			t.Errorf("%+v", r)
		}
	})
	t.Run("drop newest", func(t *testing.T) {
		_, client, _ := fill(t, policy(axonpush.OverflowDropNewest))
		err := client.Events.PublishAsync(background, event(3), func(axonpush.Result) { t.Error("a completion") })
		if !errors.Is(err, axonpush.ErrQueueFull) {
			t.Error(err)
		}
	})
	t.Run("block", func(t *testing.T) {
		_, client, _ := fill(t, policy(axonpush.OverflowBlock))
		ctx, cancel := context.WithTimeout(background, 50*time.Millisecond)
		defer cancel()
		start := time.Now()
		err := client.Events.PublishAsync(ctx, event(3), func(axonpush.Result) { t.Error("a completion") })
		if err != context.DeadlineExceeded || time.Since(start) > time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		time.AfterFunc(50*time.Millisecond, func() { client.Close() })
		if err := client.Events.PublishAsync(background, event(4), nil); !errors.Is(err, axonpush.ErrClosed) {
			t.Error(err)
		}
	})
	t.Run("block for a while", func(t *testing.T) {
		_, client, _ := fill(t, policy(axonpush.OverflowBlock), func(o *axonpush.Options) { o.BlockTimeout = 50 * time.Millisecond })
		start := time.Now()
		err := client.Events.PublishAsync(background, event(3), func(axonpush.Result) { t.Error("a completion") })
		if took := time.Since(start); !errors.Is(err, axonpush.ErrQueueFull) || took < 50*time.Millisecond || took > 2*time.Second {
			t.Errorf("%v after %v", err, took)
		}
	})
	t.Run("block until there is room", func(t *testing.T) {
		s := newServer(t)
		client := s.client(small, policy(axonpush.OverflowBlock))
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		var results atomic.Int32
		for i := 0; i < 100; i++ {
			must(t, client.Events.PublishAsync(ctx, event(i), func(axonpush.Result) { results.Add(1) }))
		}
		must(t, client.Flush(ctx))
		if results.Load() != 100 {
			t.Error(results.Load())
		}
	})
}
