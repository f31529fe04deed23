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

// completions brings what became of background events from the library to their callbacks.
//
// The library runs completions where it is polled, so that none of its threads enters Go. Each event's
// user_data is the index of its callback in a table: a Go pointer must not be kept by C. One goroutine
// waits for the library's descriptor in Go's network poller, takes all completions that wait in one
// crossing, and runs their callbacks.
type completions struct {
	handle C.uintptr_t

	// started says that the goroutine runs, without the lock.
	started atomic.Bool
	// collecting is held while completions are on their way from the library into the queue, so that
	// nobody misses them and their order stays.
	collecting sync.Mutex

	mu       sync.Mutex
	expected []func(Result) // by id
	unused   []uintptr      // ids
	queue    []completion
	first    int // of the queue
	file     *os.File
	stopping bool
	stopped  chan struct{} // nil: never started
	over     bool          // the goroutine runs nothing any more
}

type completion struct {
	call   func(Result)
	result Result
}

// start starts the goroutine, once.
func (c *completions) start(closing *atomic.Bool) error {
	if c.started.Load() {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.started.Load() || closing.Load() {
		// While it is being closed, whoever closes runs the callbacks.
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

// expect gives the id under which a callback is called, once.
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

// forget gives back an id whose event was not accepted.
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
			// False lets it wait until the descriptor is readable, or its deadline set.
			err = conn.Read(func(uintptr) bool { return c.collect() })
		}
		if err != nil {
			// Woken by wake, which has set a deadline. The order of these two matters: what was put
			// into the queue before is seen below, and what comes later wakes again.
			err = c.file.SetReadDeadline(time.Time{})
		}
		c.runAll()
		if c.isOver() {
			return
		}
	}
}

// collect puts the completions that wait into the queue; false if there was none.
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

// runAll runs the callbacks that wait, until none does.
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

// isOver says whether the goroutine is to end, and then lets nothing into the queue any more.
func (c *completions) isOver() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = c.stopping && c.first == len(c.queue)
	return c.over
}

// wake lets the goroutine look at the queue.
func (c *completions) wake() { _ = c.file.SetReadDeadline(time.Unix(1, 0)) }

// flush waits until the callbacks of all events that have ended by now have returned, or ctx ends.
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

// close closes the library's client, runs the callbacks that are left, and ends the goroutine.
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

// runCallback is the only place where callbacks run, and stays a function so that inCallback finds it.
//
//go:noinline
func runCallback(c completion) { c.call(c.result) }

var nameOfRunCallback = func() (name string) {
	runCallback(completion{call: func(Result) { name = nameOfCaller() }})
	return name
}()

// inCallback says whether the calling goroutine is in a callback of any client's.
func inCallback() bool { return isCalledFrom(nameOfRunCallback) }

// nameOfCaller is the name of the function that called the caller.
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
