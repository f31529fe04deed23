"""Lines of an application's log as events, in OpenTelemetry's form: what the log sinks have in common."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._marshal import any_json, event_call
from ..models import EventType
from ._observer import Json, Observer, payload_text

if TYPE_CHECKING:
    from .._async_client import AsyncAxonPush
    from .._client import AxonPush

_SEVERITIES = {
    "TRACE": (1, "TRACE"),
    "DEBUG": (5, "DEBUG"),
    "INFO": (9, "INFO"),
    "SUCCESS": (9, "INFO"),
    "NOTICE": (11, "INFO"),
    "WARN": (13, "WARN"),
    "WARNING": (13, "WARN"),
    "ERR": (17, "ERROR"),
    "ERROR": (17, "ERROR"),
    "EXCEPTION": (17, "ERROR"),
    "CRITICAL": (21, "FATAL"),
    "FATAL": (21, "FATAL"),
}


def severity_of_name(name: str) -> tuple[int, str]:
    """OpenTelemetry's number and text of a level's name."""
    return _SEVERITIES.get(name.upper(), (9, "INFO"))


def severity_of_number(level: int) -> tuple[int, str]:
    """OpenTelemetry's number and text of a level of the standard library's; one of an application's own belongs to the one below."""
    if level >= 50:
        return 21, "FATAL"
    if level >= 40:
        return 17, "ERROR"
    if level >= 30:
        return 13, "WARN"
    if level >= 20:
        return 9, "INFO"
    return (5, "DEBUG") if level >= 10 else (1, "TRACE")


class LogObserver(Observer):
    """Hands lines of a log over."""

    def __init__(
        self,
        client: AxonPush | AsyncAxonPush,
        channel_id: str | int | None,
        *,
        source: str,
        service_name: str | None,
        service_version: str | None,
        environment: str | None,
        agent_id: str | None,
        framework: str,
        mode: str | None,
    ) -> None:
        if source not in ("agent", "app"):
            raise ValueError(f"source: expected 'agent' or 'app', got {source!r}")
        super().__init__(client, channel_id, agent_id=agent_id, framework=framework, mode=mode)
        self._event_type = EventType.APP_LOG if source == "app" else EventType.AGENT_LOG
        resource = {
            "service.name": service_name,
            "service.version": service_version,
            "deployment.environment": environment,
        }
        self._resource = Json(any_json({name: value for name, value in resource.items() if value is not None}))
        self._log_metadata = any_json(self._metadata)

    def write(
        self, logger: str, severity: tuple[int, str], body: Any, nanoseconds: int | None, attributes: Mapping[str, Any]
    ) -> None:
        """Hands a line over, in the trace that is current. It may raise: it is called inside the guard."""
        if self._closed:
            return
        time_unix_nano = time.time_ns() if nanoseconds is None else nanoseconds
        payload = payload_text(
            {
                "severityNumber": severity[0],
                "severityText": severity[1],
                "body": body if isinstance(body, str) else any_json(body),
                "timeUnixNano": str(time_unix_nano),
                "attributes": {name: value for name, value in attributes.items() if value is not None},
                "resource": self._resource,
            }
        )
        self.hand_over(event_call(
            logger or "log",
            payload,
            self._channel_id,
            self._event_type,
            self.agent_id,
            metadata=self._log_metadata,
            occurred_at=_rfc3339(time_unix_nano),
        ))


def _rfc3339(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest // 1000:06d}Z"


PROCESS_ID = "process.pid"


def process_id() -> int:
    """It differs in forked children."""
    return os.getpid()
