package axonpush

// #include "shim.h"
import "C"

import (
	"time"
)

// Status is the outcome of a call, as the C library numbers it. The statuses of failures are errors, so
// that errors.Is can look for them:
//
//	if errors.Is(err, axonpush.ErrConnection) { … }
type Status int32

const (
	// OK is success. In fail-open mode an unreachable service is a success, too, without a result or
	// with an empty list.
	OK Status = C.AXONPUSH_OK
	// ErrInvalidArgument: an argument cannot be used, because it is missing, empty, not UTF-8, out of
	// range, not a JSON object, too large or too deep. Nothing was sent. Repeating the call fails again.
	ErrInvalidArgument Status = C.AXONPUSH_ERR_INVALID_ARGUMENT
	// ErrInvalidHandle: the client is closed, or was not made by [New]. Nothing was done. It is
	// [ErrClosed], too.
	ErrInvalidHandle Status = C.AXONPUSH_ERR_INVALID_HANDLE
	// ErrConfig: the API key is missing, or an environment variable, the base URL, the proxy or the
	// certificate authorities are unusable; the message names it.
	ErrConfig Status = C.AXONPUSH_ERR_CONFIG
	// ErrConnection: the service could not be reached, or its response broke off, after all retries.
	// Only strict mode reports it. The request may have arrived all the same. The call may be repeated.
	ErrConnection Status = C.AXONPUSH_ERR_CONNECTION
	// ErrAuthentication: HTTP 401. The API key is missing, wrong or revoked. Repeating the call fails
	// again.
	ErrAuthentication Status = C.AXONPUSH_ERR_AUTHENTICATION
	// ErrForbidden: HTTP 403. The key may not do this; a pt_ token may only publish. Repeating the call
	// fails again.
	ErrForbidden Status = C.AXONPUSH_ERR_FORBIDDEN
	// ErrNotFound: HTTP 404. There is no such channel, app or other thing. Repeating the call fails again.
	ErrNotFound Status = C.AXONPUSH_ERR_NOT_FOUND
	// ErrValidation: HTTP 400 or 422. The service refuses what was sent; the message says where.
	// Repeating the call fails again.
	ErrValidation Status = C.AXONPUSH_ERR_VALIDATION
	// ErrRateLimit: HTTP 429, after all retries; see [Error.RetryAfter]. The call may be repeated.
	ErrRateLimit Status = C.AXONPUSH_ERR_RATE_LIMIT
	// ErrServer: HTTP 5xx, after all retries. The call may be repeated.
	ErrServer Status = C.AXONPUSH_ERR_SERVER
	// ErrAPI: any other HTTP response that is not a success, including redirects, which are never
	// followed.
	ErrAPI Status = C.AXONPUSH_ERR_API
	// ErrDecode: a success whose body is not the expected JSON, or is larger than 32 MiB. What the call
	// asked for has probably happened.
	ErrDecode Status = C.AXONPUSH_ERR_DECODE
	// ErrQueueFull: the queue of background publishing had no room. The event was refused, or dropped in
	// favour of a newer one. The call may be repeated.
	ErrQueueFull Status = C.AXONPUSH_ERR_QUEUE_FULL
	// ErrTimeout: a flush, a shutdown or a delivery ran out of time.
	ErrTimeout Status = C.AXONPUSH_ERR_TIMEOUT
	// ErrClosed: the client was shut down or closed before the call or the delivery was finished. The
	// event may have arrived all the same.
	ErrClosed Status = C.AXONPUSH_ERR_CLOSED
	// ErrInternal: a defect of the library, which it contained. The client stays usable. Please report it.
	ErrInternal Status = C.AXONPUSH_ERR_INTERNAL
	// ErrCancelled: the call was cancelled. Functions of this package return the error of the context
	// instead, as [context.Canceled].
	ErrCancelled Status = C.AXONPUSH_ERR_CANCELLED
)

// String returns the name of the C library's constant, such as "AXONPUSH_ERR_CONNECTION", or
// "AXONPUSH_ERR_UNKNOWN" for a number that is not a status.
func (s Status) String() string { return C.GoString(C.axonpush_status_name(C.axonpush_status(s))) }

// Error makes a status an error. The errors that calls return are of type [*Error], which says more.
func (s Status) Error() string { return s.String() }

// Error says why a call failed. Extract it with [errors.As], or compare its status with [errors.Is].
//
// A call that ended because of its context returns the context's error instead, such as [context.Canceled].
type Error struct {
	// Status is the kind of failure.
	Status Status
	// Message is one sentence for a log or a person. It never holds the API key.
	Message string
	// HTTPStatus is the HTTP status of the response; 0 if there was none.
	HTTPStatus int
	// Code is the service's machine-readable code, such as "validation_error"; "" if it sent none.
	Code string
	// Hint is what the service suggests to do; "" if it suggests nothing.
	Hint string
	// RequestID is the service's id of the failed request, for questions to its support; "" if it sent
	// none.
	RequestID string
	// RetryAfter is how long the service asks to wait before the next attempt; -1 if it did not say.
	RetryAfter time.Duration
	// Retryable says whether the same call can succeed later.
	Retryable bool

	cause error
}

// Error returns the message.
func (e *Error) Error() string { return "axonpush: " + e.Message }

// Is says whether target is the status of e.
func (e *Error) Is(target error) bool {
	status, ok := target.(Status)
	return ok && (status == e.Status || status == ErrClosed && e.Status == ErrInvalidHandle)
}

// Unwrap returns the Go error that caused it, such as that of a payload that cannot be marshalled or of a
// context; nil if there is none.
func (e *Error) Unwrap() error { return e.cause }

func newError(status Status, message string, cause error) *Error {
	return &Error{Status: status, Message: message, RetryAfter: -1, cause: cause}
}
