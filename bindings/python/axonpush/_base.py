"""How resources make calls: on the caller's thread, or awaited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from . import _native as native
from .models import EventDetails, Model, Page

if TYPE_CHECKING:
    from ._native import Lease

_Model = TypeVar("_Model", bound=Model)
_Page = TypeVar("_Page", bound=Page[Any])


class Resource:
    """A part of the service, as the client sees it."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._client = lease.client

    def _call(self, function: str, model: type[_Model], *arguments: Any) -> _Model | None:
        """Calls a function of the library whose answer is an object."""
        client = self._client
        return client.call(getattr(client.library, function), arguments, native.read_one(model))

    def _list(self, function: str, member: str, page: type[_Page], model: type[Model], *arguments: Any) -> _Page:
        """Calls one whose answer is a list."""
        client = self._client
        return client.call(getattr(client.library, function), arguments, native.read_page(member, page, model))

    def _walk(self, channel: bytes | None, query: Any, page: int | None) -> Iterator[EventDetails]:
        """Walks back through events."""
        client = self._client
        client.check_open()
        walk = native.Walk(client, client.handle, channel, query, page)

        def events() -> Iterator[EventDetails]:
            while found := self._client.run(lambda _: walk.next()):
                yield from found

        return events()
