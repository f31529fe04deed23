"""AxonPush for Python: publish, trace and read events of AI agents, through the native library libaxonpush.

See README.md of the package for a tour, and for how it is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._version import __version__


def _refuse_the_published_sdk() -> None:
    """Two distributions with one import name overwrite each other's files."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        installed = distribution("axonpush")
    except PackageNotFoundError:
        return
    raise ImportError(
        f"the distributions axonpush {installed.version} and axonpush-native are both installed, and both are imported as"
        " axonpush: run `pip uninstall axonpush`, then `pip install --force-reinstall axonpush-native`"
    )


_refuse_the_published_sdk()

from ._client import AxonPush  # noqa: E402
from ._delivery import Delivery  # noqa: E402
from ._library import sign_webhook, verify_webhook  # noqa: E402
from ._library import version as library_version  # noqa: E402
from ._trace import TraceContext, current_trace, get_or_create_trace, set_current_trace  # noqa: E402
from .exceptions import (  # noqa: E402
    APIConnectionError,
    AuthenticationError,
    AxonPushError,
    CallCancelledError,
    ClientClosedError,
    ConfigurationError,
    DecodeError,
    DeliveryTimeoutError,
    ForbiddenError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
    QueueFullError,
    RateLimitError,
    RetryableError,
    ServerError,
    ValidationError,
)
from .genai import agent_run, model_call, tool_call  # noqa: E402
from .models import (  # noqa: E402
    App,
    Attribute,
    Channel,
    Environment,
    Event,
    EventDetails,
    EventType,
    Organization,
    Stats,
    TraceSummary,
    UserOrg,
    WebhookDelivery,
    WebhookEndpoint,
)

if TYPE_CHECKING:
    from ._async_client import AsyncAxonPush
    from ._async_delivery import AsyncDelivery

_ASYNC = {"AsyncAxonPush": "_async_client", "AsyncDelivery": "_async_delivery"}


def __getattr__(name: str) -> Any:
    # asyncio is half of what a client weighs: it is imported by those who use it.
    if name in _ASYNC:
        from importlib import import_module

        return getattr(import_module(f".{_ASYNC[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "APIConnectionError",
    "App",
    "AsyncAxonPush",
    "AsyncDelivery",
    "Attribute",
    "AuthenticationError",
    "AxonPush",
    "AxonPushError",
    "CallCancelledError",
    "Channel",
    "ClientClosedError",
    "ConfigurationError",
    "DecodeError",
    "Delivery",
    "DeliveryTimeoutError",
    "Environment",
    "Event",
    "EventDetails",
    "EventType",
    "ForbiddenError",
    "InternalError",
    "InvalidArgumentError",
    "NotFoundError",
    "Organization",
    "QueueFullError",
    "RateLimitError",
    "RetryableError",
    "ServerError",
    "Stats",
    "TraceContext",
    "TraceSummary",
    "UserOrg",
    "ValidationError",
    "WebhookDelivery",
    "WebhookEndpoint",
    "__version__",
    "agent_run",
    "current_trace",
    "get_or_create_trace",
    "library_version",
    "model_call",
    "set_current_trace",
    "sign_webhook",
    "tool_call",
    "verify_webhook",
]
