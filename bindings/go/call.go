package axonpush

/*
#include "shim.h"
*/
import "C"

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"sync"
	"time"
	"unsafe"
)

// maxBlockingCalls is how many calls of one client may wait in C at once. Each of them holds a thread of the
// operating system, and Go ends a program that has too many. Further calls wait for their turn. The limit is
// per client, so that a service that does not respond cannot hold up the clients of another one.
const maxBlockingCalls = 256

// takeTurn waits until the client may make one more call that waits in C. The result ends the turn.
func (c *Client) takeTurn(ctx context.Context) (end func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case c.blockingCalls <- struct{}{}:
		return func() { <-c.blockingCalls }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// blocking makes a call that waits in C, through a handle whose calls end when ctx does.
func (c *Client) blocking(ctx context.Context, call func(handle C.uintptr_t) error) error {
	end, err := c.takeTurn(ctx)
	if err != nil {
		return err
	}
	defer end()
	bound, err := c.bind(ctx)
	if err != nil {
		return err
	}
	defer bound.free()
	defer bound.watch(untilEnded)()
	return call(bound.handle)
}

// boundCall is a handle of a client whose calls end when a context does.
type boundCall struct {
	ctx    context.Context
	handle C.uintptr_t
	own    bool // a call handle of the C library, and not the client's own handle
}

// bind returns a handle for calls under ctx. The C library keeps its deadline, so that it does not wait for a
// retry that would come too late; watch passes the cancellation on.
func (c *Client) bind(ctx context.Context) (*boundCall, error) {
	bound := &boundCall{ctx: ctx, handle: c.handle}
	if ctx.Done() == nil {
		return bound, nil
	}
	var timeout C.uint32_t
	if deadline, ok := ctx.Deadline(); ok {
		left := time.Until(deadline)
		if left <= 0 {
			return nil, context.DeadlineExceeded
		}
		timeout = toMilliseconds(left)
	}
	outcome := C.axg_call_new(c.handle, timeout, &bound.handle)
	if bound.handle == 0 {
		return nil, takeError(outcome)
	}
	bound.own = true
	return bound, nil
}

func (b *boundCall) free() {
	if b.own {
		C.axg_call_free(b.handle)
	}
}

const (
	// untilEnded also cancels calls at the deadline of their context.
	untilEnded = false
	// untilCancelled is for calls that end at the deadline by themselves and then say more.
	untilCancelled = true
)

// watch cancels the calls through the handle when the context ends, until stop is called.
func (b *boundCall) watch(cancelledOnly bool) (stop func()) {
	if !b.own {
		return func() {}
	}
	stopped := make(chan struct{})
	go func() {
		select {
		case <-b.ctx.Done():
			if !cancelledOnly || b.ctx.Err() == context.Canceled {
				C.axg_call_cancel(b.handle)
			}
		case <-stopped:
		}
	}()
	return func() { close(stopped) }
}

// deadlineSlack is how much earlier than Go's timer the C library's may be, which counts in milliseconds.
const deadlineSlack = 10 * time.Millisecond

// ended returns the error of ctx if it has ended or is just about to.
func ended(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < deadlineSlack {
		<-ctx.Done()
	}
	return ctx.Err()
}

// endedBy says whether a call ended because its context did, given what the call returned.
func endedBy(ctx context.Context, response *Response, err error) error {
	var failure *Error
	switch {
	case err == nil && response.HTTPStatus() != 0:
		return nil // there is a response
	case errors.As(err, &failure) && failure.HTTPStatus != 0:
		return nil // the service said no
	case errors.As(err, &failure) && failure.Status != ErrCancelled && failure.Status != ErrConnection && failure.Status != ErrQueueFull:
		return nil
	}
	return ended(ctx)
}

// stringBlock holds the strings of one call, in the form that shim.h describes.
type stringBlock struct {
	block []byte
	at    [C.AXG_MAX_STRINGS]C.size_t
	err   error
}

var stringBlockPool = sync.Pool{New: func() any { return new(stringBlock) }}

// Blocks larger than this are not kept for later calls.
const largestKept = 64 << 10

func newStringBlock() *stringBlock { return stringBlockPool.Get().(*stringBlock) }

func (b *stringBlock) free() {
	if cap(b.block) > largestKept {
		return
	}
	b.block, b.at, b.err = b.block[:0], [C.AXG_MAX_STRINGS]C.size_t{}, nil
	stringBlockPool.Put(b)
}

// add puts a string at a place; "" counts as not set. The name is for the message of an error.
func (b *stringBlock) add(place int, name, value string) {
	if value == "" {
		return
	}
	if strings.IndexByte(value, 0) >= 0 {
		b.fail(newError(ErrInvalidArgument, name+": it contains a NUL character", nil))
		return
	}
	b.at[place] = C.size_t(len(b.block) + 1)
	b.block = append(b.block, value...)
	b.block = append(b.block, 0)
}

// addJSON puts the JSON of a value at a place and returns its length. nil counts as not set.
func (b *stringBlock) addJSON(place int, name string, value any) C.size_t {
	if value == nil {
		return 0
	}
	start := len(b.block)
	if raw, ok := value.(json.RawMessage); ok {
		// json.Marshal would check and copy what the library checks and copies anyway.
		b.block = append(b.block, raw...)
	} else {
		encoder := json.NewEncoder(b)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(value); err != nil {
			b.fail(newError(ErrInvalidArgument, name+": "+err.Error(), err))
			return 0
		}
		b.block = bytes.TrimSuffix(b.block, []byte("\n"))
	}
	b.at[place] = C.size_t(start + 1)
	length := len(b.block) - start
	b.block = append(b.block, 0)
	return C.size_t(length)
}

// Write makes the block the destination of addJSON's encoder.
func (b *stringBlock) Write(p []byte) (int, error) {
	b.block = append(b.block, p...)
	return len(p), nil
}

func (b *stringBlock) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *stringBlock) start() *C.char {
	if len(b.block) == 0 {
		return nil
	}
	return (*C.char)(unsafe.Pointer(&b.block[0]))
}

func (b *stringBlock) places() *C.size_t { return &b.at[0] }

// milliseconds converts a duration, rounded up; 0 stays 0, which means the default.
func (b *stringBlock) milliseconds(name string, d time.Duration) C.uint32_t {
	return b.whole(name, d, time.Millisecond)
}

// seconds does the same for members in seconds.
func (b *stringBlock) seconds(name string, d time.Duration) C.uint32_t {
	return b.whole(name, d, time.Second)
}

func (b *stringBlock) whole(name string, d, unit time.Duration) C.uint32_t {
	if d < 0 {
		b.fail(newError(ErrInvalidArgument, name+": it is negative", nil))
		return 0
	}
	return toUnits(d, unit)
}

func toMilliseconds(d time.Duration) C.uint32_t { return toUnits(d, time.Millisecond) }

func toUnits(d, unit time.Duration) C.uint32_t {
	if d <= 0 {
		return 0
	}
	// Rounded up without an overflow.
	units := (d-1)/unit + 1
	if units > math.MaxUint32 {
		return math.MaxUint32
	}
	return C.uint32_t(units)
}

// number converts a count that has 32 bits without a sign in C.
func (b *stringBlock) number(name string, n int) C.uint32_t {
	if n < 0 || int64(n) > math.MaxUint32 {
		b.fail(newError(ErrInvalidArgument, name+": it is out of range", nil))
		return 0
	}
	return C.uint32_t(n)
}

func (b *stringBlock) retries(n int) C.int32_t {
	if n > math.MaxInt32 {
		b.fail(newError(ErrInvalidArgument, "Options.MaxRetries: it is out of range", nil))
	}
	if n < 0 {
		return NoRetries
	}
	return C.int32_t(n)
}

// take copies the outcome of a call and frees it.
func take(outcome *C.axg_outcome) (*Response, error) {
	defer C.axg_outcome_free(outcome)
	return read(outcome)
}

func takeError(outcome *C.axg_outcome) error {
	_, err := take(outcome)
	return err
}

func read(o *C.axg_outcome) (*Response, error) {
	if o == nil {
		return nil, newError(ErrInternal, "no memory", nil)
	}
	if o.status == C.AXONPUSH_OK {
		if !o.has_response {
			return nil, nil
		}
		return &Response{
			json:       bytesOf(o.json),
			httpStatus: int(o.http_status),
			requestID:  stringOf(o.request_id),
		}, nil
	}
	e := &Error{
		Status:     Status(o.status),
		Message:    messageOf(o),
		HTTPStatus: int(o.http_status),
		Code:       stringOf(o.code),
		Hint:       stringOf(o.hint),
		RequestID:  stringOf(o.request_id),
		RetryAfter: -1,
		Retryable:  bool(o.retryable),
	}
	if o.retry_after_ms >= 0 {
		e.RetryAfter = time.Duration(o.retry_after_ms) * time.Millisecond
	}
	return nil, e
}

// messageOf returns the message of an error with Go's names, unless it is the service that speaks.
func messageOf(o *C.axg_outcome) string {
	message := stringOf(o.message)
	switch {
	case o.http_status != 0:
		return message
	case o.status == C.AXONPUSH_ERR_CONNECTION || o.status == C.AXONPUSH_ERR_DECODE:
		return goNames(message)
	}
	return goArguments(message)
}

func bytesOf(s C.axg_string) []byte {
	if s.start == nil {
		return nil
	}
	return append([]byte{}, unsafe.Slice((*byte)(unsafe.Pointer(s.start)), int(s.length))...)
}

func stringOf(s C.axg_string) string {
	if s.start == nil {
		return ""
	}
	return string(unsafe.Slice((*byte)(unsafe.Pointer(s.start)), int(s.length)))
}
