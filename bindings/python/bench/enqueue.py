#!/usr/bin/env python3
"""What handing an event over costs its caller, per call, in microseconds: the median of many bursts.

    bench/enqueue.py object|text|kept    a payload that is a dictionary, or JSON text; or a dictionary, and the delivery is kept

The event is that of benches/python_publisher.py. It finds the service by AXONPUSH_BASE_URL, and prints one number.
"""

import json
import statistics
import sys
import time

from axonpush import AxonPush

ROUNDS = 101
EVENTS = 500
PAYLOAD = {
    "step": 17, "model": "gpt-4o-mini", "latency_ms": 1834.25, "cached": False,
    "usage": {"tokens_in": 812, "tokens_out": 164}, "tags": ["bench", "worker-3"],
    "note": "Reserved 3 of 4 lines; line 2 waits for the warehouse in Rotterdam to confirm its stock until nine o'clock",
}  # fmt: skip


def main():
    kind = sys.argv[1]
    payload = json.dumps(PAYLOAD) if kind == "text" else PAYLOAD
    with AxonPush(proxy="", queue_max_events=1_000_000, queue_max_bytes=1_000_000_000) as client:
        enqueue, clock = client.events.enqueue, time.perf_counter
        rounds = []
        for _ in range(ROUNDS):
            kept = []
            began = clock()
            for _ in range(EVENTS):
                delivery = enqueue("checkout.reserve_stock", payload, "ch_01J9Z3K8Q4T7", event_type="agent.tool_call.end")
                if kind == "kept":
                    kept.append(delivery)
            rounds.append((clock() - began) * 1e6 / EVENTS)
            client.flush(60)
        stats = client.stats()
    if stats.delivered != ROUNDS * EVENTS:
        sys.exit(f"{stats.delivered} of {ROUNDS * EVENTS} events were delivered")
    print(f"{statistics.median(rounds):.3f}")


if __name__ == "__main__":
    main()
