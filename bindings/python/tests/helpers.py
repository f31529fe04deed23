"""A development server for the tests, and programs in processes of their own."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent
ROOT = PACKAGE.parent.parent
DEAD = "http://127.0.0.1:1"
"""Where nobody listens."""

PROGRAM = subprocess.check_output([ROOT / "tests/built", "server"], text=True).strip()

# Nothing outside may decide what is tested.
for name in list(os.environ):
    if (name.startswith("AXONPUSH_") and name not in ("AXONPUSH_LIBRARY", "AXONPUSH_DEV_SERVER")) or name.lower().endswith("_proxy"):
        del os.environ[name]
os.environ["NO_PROXY"] = "127.0.0.1"
sys.path.insert(0, str(PACKAGE))


class DevServer:
    """See tests/dev-server/README.md."""

    def __init__(self, *options):
        self.process = subprocess.Popen([PROGRAM, "--listen", "127.0.0.1:0", *options], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), f"{PROGRAM} did not start: {line!r}"
        self.url = line.split()[-1]

    def stop(self):
        self.process.terminate()
        assert self.process.wait(10) == 0

    def dev(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/_dev/{path}", data, method=method), timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def reset(self):
        self.dev("POST", "reset")

    def fault(self, *faults):
        self.dev("POST", "faults", list(faults))

    def requests(self):
        return self.dev("GET", "requests")["requests"]

    def stored(self):
        return self.dev("GET", "stats")["storedEvents"]

    def bodies(self, path="/event"):
        """The bodies of what was published, in the order in which it arrived."""
        return [json.loads(r["body"]) for r in self.requests() if r["target"] == path and r["method"] == "POST"]


def environment(url=DEAD, **more):
    """The environment of a program that is tested."""
    return {
        **os.environ,
        "PYTHONPATH": str(PACKAGE),
        "AXONPUSH_API_KEY": "ak_test",
        "AXONPUSH_TENANT_ID": "1",
        "AXONPUSH_BASE_URL": url,
        **more,
    }


def run_python(*arguments, url=DEAD, env=None, timeout=60, python=sys.executable):
    """Runs Python in a process of its own; gives what became of it, and how long it took."""
    began = time.monotonic()
    done = subprocess.run(
        [python, "-X", "faulthandler", *arguments],
        capture_output=True,
        text=True,
        env=environment(url, **(env or {})),
        timeout=timeout,
    )
    done.seconds = time.monotonic() - began
    return done


def run_script(code, **options):
    """The same for a program's text."""
    return run_python("-c", code, **options)


def eventually(look, seconds=10):
    """What `look` gives, as soon as that is something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"not within {seconds} seconds")
