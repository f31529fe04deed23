//go:build go1.23

package axonpush_test

import (
	"errors"
	"testing"

	axonpush "github.com/axonpush/libaxonpush/bindings/go"
)

func TestRangeOverAllEvents(t *testing.T) {
	client := newServer(t).client()
	publishMany(t, client, "ch", 7)
	count := 0
	for event, err := range client.Events.All(background, "ch", &axonpush.EventQuery{Limit: 3}) {
		must(t, err)
		if event.EventID == "" {
			t.Error("no event")
		}
		count++
	}
	if count != 7 {
		t.Errorf("%d events", count)
	}
	for range client.Events.All(background, "ch", nil) {
		break
	}
	client.Close()
	count = 0
	for event, err := range client.Events.All(background, "ch", nil) {
		if !errors.Is(err, axonpush.ErrClosed) || event.EventID != "" {
			t.Error(event, err)
		}
		count++
	}
	if count != 1 {
		t.Errorf("%d pairs after Close", count)
	}
}
