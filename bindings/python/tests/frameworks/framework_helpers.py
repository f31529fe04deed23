"""What the tests of the frameworks have in common: what arrived, and programs that must not notice us."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from helpers import DEAD, run_python
from word import WORD

__all__ = ["WORD", "Arrived", "assert_not_noticed"]

HERE = Path(__file__).resolve().parent

class Arrived:
    """Events that the service has, in the order in which they arrived."""

    def __init__(self, bodies):
        self.bodies = bodies

    def identifiers(self):
        return [body["identifier"] for body in self.bodies]

    def named(self, identifier):
        found = [body for body in self.bodies if body["identifier"] == identifier]
        assert found, f"there is no {identifier} among {self.identifiers()}"
        return found[0]

    def traces(self):
        return {body["traceId"] for body in self.bodies}

    def assert_tree(self, *roots):
        """One trace, in which every event hangs, by its parents' spans, from one of the roots."""
        assert len(self.traces()) == 1, self.traces()
        spans = {body["spanId"]: body.get("parentSpanId") for body in reversed(self.bodies)}
        top = {body["spanId"] for body in self.bodies if not body.get("parentSpanId")}
        assert {b["identifier"] for b in self.bodies if b["spanId"] in top} <= set(roots), self.bodies
        assert len(top) == 1, self.bodies
        for span in spans:
            seen = set()
            while spans[span]:
                assert span not in seen
                seen.add(span)
                span = spans[span]
                assert span in spans, f"the parent {span} is no event's"
            assert span in top


FAULTS = {
    "well": [],
    "slow": [{"path": "/event", "delayMs": 300, "times": 0}],
    "silent": [{"path": "/event", "silent": True, "times": 0}],
    "401": [{"path": "/event", "status": 401, "times": 0}],
    "500": [{"path": "/event", "status": 500, "times": 0}],
    "dead": None,
}


def assert_not_noticed(server, program, python=sys.executable):
    """The program's output and exit code are the same without us as with us, however ill the service is."""
    path = str(HERE / "programs" / program)
    without = run_python(path, "without", python=python, timeout=120)
    assert without.returncode in (0, 3), without.stderr
    assert without.stdout
    for name, faults in FAULTS.items():
        server.reset()
        if faults:
            server.fault(*faults)
        url = DEAD if faults is None else server.url

        def run(fail_open):
            return run_python(path, "with", url=url, env={"AXONPUSH_FAIL_OPEN": fail_open}, python=python, timeout=120)

        with ThreadPoolExecutor() as pool:
            for fail_open, done in zip(("true", "false"), pool.map(run, ("true", "false"))):
                assert (done.stdout, done.returncode) == (without.stdout, without.returncode), (name, fail_open, done.stderr)
                assert "Traceback" not in done.stderr, (name, fail_open, done.stderr)
        if name == "well":
            assert server.stored() > 0, "nothing was published"
