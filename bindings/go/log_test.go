package axonpush_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	axonpush "github.com/axonpush/libaxonpush/bindings/go"
)

// catchLog keeps the log for the length of a test, and lets stderr have it afterwards.
func catchLog(t testing.TB) (lines func() []string) {
	t.Helper()
	var mu sync.Mutex
	var kept []string
	must(t, axonpush.SetLogger(axonpush.LogWarn, func(level axonpush.LogLevel, message string) {
		mu.Lock()
		defer mu.Unlock()
		kept = append(kept, level.String()+": "+message)
	}))
	t.Cleanup(func() { must(t, axonpush.SetLogger(axonpush.LogWarn, nil)) })
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string{}, kept...)
	}
}

func TestTheLogGoesToTheLogger(t *testing.T) {
	lines := catchLog(t)
	client := newClient(t, deadURL(t), failOpen)
	_, err := client.Events.Publish(background, event(1))
	must(t, err)
	eventually(t, "the line comes by itself", func() bool { return len(lines()) == 1 })
	if line := lines()[0]; !strings.HasPrefix(line, "warn: POST /event failed: ") || !strings.HasSuffix(line, "suppressed because fail-open is on") {
		t.Error(line)
	}
}

func TestCloseHandsTheLogOn(t *testing.T) {
	lines := catchLog(t)
	for i := 1; i <= 20; i++ {
		client := newClient(t, deadURL(t), hurry)
		must(t, client.Events.PublishAsync(background, event(1), nil))
		client.Close()
		lost := 0
		for _, line := range lines() {
			if strings.Contains(line, "shutdown: 1 events were not delivered in time and are lost") {
				lost++
			}
		}
		if lost != i {
			t.Fatalf("%d lines after %d clients: %q", lost, i, lines())
		}
	}
}

// The logger may call anything, and lines that it causes come later.
func TestTheLoggerMayCallAnything(t *testing.T) {
	done := make(chan error, 1)
	dead := newClient(t, deadURL(t), failOpen)
	var once sync.Once
	must(t, axonpush.SetLogger(axonpush.LogWarn, func(axonpush.LogLevel, string) {
		once.Do(func() {
			_, err := dead.Events.Publish(background, event(2))
			if err == nil {
				err = dead.Close()
			}
			if err == nil {
				err = axonpush.SetLogger(axonpush.LogWarn, nil)
			}
			done <- err
		})
	}))
	_, err := dead.Events.Publish(background, event(1))
	must(t, err)
	select {
	case err := <-done:
		must(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("the logger does not return")
	}
}

func TestASlowLoggerLosesTheOldestLines(t *testing.T) {
	client := newServer(t).client()
	before, err := client.Stats()
	must(t, err)
	entered, release := make(chan bool), make(chan bool)
	var once sync.Once
	must(t, axonpush.SetLogger(axonpush.LogDebug, func(axonpush.LogLevel, string) {
		once.Do(func() {
			close(entered)
			<-release
		})
	}))
	t.Cleanup(func() { must(t, axonpush.SetLogger(axonpush.LogWarn, nil)) })
	for i := 0; i < 1200; i++ {
		_, err := client.Events.Publish(background, event(i))
		must(t, err)
		if i == 0 {
			<-entered
		}
	}
	close(release)
	after, err := client.Stats()
	must(t, err)
	if after.LogLinesLost == before.LogLinesLost {
		t.Error("no line is counted as lost")
	}
}

func TestLevels(t *testing.T) {
	lines := catchLog(t)
	must(t, axonpush.SetLogger(axonpush.LogError, func(axonpush.LogLevel, string) { t.Error("a line above the level") }))
	client := newClient(t, deadURL(t), failOpen)
	_, err := client.Events.Publish(background, event(1))
	must(t, err)
	client.Close()
	if len(lines()) > 0 {
		t.Error(lines())
	}
	if axonpush.LogDebug.String() != "debug" || axonpush.LogLevel(7).String() != "LogLevel(7)" {
		t.Error("names")
	}
}
