"""A user's program, for type checkers only: what must check, and what must not (each such line says so)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import datetime

from axonpush import (
    APIConnectionError,
    AsyncAxonPush,
    AsyncDelivery,
    AxonPush,
    AxonPushError,
    Delivery,
    Event,
    EventDetails,
    EventType,
    Stats,
    TraceContext,
    current_trace,
    get_or_create_trace,
    verify_webhook,
)
from axonpush.integrations.logging_handler import AxonPushLoggingHandler, flush_after_invocation
from axonpush.models import App, Page


def synchronous() -> None:
    with AxonPush(api_key="ak_x", timeout=30.0, overflow="block", redact_keys=["a"]) as client:
        event: Event | None = client.events.publish("a", {"b": 1}, 1, event_type=EventType.AGENT_START, occurred_at=datetime.now())
        if event is not None:
            text: str = event.event_id
            print(text, event["eventId"])
        delivery: Delivery = client.events.enqueue("a", '{"b": 1}', metadata={"c": 2})
        answer: Event | None = delivery.result(1.0)
        error: AxonPushError | None = delivery.exception()
        events: list[EventDetails] = client.events.list("channel", limit=5)
        walk: Iterator[EventDetails] = client.events.iterate()
        apps: Page[App] = client.apps.list()
        stats: Stats = client.stats()
        lost: int = stats.dropped
        with client.deadline(2.0):
            client.request("GET", "/x", query={"a": 1})
        print(answer, error, events, walk, apps, lost)
        client.events.publish(1, {})  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        client.events.publish("a", {}, colour="red")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
        handler = AxonPushLoggingHandler(client=client, channel_id="c")
        print(handler.lost)
    AxonPush(overflow="drop")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


async def asynchronous() -> None:
    async with AsyncAxonPush(api_key="ak_x") as client:
        event: Event | None = await client.events.publish("a", {})
        delivery: AsyncDelivery = client.events.enqueue("a", {})
        answer: Event | None = await delivery
        same: Event | None = await delivery.result(1.0)
        walk: AsyncIterator[EventDetails] = client.events.iterate("c")
        async for found in walk:
            print(found.payload, found.trace_id)
        listed: list[EventDetails] = await client.events.list("c")
        app: App | None = await client.apps.create("x")
        await client.flush(1)
        print(event, answer, same, listed, app)
    await client.close()


@flush_after_invocation(AxonPush(api_key="ak_x"))
def handler(event: object) -> None:
    trace: TraceContext = get_or_create_trace()
    current: TraceContext | None = current_trace()
    with trace as inside:
        print(inside.span_id, current)
    print(verify_webhook("secret", b"", None))


try:
    synchronous()
    asyncio.run(asynchronous())
except APIConnectionError as e:
    seconds: float | None = e.retry_after
    print(e.message, e.status_code, e.retryable, seconds)
