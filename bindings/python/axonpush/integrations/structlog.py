"""A processor for structlog.

::

    structlog.configure(processors=[
        structlog.processors.add_log_level,
        axonpush_structlog_processor(client=client, channel_id="my-channel", service_name="shop"),
        structlog.processors.JSONRenderer(),
    ])
"""

from __future__ import annotations

from collections.abc import MutableMapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .. import _log
from ._log_event import PROCESS_ID, LogObserver, process_id, severity_of_name
from ._observer import Integration, flush_after_invocation, guarded

if TYPE_CHECKING:
    from .._async_client import AsyncAxonPush
    from .._client import AxonPush

__all__ = ["AxonPushStructlogProcessor", "axonpush_structlog_processor", "flush_after_invocation"]

_NOT_ATTRIBUTES = frozenset({"event", "level", "timestamp", "time", "exc_info"})


def _nanoseconds(value: Any) -> int | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return int(value * 1_000_000) * 1000
    if isinstance(value, str):
        try:
            return int(datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp() * 1_000_000) * 1000
        except ValueError:
            return None
    return None


class AxonPushStructlogProcessor(Integration):
    """Made by :func:`axonpush_structlog_processor`."""

    def __init__(self, observer: LogObserver) -> None:
        self.observer = self._lines = observer

    def __call__(self, logger: Any, method_name: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if not _log.writing():
            self._publish(method_name, event_dict)
        return event_dict

    @guarded
    def _publish(self, method_name: str, line: MutableMapping[str, Any]) -> None:
        attributes = {name: value for name, value in line.items() if name not in _NOT_ATTRIBUTES}
        attributes[PROCESS_ID] = process_id()
        error = line.get("exc_info")
        if isinstance(error, tuple) and len(error) > 1:
            error = error[1]
        if isinstance(error, BaseException):
            attributes["exception.type"] = type(error).__name__
            attributes["exception.message"] = str(error)
        self._lines.write(
            str(line.get("logger") or "structlog"),
            severity_of_name(str(line.get("level") or method_name)),
            line.get("event", ""),
            _nanoseconds(line.get("timestamp", line.get("time"))),
            attributes,
        )


def axonpush_structlog_processor(
    *,
    client: AxonPush | AsyncAxonPush,
    channel_id: str | int | None = None,
    source: str = "app",
    service_name: str | None = None,
    service_version: str | None = None,
    environment: str | None = None,
    agent_id: str | None = None,
    mode: str | None = None,
    queue_size: int | None = None,
    shutdown_timeout: float | None = None,
) -> AxonPushStructlogProcessor:
    """A processor that publishes each line as an ``app.log`` (or ``agent.log``) event, and hands it on as it was.

    It stands before the renderer. The queue is the client's: ``queue_size`` and ``shutdown_timeout`` are the published SDK's, and do
    nothing.
    """
    return AxonPushStructlogProcessor(
        LogObserver(
            client,
            channel_id,
            source=source,
            service_name=service_name,
            service_version=service_version,
            environment=environment,
            agent_id=agent_id,
            framework="structlog",
            mode=mode,
        )
    )
