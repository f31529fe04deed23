"""The synchronous client."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Literal, Protocol
from urllib.parse import urlencode

from . import _native as native
from ._library import c_text
from ._marshal import json_bytes, optional_text
from ._native import Lease, Native
from ._resources import Apps, Capabilities, Channels, Environments, Events, Health, Organizations, Traces, Webhooks
from .models import Response, Stats

__all__ = ["AxonPush"]

ContentCaptureMode = Literal["metadata_only", "redacted", "full"]
HttpVersion = Literal["auto", "1.1", "2"]
SpoolSync = Literal["interval", "none", "each"]
Exporter = Literal["events", "otlp"]
Overflow = Literal["drop_oldest", "drop_newest", "block"]
Query = Mapping[str, Any] | str


class SecretText(Protocol):
    """A text in a wrapper that keeps it out of logs, such as pydantic's ``SecretStr``."""

    def get_secret_value(self) -> str:
        """The text."""
        ...


class Client:
    """What both clients have in common. See :class:`AxonPush` for the options."""

    def __init__(
        self,
        *,
        api_key: str | SecretText | None = None,
        tenant_id: str | None = None,
        base_url: str | None = None,
        environment: str | None = None,
        channel_id: str | int | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        fail_open: bool | None = None,
        content_capture_mode: ContentCaptureMode | None = None,
        redact_keys: Iterable[str] | str | None = None,
        max_content_length: int | None = None,
        queue_max_events: int | None = None,
        queue_max_bytes: int | None = None,
        overflow: Overflow | None = None,
        block_timeout: float | None = None,
        delivery_timeout: float | None = None,
        max_connections: int | None = None,
        shutdown_timeout: float | None = None,
        ca_file: str | os.PathLike[str] | None = None,
        ca_pem: str | None = None,
        proxy: str | None = None,
        user_agent: str | None = None,
        http_version: HttpVersion | None = None,
        spool_dir: str | os.PathLike[str] | None = None,
        spool_max_bytes: int | None = None,
        spool_max_age: float | None = None,
        spool_sync: SpoolSync | None = None,
        spool_sync_interval: float | None = None,
        exporter: Exporter | None = None,
        otlp_endpoint: str | None = None,
        otlp_headers: str | None = None,
        otlp_batch_max_events: int | None = None,
        otlp_batch_max_bytes: int | None = None,
        otlp_batch_timeout: float | None = None,
        otlp_gzip: bool | None = None,
    ) -> None:
        options = {name: value for name, value in locals().items() if name not in ("self", "__class__")}
        self._native = Native(options)
        self._open(Lease(self._native, type(self).__name__))

    def _open(self, client: Lease) -> None:
        """Makes the parts of the service."""
        raise NotImplementedError

    def stats(self) -> Stats:
        """What became of the events that were enqueued, in numbers. They stay readable after the client was closed."""
        return self._native.stats()

    def deadline(self, seconds: float) -> AbstractContextManager[None]:
        """``with client.deadline(2.0):`` lets all calls in the block be over by then, retries and waits included.

        One that is not is a call that did not reach the service: ``None`` or an empty list under fail-open, else
        :class:`APIConnectionError`. Of several blocks the nearest deadline counts.
        """
        return native.deadline(seconds)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}{' (closed)' if self._native._closed else ''}>"


def request_arguments(method: str, path: str, query: Query | None, body: Any) -> tuple[Any, ...]:
    """The arguments of axonpush_request(), but for the client and what it writes."""
    if query is not None and not isinstance(query, str):
        query = urlencode({name: value for name, value in query.items() if value is not None}, doseq=True)
    data = None if body is None else json_bytes("body", body)
    return (
        c_text("method", method),
        c_text("path", path),
        optional_text("query", query),
        data,
        0 if data is None else len(data),
    )


class AxonPush(Client):
    """A client: configuration, connections, and a queue of its own. Any number of threads may use one.

    All options may be left out, and come from the environment then, or have the defaults of README.md. Times are in seconds.
    Close it with :meth:`close`, or use it as a context manager; what still waits when the process ends is delivered, too.
    """

    def _open(self, client: Lease) -> None:
        self.events = Events(client)
        self.apps = Apps(client)
        self.channels = Channels(client)
        self.environments = Environments(client)
        self.webhooks = Webhooks(client)
        self.traces = Traces(client)
        self.organizations = Organizations(client)
        self.capabilities = Capabilities(client)
        self.health = Health(client)

    def request(self, method: str, path: str, *, query: Query | None = None, body: Any = None) -> Response | None:
        """Calls an endpoint that there is no method for, with the same credentials, retries, errors and fail-open.

        ``path`` is relative to the base URL; percent-encode ids in it. ``query`` is a mapping or text, ``body`` anything that can
        be written as JSON, or JSON text. A POST or PATCH whose answer was lost is not repeated.
        """
        client = self._native
        arguments = request_arguments(method, path, query, body)
        return client.call(client.library.request, arguments, native.read_response)

    def flush(self, timeout: float = 30.0) -> None:
        """Waits until every event enqueued before has come to its end, delivered or not.

        :class:`DeliveryTimeoutError` after ``timeout`` seconds says how many are left; they stay in the queue.
        """
        client = self._native
        client.run(lambda handle: client.flush(handle, timeout))

    def close(self) -> None:
        """Delivers what waits, for up to ``shutdown_timeout``, and frees everything. Closing twice is fine."""
        self._native.close()

    def __enter__(self) -> AxonPush:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
