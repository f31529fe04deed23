"""Callback handlers for Deep Agents: those of LangChain, which know Deep Agents' own tools.

::

    agent = create_deep_agent(model=model, tools=tools)
    agent.invoke(question, config={"callbacks": [AxonPushDeepAgentHandler(client, "my-channel")]})
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if find_spec("deepagents") is None:
    raise ImportError("axonpush.integrations.deepagents needs Deep Agents: pip install deepagents")

from langchain_core.callbacks import BaseCallbackHandler

from ..models import EventType
from ._langchain_events import LangChainEvents
from ._observer import Integration
from .langchain import AsyncLangChainEvents

if TYPE_CHECKING:
    from .._async_client import AsyncAxonPush
    from .._client import AxonPush

__all__ = ["AsyncAxonPushDeepAgentHandler", "AxonPushDeepAgentHandler", "get_deepagent_handler"]

_FRAMEWORK = "deepagents"

# Identifiers at the beginning and at the end of a call.
_TOOLS = {
    "write_todos": ("planning.update", "planning.complete"),
    "task": ("subagent.spawn", "subagent.complete"),
    "execute": ("sandbox.execute", "sandbox.execute.complete"),
    **{name: ("filesystem.read", "filesystem.read.complete") for name in ("ls", "glob", "grep", "read_file")},
    **{name: ("filesystem.write", "filesystem.write.complete") for name in ("edit_file", "write_file", "delete")},
}


class DeepAgentEvents(LangChainEvents):
    """Planning, sub-agents, the file system and the sandbox by their names."""

    def classify_start(self, name: str) -> tuple[str, EventType]:
        if name not in _TOOLS:
            return super().classify_start(name)
        return _TOOLS[name][0], EventType.AGENT_HANDOFF if name == "task" else EventType.AGENT_TOOL_CALL_START

    def classify_end(self, name: str) -> tuple[str, EventType]:
        if name not in _TOOLS:
            return super().classify_end(name)
        return _TOOLS[name][1], EventType.AGENT_TOOL_CALL_END


class AxonPushDeepAgentHandler(DeepAgentEvents, Integration, BaseCallbackHandler):
    """Publishes what a deep agent does, with either client. See ``langchain.AxonPushCallbackHandler``."""

    run_inline = True

    def __init__(
        self,
        client: AxonPush | AsyncAxonPush,
        channel_id: str | int | None = None,
        *,
        agent_id: str = "deepagent",
        trace_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        mode: str | None = None,
        queue_size: int | None = None,
        shutdown_timeout: float | None = None,
        rq_options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            client, channel_id, agent_id=agent_id, framework=_FRAMEWORK, trace_id=trace_id, metadata=metadata, mode=mode
        )


class AsyncAxonPushDeepAgentHandler(AsyncLangChainEvents):
    """:class:`AxonPushDeepAgentHandler` with coroutines."""

    def __init__(
        self,
        client: AxonPush | AsyncAxonPush,
        channel_id: str | int | None = None,
        *,
        agent_id: str = "deepagent",
        trace_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        mode: str | None = None,
        max_pending: int | None = None,
        rq_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.events = DeepAgentEvents(
            client, channel_id, agent_id=agent_id, framework=_FRAMEWORK, trace_id=trace_id, metadata=metadata, mode=mode
        )
        self.observer = self.events.observer


def get_deepagent_handler(
    client: AxonPush | AsyncAxonPush, channel_id: str | int | None = None, **options: Any
) -> AxonPushDeepAgentHandler | AsyncAxonPushDeepAgentHandler:
    """The handler for a client: with coroutines for an asynchronous one."""
    from .._client import AxonPush

    if isinstance(client, AxonPush):
        return AxonPushDeepAgentHandler(client, channel_id, **options)
    return AsyncAxonPushDeepAgentHandler(client, channel_id, **options)
