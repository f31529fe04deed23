#!/usr/bin/env python3
"""The published SDK's side: `published.py submit|idle URL`. Prints one JSON object. Delivery is benches/python_publisher.py."""

import json
import statistics
import sys
import time

from event import BURST, ROUNDS, event, resident_kib

from axonpush import AxonPush
from axonpush.integrations._publisher import BackgroundPublisher, OverflowPolicy


def submit(client):
    publisher = BackgroundPublisher(client, queue_size=BURST, overflow_policy=OverflowPolicy.BLOCK)
    clock = time.perf_counter
    calls = []
    for _ in range(ROUNDS // 4):
        # A dictionary of its own for each event, as a caller has it.
        for said in [event() for _ in range(BURST)]:
            began = clock()
            publisher.submit(said)
            calls.append(clock() - began)
        publisher.flush(60)
    publisher.close()
    return {"us_per_call": statistics.median(calls) * 1e6}


def idle(client):
    client.events.publish(**event())
    resident, private = resident_kib()
    return {"rss_kib": resident, "private_kib": private}


def main():
    mode, url = sys.argv[1:]
    with AxonPush(api_key="ak_bench_5d8e1c0f4b7a4e0f9c6b2a1d3e4f5a6b", tenant_id="t", base_url=url, fail_open=False) as client:
        print(json.dumps(submit(client) if mode == "submit" else idle(client)))


if __name__ == "__main__":
    main()
