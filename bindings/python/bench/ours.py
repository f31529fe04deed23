#!/usr/bin/env python3
"""This package's side: `ours.py enqueue|text|kept|deliver|idle URL`. Prints one JSON object."""

import json
import statistics
import sys
import time

from event import BURST, ROUNDS, event, resident_kib

from axonpush import AxonPush

OPTIONS = {"api_key": "ak_bench_5d8e1c0f4b7a4e0f9c6b2a1d3e4f5a6b", "tenant_id": "0b54c6f2-3c1e-4a52-9d1b-7b0f3a9e6c11", "environment": "production"}
DELIVERED = 40_000
WARM_UP = 500


def enqueue(client, kind):
    """What handing over costs the caller, in microseconds: the median of all calls, each timed by itself."""
    said = event()
    if kind == "text":
        said["payload"] = json.dumps(said["payload"])
    hand_over, clock = client.events.enqueue, time.perf_counter
    calls, kept = [], []
    for _ in range(ROUNDS):
        kept.clear()
        for _ in range(BURST):
            began = clock()
            delivery = hand_over(**said)
            calls.append(clock() - began)
            if kind == "kept":
                kept.append(delivery)
        client.flush(60)
    check(client, ROUNDS * BURST)
    return {"us_per_call": statistics.median(calls) * 1e6}


def deliver(client):
    """From the first enqueue() until flush() returns."""
    said = event()

    def run(count):
        for _ in range(count):
            client.events.enqueue(**said)
        client.flush(60)

    run(WARM_UP)
    began, cpu_began = time.perf_counter(), time.process_time()
    run(DELIVERED)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu_began
    check(client, DELIVERED + WARM_UP)
    return {"events_per_s": DELIVERED / seconds, "cpu_us_per_event": cpu * 1e6 / DELIVERED}


def idle(client):
    """What a client weighs that has published one event."""
    client.events.publish(**event())
    resident, private = resident_kib()
    return {"rss_kib": resident, "private_kib": private}


def check(client, count):
    stats = client.stats()
    if (stats.accepted, stats.delivered) != (count, count):
        sys.exit(f"{stats.delivered} of {count} events were delivered")


def main():
    mode, url = sys.argv[1:]
    with AxonPush(base_url=url, queue_max_events=1_000_000, queue_max_bytes=2**30, proxy="", **OPTIONS) as client:
        print(json.dumps(deliver(client) if mode == "deliver" else idle(client) if mode == "idle" else enqueue(client, mode)))


if __name__ == "__main__":
    main()
