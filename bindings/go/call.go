package axonpush

/*
#include "shim.h"
*/
import "C"

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"strings"
	"sync"
	"time"
	"unsafe"
)

// How many calls of all clients may wait for the network at once: each holds a thread of the
// operating system meanwhile, and Go ends the program when there are too many. More wait for their turn.
const mostBlockingCalls = 256

var blockingCalls = make(chan struct{}, mostBlockingCalls)

// blocking runs a call that waits for the network and cannot be interrupted. When ctx ends first, it
// returns at once; the call then runs to its own end on another goroutine, and its result is dropped.
func blocking(ctx context.Context, call func() (*Response, error)) (*Response, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case blockingCalls <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if ctx.Done() == nil {
		defer func() { <-blockingCalls }()
		return call()
	}
	type result struct {
		response *Response
		err      error
	}
	done := make(chan result, 1)
	go func() {
		defer func() { <-blockingCalls }()
		response, err := call()
		done <- result{response, err}
	}()
	select {
	case r := <-done:
		return r.response, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
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

// add puts a string at a place; "" counts as not set. Names are those of the C library, whose messages
// have them too.
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
	if d < 0 {
		b.fail(newError(ErrInvalidArgument, name+": it is negative", nil))
		return 0
	}
	return toMilliseconds(d)
}

func toMilliseconds(d time.Duration) C.uint32_t {
	if d <= 0 {
		return 0
	}
	if d > math.MaxUint32*time.Millisecond {
		return math.MaxUint32
	}
	return C.uint32_t((d + time.Millisecond - 1) / time.Millisecond)
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
		b.fail(newError(ErrInvalidArgument, "max_retries: it is out of range", nil))
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
		Message:    stringOf(o.message),
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
