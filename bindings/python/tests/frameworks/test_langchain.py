"""LangChain and LangGraph, the real packages with a model that is not."""

import asyncio
import uuid

import pytest
from framework_helpers import WORD, assert_not_noticed
from fake_langchain import QUESTION, FakeModel, StreamingModel, agent, calls
from langchain.agents import create_agent
from langchain_core.documents import Document
from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool

from axonpush import AsyncAxonPush, AxonPush, TraceContext
from axonpush.integrations.langchain import (
    AsyncAxonPushCallbackHandler,
    AxonPushCallbackHandler,
    get_langchain_handler,
)


RUN = ["chain.start", "chain.end", "llm.start", "llm.end", "tool.look_up.start", "tool.end"]


def check_run(events, nowhere):
    events.assert_tree("chain.start", "chain.end")
    found = events.identifiers()
    for identifier in RUN:
        assert identifier in found
    for start, end in (("chain.start", "chain.end"), ("llm.start", "llm.end"), ("tool.look_up.start", "tool.end")):
        assert found.count(start) == found.count(end)
    assert found.count("llm.start") == 2
    start, end = events.named("tool.look_up.start"), events.named("tool.end")
    assert (start["eventType"], end["eventType"]) == ("agent.tool_call.start", "agent.tool_call.end")
    assert start["payload"] == {"tool_name": "look_up", "input": "[REDACTED]"}
    assert end["payload"] == {"tool_name": "look_up", "output": "[REDACTED]"}
    assert start["spanId"] == end["spanId"]
    root = events.named("chain.start")
    assert root["payload"]["inputs"] == "[REDACTED]"
    assert root["agentId"] == "langchain"
    model = events.named("llm.start")
    assert (model["payload"], model["eventType"]) == ({"model": "fake-1", "prompt_count": 1}, "agent.start")
    assert events.named("llm.end")["payload"] == {"generations": 1}
    assert model["metadata"]["framework"] == "langchain"
    assert model["metadata"]["langgraph_node"] == "model"
    assert model["metadata"]["langchain_parent_run_id"] == model["parentSpanId"]
    assert uuid.UUID(model["metadata"]["langchain_run_id"])
    nowhere()


def test_a_run_with_a_tool_call(client, arrived, nowhere):
    handler = AxonPushCallbackHandler(client, "ch")
    result = agent().invoke(QUESTION, config={"callbacks": [handler]})
    assert WORD in result["messages"][-1].content
    check_run(arrived(client), nowhere)
    assert handler.lost == 0


@pytest.mark.parametrize("kind", [AxonPush, AsyncAxonPush])
@pytest.mark.parametrize("handler_of", [AxonPushCallbackHandler, AsyncAxonPushCallbackHandler])
def test_the_same_in_asyncio_with_either_client(make, arrived, nowhere, kind, handler_of):
    client = make(kind)
    handler = handler_of(client, 7)
    asyncio.run(agent().ainvoke(QUESTION, config={"callbacks": [handler]}))
    check_run(arrived(client), nowhere)
    assert handler.lost == 0


def test_roots_are_traces_unless_one_is_current_or_chosen(client, arrived, server):
    handler = AxonPushCallbackHandler(client, "ch")
    for _ in range(5):
        agent().invoke(QUESTION, config={"callbacks": [handler]})
    assert len(arrived(client).traces()) == 5
    server.reset()
    with TraceContext("mine"):
        agent().invoke(QUESTION, config={"callbacks": [handler]})
    agent().invoke(QUESTION, config={"callbacks": [AxonPushCallbackHandler(client, "ch", trace_id="chosen")]})
    assert arrived(client).traces() == {"mine", "chosen"}


def test_a_handler_of_a_model_alone_keeps_its_calls_together(client, arrived):
    handler = AxonPushCallbackHandler(client, "ch")
    model = FakeModel(answers=[AIMessage(content="x")], callbacks=[handler])
    RunnableLambda(lambda q: [model.invoke(q) for _ in range(3)]).invoke("q")
    events = arrived(client)
    assert events.identifiers() == ["llm.start", "llm.end"] * 3


def test_streams(client, arrived, nowhere):
    handler = AxonPushCallbackHandler(client, "ch")
    chain = ChatPromptTemplate.from_messages([("user", "{q}")]) | StreamingModel(answers=[AIMessage(content=f"one {WORD} three")])
    assert len(list(chain.stream({"q": WORD}, config={"callbacks": [handler]}))) >= 3
    events = arrived(client)
    events.assert_tree("chain.start", "chain.end")
    tokens = [b for b in events.bodies if b["identifier"] == "llm.token"]
    assert len(tokens) >= 3
    assert {b["eventType"] for b in tokens} == {"agent.llm.token"}
    assert {b["parentSpanId"] for b in tokens} == {events.named("llm.start")["parentSpanId"]}
    nowhere()


def test_failures(client, arrived, nowhere):
    @tool
    def broken(order: str) -> str:
        """Fails."""
        raise ValueError(f"no {WORD}")

    handler = AxonPushCallbackHandler(client, "ch")
    model = FakeModel(answers=[calls("broken", {"order": WORD}), RuntimeError(f"the model has seen a {WORD}")])
    with pytest.raises((ValueError, RuntimeError)):
        create_agent(model, [broken]).invoke(QUESTION, config={"callbacks": [handler]})
    with pytest.raises(RuntimeError):
        model.asked[0] = 1
        model.invoke(WORD, config={"callbacks": [handler]})
    events = arrived(client)
    assert {"tool.error", "chain.error", "llm.error"} <= set(events.identifiers())
    error = events.named("llm.error")
    assert error["eventType"] == "agent.error"
    assert error["payload"] == {"error": {"type": "RuntimeError", "message": "[REDACTED]"}, "error_type": "RuntimeError"}
    assert events.named("tool.error")["payload"]["tool_name"] == "broken"
    nowhere()


def test_retrievers(client, arrived, nowhere):
    class Shelf(BaseRetriever):
        def _get_relevant_documents(self, query, *, run_manager):
            if query == "none":
                raise LookupError(WORD)
            return [Document(page_content=WORD), Document(page_content="other")]

    handler = AxonPushCallbackHandler(client, "ch")
    config = {"callbacks": [handler]}
    Shelf().invoke(WORD, config=config)
    with pytest.raises(LookupError):
        Shelf().invoke("none", config=config)
    events = arrived(client)
    assert events.identifiers() == ["retriever.start", "retriever.end", "retriever.start", "retriever.error"]
    assert events.named("retriever.end")["payload"] == {"document_count": 2, "retrieval_documents": "[REDACTED]"}
    assert events.named("retriever.start")["payload"]["retriever_name"] == "Shelf"
    nowhere()


def test_what_is_no_json_becomes_text(make, arrived):
    class Odd:
        def __repr__(self):
            return "<odd>"

    client = make(content_capture_mode="full")
    handler = AxonPushCallbackHandler(client, "ch", metadata={"team": "a"})
    circular = {}
    circular["self"] = circular
    for value in ({"odd": Odd(), "nan": float("nan"), 7: {1, 2}}, circular, "\ud800", "x" * 5000):
        RunnableLambda(lambda _: value).invoke(value, config={"callbacks": [handler]})
    events = arrived(client)
    assert (handler.lost, len(events.bodies)) == (0, 8)
    assert events.bodies[0]["payload"]["inputs"] == {"odd": "<odd>", "nan": "nan", "7": [1, 2]}
    assert events.bodies[0]["metadata"]["team"] == "a"
    assert events.bodies[-1]["payload"]["outputs"] == '"' + "x" * 1999


def test_nothing_that_we_do_can_fail_a_run(make):
    handler = AxonPushCallbackHandler(make(fail_open=False), "ch")
    handler.observer.client.close()
    assert agent().invoke(QUESTION, config={"callbacks": [handler]})
    assert handler.lost > 5
    assert handler.observer.client.stats().log_events_lost == handler.lost
    # Nor what the framework hands us.
    for name in [n for n in dir(handler) if n.startswith("on_") and hasattr(getattr(handler, n), "__wrapped__")]:
        getattr(handler, name)(None, None, run_id=uuid.uuid4())
        getattr(handler, name)()
    handler.close()
    before = handler.lost
    agent().invoke(QUESTION, config={"callbacks": [handler]})
    assert handler.lost == before


def test_what_was_lost_is_said_once_a_minute(make, caplog):
    handler = AxonPushCallbackHandler(make(), "ch")
    handler.observer.client.close()
    for _ in range(3):
        agent().invoke(QUESTION, config={"callbacks": [handler]})
    said = [r.getMessage() for r in caplog.records if r.name == "axonpush" and "could not be handed over" in r.getMessage()]
    assert said == ["langchain: 1 event could not be handed over; the last one: ClientClosedError: the client is closed"]


def test_a_full_queue_that_blocks_does_not_block_a_run(make):
    client = make(base_url="http://127.0.0.1:1", overflow="block", queue_max_events=3, shutdown_timeout=0.1)
    handler = AxonPushCallbackHandler(client, "ch")
    agent().invoke(QUESTION, config={"callbacks": [handler]})
    assert handler.lost > 3
    assert client.stats().queued_events == 3


def test_modes_and_the_handler_for_a_client(make, client, server):
    AxonPushCallbackHandler(client, "ch", mode="sync").on_chain_start({}, {}, run_id=uuid.uuid4())
    assert len(server.bodies()) == 1
    with pytest.raises(ValueError, match="mode"):
        AxonPushCallbackHandler(client, "ch", mode="rq")
    with pytest.raises(TypeError, match="client"):
        AxonPushCallbackHandler(None, "ch")
    assert type(get_langchain_handler(client, "ch", agent_id="x")) is AxonPushCallbackHandler
    assert type(get_langchain_handler(make(AsyncAxonPush), "ch")) is AsyncAxonPushCallbackHandler


def test_the_application_does_not_notice_us(server):
    assert_not_noticed(server, "langchain_agent.py")
