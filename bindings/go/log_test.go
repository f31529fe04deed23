package axonpush_test

import (
	"strings"
	"sync"
	"testing"

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
