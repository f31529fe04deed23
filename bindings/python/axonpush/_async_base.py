"""The asynchronous twin of _base.py: calls run on threads of the client's, and end with the task that awaits them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from . import _log
from . import _native as native
from .models import EventDetails, Model, Page

if TYPE_CHECKING:
    from ._native import Lease, Native

_Model = TypeVar("_Model", bound=Model)
_Page = TypeVar("_Page", bound=Page[Any])
_Result = TypeVar("_Result")


async def run(client: Native, work: Callable[[int], _Result]) -> _Result:
    """Work that waits, with a handle for its calls. A task that is cancelled cancels them."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_Result] = loop.create_future()
    call = client.begin_call()

    def on_thread() -> None:
        try:
            result, error = work(call), None
        except BaseException as problem:
            result, error = None, problem
        client.library.call_free(call)
        _log.drain(client.library)
        try:
            loop.call_soon_threadsafe(_settle, future, result, error)
        except RuntimeError:
            pass  # The loop is closed: nobody is there any more.

    try:
        client.executor.submit(on_thread)
    except RuntimeError:
        client.library.call_free(call)
        raise
    try:
        return await future
    except asyncio.CancelledError:
        # The thread frees the handle. One that is freed already is no client's any more, and nothing happens.
        client.library.call_cancel(call)
        raise


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


class AsyncResource:
    """A part of the service, as the client sees it."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._client = lease.client

    async def _call(self, function: str, model: type[_Model], *arguments: Any) -> _Model | None:
        client = self._client
        native_function, reader = getattr(client.library, function), native.read_one(model)
        return await run(client, lambda handle: client.direct_call(handle, native_function, arguments, reader))

    async def _list(self, function: str, member: str, page: type[_Page], model: type[Model], *arguments: Any) -> _Page:
        client = self._client
        native_function, reader = getattr(client.library, function), native.read_page(member, page, model)
        return await run(client, lambda handle: client.direct_call(handle, native_function, arguments, reader))

    async def _walk(self, channel: bytes | None, query: Any, page: int | None) -> AsyncIterator[EventDetails]:
        client = self._client
        # One handle for the whole walk: what it has begun is cancelled with the task that iterates.
        call = client.begin_call()
        try:
            walk = native.Walk(client, call, channel, query, page)
            while found := await run(client, lambda _: walk.next()):
                for event in found:
                    yield event
        except asyncio.CancelledError:
            client.library.call_cancel(call)
            raise
        finally:
            client.library.call_free(call)
