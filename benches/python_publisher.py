#!/usr/bin/env python3
"""The published Python SDK's BackgroundPublisher on the same event: events per second and CPU per event.

It has one worker thread and one connection, so it stands beside axonpush_throughput with one connection. The clock runs
from the first submit() until flush() returns. Exits non-zero when anything was dropped or failed.
"""

import argparse
import json
import logging
import sys
import time

from axonpush import AxonPush, __version__
from axonpush.integrations._publisher import BackgroundPublisher, OverflowPolicy

PAYLOAD = {
    "step": 17, "model": "gpt-4o-mini", "latency_ms": 1834.25, "cached": False,
    "usage": {"tokens_in": 812, "tokens_out": 164}, "tags": ["bench", "worker-3"],
    "note": "Reserved 3 of 4 lines; line 2 waits for the warehouse in Rotterdam to confirm its stock until nine o'clock",
}
EVENT = {"identifier": "checkout.reserve_stock", "payload": PAYLOAD, "channel_id": "ch_01J9Z3K8Q4T7",
         "event_type": "agent.tool_call.end"}


class Failures(logging.Handler):
    """The publisher only logs what it could not deliver; here that is fatal."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--url", required=True)
    options.add_argument("--count", type=int, default=3000)
    options.add_argument("--warm-up", type=int, default=200)
    options = options.parse_args()
    failures = Failures()
    logging.getLogger("axonpush").addHandler(failures)

    with AxonPush(api_key="ak_bench_5d8e1c0f4b7a4e0f9c6b2a1d3e4f5a6b", tenant_id="0b54c6f2-3c1e-4a52-9d1b-7b0f3a9e6c11",
                  environment="production", base_url=options.url, fail_open=False, max_retries=0) as client:
        publisher = BackgroundPublisher(client, queue_size=options.count + options.warm_up,
                                        overflow_policy=OverflowPolicy.BLOCK)

        def deliver(count):
            for _ in range(count):
                publisher.submit(EVENT)
            publisher.flush(timeout=60)
            if failures.lines or publisher.dropped or publisher._queue.unfinished_tasks:
                sys.exit(f"python_publisher: not everything was delivered: {failures.lines[:1]}")

        deliver(options.warm_up)
        began, cpu_began = time.perf_counter(), time.process_time()
        deliver(options.count)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu_began
        publisher.close()

    print(json.dumps({"program": "python_publisher", "sdk": __version__, "connections": 1, "events": options.count,
                      "requests": options.count + options.warm_up, "seconds": round(seconds, 6),
                      "events_per_s": round(options.count / seconds, 1),
                      "cpu_us_per_event": round(cpu * 1e6 / options.count, 3)}))


if __name__ == "__main__":
    main()
