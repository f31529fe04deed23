"""Callback handlers for LangChain and LangGraph.

::

    handler = AxonPushCallbackHandler(client, "my-channel")
    chain.invoke(question, config={"callbacks": [handler]})
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

try:
    from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
except ImportError:
    raise ImportError("axonpush.integrations.langchain needs LangChain: pip install langchain-core") from None

from ._langchain_events import LangChainEvents
from ._observer import Integration

if TYPE_CHECKING:
    from .._async_client import AsyncAxonPush
    from .._client import AxonPush

__all__ = ["AsyncAxonPushCallbackHandler", "AxonPushCallbackHandler", "get_langchain_handler"]

class LangChainHandler(LangChainEvents, Integration, BaseCallbackHandler):
    """The callbacks for the application's threads, of LangChain and of Deep Agents."""

    # LangChain would otherwise call it on threads of a pool, out of order.
    run_inline = True

    def __init__(
        self,
        client: AxonPush | AsyncAxonPush,
        channel_id: str | int | None = None,
        *,
        agent_id: str | None = None,
        trace_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        mode: str | None = None,
        queue_size: int | None = None,
        shutdown_timeout: float | None = None,
        rq_options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(client, channel_id, agent_id=agent_id, trace_id=trace_id, metadata=metadata, mode=mode)


class AsyncLangChainHandler(Integration, AsyncCallbackHandler):
    """The same callbacks as coroutines. They hand over and wait for nothing."""

    EVENTS = LangChainEvents
    """What they become."""

    def __init__(
        self,
        client: AxonPush | AsyncAxonPush,
        channel_id: str | int | None = None,
        *,
        agent_id: str | None = None,
        trace_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        mode: str | None = None,
        max_pending: int | None = None,
        rq_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.events = self.EVENTS(client, channel_id, agent_id=agent_id, trace_id=trace_id, metadata=metadata, mode=mode)
        self.observer = self.events.observer

    async def on_chain_start(self, *args: Any, **kwargs: Any) -> None:
        self.events.on_chain_start(*args, **kwargs)

    async def on_chain_end(self, *args: Any, **kwargs: Any) -> None:
        self.events.on_chain_end(*args, **kwargs)

    async def on_chain_error(self, *args: Any, **kwargs: Any) -> None:
        self.events.on_chain_error(*args, **kwargs)

    async def on_llm_start(self, *args: Any, **kwargs: Any) -> None:
        self.events.on_llm_start(*args, **kwargs)

    async def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        self.events.on_chat_model_start(*args, **kwargs)

    async def on_llm_new_token(self, *args: Any, **kwargs: Any) -> None:
        self.events.on_llm_new_token(*args, **kwargs)

    async def on_llm_end(self, *args: Any, **kwargs: Any) -> None:
        self.events.on_llm_end(*args, **kwargs)

    async def on_llm_error(self, *args: Any, **kwargs: Any) -> None:
        self.events.on_llm_error(*args, **kwargs)

    async def on_tool_start(self, *args: Any, **kwargs: Any) -> None:
        self.events.on_tool_start(*args, **kwargs)

    async def on_tool_end(self, *args: Any, **kwargs: Any) -> None:
        self.events.on_tool_end(*args, **kwargs)

    async def on_tool_error(self, *args: Any, **kwargs: Any) -> None:
        self.events.on_tool_error(*args, **kwargs)

    async def on_retriever_start(self, *args: Any, **kwargs: Any) -> None:
        self.events.on_retriever_start(*args, **kwargs)

    async def on_retriever_end(self, *args: Any, **kwargs: Any) -> None:
        self.events.on_retriever_end(*args, **kwargs)

    async def on_retriever_error(self, *args: Any, **kwargs: Any) -> None:
        self.events.on_retriever_error(*args, **kwargs)


class AxonPushCallbackHandler(LangChainHandler):
    """Publishes what LangChain and LangGraph do, with either client.

    The queue is the client's: ``queue_size``, ``shutdown_timeout`` and ``rq_options`` are the published SDK's, and do nothing.
    Without ``agent_id`` the agent is ``langchain``.
    """


class AsyncAxonPushCallbackHandler(AsyncLangChainHandler):
    """:class:`AxonPushCallbackHandler` with coroutines."""


def get_langchain_handler(
    client: AxonPush | AsyncAxonPush, channel_id: str | int | None = None, **options: Any
) -> AxonPushCallbackHandler | AsyncAxonPushCallbackHandler:
    """The handler for a client: with coroutines for an asynchronous one."""
    from .._client import AxonPush

    if isinstance(client, AxonPush):
        return AxonPushCallbackHandler(client, channel_id, **options)
    return AsyncAxonPushCallbackHandler(client, channel_id, **options)
