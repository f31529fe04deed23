"""AxonPush's client page, word for word, with `...` filled in; and every block of README.md, as printed."""

import re
import subprocess
import sys
import textwrap

import pytest
from helpers import DEAD, PACKAGE, environment, run_script

HOSTED = "https://api.axonpush.xyz"
EVENT = '"web_search", {"query": "agents"}, 1'

# The snippets, and what they print or log when the service is well, and when nobody listens.
SYNC = '''
from axonpush import AxonPush
client = AxonPush(api_key="ak_...", tenant_id="1", base_url="https://api.axonpush.xyz", timeout=30.0)   # timeout: float seconds, default 30
event = client.events.publish(...)
client.close()
'''
WITH = '''
from axonpush import AxonPush
with AxonPush(api_key="ak_...", tenant_id="1", base_url="https://api.axonpush.xyz") as client:
    client.events.publish(...)                       # automatically closed
'''
ASYNC = '''
from axonpush import AsyncAxonPush
async with AsyncAxonPush(api_key="ak_...", tenant_id="1", base_url="https://api.axonpush.xyz") as client:
    event = await client.events.publish(...)
'''
FAIL_OPEN = '''
from axonpush import AxonPush
client = AxonPush(api_key="ak_...", tenant_id="1", base_url="https://api.axonpush.xyz")
# fail_open=True by default: DNS errors, timeouts, refused connections are caught and logged as warnings
result = client.events.publish(...)                  # None if the API is unreachable
events = client.events.list(1)                       # [] if the API is unreachable; an int channel id is fine
'''
STRICT = '''
from axonpush import AxonPush
from axonpush.exceptions import APIConnectionError   # strict mode
client = AxonPush(api_key="ak_...", tenant_id="1", base_url="https://api.axonpush.xyz", fail_open=False)
try:
    client.events.publish(...)
except APIConnectionError as e:
    print(f"Cannot reach axonpush: {e}")
'''
LOGGING = '''
import logging
logging.getLogger("axonpush").setLevel(logging.WARNING)     # suppressed errors are visible there
'''
ENVIRONMENT = '''
from axonpush import AxonPush
import os
client = AxonPush(api_key=os.environ["AXONPUSH_API_KEY"], tenant_id=os.environ["AXONPUSH_TENANT_ID"],
                  base_url=os.environ.get("AXONPUSH_BASE_URL", "https://api.axonpush.xyz"))
'''


def filled(snippet, url):
    return snippet.replace("publish(...)", f"publish({EVENT})").replace("ak_...", "ak_test").replace(f'"{HOSTED}"', repr(url))


def run(snippet, url, more="", awaiting=False):
    code = filled(snippet, url) + more
    if awaiting:
        code = "import asyncio\nasync def main():\n" + textwrap.indent(code, "    ") + "\nasyncio.run(main())"
    # One retry ladder is enough of the waiting; the default is three.
    return run_script(code, url=url, env={"AXONPUSH_MAX_RETRIES": "0"})


def test_synchronous(server):
    done = run(SYNC, server.url, "print(event.event_id, event.status)")
    assert re.fullmatch(r"evt_\w+ accepted\n", done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    done = run(SYNC, DEAD, "print(event)")
    assert (done.returncode, done.stdout) == (0, "None\n")
    assert "fail-open" in done.stderr


def test_as_a_context_manager(server):
    done = run(WITH, server.url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert server.bodies()[0]["channel_id"] == "1"
    assert dict(server.requests()[0]["headers"])["x-tenant-id"] == "1"
    assert run(WITH, DEAD).returncode == 0


def test_asynchronous(server):
    done = run(ASYNC, server.url, "print(event.event_id)", awaiting=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("evt_")
    done = run(ASYNC, DEAD, "print(event)", awaiting=True)
    assert (done.returncode, done.stdout) == (0, "None\n")


@pytest.mark.parametrize("awaiting", [False, True])
def test_fail_open(server, awaiting):
    snippet = FAIL_OPEN if not awaiting else FAIL_OPEN.replace("AxonPush", "AsyncAxonPush").replace("= client.events", "= await client.events")
    more = "print(bool(result), len(events))"
    done = run(snippet, server.url, more, awaiting)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True 1\n", "")
    done = run(snippet, DEAD, "print(result, events)", awaiting)
    assert (done.returncode, done.stdout) == (0, "None []\n")
    assert "POST /event" in done.stderr


@pytest.mark.parametrize("awaiting", [False, True])
def test_strict_mode(server, awaiting):
    snippet = STRICT if not awaiting else STRICT.replace("AxonPush(", "AsyncAxonPush(").replace("import AxonPush", "import AsyncAxonPush")
    snippet = snippet.replace("    client.events", "    await client.events") if awaiting else snippet
    assert run(snippet, server.url, awaiting=awaiting).stdout == ""
    assert server.stored() == 1
    done = run(snippet, DEAD, awaiting=awaiting)
    assert done.returncode == 0
    assert done.stdout.startswith("Cannot reach axonpush: ")
    assert "refused" in done.stdout


def test_logging(server):
    done = run(LOGGING + FAIL_OPEN, DEAD)
    assert "suppressed because fail-open is on" in done.stderr
    done = run(LOGGING.replace("WARNING)", "ERROR)") + FAIL_OPEN, DEAD)
    assert (done.returncode, done.stderr) == (0, "")


def test_from_the_environment(server):
    done = run(ENVIRONMENT, server.url, f"client.events.publish({EVENT}); client.close()")
    assert (done.returncode, done.stderr) == (0, "")
    assert server.stored() == 1


# ---- README.md ----

README = (PACKAGE / "README.md").read_text()
BLOCKS = re.findall(r"(?:<!-- (?:names: )?([\w ]+) -->\n)?```python\n(.*?)```", README, re.DOTALL)

# What a block about a framework takes for granted.
FRAMEWORKS = f"import sys; sys.path.insert(0, {str(PACKAGE / 'tests/frameworks')!r})\n"
NAMES = {
    "": "",
    "needs the service": "",
    "langchain": FRAMEWORKS + "from fake_langchain import agent as make, QUESTION as question; agent = make()\n",
    "deepagents": FRAMEWORKS + "from fake_deepagents import agent as make, QUESTION as question; agent = make()\n",
    "openai_agents": FRAMEWORKS + "from fake_openai import agent as make; agent = make()\n",
    "anthropic": FRAMEWORKS + "import anthropic; from fake_anthropic import client_of; claude = client_of(anthropic.Anthropic, 'x')\n",
    "crewai": FRAMEWORKS + "from fake_crewai import crew; make_crew = lambda **hooks: crew('x', **hooks)\n",
    "logs": "import structlog; from loguru import logger as loguru_logger\n",
}


@pytest.mark.parametrize(("names", "block"), BLOCKS, ids=[f"{names.split()[0] if names else 'plain'}-{n}" for n, (names, _) in enumerate(BLOCKS)])
def test_a_block_of_the_readme(server, names, block, tmp_path):
    module = {"langchain": "langchain", "deepagents": "deepagents", "openai_agents": "agents"}.get(names, names)
    if names not in ("", "needs the service", "logs"):
        pytest.importorskip(module, reason=f"{names} is tested in ./test-frameworks")
    program = tmp_path / "program.py"
    program.write_text(NAMES[names] + block)
    for url in (server.url,) if names == "needs the service" else (server.url, DEAD):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(program)],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=tmp_path,
            env=environment(url, AXONPUSH_MAX_RETRIES="0", PYTHONPATH=f"{PACKAGE}:{PACKAGE / 'tests'}"),
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
    assert server.requests(), "the block has done nothing"


def test_the_readme_has_every_option():
    import inspect

    from axonpush import AxonPush

    table = README.split("## Options")[1].split("\n## ")[0]
    for option in inspect.signature(AxonPush).parameters:
        assert f"`{option}`" in table, f"README.md, Options: {option} is missing"
