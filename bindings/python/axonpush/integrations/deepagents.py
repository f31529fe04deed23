"""Callback handlers for Deep Agents: those of LangChain, which know Deep Agents' own tools.

::

    agent = create_deep_agent(model=model, tools=tools)
    agent.invoke(question, config={"callbacks": [AxonPushDeepAgentHandler(client, "my-channel")]})
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if find_spec("deepagents") is None:
    raise ImportError("axonpush.integrations.deepagents needs Deep Agents: pip install deepagents")

from ..models import EventType
from ._langchain_events import LangChainEvents
from .langchain import AsyncLangChainHandler, LangChainHandler

if TYPE_CHECKING:
    from .._async_client import AsyncAxonPush
    from .._client import AxonPush

__all__ = ["AsyncAxonPushDeepAgentHandler", "AxonPushDeepAgentHandler", "get_deepagent_handler"]

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

    FRAMEWORK = "deepagents"
    AGENT = "deepagent"

    def classify_start(self, name: str) -> tuple[str, EventType]:
        if name not in _TOOLS:
            return super().classify_start(name)
        return _TOOLS[name][0], EventType.AGENT_HANDOFF if name == "task" else EventType.AGENT_TOOL_CALL_START

    def classify_end(self, name: str) -> tuple[str, EventType]:
        if name not in _TOOLS:
            return super().classify_end(name)
        return _TOOLS[name][1], EventType.AGENT_TOOL_CALL_END


class AxonPushDeepAgentHandler(DeepAgentEvents, LangChainHandler):
    """Publishes what a deep agent does, with either client. See ``langchain.AxonPushCallbackHandler``.

    Without ``agent_id`` the agent is ``deepagent``.
    """


class AsyncAxonPushDeepAgentHandler(AsyncLangChainHandler):
    """:class:`AxonPushDeepAgentHandler` with coroutines."""

    EVENTS = DeepAgentEvents


def get_deepagent_handler(
    client: AxonPush | AsyncAxonPush, channel_id: str | int | None = None, **options: Any
) -> AxonPushDeepAgentHandler | AsyncAxonPushDeepAgentHandler:
    """The handler for a client: with coroutines for an asynchronous one."""
    from .._client import AxonPush

    if isinstance(client, AxonPush):
        return AxonPushDeepAgentHandler(client, channel_id, **options)
    return AsyncAxonPushDeepAgentHandler(client, channel_id, **options)
