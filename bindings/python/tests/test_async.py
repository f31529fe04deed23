"""The asynchronous client."""

import asyncio
import threading
import time

import pytest
from helpers import DEAD, eventually

from axonpush import (
    APIConnectionError,
    AsyncAxonPush,
    ClientClosedError,
    DeliveryTimeoutError,
    InvalidArgumentError,
    TraceContext,
    ValidationError,
)


@pytest.fixture
def awaiting(make):
    return make(AsyncAxonPush)


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 30))


@pytest.mark.every_python
def test_publish_list_iterate_and_the_rest(awaiting, server):
    async def main():
        event = await awaiting.events.publish("a", {"n": 0}, "ch")
        assert (event.status, event.http_status) == ("accepted", 200)
        for n in range(1, 5):
            await awaiting.events.publish("a", {"n": n}, "ch")
        assert [e.payload["n"] for e in await awaiting.events.list("ch", limit=2)] == [4, 3]
        assert [e.payload["n"] async for e in awaiting.events.iterate("ch", limit=2)] == [4, 3, 2, 1, 0]
        assert len(await awaiting.events.search(channel_id="ch")) == 5
        app = await awaiting.apps.create("shop")
        assert [a.app_id for a in await awaiting.apps.list()] == [app.app_id]
        assert (await awaiting.request("GET", "/apps")).http_status == 200
        assert (await awaiting.health.get()).status == "ok"
        assert awaiting.webhooks.verify("s", "b", awaiting.webhooks.sign("s", "b"))
        await awaiting.flush(5)
        with pytest.raises(InvalidArgumentError, match="identifier"):
            await awaiting.events.publish("", {})

    run(main())


@pytest.mark.every_python
def test_deliveries_can_be_awaited(awaiting, server):
    server.fault({"path": "/event", "status": 422, "body": {"code": "validation_error", "message": "no"}})

    async def main():
        bad = awaiting.events.enqueue("bad", {})
        with pytest.raises(ValidationError):
            await bad
        assert isinstance(await bad.exception(), ValidationError)
        good = awaiting.events.enqueue("good", {})
        assert (await good).event_id == (await good).event_id == (await good.result(1)).event_id
        assert await good.exception() is None
        many = await asyncio.gather(*[awaiting.events.enqueue("many", {}) for _ in range(300)])
        assert len({event.event_id for event in many}) == 300

    run(main())


def test_waiting_for_an_outcome_has_an_end(awaiting, server):
    server.fault({"path": "/event", "delayMs": 600})

    async def main():
        delivery = awaiting.events.enqueue("a", {})
        with pytest.raises(DeliveryTimeoutError, match="0.05 s"):
            await delivery.result(0.05)
        with pytest.raises(DeliveryTimeoutError):
            await delivery.exception(0.05)
        task = asyncio.ensure_future(delivery.result())
        await asyncio.sleep(0.01)
        task.cancel()
        assert (await delivery).event_id

    run(main())


def test_the_loop_is_never_held_up(awaiting, server):
    server.fault({"silent": True, "times": 0})

    async def main():
        calls = [asyncio.ensure_future(awaiting.events.publish("a", {})) for _ in range(3)]
        # Calls that held the loop up would be over, by their time-out, when it goes on.
        for _ in range(20):
            await asyncio.sleep(0.01)
        assert not any(call.done() for call in calls)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    run(main())


@pytest.mark.every_python
def test_a_task_that_is_cancelled_ends_its_call(awaiting, server):
    server.fault({"silent": True, "times": 0})

    async def main():
        tasks = [asyncio.ensure_future(awaiting.events.publish("a", {})) for _ in range(20)]
        await asyncio.sleep(0.3)
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(awaiting.events.list("x"), 0.1)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(anext(awaiting.events.iterate("x")), 0.1)
        server.dev("DELETE", "faults")
        # The threads are free again, long before any of these calls would have timed out.
        began = time.monotonic()
        assert (await awaiting.events.publish("b", {})).event_id
        assert time.monotonic() - began < 5

    run(main())
    assert awaiting._native.executor.threads <= 8


def test_a_deadline_is_of_the_whole_call(make, server):
    server.fault({"silent": True, "times": 0})
    strict = make(AsyncAxonPush, fail_open=False)

    async def main():
        with strict.deadline(0.2), pytest.raises(APIConnectionError):
            await strict.events.publish("a", {})

    run(main())


def test_fail_open(make):
    dead = make(AsyncAxonPush, base_url=DEAD, max_retries=0)

    async def main():
        assert await dead.events.publish("a", {}) is None
        assert await dead.events.list(1) == []
        assert [e async for e in dead.events.iterate("x")] == []

    run(main())


@pytest.mark.every_python
def test_tasks_carry_their_traces(awaiting, server):
    async def work(n):
        with TraceContext(f"trace-{n}"):
            await asyncio.sleep(0)
            await awaiting.events.publish("now", {"n": n})
            await awaiting.events.enqueue("later", {"n": n})

    async def main():
        await asyncio.gather(*[work(n) for n in range(5)])

    run(main())
    assert {(b["payload"]["n"], b["traceId"]) for b in server.bodies()} == {(n, f"trace-{n}") for n in range(5)}


def test_one_trace_may_be_entered_by_many_tasks(awaiting):
    trace = TraceContext()

    async def work(n):
        from axonpush import current_trace

        for _ in range(3):
            with trace:
                await asyncio.sleep(0.001 * n)
                assert current_trace() is trace
            assert current_trace() is None

    async def main():
        await asyncio.gather(*[work(n) for n in range(5)])

    run(main())


def test_closing(make, server):
    async def main():
        async with make(AsyncAxonPush) as client:
            waiting = asyncio.ensure_future(client.events.enqueue("a", {}).result(10))
            await asyncio.sleep(0)
        assert (await waiting).event_id
        await client.close()
        await client.aclose()
        with pytest.raises(ClientClosedError):
            await client.events.publish("a", {})
        with pytest.raises(ClientClosedError):
            client.events.enqueue("a", {})
        assert client.stats().delivered == 1

        server.fault({"silent": True, "times": 0})
        stuck = make(AsyncAxonPush, shutdown_timeout=0.2)
        calls = [asyncio.ensure_future(stuck.events.publish("a", {})) for _ in range(12)]
        late = stuck.events.enqueue("b", {})
        await asyncio.sleep(0.2)
        began = time.monotonic()
        await stuck.close()
        assert time.monotonic() - began < 10
        ends = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(end) for end in ends} == {ClientClosedError}
        with pytest.raises(ClientClosedError):
            await late

    run(main())


@pytest.mark.every_python
def test_an_outcome_may_be_awaited_where_another_thread_fetches_it(awaiting, server):
    async def main():
        kept = [awaiting.events.enqueue("a", {}) for _ in range(200)]
        stop = threading.Event()

        def fetch():
            while not stop.is_set():
                awaiting._native.poll()

        thread = threading.Thread(target=fetch)
        thread.start()
        try:
            assert all([(await delivery).event_id for delivery in kept])
        finally:
            stop.set()
            thread.join()

    run(main())


def test_uvloop(awaiting, server):
    uvloop = pytest.importorskip("uvloop")

    async def main():
        assert (await awaiting.events.publish("a", {})).event_id
        assert len(await asyncio.gather(*[awaiting.events.enqueue("a", {}) for _ in range(100)])) == 100

    loop = uvloop.new_event_loop()
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()


def test_no_descriptor_is_left(awaiting, server):
    import os

    async def main():
        for _ in range(20):
            await awaiting.events.enqueue("a", {})

    run(main())
    before = len(os.listdir("/proc/self/fd"))
    run(main())
    eventually(lambda: len(os.listdir("/proc/self/fd")) <= before + 1)
