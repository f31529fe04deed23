"""`pip install` into an empty environment, and the quickstart of README.md there."""

import re
import subprocess
import venv

import pytest
from helpers import PACKAGE, environment


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder, with_pip=True)
    # AXONPUSH_LIBRARY is set: that one goes into the package.
    command = [folder / "bin/python", "-m", "pip", "install", "-v", "--disable-pip-version-check", PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "axonpush-native: takes the library" in done.stdout + done.stderr
    return folder


def run(empty, *arguments, url="http://127.0.0.1:1"):
    env = environment(url)
    del env["PYTHONPATH"]
    env.pop("AXONPUSH_LIBRARY", None)
    return subprocess.run([empty / "bin/python", *arguments], capture_output=True, text=True, env=env, cwd=empty, timeout=60)


def test_it_says_which_library_it_uses(empty):
    done = run(empty, "-m", "axonpush")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(rf"axonpush-native \S+, libaxonpush \S+ at {empty}/lib/\S+/axonpush/libaxonpush.so\n", done.stdout)


def test_nothing_else_was_installed(empty):
    listed = run(empty, "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check").stdout
    assert {line.split("==")[0] for line in listed.split()} <= {"axonpush-native", "pip", "setuptools"}


def test_the_quickstart(empty, server):
    quickstart = re.search(r"```python\n(.*?)```", (PACKAGE / "README.md").read_text(), re.DOTALL).group(1)
    done = run(empty, "-c", quickstart, url=server.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "3 background events were delivered"
    assert server.stored() == 4


def test_what_it_is_made_of_is_in_it(empty):
    done = run(empty, "-c", "import axonpush, pathlib; print(sorted(p.name for p in pathlib.Path(axonpush.__path__[0]).iterdir()))")
    for name in ("py.typed", "libaxonpush.so", "integrations", "_async_resources.py", "__main__.py"):
        assert repr(name) in done.stdout
