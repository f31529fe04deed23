//go:build go1.23

package axonpush

import (
	"context"
	"iter"
)

// All is [Events.Iterate] for range statements, with Go 1.23 and later. A failure is the last pair, whose
// event is empty.
//
//	for event, err := range client.Events.All(ctx, "orders", nil) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(event.EventID)
//	}
func (e *Events) All(ctx context.Context, channelID string, query *EventQuery) iter.Seq2[StoredEvent, error] {
	return func(yield func(StoredEvent, error) bool) {
		it := e.Iterate(ctx, channelID, query)
		defer it.Close()
		for it.Next() {
			if !yield(it.Event(), nil) {
				return
			}
		}
		if err := it.Err(); err != nil {
			yield(StoredEvent{}, err)
		}
	}
}
