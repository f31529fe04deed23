package axonpush

// #include "shim.h"
import "C"

import (
	"time"
)

// Status is the outcome of a call, as the C library numbers it. The statuses of failures are
// errors, to be compared with:
//
//	if errors.Is(err, axonpush.ErrConnection) { … }
type Status int32

const (
	// OK is success. In fail-open mode an unreachable service is success too, with nothing (or an
	// empty list) as the result.
	OK Status = C.AXONPUSH_OK
	// ErrInvalidArgument: an argument cannot be used: missing, empty, not UTF-8, out of range, not a
	// JSON object, too large, too deep. Nothing was sent. Repeating it fails again.
	ErrInvalidArgument Status = C.AXONPUSH_ERR_INVALID_ARGUMENT
	// ErrInvalidHandle: the client is closed, or was not made by [New]. Nothing was done. It is
	// [ErrClosed] too.
	ErrInvalidHandle Status = C.AXONPUSH_ERR_INVALID_HANDLE
	// ErrConfig: the API key is missing, or an environment variable, the base URL, the proxy or the
	// certificate authorities are unusable; the message names it.
	ErrConfig Status = C.AXONPUSH_ERR_CONFIG
	// ErrConnection: the service could not be reached, or its answer broke off, after all retries.
	// Only strict mode reports it. A request may have arrived all the same. May be repeated.
	ErrConnection Status = C.AXONPUSH_ERR_CONNECTION
	// ErrAuthentication: HTTP 401, the API key is missing, wrong or revoked. Repeating it fails again.
	ErrAuthentication Status = C.AXONPUSH_ERR_AUTHENTICATION
	// ErrForbidden: HTTP 403, the key may not do this. A pt_ token may only publish. Repeating it
	// fails again.
	ErrForbidden Status = C.AXONPUSH_ERR_FORBIDDEN
	// ErrNotFound: HTTP 404, no such channel, app or other thing. Repeating it fails again.
	ErrNotFound Status = C.AXONPUSH_ERR_NOT_FOUND
	// ErrValidation: HTTP 400 or 422, the service refuses what was sent; the message says where.
	// Repeating it fails again.
	ErrValidation Status = C.AXONPUSH_ERR_VALIDATION
	// ErrRateLimit: HTTP 429, after all retries; see [Error.RetryAfter]. May be repeated.
	ErrRateLimit Status = C.AXONPUSH_ERR_RATE_LIMIT
	// ErrServer: HTTP 5xx, after all retries. May be repeated.
	ErrServer Status = C.AXONPUSH_ERR_SERVER
	// ErrAPI: any other HTTP answer that is no success, redirects among them: they are never followed.
	ErrAPI Status = C.AXONPUSH_ERR_API
	// ErrDecode: a success whose body is not the JSON expected, or is larger than 32 MiB. What was
	// asked for has probably happened.
	ErrDecode Status = C.AXONPUSH_ERR_DECODE
	// ErrQueueFull: the queue of background publishing had no room: the event was refused, or dropped
	// for a newer one. May be repeated.
	ErrQueueFull Status = C.AXONPUSH_ERR_QUEUE_FULL
	// ErrTimeout: a flush, a shutdown or a delivery ran out of time.
	ErrTimeout Status = C.AXONPUSH_ERR_TIMEOUT
	// ErrClosed: the client was shut down or closed before the call or the delivery was finished. The
	// event may have arrived all the same.
	ErrClosed Status = C.AXONPUSH_ERR_CLOSED
	// ErrInternal: a defect of the library, contained. The client stays usable. Please report it.
	ErrInternal Status = C.AXONPUSH_ERR_INTERNAL
)

// String gives the name of the C library's constant, such as "AXONPUSH_ERR_CONNECTION", and
// "AXONPUSH_ERR_UNKNOWN" for a number that is none.
func (s Status) String() string { return C.GoString(C.axonpush_status_name(C.axonpush_status(s))) }

// Error makes a status an error. Calls return an [*Error], which says more.
func (s Status) Error() string { return s.String() }

// Error says why a call failed. Get at it with [errors.As], or ask [errors.Is] for its status.
//
// A call that ended because of its context returns the context's error instead, as [context.Canceled].
type Error struct {
	// Status is the kind of failure.
	Status Status
	// Message is one sentence for a log or a person. It never holds the API key.
	Message string
	// HTTPStatus is that of the answer; 0 if there was none.
	HTTPStatus int
	// Code is the service's machine-readable code, such as "validation_error"; "" if it gave none.
	Code string
	// Hint is what the service suggests to do; "" if it gave nothing.
	Hint string
	// RequestID is the service's id of the failed request, to quote to its support; "" if it gave none.
	RequestID string
	// RetryAfter is how long the service asks to wait before the next try; -1 if it did not say.
	RetryAfter time.Duration
	// Retryable says whether the same call can succeed later.
	Retryable bool

	cause error
}

// Error gives the message.
func (e *Error) Error() string { return "axonpush: " + e.Message }

// Is says whether target is the status of e.
func (e *Error) Is(target error) bool {
	status, ok := target.(Status)
	return ok && (status == e.Status || status == ErrClosed && e.Status == ErrInvalidHandle)
}

// Unwrap gives the error that is behind it in Go (of a payload that cannot be marshalled, of a context),
// if there is one.
func (e *Error) Unwrap() error { return e.cause }

func newError(status Status, message string, cause error) *Error {
	return &Error{Status: status, Message: message, RetryAfter: -1, cause: cause}
}
