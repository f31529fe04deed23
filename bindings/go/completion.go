package axonpush

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// completions brings the outcomes of background events from the library to their callbacks.
//
// The library runs completions where it is polled, so that none of its threads enters Go. Each event's
// user_data is the index of its callback in a table, since C must not keep a Go pointer. One goroutine
// waits for the library's descriptor in Go's network poller, takes all completions that are ready in one
// crossing, and runs their callbacks.
type completions struct {
	handle C.uintptr_t

	// started says that the goroutine runs; it is read without the lock.
	started atomic.Bool
	// collecting is held while completions move from the library into the queue, so that nobody misses
	// them and they stay in order.
	collecting sync.Mutex

	mu       sync.Mutex
	expected []func(Result) // callbacks by id
	unused   []uintptr      // ids that are free
	queue    []completion   // completions whose callbacks have not run, from index first on
	first    int
	file     *os.File // a copy of the library's descriptor
	stopping bool
	stopped  chan struct{} // closed when the goroutine has ended; nil if it never started
	over     bool          // the goroutine runs no more callbacks
}

type completion struct {
	call   func(Result)
	result Result
}

// start starts the goroutine unless it runs.
func (c *completions) start(closing *atomic.Bool) error {
	if c.started.Load() {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.started.Load() || closing.Load() {
		// While the client is being closed, whoever closes it runs the callbacks.
		return nil
	}
	fd := C.axg_completion_fd(c.handle)
	if fd < 0 {
		if closing.Load() {
			return nil
		}
		return newError(ErrInternal, "no descriptor for completions: too many open files?", nil)
	}
	c.file = os.NewFile(uintptr(fd), "axonpush completions")
	c.stopped = make(chan struct{})
	c.started.Store(true)
	go c.serve()
	return nil
}

// expect registers a callback, to be called once, and returns its id.
func (c *completions) expect(callback func(Result)) uintptr {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last := len(c.unused) - 1; last >= 0 {
		id := c.unused[last]
		c.unused = c.unused[:last]
		c.expected[id] = callback
		return id
	}
	c.expected = append(c.expected, callback)
	return uintptr(len(c.expected) - 1)
}

// forget frees the id of an event that was not accepted.
func (c *completions) forget(id uintptr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.release(id)
}

func (c *completions) release(id uintptr) func(Result) {
	callback := c.expected[id]
	c.expected[id] = nil
	c.unused = append(c.unused, id)
	return callback
}

func (c *completions) serve() {
	defer close(c.stopped)
	defer c.file.Close()
	conn, err := c.file.SyscallConn()
	for {
		if err == nil {
			// While collect returns false, Read waits until the descriptor is readable or wake sets a deadline.
			err = conn.Read(func(uintptr) bool { return c.collect() })
		}
		if err != nil {
			// wake has set a deadline. It must be cleared before the queue is read: what was queued before
			// is then seen below, and whatever comes later wakes this goroutine again.
			err = c.file.SetReadDeadline(time.Time{})
		}
		c.runAll()
		if c.isOver() {
			return
		}
	}
}

// collect moves the completions that are ready into the queue; it returns false if there was none.
func (c *completions) collect() bool {
	c.collecting.Lock()
	defer c.collecting.Unlock()
	return c.enqueue(C.axg_poll(c.handle))
}

func (c *completions) enqueue(all *C.axg_outcome) bool {
	if all == nil {
		return false
	}
	defer C.axg_outcome_free(all)
	c.mu.Lock()
	defer c.mu.Unlock()
	for outcome := all; outcome != nil; outcome = outcome.next {
		response, err := read(outcome)
		c.queue = append(c.queue, completion{c.release(uintptr(outcome.id)), Result{response, err}})
	}
	return true
}

// runAll runs the callbacks of the queue until it is empty.
func (c *completions) runAll() {
	for {
		c.mu.Lock()
		if c.first == len(c.queue) {
			c.queue, c.first = c.queue[:0], 0
			if cap(c.queue) > 1024 {
				c.queue = nil
			}
			c.mu.Unlock()
			return
		}
		next := c.queue[c.first]
		c.queue[c.first] = completion{}
		c.first++
		c.mu.Unlock()
		runCallback(next)
	}
}

// isOver says whether the goroutine must end; from then on nothing is put into the queue.
func (c *completions) isOver() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = c.stopping && c.first == len(c.queue)
	return c.over
}

// wake makes the goroutine look at the queue.
func (c *completions) wake() { _ = c.file.SetReadDeadline(time.Unix(1, 0)) }

// flush waits until the callbacks of all completions that are ready by now have returned, or ctx ends.
func (c *completions) flush(ctx context.Context) error {
	if !c.started.Load() {
		return nil
	}
	c.collect()
	if inCallback() {
		// The goroutine may be waiting for us.
		c.runAll()
		return nil
	}
	reached := make(chan struct{})
	c.mu.Lock()
	if c.over {
		c.mu.Unlock()
		return nil
	}
	c.queue = append(c.queue, completion{call: func(Result) { close(reached) }})
	c.mu.Unlock()
	c.wake()
	select {
	case <-reached:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close closes the library's client, runs the remaining callbacks, and ends the goroutine.
func (c *completions) close() {
	c.collecting.Lock()
	left := C.axg_close(c.handle)
	c.enqueue(left)
	c.collecting.Unlock()
	c.mu.Lock()
	c.stopping = true
	running := c.started.Load()
	c.mu.Unlock()
	if !running {
		c.runAll()
		return
	}
	c.wake()
	if inCallback() {
		c.runAll()
		return
	}
	<-c.stopped
}

// runCallback is the only place where callbacks run. It must stay a function of its own, which inCallback
// looks for.
//
//go:noinline
func runCallback(c completion) { c.call(c.result) }

var nameOfRunCallback = func() (name string) {
	runCallback(completion{call: func(Result) { name = nameOfCaller() }})
	return name
}()

// inCallback says whether the calling goroutine is in a callback of any client.
func inCallback() bool { return isCalledFrom(nameOfRunCallback) }

// nameOfCaller returns the name of the function that called the caller.
func nameOfCaller() string {
	pc, _, _, _ := runtime.Caller(2)
	return runtime.FuncForPC(pc).Name()
}

// isCalledFrom says whether the calling goroutine is inside the function of that name.
func isCalledFrom(name string) bool {
	var pcs [64]uintptr
	for skip := 1; ; skip += len(pcs) {
		n := runtime.Callers(skip, pcs[:])
		if n == 0 {
			return false
		}
		frames := runtime.CallersFrames(pcs[:n])
		for {
			frame, more := frames.Next()
			if frame.Function == name {
				return true
			}
			if !more {
				break
			}
		}
	}
}
