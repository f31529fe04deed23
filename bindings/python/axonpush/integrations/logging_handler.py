"""A handler for the standard library's logging.

::

    logging.getLogger().addHandler(AxonPushLoggingHandler(client=client, channel_id="my-channel", service_name="shop"))
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .. import _log
from .._client import AxonPush
from ._log_event import LogObserver, severity_of_number
from ._observer import flush_after_invocation, guarded

if TYPE_CHECKING:
    from .._async_client import AsyncAxonPush

__all__ = ["DEFAULT_EXCLUDED_LOGGERS", "AxonPushLoggingHandler", "flush_after_invocation"]

DEFAULT_EXCLUDED_LOGGERS = ("axonpush",)
"""Loggers whose records are never published, with those below them: from the library's own, every line would beget another."""

# What a record has anyway. The rest is what the application gave in `extra`.
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"asctime", "message", "taskName"}


class AxonPushLoggingHandler(logging.Handler):
    """Publishes records as ``app.log`` (or ``agent.log``) events, in the trace that is current where they are written.

    Without ``client`` it has one of its own, closed with the handler. The queue is the client's: ``queue_size`` and
    ``shutdown_timeout`` are the published SDK's, and do nothing.
    """

    def __init__(
        self,
        *,
        channel_id: str | int | None = None,
        client: AxonPush | AsyncAxonPush | None = None,
        api_key: str | None = None,
        tenant_id: str | None = None,
        base_url: str | None = None,
        source: str = "app",
        service_name: str | None = None,
        service_version: str | None = None,
        environment: str | None = None,
        agent_id: str | None = None,
        level: int = logging.NOTSET,
        exclude_loggers: Sequence[str] | None = None,
        mode: str | None = None,
        queue_size: int | None = None,
        shutdown_timeout: float | None = None,
    ) -> None:
        super().__init__(level)
        if client is not None and any(option is not None for option in (api_key, tenant_id, base_url)):
            raise ValueError("pass either client= or api_key=, tenant_id= and base_url=, not both")
        self._own = AxonPush(api_key=api_key, tenant_id=tenant_id, base_url=base_url) if client is None else None
        self.observer = LogObserver(
            client or self._own,  # type: ignore[arg-type]
            channel_id,
            source=source,
            service_name=service_name,
            service_version=service_version,
            environment=environment,
            agent_id=agent_id,
            framework="stdlib-logging",
            mode=mode,
        )
        self._excluded = (*DEFAULT_EXCLUDED_LOGGERS, *(exclude_loggers or ()))

    @property
    def lost(self) -> int:
        """Records that could not be handed over."""
        return self.observer.lost

    def emit(self, record: logging.LogRecord) -> None:
        """Publishes a record. It never raises."""
        if not _log.writing() and not any(record.name == name or record.name.startswith(f"{name}.") for name in self._excluded):
            self._publish(record)

    @guarded
    def _publish(self, record: logging.LogRecord) -> None:
        attributes: dict[str, Any] = {
            "code.filepath": record.pathname,
            "code.function": record.funcName,
            "code.lineno": record.lineno,
            "code.namespace": record.module,
            "logger.name": record.name,
            "thread.name": record.threadName,
            "process.pid": record.process,
        }
        attributes.update((k, v) for k, v in record.__dict__.items() if k not in _STANDARD and not str(k).startswith("_"))
        if record.exc_info and record.exc_info[0] is not None:
            attributes["exception.type"] = record.exc_info[0].__name__
            attributes["exception.message"] = str(record.exc_info[1])
        try:
            body = record.getMessage()
        except Exception:
            # Arguments that do not fit the message are a mistake of the application's; the line is still worth having.
            body = str(record.msg)
        severity = severity_of_number(record.levelno)
        self.observer.write(record.name, severity, body, int(record.created * 1_000_000) * 1000, attributes)

    def flush(self, timeout: float | None = None) -> None:
        """Waits until the client's events have come to their end.

        logging.shutdown() calls it without ``timeout`` at the end of the process. Then the client is closed already, or will be.
        """
        if timeout is not None:
            self.observer.flush(timeout)

    def close(self) -> None:
        """Publishes nothing from now on. A client of the handler's own is closed."""
        self.observer.close()
        if self._own is not None:
            self._own.close()
        super().close()
