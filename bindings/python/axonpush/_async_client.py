"""The asynchronous client."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Any

from . import _native as native
from ._async_base import run
from ._async_delivery import wake
from ._async_resources import (
    AsyncApps,
    AsyncCapabilities,
    AsyncChannels,
    AsyncEnvironments,
    AsyncEvents,
    AsyncHealth,
    AsyncOrganizations,
    AsyncTraces,
    AsyncWebhooks,
)
from ._client import Client, Query, request_arguments
from ._native import Lease
from .models import Response

__all__ = ["AsyncAxonPush"]


class AsyncAxonPush(Client):
    """:class:`AxonPush` for asyncio: the same options and methods, and what waits is awaited.

    One client serves any number of event loops, one after the other or at once. A task that is cancelled ends its call.
    """

    def _open(self, client: Lease) -> None:
        self.events = AsyncEvents(client)
        self.apps = AsyncApps(client)
        self.channels = AsyncChannels(client)
        self.environments = AsyncEnvironments(client)
        self.webhooks = AsyncWebhooks(client)
        self.traces = AsyncTraces(client)
        self.organizations = AsyncOrganizations(client)
        self.capabilities = AsyncCapabilities(client)
        self.health = AsyncHealth(client)

    async def request(self, method: str, path: str, *, query: Query | None = None, body: Any = None) -> Response | None:
        """See :meth:`AxonPush.request`."""
        client = self._native
        arguments = request_arguments(method, path, query, body)
        return await run(
            client, lambda handle: client.direct_call(handle, client.library.request, arguments, native.read_response)
        )

    async def flush(self, timeout: float = 30.0) -> None:
        """See :meth:`AxonPush.flush`."""
        client = self._native
        await run(client, lambda handle: client.flush(handle, timeout))

    async def close(self) -> None:
        """See :meth:`AxonPush.close`. It goes on when the task that awaits it is cancelled."""
        client = self._native
        if client._closed:
            return
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()

        def on_thread() -> None:
            client.close()
            try:
                loop.call_soon_threadsafe(wake, over)
            except RuntimeError:
                pass  # The loop is closed.

        # On a thread of its own: all others may be busy with calls, which it interrupts.
        try:
            threading.Thread(target=on_thread, name="axonpush-close", daemon=True).start()
        except RuntimeError:
            client.close()
            return
        await over

    aclose = close

    async def __aenter__(self) -> AsyncAxonPush:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
