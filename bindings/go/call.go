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

// texts are the texts of one call, in the form that shim.h describes.
type texts struct {
	block []byte
	at    [C.AXG_MOST_TEXTS]C.size_t
	err   error
}

var textsPool = sync.Pool{New: func() any { return new(texts) }}

// Larger blocks than this are not kept for later calls.
const largestKept = 64 << 10

func newTexts() *texts { return textsPool.Get().(*texts) }

func (t *texts) free() {
	if cap(t.block) > largestKept {
		return
	}
	t.block, t.at, t.err = t.block[:0], [C.AXG_MOST_TEXTS]C.size_t{}, nil
	textsPool.Put(t)
}

// add puts a text at a place; "" is not given at all. Names are those of the C library, whose messages
// have them too.
func (t *texts) add(place int, name, text string) {
	if text == "" {
		return
	}
	if strings.IndexByte(text, 0) >= 0 {
		t.fail(newError(ErrInvalidArgument, name+": a NUL character is in it", nil))
		return
	}
	t.at[place] = C.size_t(len(t.block) + 1)
	t.block = append(t.block, text...)
	t.block = append(t.block, 0)
}

// addJSON puts a value's JSON at a place, and gives its length. Without a value, none is given.
func (t *texts) addJSON(place int, name string, value any) C.size_t {
	if value == nil {
		return 0
	}
	start := len(t.block)
	if raw, ok := value.(json.RawMessage); ok {
		// Not through Marshal, which would check and copy what the library checks and copies.
		t.block = append(t.block, raw...)
	} else {
		encoder := json.NewEncoder(t)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(value); err != nil {
			t.fail(newError(ErrInvalidArgument, name+": "+err.Error(), err))
			return 0
		}
		t.block = bytes.TrimSuffix(t.block, []byte("\n"))
	}
	t.at[place] = C.size_t(start + 1)
	length := len(t.block) - start
	t.block = append(t.block, 0)
	return C.size_t(length)
}

// Write is for the encoder of addJSON.
func (t *texts) Write(p []byte) (int, error) {
	t.block = append(t.block, p...)
	return len(p), nil
}

func (t *texts) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

func (t *texts) start() *C.char {
	if len(t.block) == 0 {
		return nil
	}
	return (*C.char)(unsafe.Pointer(&t.block[0]))
}

func (t *texts) places() *C.size_t { return &t.at[0] }

// milliseconds of a duration, rounded up; 0 stays the default.
func (t *texts) milliseconds(name string, d time.Duration) C.uint32_t {
	if d < 0 {
		t.fail(newError(ErrInvalidArgument, name+": it is negative", nil))
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

// number of a count that has 32 bits without a sign in C.
func (t *texts) number(name string, n int) C.uint32_t {
	if n < 0 || int64(n) > math.MaxUint32 {
		t.fail(newError(ErrInvalidArgument, name+": it is out of range", nil))
		return 0
	}
	return C.uint32_t(n)
}

func (t *texts) retries(n int) C.int32_t {
	if n > math.MaxInt32 {
		t.fail(newError(ErrInvalidArgument, "max_retries: it is out of range", nil))
	}
	if n < 0 {
		return NoRetries
	}
	return C.int32_t(n)
}

// take copies what a call gave, and frees it.
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
		if !o.answered {
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

func bytesOf(text C.axg_text) []byte {
	if text.start == nil {
		return nil
	}
	return append([]byte{}, unsafe.Slice((*byte)(unsafe.Pointer(text.start)), int(text.length))...)
}

func stringOf(text C.axg_text) string {
	if text.start == nil {
		return ""
	}
	return string(unsafe.Slice((*byte)(unsafe.Pointer(text.start)), int(text.length)))
}
