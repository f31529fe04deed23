"""A sink for loguru.

::

    logger.add(create_axonpush_loguru_sink(client=client, channel_id="my-channel", service_name="shop"))
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .. import _log
from ._log_event import LogObserver, severity_of_name, severity_of_number
from ._observer import Integration, flush_after_invocation, guarded

if TYPE_CHECKING:
    from .._async_client import AsyncAxonPush
    from .._client import AxonPush

__all__ = ["AxonPushLoguruSink", "create_axonpush_loguru_sink", "flush_after_invocation"]


def _member(value: Any, name: str) -> Any:
    """A member of what is an object, or a dictionary where the record was serialized."""
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


class AxonPushLoguruSink(Integration):
    """Made by :func:`create_axonpush_loguru_sink`."""

    def __init__(self, observer: LogObserver) -> None:
        self.observer = self._lines = observer

    def __call__(self, message: Any) -> None:
        if not _log.writing():
            self._publish(message)

    @guarded
    def _publish(self, message: Any) -> None:
        # A message is a text with its record beside it, which says more than `serialize=True` puts into the text.
        record = getattr(message, "record", None)
        if record is None:
            record = json.loads(message)["record"]
        name = str(record.get("name") or "loguru")
        if name == "axonpush" or name.startswith("axonpush."):
            return
        level, exception, moment = record.get("level"), record.get("exception"), record.get("time")
        attributes = {
            "code.filepath": _member(record.get("file"), "path"),
            "code.filename": _member(record.get("file"), "name"),
            "code.function": record.get("function"),
            "code.lineno": record.get("line"),
            "code.namespace": record.get("module"),
            "logger.name": name,
            "process.pid": _member(record.get("process"), "id"),
            "thread.name": _member(record.get("thread"), "name"),
            **(record.get("extra") or {}),
        }
        if exception is not None:
            kind = _member(exception, "type")
            attributes["exception.type"] = getattr(kind, "__name__", kind)
            value = _member(exception, "value")
            attributes["exception.message"] = None if value is None else str(value)
        seconds = moment.get("timestamp") if isinstance(moment, dict) else moment.timestamp() if moment is not None else None
        level_name, level_number = _member(level, "name") or str(level or "INFO"), _member(level, "no")
        severity = severity_of_name(level_name)
        if severity[1] == "INFO" and isinstance(level_number, int) and level_name.upper() != "SUCCESS":
            severity = severity_of_number(level_number)
        nanoseconds = None if seconds is None else int(seconds * 1_000_000) * 1000
        self._lines.write(name, severity, record.get("message", ""), nanoseconds, attributes)


def create_axonpush_loguru_sink(
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
) -> AxonPushLoguruSink:
    """A sink for ``logger.add(sink)``, with or without ``serialize=True``: each line is an ``app.log`` (or ``agent.log``) event.

    The queue is the client's: ``queue_size`` and ``shutdown_timeout`` are the published SDK's, and do nothing.
    """
    return AxonPushLoguruSink(
        LogObserver(
            client,
            channel_id,
            source=source,
            service_name=service_name,
            service_version=service_version,
            environment=environment,
            agent_id=agent_id,
            framework="loguru",
            mode=mode,
        )
    )
