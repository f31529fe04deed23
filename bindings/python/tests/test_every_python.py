"""What ./test-pythons looks at on every Python, beside the tests of other files that are marked `every_python`."""

import re
import sys
import textwrap
import typing

import pytest
from helpers import PACKAGE, run_script

from axonpush import models

pytestmark = pytest.mark.every_python

FREE = not getattr(sys, "_is_gil_enabled", lambda: True)()


def test_every_module_compiles():
    modules = list((PACKAGE / "axonpush").rglob("*.py"))
    assert modules
    for module in modules:
        compile(module.read_text(), module, "exec")


def test_annotations_mean_something():
    for name in models.__all__:
        kind = getattr(models, name)
        if issubclass(kind, models.Model):
            hints = typing.get_type_hints(kind)
            assert set(kind._wire_names) <= set(hints), name


def test_members_that_did_not_come_are_none():
    # They are known by the class's annotations, of which Pythons differ in where they keep them.
    event = models.EventDetails({"eventId": "e"})
    assert (event.event_id, event.agent_name) == ("e", None)


def test_the_quickstart(server):
    quickstart = re.search(r"```python\n(.*?)```", (PACKAGE / "README.md").read_text(), re.DOTALL).group(1)
    done = run_script(quickstart, url=server.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "3 background events were delivered"


@pytest.mark.skipif(not FREE, reason="this Python has the interpreter's lock")
def test_the_interpreters_lock_stays_off(server):
    done = run_script(
        textwrap.dedent(
            """
            import sys, axonpush
            from axonpush import AsyncAxonPush
            assert not sys._is_gil_enabled()
            with axonpush.AxonPush() as client:
                assert client.events.enqueue("a", {}).result(10).event_id
            assert not sys._is_gil_enabled()
            """
        ),
        url=server.url,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_threads_share_what_the_package_keeps_for_all():
    """Numbers of events, runs under way, outcomes that are awaited: whatever threads do at the same moment."""
    done = run_script(
        textwrap.dedent(
            """
            import threading
            from axonpush import _native
            from axonpush.integrations._observer import Bounded
            Bounded.MOST = 50
            numbers, runs, firsts, failures = [], Bounded(), [], []
            barrier = threading.Barrier(8)
            def work(t):
                try:
                    barrier.wait()
                    mine = [_native._next_number() for _ in range(5000)]
                    for n in range(5000):
                        runs[t, n] = n
                        runs.pop((t, n - 20), None)
                    firsts.append(runs.first("parent", t))
                    numbers.extend(mine)
                except BaseException as error:
                    failures.append(error)
            threads = [threading.Thread(target=work, args=(t,)) for t in range(8)]
            for t in threads: t.start()
            for t in threads: t.join()
            assert not failures, failures
            assert len(set(numbers)) == 40000, len(set(numbers))
            assert len(runs) <= 50
            """
        )
    )
    assert (done.returncode, done.stderr) == (0, "")
