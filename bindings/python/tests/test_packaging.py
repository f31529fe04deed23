"""The commands of README.md as printed, in an empty environment: `pip install`, and the quickstart."""

import os
import re
import subprocess
import venv

import pytest
from helpers import PACKAGE, ROOT, environment

README = (PACKAGE / "README.md").read_text()
INSTALL, QUICKSTART, TESTS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """What looks like a checkout, and is one's own."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("bindings", "tests"):
        (folder / name).symlink_to(ROOT / name)
    # The server is built already.
    (folder / "bin").mkdir()
    (folder / "bin/cargo").write_text('#!/bin/sh\n[ "$*" = "build -p axonpush-dev-server" ]\n')
    (folder / "bin/cargo").chmod(0o755)
    return folder


def run_block(block, checkout, empty, **more):
    env = {**os.environ, "PATH": f"{checkout}/bin:{empty}/bin:{os.environ['PATH']}", **more}
    return subprocess.run(["bash", "-ec", block], capture_output=True, text=True, cwd=checkout, env=env, timeout=300)


@pytest.fixture(scope="module")
def empty(tmp_path_factory, checkout):
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder, with_pip=True)
    # AXONPUSH_LIBRARY is set: that one goes into the package.
    done = run_block(INSTALL, checkout, folder, PIP_VERBOSE="1", PIP_DISABLE_PIP_VERSION_CHECK="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "axonpush-native: takes the library" in done.stdout + done.stderr
    return folder


def run(empty, *arguments):
    env = environment()
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


def test_the_quickstart(empty, checkout):
    quickstart = re.search(r"```python\n(.*?)```", README, re.DOTALL).group(1)
    (checkout / "quickstart.py").write_text(quickstart)
    done = run_block(QUICKSTART, checkout, empty)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "3 background events were delivered"


def test_the_other_commands_are_those_that_run_this():
    assert [line.split()[0] for line in TESTS.splitlines()] == ["./test", "./test-pythons", "./test-frameworks", "bench/run"]
    for line in TESTS.splitlines():
        assert os.access(PACKAGE / line.split()[0], os.X_OK)


def test_what_it_is_made_of_is_in_it(empty):
    done = run(empty, "-c", "import axonpush, pathlib; print(sorted(p.name for p in pathlib.Path(axonpush.__path__[0]).iterdir()))")
    for name in ("py.typed", "libaxonpush.so", "integrations", "_async_resources.py", "__main__.py"):
        assert repr(name) in done.stdout
