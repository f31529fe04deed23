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

// EventIterator is a walk back through events, from the newest to the oldest, page by page behind the
// scenes: no event twice and none left out, also where several share a timestamp.
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
	walk    *walk // nil: over
	batch   int
	waiting []StoredEvent
	ending  bool  // nothing comes after those that wait
	failure error // which comes after those that wait
	event   StoredEvent
	err     error
}

// walk is the C library's iterator. It is freed by the last who uses it: a call that its context has ended
// goes on by itself for a while.
type walk struct {
	iter  C.uintptr_t
	users atomic.Int32
}

// use says whether the walk is still there, and keeps it until release.
func (w *walk) use() bool {
	for {
		n := w.users.Load()
		if n == 0 {
			return false
		}
		if w.users.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (w *walk) release() {
	if w.users.Add(-1) == 0 {
		C.axg_iter_free(w.iter)
	}
}

// How many events cross from C at once, at most.
const mostInBatch = 100

// Iterate starts a walk through a channel's events; channelID "": the whole organisation's, as for
// [Events.Search]. query may be nil; its Limit is the size of a page (default 500), not of the whole.
// Without its Since, the service goes back 24 hours. Nothing is requested yet.
//
// In fail-open mode an unreachable service is the end. What is wrong with the arguments, [EventIterator.Err]
// says after the first Next. [ErrAPI] without an HTTP status: 500 events or more have the same CreatedAt, and
// the service has no way to ask for those before; filters may divide them.
func (e *Events) Iterate(ctx context.Context, channelID string, query *EventQuery) *EventIterator {
	it := &EventIterator{ctx: ctx, batch: mostInBatch}
	t, limit := query.texts()
	defer t.free()
	t.add(C.AXG_QUERY_LIST_CHANNEL, "channel_id", channelID)
	if it.err = t.err; it.err != nil {
		return it
	}
	if limit > 0 && limit < mostInBatch {
		it.batch = int(limit)
	}
	w := &walk{}
	if it.err = takeError(C.axg_iter_new(e.client.handle, t.start(), t.places(), limit, &w.iter)); it.err != nil {
		return it
	}
	w.users.Store(1)
	it.walk = w
	runtime.SetFinalizer(it, (*EventIterator).Close)
	return it
}

// Next goes to the next older event, which [EventIterator.Event] then is; false at the end, after a
// failure, and when the context ends. After a failure of the service, Next may be called again: it goes on
// where it was.
func (it *EventIterator) Next() bool {
	if it.walk == nil {
		return false
	}
	it.err = nil
	if len(it.waiting) == 0 && !it.ending && it.failure == nil {
		it.fetch()
	}
	if len(it.waiting) > 0 && it.ctx.Err() == nil {
		it.event, it.waiting = it.waiting[0], it.waiting[1:]
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
	w, ctx, most := it.walk, it.ctx, C.size_t(it.batch)
	// Written by the call, and read only where it was waited for.
	var got struct {
		events  []StoredEvent
		ending  bool
		failure error
	}
	_, err := blocking(ctx, func() (*Response, error) {
		if !w.use() {
			return nil, nil // its context ended before it began
		}
		defer w.release()
		t := newTexts()
		defer t.free()
		t.addTrace(ctx)
		all := C.axg_iter_next(w.iter, most, t.start(), t.places())
		defer C.axg_outcome_free(all)
		for outcome := all; outcome != nil; outcome = outcome.next {
			response, err := read(outcome)
			switch {
			case err != nil:
				got.failure = err
			case response == nil:
				got.ending = true
			default:
				got.events = append(got.events, newStoredEvent(response.json))
			}
		}
		return nil, nil
	})
	if err == nil {
		it.waiting, it.ending, it.failure = got.events, got.ending, got.failure
	}
}

// Event is the event that the last Next went to.
func (it *EventIterator) Event() StoredEvent { return it.event }

// Err says why Next gave false: nil at the end, else the failure or the context's error.
func (it *EventIterator) Err() error { return it.err }

// Close frees the walk, which its end does too. It may be called more than once, and later than the
// client's Close.
func (it *EventIterator) Close() {
	if it.walk == nil {
		return
	}
	it.walk.release()
	it.walk, it.waiting = nil, nil
	runtime.SetFinalizer(it, nil)
}
