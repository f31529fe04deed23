"""Why a call failed. Every exception of this package is an :class:`AxonPushError`."""

from __future__ import annotations

__all__ = [
    "APIConnectionError",
    "AuthenticationError",
    "AxonPushError",
    "CallCancelledError",
    "ClientClosedError",
    "ConfigurationError",
    "DecodeError",
    "DeliveryTimeoutError",
    "ForbiddenError",
    "InternalError",
    "InvalidArgumentError",
    "NotFoundError",
    "QueueFullError",
    "RateLimitError",
    "RetryableError",
    "ServerError",
    "ValidationError",
]


class AxonPushError(Exception):
    """A call failed. Raised as such for an HTTP answer that no subclass stands for.

    What the service or the library did not say is ``None``.
    """

    status: str = "AXONPUSH_ERR_API"
    """The name of the status in ``axonpush.h``, which says cause and consequence of each."""
    retryable: bool = False
    """Whether the same call can succeed later."""

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        code: str | None = None,
        hint: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        """One sentence: what was wrong, and where it can be said, what to do."""
        self.status_code = status_code
        """The HTTP status of the answer."""
        self.code = code
        """The service's machine-readable code, such as ``"validation_error"``."""
        self.hint = hint
        """What the service suggests to do."""
        self.request_id = request_id
        """The service's id of the request, to quote to its support."""
        self.retry_after = retry_after
        """Seconds that the service asks to wait before the next try."""


class RetryableError(AxonPushError):
    """The same call can succeed later. (The library has repeated it already, ``max_retries`` times.)"""

    retryable = True


class APIConnectionError(RetryableError):
    """The service could not be reached, or its answer broke off. Raised in strict mode only (``fail_open=False``)."""

    status = "AXONPUSH_ERR_CONNECTION"


class RateLimitError(RetryableError):
    """HTTP 429. See ``retry_after``."""

    status = "AXONPUSH_ERR_RATE_LIMIT"


class ServerError(RetryableError):
    """HTTP 5xx."""

    status = "AXONPUSH_ERR_SERVER"


class AuthenticationError(AxonPushError):
    """HTTP 401: the API key is missing, wrong or revoked."""

    status = "AXONPUSH_ERR_AUTHENTICATION"


class ForbiddenError(AxonPushError):
    """HTTP 403: the key may not do this. A ``pt_`` token may only publish."""

    status = "AXONPUSH_ERR_FORBIDDEN"


class NotFoundError(AxonPushError):
    """HTTP 404: no such channel, app or other thing."""

    status = "AXONPUSH_ERR_NOT_FOUND"


class ValidationError(AxonPushError):
    """HTTP 400 or 422: the service refuses what was sent; the message says where."""

    status = "AXONPUSH_ERR_VALIDATION"


class ConfigurationError(AxonPushError):
    """The API key is missing, an option or a variable cannot be used, or the native library cannot be loaded."""

    status = "AXONPUSH_ERR_CONFIG"


class InvalidArgumentError(AxonPushError, ValueError):
    """An argument cannot be used; the message names it. Nothing was sent."""

    status = "AXONPUSH_ERR_INVALID_ARGUMENT"


class QueueFullError(AxonPushError):
    """The queue of background publishing had no room: the event was refused, or dropped for a newer one."""

    status = "AXONPUSH_ERR_QUEUE_FULL"
    retryable = True


class DeliveryTimeoutError(AxonPushError):
    """A flush or the delivery of an event ran out of time."""

    status = "AXONPUSH_ERR_TIMEOUT"


class ClientClosedError(AxonPushError):
    """The client was closed before the call, or before the event was delivered."""

    status = "AXONPUSH_ERR_CLOSED"


class CallCancelledError(AxonPushError):
    """The call was cancelled from elsewhere. A cancelled task gets :class:`asyncio.CancelledError` instead."""

    status = "AXONPUSH_ERR_CANCELLED"


class DecodeError(AxonPushError):
    """A success whose body is not the JSON expected. What was asked for has probably happened."""

    status = "AXONPUSH_ERR_DECODE"


class InternalError(AxonPushError):
    """A defect of the native library, contained. The client stays usable. Please report it."""

    status = "AXONPUSH_ERR_INTERNAL"
