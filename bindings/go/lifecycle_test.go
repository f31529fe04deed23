package axonpush_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	axonpush "github.com/axonpush/libaxonpush/bindings/go"
)

// usage is what the process has.
type usage struct {
	residentKiB, threads, goroutines, descriptors int
}

func measure(t testing.TB) usage {
	t.Helper()
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/status")
	must(t, err)
	number := func(name string) int {
		for _, line := range strings.Split(string(status), "\n") {
			if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name+":" {
				n, err := strconv.Atoi(fields[1])
				must(t, err)
				return n
			}
		}
		t.Fatalf("no %s in /proc/self/status", name)
		return 0
	}
	descriptors, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return usage{number("VmRSS"), number("Threads"), runtime.NumGoroutine(), len(descriptors)}
}

func TestTenThousandClientsLeaveNothingBehind(t *testing.T) {
	s := newServer(t)
	cycle := func(i int) {
		client, err := axonpush.New(axonpush.Options{APIKey: "ak_test", BaseURL: s.url, FailOpen: axonpush.Disabled})
		must(t, err)
		if i%10 == 0 { // with everything that a client can start
			var results atomic.Int32
			must(t, client.Events.PublishAsync(background, event(i), func(r axonpush.Result) {
				if r.Err != nil {
					t.Error(r.Err)
				}
				results.Add(1)
			}))
			must(t, client.Close())
			if results.Load() != 1 {
				t.Fatalf("%d results", results.Load())
			}
			return
		}
		must(t, client.Close())
	}
	for i := 0; i < 500; i++ {
		cycle(i)
	}
	before := measure(t)
	for i := 0; i < 10000; i++ {
		cycle(i)
	}
	eventually(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= before.goroutines })
	after := measure(t)
	t.Logf("before %+v, after %+v", before, after)
	// The allocators and the race detector keep some of what they had.
	allowed := 4 << 10
	if raceDetector {
		allowed = 64 << 10
	}
	if after.residentKiB > before.residentKiB+allowed || after.threads > before.threads+4 || after.descriptors > before.descriptors {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

func TestNoGoroutineIsLeftAfterClose(t *testing.T) {
	before := runtime.NumGoroutine()
	s := newServer(t)
	client := s.client(hurry)
	for i := 0; i < 50; i++ {
		must(t, client.Events.PublishAsync(background, event(i), func(axonpush.Result) {}))
	}
	s.fault(`{"times":0,"silent":true}`)
	ctx, cancel := context.WithTimeout(background, 20*time.Millisecond)
	defer cancel()
	if _, err := client.Events.Search(ctx, nil); err != context.DeadlineExceeded {
		t.Error(err)
	}
	client.Close()
	eventually(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= before })
}

// A client that waits costs no thread and no processor time.
func TestAnIdleClientCostsNothing(t *testing.T) {
	s := newServer(t)
	before := measure(t)
	var clients []*axonpush.Client
	for i := 0; i < 50; i++ {
		client := s.client()
		result, err := client.Events.PublishChan(background, event(i))
		must(t, err)
		<-result
		clients = append(clients, client)
	}
	// The library's own threads, which deliver, end when they have had nothing to do for a while.
	goThreads := func() int { return measure(t).threads - libraryThreads(t) }
	if n := goThreads(); n > before.threads+10 {
		t.Errorf("%d threads of Go's with 50 clients, %d without", n, before.threads)
	}
	start, used := time.Now(), processorTime(t)
	time.Sleep(500 * time.Millisecond)
	share := float64(processorTime(t)-used) / float64(time.Since(start))
	t.Logf("50 idle clients take %.1f %% of a processor", 100*share)
	if share > 0.05 && !raceDetector {
		t.Errorf("50 idle clients take %.1f %% of a processor", 100*share)
	}
	for _, client := range clients {
		must(t, client.Close())
	}
}

func libraryThreads(t testing.TB) int {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	must(t, err)
	n := 0
	for _, task := range tasks {
		name, _ := os.ReadFile("/proc/self/task/" + task.Name() + "/comm")
		if strings.HasPrefix(string(name), "axonpush-") {
			n++
		}
	}
	return n
}

func TestEverythingAtOnce(t *testing.T) {
	catchLog(t)
	s := newServer(t)
	s.fault(`{"times":0,"probability":0.2,"seed":3,"status":503}`)
	client := s.client(hurry)
	var accepted, ended atomic.Int32
	var wait sync.WaitGroup
	stop := make(chan struct{})
	for g := 0; g < 8; g++ {
		wait.Add(1)
		go func(g int) {
			defer wait.Done()
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				ctx, cancel := context.WithTimeout(background, time.Duration(1+i%20)*time.Millisecond)
				switch (g + i) % 5 {
				case 0:
					client.Events.Publish(ctx, event(i))
				case 1:
					if client.Events.PublishAsync(ctx, event(i), func(axonpush.Result) { ended.Add(1) }) == nil {
						accepted.Add(1)
					}
				case 2:
					client.Events.Search(ctx, &axonpush.EventQuery{Limit: 2})
				case 3:
					client.Flush(ctx)
				case 4:
					client.Stats()
				}
				cancel()
			}
		}(g)
	}
	time.Sleep(500 * time.Millisecond)
	client.Close()
	if a, e := accepted.Load(), ended.Load(); a != e {
		// Those that were being accepted while the client closed may still be counted.
		eventually(t, "all are counted", func() bool { return accepted.Load() == ended.Load() })
	}
	close(stop)
	wait.Wait()
	if accepted.Load() == 0 || accepted.Load() != ended.Load() {
		t.Errorf("%d accepted, %d results", accepted.Load(), ended.Load())
	}
}

func TestClosingNothing(t *testing.T) {
	client, err := axonpush.New(axonpush.Options{BaseURL: "nonsense"})
	if !errors.Is(err, axonpush.ErrConfig) {
		t.Fatal(err)
	}
	must(t, client.Close())
}

func processorTime(t testing.TB) time.Duration {
	t.Helper()
	stat, err := os.ReadFile("/proc/self/stat")
	must(t, err)
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	var user, system int64
	fmt.Sscan(fields[11]+" "+fields[12], &user, &system)
	return time.Duration(user+system) * 10 * time.Millisecond
}

// More callers than may wait at once, so that the last ones wait for their turn, with a context that ends.
// (Go keeps the threads that this takes, so it comes after the tests that count threads.)
func TestManyCallersWaitInTurn(t *testing.T) {
	s := newServer(t)
	s.fault(`{"times":0,"silent":true}`)
	client := s.client(hurry)
	ctx, cancel := context.WithTimeout(background, 300*time.Millisecond)
	defer cancel()
	var wait sync.WaitGroup
	for i := 0; i < 400; i++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			if _, err := client.Events.Publish(ctx, event(1)); err != context.DeadlineExceeded {
				t.Error(err)
			}
		}()
	}
	wait.Wait()
	// The calls have ended with their context, and not only with the client.
	eventually(t, "the calls end", func() bool { return runtime.NumGoroutine() < 50 })
	if n := len(s.requests()); n > 256 {
		t.Errorf("%d requests", n)
	}
}
