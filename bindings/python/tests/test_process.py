"""How processes end, fork, and are ended: each in a Python of its own. Nothing hangs; what is lost is counted."""

import signal
import subprocess
import sys
import textwrap
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from helpers import environment, eventually, run_python, run_script

BEGIN = """
import os, sys, time, logging
from axonpush import AxonPush, AsyncAxonPush
def enqueue(client, count, name="step"):
    return [client.events.enqueue(name, {"n": n}) for n in range(count)]
"""


def script(code, url, **options):
    # Since Python 3.12 a fork beside any thread, as ours is one, is warned of where __main__ makes it.
    options["env"] = {"PYTHONWARNINGS": "ignore:This process:DeprecationWarning", **options.get("env", {})}
    done = run_script(BEGIN + textwrap.dedent(code), url=url, **options)
    assert "Fatal" not in done.stderr, done.stderr
    return done


def names(server):
    return sorted(body["identifier"] for body in server.bodies())


# ---- Exit ----


def test_events_are_delivered_when_the_interpreter_exits(server):
    done = script("client = AxonPush(); enqueue(client, 500)", server.url)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
    assert server.stored() == 500


def test_they_are_by_sys_exit_and_after_an_exception(server):
    done = script("client = AxonPush(); enqueue(client, 100); sys.exit(3)", server.url)
    assert (done.returncode, done.stderr) == (3, "")
    assert server.stored() == 100
    done = script("client = AxonPush(); enqueue(client, 100); raise ValueError('oh')", server.url)
    assert done.returncode == 1
    assert "ValueError: oh" in done.stderr
    assert server.stored() == 200


@pytest.mark.every_python
def test_so_are_events_of_exit_handlers_and_of_an_asynchronous_client(server):
    done = script(
        """
        import atexit
        client = AxonPush(); atexit.register(lambda: enqueue(client, 10)); enqueue(client, 1)
        other = AsyncAxonPush(); enqueue(other, 5)
        """,
        server.url,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert server.stored() == 16


def test_a_service_that_is_silent_holds_the_exit_for_the_shutdown_timeout_only(server):
    server.fault({"silent": True, "times": 0})
    done = script("clients = [AxonPush(shutdown_timeout=0.3) for _ in range(5)]\nfor c in clients: enqueue(c, 20)", server.url)
    assert done.returncode == 0
    assert "20 events were not delivered" in done.stderr
    assert done.seconds < 10


def test_a_call_that_is_stuck_does_not_hold_the_exit(server):
    server.fault({"silent": True, "times": 0})
    done = script(
        """
        import threading
        client = AxonPush(shutdown_timeout=0.3)
        threading.Thread(target=client.events.publish, args=("a", {}), daemon=True).start()
        time.sleep(0.3)
        """,
        server.url,
    )
    assert done.returncode == 0
    assert done.seconds < 10


def test_exit_inside_of_a_handler_of_the_log(server):
    # The only code of an application's that this package runs by itself.
    done = script(
        """
        well = AxonPush()
        class Leave(logging.Handler):
            def emit(self, record):
                enqueue(well, 50)
                sys.exit(7)
        logging.getLogger("axonpush").addHandler(Leave())
        AxonPush(base_url="http://127.0.0.1:1", max_retries=0).events.publish("a", {})
        """,
        server.url,
    )
    assert done.returncode == 7
    assert server.stored() == 50


def test_a_handler_that_exits_on_our_thread_ends_neither_that_nor_the_process(server):
    done = script(
        """
        class Leave(logging.Handler):
            def emit(self, record):
                sys.exit(7)
        logging.getLogger("axonpush").addHandler(Leave())
        client = AxonPush(base_url="http://127.0.0.1:1", shutdown_timeout=0.1)
        enqueue(client, 1)
        time.sleep(1)
        import threading
        assert [t for t in threading.enumerate() if t.name == "axonpush-attendant"]
        """,
        server.url,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_exit_while_other_threads_enqueue_and_wait(server):
    done = script(
        """
        import threading
        client = AxonPush(shutdown_timeout=1)
        def work():
            while True:
                client.events.enqueue("a", {}).result(1)
        for _ in range(8): threading.Thread(target=work, daemon=True).start()
        time.sleep(0.5)
        """,
        server.url,
    )
    assert done.returncode == 0
    assert done.seconds < 20
    assert server.stored() > 8


def test_a_client_that_is_dropped_is_closed_in_the_background(server):
    done = script(
        """
        import gc, warnings
        from axonpush import _process
        warnings.simplefilter("ignore")
        for _ in range(3):
            client = AxonPush(); enqueue(client, 10)
        del client
        gc.collect()
        end = time.monotonic() + 10
        while _process.open_clients and time.monotonic() < end: time.sleep(0.01)
        sys.exit(len(_process.open_clients))
        """,
        server.url,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert server.stored() == 30


# ---- Signals ----


def test_control_c_ends_a_call_at_once(server):
    server.fault({"silent": True, "times": 0})
    done = script(
        """
        import signal, threading
        # Whoever runs the tests in the background may have it ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        client = AxonPush(shutdown_timeout=0.2)
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        began = time.monotonic()
        try:
            client.events.publish("a", {})
        except KeyboardInterrupt:
            print("interrupted", time.monotonic() - began < 5)
        server = AxonPush(base_url="http://127.0.0.1:1", max_retries=0)
        print(server.events.publish("a", {}))
        """,
        server.url,
    )
    assert done.stdout.splitlines() == ["interrupted True", "None"]
    assert done.seconds < 15


# ---- Fork ----


@pytest.mark.every_python
def test_a_fork_with_a_backlog(server):
    server.fault({"path": "/event", "delayMs": 200, "times": 30})
    done = script(
        """
        client = AxonPush(max_connections=1)
        mine = enqueue(client, 50, "parent")
        pid = os.fork()
        if pid == 0:
            error = mine[-1].exception(5)
            enqueue(client, 20, "child")
            assert client.events.publish("child", {}).event_id
            client.flush(30)
            stats = client.stats()
            client.close()
            os._exit(0 if stats.delivered == stats.accepted == 20 and "forked" in str(error) else 1)
        _, status = os.waitpid(pid, 0)
        client.flush(30)
        assert all(d.done() and d.result() for d in mine)
        sys.exit(os.waitstatus_to_exitcode(status))
        """,
        server.url,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert names(server) == ["child"] * 21 + ["parent"] * 50


@pytest.mark.every_python
def test_a_fork_while_threads_use_the_client(server):
    done = script(
        """
        import threading
        client = AxonPush()
        stop = threading.Event()
        def work():
            while not stop.is_set():
                client.events.enqueue("parent", {}).result(10)
        threads = [threading.Thread(target=work) for _ in range(4)]
        for t in threads: t.start()
        codes = []
        for _ in range(10):
            pid = os.fork()
            if pid == 0:
                try:
                    event = client.events.enqueue("child", {}).result(10)
                    client.close()
                finally:
                    os._exit(0 if event else 1)
            codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        stop.set()
        for t in threads: t.join(10)
        stats = client.stats()
        assert codes == [0] * 10, codes
        assert stats.accepted == stats.delivered + stats.queued_events, stats
        """,
        server.url,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert names(server).count("child") == 10


@pytest.mark.parametrize("how", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_deliver_before_they_end_by_os_exit(server, how, tmp_path):
    # A file, since spawn imports it.
    program = tmp_path / "program.py"
    program.write_text(
        BEGIN
        + textwrap.dedent(
            """
            import multiprocessing
            client = AxonPush()
            def child(n):
                enqueue(client, 20, "child")
                if n == 2:
                    sys.exit(5)
            if __name__ == "__main__":
                context = multiprocessing.get_context(sys.argv[1])
                enqueue(client, 10, "parent")
                children = [context.Process(target=child, args=(n,)) for n in range(3)]
                for c in children: c.start()
                for c in children: c.join(30)
                assert [c.exitcode for c in children] == [0, 0, 5], [c.exitcode for c in children]
                with context.Pool(2) as pool:
                    pool.map(child, [0] * 4)
                    pool.close()
                    pool.join()
            """
        )
    )
    done = run_python(str(program), how, url=server.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert names(server) == ["child"] * 140 + ["parent"] * 10


def test_prefork_as_celery_does_it(server):
    # Celery's own twin of multiprocessing, whose children end by os._exit(), too.
    done = script(
        """
        import billiard
        client = AxonPush()
        def task(n):
            client.events.enqueue("task", {"n": n})
            return os.getpid()
        if __name__ == "__main__":
            enqueue(client, 5, "parent")
            pool = billiard.Pool(3)
            pids = set(pool.map(task, range(60), chunksize=1))
            pool.close()
            pool.join()
            print(len(pids) >= 1)
        """,
        server.url,
    )
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
    assert names(server) == ["parent"] * 5 + ["task"] * 60


def test_gunicorn_with_preload_and_three_workers(server, tmp_path):
    (tmp_path / "shop.py").write_text(
        textwrap.dedent(
            """
            import os, time
            from axonpush import AxonPush
            client = AxonPush()                       # in the master, before the fork
            client.events.enqueue("master", {})
            def app(environ, start_response):
                client.events.enqueue("request", {"pid": os.getpid()})
                time.sleep(0.05)
                start_response("200 OK", [("Content-Type", "text/plain")])
                return [str(os.getpid()).encode()]
            """
        )
    )
    command = ["-m", "gunicorn", "--preload", "--workers", "3", "--bind", "127.0.0.1:0", "--chdir", str(tmp_path), "shop:app"]
    master = subprocess.Popen([sys.executable, *command], stderr=subprocess.PIPE, text=True, env=environment(server.url))
    try:
        lines = []
        while "Listening at" not in "".join(lines):
            lines.append(master.stderr.readline())
            assert lines[-1], "".join(lines)
        url = lines[-1].split()[lines[-1].split().index("at:") + 1]

        def ask():
            with urllib.request.urlopen(url, timeout=20) as answer:
                return answer.read()

        # At once, or one worker might answer them all.
        with ThreadPoolExecutor(20) as pool:
            workers = set(pool.map(lambda _: eventually(ask), range(60)))
        assert len(workers) >= 2
    finally:
        master.send_signal(signal.SIGTERM)
        output = master.communicate(timeout=40)[1]
    assert master.returncode == 0, output
    assert "Traceback" not in output
    assert names(server) == ["master"] + ["request"] * 60


def test_a_child_that_is_ended_by_os_exit_without_a_word_hangs_nowhere(server):
    done = script(
        """
        client = AxonPush(); enqueue(client, 10)
        for _ in range(5):
            pid = os.fork()
            if pid == 0:
                enqueue(client, 1, "lost, maybe")
                os._exit(0)
            os.waitpid(pid, 0)
        """,
        server.url,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert names(server).count("step") == 10


# ---- Threads and loops ----


@pytest.mark.every_python
def test_many_threads_use_one_client(server):
    done = script(
        """
        import threading
        client = AxonPush(queue_max_events=100_000)
        failures = []
        def work(t):
            try:
                kept = [client.events.enqueue(f"t{t}", {"n": n}) for n in range(100)]
                for d in kept[::10]: assert d.result(30).event_id
                assert client.events.publish("now", {"t": t}).event_id
                client.stats(); client.flush(30)
            except BaseException as error:
                failures.append(error)
        threads = [threading.Thread(target=work, args=(t,)) for t in range(32)]
        for t in threads: t.start()
        for t in threads: t.join(60)
        assert not failures, failures
        stats = client.stats()
        assert stats.accepted == stats.delivered == 3200, stats
        client.close()
        """,
        server.url,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert server.stored() == 3232


@pytest.mark.every_python
def test_closing_while_others_are_at_it(server):
    server.fault({"path": "/event", "delayMs": 100, "times": 0})
    done = script(
        """
        import threading
        from axonpush import ClientClosedError
        client = AxonPush(shutdown_timeout=0.5)
        ends = []
        def publish():
            try: ends.append(client.events.publish("a", {}) is not None)
            except ClientClosedError: ends.append("closed")
        def wait():
            try: ends.append(client.events.enqueue("b", {}).result(20) is not None)
            except ClientClosedError: ends.append("closed")
        threads = [threading.Thread(target=f) for f in (publish, wait) * 10]
        for t in threads: t.start()
        time.sleep(0.05)
        for f in (client.close, client.close): threading.Thread(target=f).start()
        for t in threads: t.join(20)
        assert not any(t.is_alive() for t in threads)
        assert len(ends) == 20 and set(ends) <= {True, "closed"}, ends
        """,
        server.url,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.every_python
def test_two_event_loops_one_after_the_other_and_two_at_once(server):
    done = script(
        """
        import asyncio, threading
        client = AsyncAxonPush()
        async def main():
            assert (await client.events.publish("now", {})).event_id
            got = await asyncio.gather(*enqueue(client, 50))
            assert all(e.event_id for e in got)
            waiting = client.events.enqueue("late", {})
            return waiting
        asyncio.run(main())
        late = asyncio.run(main())
        async def other(): return (await late).event_id
        assert asyncio.run(other())
        threads = [threading.Thread(target=asyncio.run, args=(main(),)) for _ in range(4)]
        for t in threads: t.start()
        for t in threads: t.join(30)
        asyncio.run(client.close())
        assert client.stats().delivered == client.stats().accepted == 306, client.stats()
        """,
        server.url,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_loop_that_is_given_up_in_the_middle(server):
    server.fault({"silent": True, "times": 0})
    done = script(
        """
        import asyncio
        client = AsyncAxonPush(shutdown_timeout=0.2)
        async def main():
            task = asyncio.ensure_future(client.events.publish("a", {}))
            waiting = asyncio.ensure_future(client.events.enqueue("b", {}).result())
            await asyncio.sleep(0.2)
        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        loop.close()
        """,
        server.url,
    )
    assert done.returncode == 0
    assert done.seconds < 10
