package axonpush

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"runtime"
	"sync/atomic"
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
	native  *nativeIterator // nil when the iterator has ended
	batch   int
	fetched []StoredEvent // events that Next has yet to yield
	last    bool          // no event follows those fetched
	failure error         // follows those fetched
	event   StoredEvent
	err     error
}

// nativeIterator is the C library's iterator. Its last user frees it, since a call whose context has ended
// goes on by itself for a while.
type nativeIterator struct {
	handle C.uintptr_t
	users  atomic.Int32
}

// use says whether the iterator still exists, and keeps it until release.
func (n *nativeIterator) use() bool {
	for {
		users := n.users.Load()
		if users == 0 {
			return false
		}
		if n.users.CompareAndSwap(users, users+1) {
			return true
		}
	}
}

func (n *nativeIterator) release() {
	if n.users.Add(-1) == 0 {
		C.axg_iter_free(n.handle)
	}
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
	it := &EventIterator{ctx: ctx, batch: maxBatch}
	b, limit := query.strings()
	defer b.free()
	b.add(C.AXG_QUERY_LIST_CHANNEL, "channel_id", channelID)
	if it.err = b.err; it.err != nil {
		return it
	}
	if limit > 0 && limit < maxBatch {
		it.batch = int(limit)
	}
	n := &nativeIterator{}
	if it.err = takeError(C.axg_iter_new(e.client.handle, b.start(), b.places(), limit, &n.handle)); it.err != nil {
		return it
	}
	n.users.Store(1)
	it.native = n
	runtime.SetFinalizer(it, (*EventIterator).Close)
	return it
}

// Next advances to the next older event, which [EventIterator.Event] then returns. It returns false at the
// end, after a failure, and when the context ends. After a failure of the service, Next may be called again
// and continues where it was.
func (it *EventIterator) Next() bool {
	if it.native == nil {
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
	case it.ctx.Err() != nil:
		it.Close()
		it.err = it.ctx.Err()
	case it.failure != nil:
		it.err, it.failure = it.failure, nil
	default:
		it.Close()
	}
	return false
}

// fetch gets the next events from the library.
func (it *EventIterator) fetch() {
	n, ctx, most := it.native, it.ctx, C.size_t(it.batch)
	// Written by the call, and read only if the call was waited for.
	var got struct {
		events  []StoredEvent
		last    bool
		failure error
	}
	_, err := blocking(ctx, func() (*Response, error) {
		if !n.use() {
			return nil, nil // the context ended before the call began
		}
		defer n.release()
		b := newStringBlock()
		defer b.free()
		b.addTrace(ctx)
		all := C.axg_iter_next(n.handle, most, b.start(), b.places())
		defer C.axg_outcome_free(all)
		for outcome := all; outcome != nil; outcome = outcome.next {
			response, err := read(outcome)
			switch {
			case err != nil:
				got.failure = err
			case response == nil:
				got.last = true
			default:
				got.events = append(got.events, newStoredEvent(response.json))
			}
		}
		return nil, nil
	})
	if err == nil {
		it.fetched, it.last, it.failure = got.events, got.last, got.failure
	}
}

// Event returns the event that the last Next advanced to.
func (it *EventIterator) Event() StoredEvent { return it.event }

// Err says why Next returned false: nil at the end, else the failure or the context's error.
func (it *EventIterator) Err() error { return it.err }

// Close frees the iterator. Reaching the end frees it, too. Close may be called more than once, and after
// the client was closed.
func (it *EventIterator) Close() {
	if it.native == nil {
		return
	}
	it.native.release()
	it.native, it.fetched = nil, nil
	runtime.SetFinalizer(it, nil)
}
