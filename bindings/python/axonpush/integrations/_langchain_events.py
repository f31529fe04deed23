"""LangChain's callbacks as events: what the handlers of langchain.py and deepagents.py have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from ..models import EventType
from ._observer import Bounded, Observer, described, guarded, shortened

if TYPE_CHECKING:
    from .._async_client import AsyncAxonPush
    from .._client import AxonPush

_MODEL = ("model", "model_name", "model_id")
_RUN_METADATA = ("langgraph_node", "langgraph_step", "langgraph_triggers", "thread_id")
_LONGEST_INPUT = 2000


class _Run(NamedTuple):
    trace_id: str
    name: str


def _first(mapping: Mapping[str, Any] | None, names: Sequence[str]) -> str | None:
    return next((str(mapping[name]) for name in names if mapping.get(name)), None) if mapping else None


def _name(serialized: Mapping[str, Any] | None, kwargs: Mapping[str, Any], otherwise: str) -> str:
    """What runs. LangGraph's nodes are described in `kwargs` only."""
    given = kwargs.get("name") or (kwargs.get("metadata") or {}).get("langgraph_node")
    if given:
        return str(given)
    serialized = serialized or {}
    if serialized.get("name"):
        return str(serialized["name"])
    path = serialized.get("id")
    return str(path[-1]) if isinstance(path, (list, tuple)) and path else otherwise


def _model(serialized: Mapping[str, Any] | None, kwargs: Mapping[str, Any]) -> str:
    """The configured model, rather than the class that calls it."""
    serialized = serialized or {}
    return (
        _first(kwargs.get("invocation_params"), _MODEL)
        or _first(serialized.get("kwargs"), _MODEL)
        or _first(kwargs.get("metadata"), ("ls_model_name",))
        or _first(serialized, ("name",))
        or "unknown"
    )


def _run_metadata(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    metadata = kwargs.get("metadata") or {}
    found = {name: metadata[name] for name in _RUN_METADATA if metadata.get(name) not in (None, "")}
    if kwargs.get("run_type"):
        found["run_type"] = str(kwargs["run_type"])
    if kwargs.get("tags"):
        found["tags"] = list(kwargs["tags"])
    return found


class LangChainEvents:
    """A run's start and end share its id as their span; runs inside of it have it as their parent.

    The runs under one root are one trace: the one that was chosen, else the one that is current when the root starts, else the
    root's own.
    """

    FRAMEWORK = "langchain"
    """What events say they come from."""
    AGENT = "langchain"
    """The agent of events, unless the application gives one."""

    def __init__(
        self,
        client: AxonPush | AsyncAxonPush,
        channel_id: str | int | None,
        *,
        agent_id: str | None,
        trace_id: str | None,
        metadata: Mapping[str, Any] | None,
        mode: str | None,
    ) -> None:
        self.observer = Observer(
            client,
            channel_id,
            agent_id=self.AGENT if agent_id is None else agent_id,
            framework=self.FRAMEWORK,
            trace_id=trace_id,
            mode=mode,
        )
        self._metadata = dict(metadata or {})
        self._runs: Bounded[_Run] = Bounded()

    def _start(self, run_id: UUID, parent_run_id: UUID | None, name: str) -> _Run:
        outer = self._runs.get(parent_run_id) if parent_run_id is not None else None
        if outer is None:
            outer = _Run(self.observer.new_trace_id(), "")
            if parent_run_id is not None:
                # Its parent is not seen by this handler; that of its siblings, maybe on other threads, is the same.
                outer = self._runs.first(parent_run_id, outer)
        run = self._runs[run_id] = _Run(outer.trace_id, name)
        return run

    def _publish(
        self,
        identifier: str,
        event_type: EventType,
        payload: Mapping[str, Any],
        run_id: UUID,
        parent_run_id: UUID | None,
        metadata: Mapping[str, Any] | None = None,
        *,
        end: bool = False,
    ) -> None:
        run = self._runs.get(run_id)
        if run is None:
            run = self._start(run_id, parent_run_id, "")
        if end:
            self._runs.pop(run_id, None)
        runs = {"langchain_run_id": str(run_id)}
        if parent_run_id is not None:
            runs["langchain_parent_run_id"] = str(parent_run_id)
        self.observer.publish(
            identifier,
            event_type,
            payload,
            trace_id=run.trace_id,
            span_id=str(run_id),
            parent_span_id=None if parent_run_id is None else str(parent_run_id),
            metadata={**self._metadata, **runs, **(metadata or {})},
        )

    # ---- Chains ----

    @guarded
    def on_chain_start(
        self, serialized: Any, inputs: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """A chain, a node of a graph or an agent begins."""
        name = _name(serialized, kwargs, "Runnable")
        self._start(run_id, parent_run_id, name)
        payload = {"chain_type": name, "inputs": shortened(inputs)}
        self._publish("chain.start", EventType.AGENT_START, payload, run_id, parent_run_id, _run_metadata(kwargs))

    @guarded
    def on_chain_end(self, outputs: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any) -> None:
        """It has ended."""
        self._publish("chain.end", EventType.AGENT_END, {"outputs": shortened(outputs)}, run_id, parent_run_id, end=True)

    @guarded
    def on_chain_error(
        self, error: BaseException, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """It has failed."""
        self._publish("chain.error", EventType.AGENT_ERROR, described(error), run_id, parent_run_id, end=True)

    # ---- Models ----

    def _model_start(self, serialized: Any, count: int, run_id: UUID, parent_run_id: UUID | None, kwargs: Any) -> None:
        name = _model(serialized, kwargs)
        self._start(run_id, parent_run_id, name)
        payload = {"model": name, "prompt_count": count}
        self._publish("llm.start", EventType.AGENT_START, payload, run_id, parent_run_id, _run_metadata(kwargs))

    @guarded
    def on_llm_start(
        self, serialized: Any, prompts: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """A model is asked."""
        self._model_start(serialized, len(prompts), run_id, parent_run_id, kwargs)

    @guarded
    def on_chat_model_start(
        self, serialized: Any, messages: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """A chat model is asked."""
        self._model_start(serialized, len(messages), run_id, parent_run_id, kwargs)

    @guarded
    def on_llm_new_token(self, token: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any) -> None:
        """A model that streams has produced a token."""
        text = token if isinstance(token, str) else str(token)
        self._publish("llm.token", EventType.AGENT_LLM_TOKEN, {"token": text}, run_id, parent_run_id)

    @guarded
    def on_llm_end(self, response: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any) -> None:
        """A model has answered."""
        count = len(getattr(response, "generations", None) or ())
        self._publish("llm.end", EventType.AGENT_END, {"generations": count}, run_id, parent_run_id, end=True)

    @guarded
    def on_llm_error(
        self, error: BaseException, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """A model has failed."""
        self._publish("llm.error", EventType.AGENT_ERROR, described(error), run_id, parent_run_id, end=True)

    # ---- Tools ----

    def classify_start(self, name: str) -> tuple[str, EventType]:
        """How the beginning of a tool's call is named."""
        return f"tool.{name}.start", EventType.AGENT_TOOL_CALL_START

    def classify_end(self, name: str) -> tuple[str, EventType]:
        """How its end is named."""
        return "tool.end", EventType.AGENT_TOOL_CALL_END

    @guarded
    def on_tool_start(
        self, serialized: Any, input_str: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """A tool is called."""
        name = str((serialized or {}).get("name") or kwargs.get("name") or "unknown")
        self._start(run_id, parent_run_id, name)
        identifier, event_type = self.classify_start(name)
        payload = {"tool_name": name, "input": str(input_str)[:_LONGEST_INPUT]}
        self._publish(identifier, event_type, payload, run_id, parent_run_id, _run_metadata(kwargs))

    @guarded
    def on_tool_end(self, output: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any) -> None:
        """It has returned."""
        run = self._runs.get(run_id)
        name = (run.name if run is not None else "") or str(kwargs.get("name") or "unknown")
        identifier, event_type = self.classify_end(name)
        payload = {"tool_name": name, "output": shortened(output)}
        self._publish(identifier, event_type, payload, run_id, parent_run_id, end=True)

    @guarded
    def on_tool_error(
        self, error: BaseException, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """It has failed."""
        run = self._runs.get(run_id)
        payload = {"tool_name": run.name, **described(error)} if run is not None and run.name else described(error)
        self._publish("tool.error", EventType.AGENT_ERROR, payload, run_id, parent_run_id, end=True)

    # ---- Retrievers ----

    @guarded
    def on_retriever_start(
        self, serialized: Any, query: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """Documents are looked for."""
        name = _name(serialized, kwargs, "retriever")
        self._start(run_id, parent_run_id, name)
        payload = {"retriever_name": name, "input": str(query)[:_LONGEST_INPUT]}
        self._publish(
            "retriever.start", EventType.AGENT_TOOL_CALL_START, payload, run_id, parent_run_id, _run_metadata(kwargs)
        )

    @guarded
    def on_retriever_end(self, documents: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any) -> None:
        """They were found."""
        payload = {"document_count": len(documents), "retrieval_documents": shortened(documents)}
        self._publish("retriever.end", EventType.AGENT_TOOL_CALL_END, payload, run_id, parent_run_id, end=True)

    @guarded
    def on_retriever_error(
        self, error: BaseException, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """Looking for them has failed."""
        self._publish("retriever.error", EventType.AGENT_ERROR, described(error), run_id, parent_run_id, end=True)
