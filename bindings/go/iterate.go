package axonpush

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"runtime"
)

// EventIterator iterates over events from the newest to the oldest. It requests them page by page, and
// yields every event exactly once, also where several have the same timestamp.
//
//	it := client.Events.Iterate(ctx, "orders", nil)
//	defer it.Close()
//	for it.Next() {
//		fmt.Println(it.Event().EventID)
//	}
//	if err := it.Err(); err != nil {
//		return err
//	}
//
// One goroutine at a time may use it.
type EventIterator struct {
	ctx     context.Context
	client  *Client
	handle  C.uintptr_t // the C library's iterator; 0 when this one has ended
	bound   *boundCall  // through which it was made
	batch   int
	fetched []StoredEvent // events that Next has yet to yield
	last    bool          // no event follows those fetched
	failure error         // follows those fetched
	event   StoredEvent
	err     error
}

// maxBatch is how many events cross from C at once, at most.
const maxBatch = 100

// Iterate returns an iterator over the events of a channel, or of the whole organization if channelID is
// "", as for [Events.Search]. query may be nil. Its Limit is the size of a page (default 500), not the
// number of events; without its Since, the service goes back 24 hours. Iterate requests nothing yet.
//
// In fail-open mode the iterator ends when the service is unreachable. If an argument cannot be used,
// [EventIterator.Err] says so after the first Next. [ErrAPI] without an HTTP status means that 500 events or
// more have the same CreatedAt, and that the service offers no way to ask for those before; filters may help.
func (e *Events) Iterate(ctx context.Context, channelID string, query *EventQuery) *EventIterator {
	it := &EventIterator{ctx: ctx, client: e.client, batch: maxBatch}
	b, limit := query.strings()
	defer b.free()
	b.add(C.AXG_QUERY_LIST_CHANNEL, "channelID", channelID)
	if it.err = b.err; it.err != nil {
		return it
	}
	if limit > 0 && limit < maxBatch {
		it.batch = int(limit)
	}
	bound, err := e.client.bind(ctx)
	if it.err = err; err != nil {
		return it
	}
	if it.err = takeError(C.axg_iter_new(bound.handle, b.start(), b.places(), limit, &it.handle)); it.err != nil {
		bound.free()
		return it
	}
	it.bound = bound
	runtime.SetFinalizer(it, (*EventIterator).Close)
	return it
}

// Next advances to the next older event, which [EventIterator.Event] then returns. It returns false at the
// end, after a failure, and when the context ends. After a failure of the service, Next may be called again
// and continues where it was.
func (it *EventIterator) Next() bool {
	if it.handle == 0 {
		return false
	}
	it.err = nil
	if len(it.fetched) == 0 && !it.last && it.failure == nil {
		it.fetch()
	}
	if len(it.fetched) > 0 && it.ctx.Err() == nil {
		it.event, it.fetched = it.fetched[0], it.fetched[1:]
		return true
	}
	it.event = StoredEvent{}
	switch {
	case ended(it.ctx) != nil:
		it.Close()
		it.err = ended(it.ctx)
	case it.failure != nil:
		it.err, it.failure = it.failure, nil
	default:
		it.Close()
	}
	return false
}

// fetch gets the next events from the library.
func (it *EventIterator) fetch() {
	end, err := it.client.takeTurn(it.ctx)
	if err != nil {
		it.failure = err
		return
	}
	defer end()
	defer it.bound.watch(untilEnded)()
	b := newStringBlock()
	defer b.free()
	b.addTrace(it.ctx)
	all := C.axg_iter_next(it.handle, C.size_t(it.batch), b.start(), b.places())
	defer C.axg_outcome_free(all)
	for outcome := all; outcome != nil; outcome = outcome.next {
		response, err := read(outcome)
		switch {
		case err != nil:
			it.failure = err
		case response == nil:
			it.last = true
		default:
			it.fetched = append(it.fetched, newStoredEvent(response.json))
		}
	}
}

// Event returns the event that the last Next advanced to.
func (it *EventIterator) Event() StoredEvent { return it.event }

// Err says why Next returned false: nil at the end, else the failure or the context's error.
func (it *EventIterator) Err() error { return it.err }

// Close frees the iterator. Reaching the end frees it, too. Close may be called more than once, and after
// the client was closed.
func (it *EventIterator) Close() {
	if it.handle == 0 {
		return
	}
	C.axg_iter_free(it.handle)
	it.bound.free()
	it.handle, it.fetched = 0, nil
	runtime.SetFinalizer(it, nil)
}
