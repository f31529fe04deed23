"""mypy --strict and pyright, on the package and on a user's program; here, since the frameworks' types are here."""

import shutil
import subprocess
import sys

import pytest
from helpers import PACKAGE, environment

pytest.importorskip("langchain_core", reason="types are checked where the frameworks are")

USER = str(PACKAGE / "tests/frameworks/types/user.py")
CHECKERS = {
    "mypy": [sys.executable, "-m", "mypy", "--strict", "--warn-unused-ignores"],
    # Run as a module, it is of the same environment; `--warnings` makes warnings failures.
    "pyright": [sys.executable, "-m", "pyright", "--warnings", "--pythonpath", sys.executable],
}


@pytest.mark.parametrize("what", ["axonpush", USER])
@pytest.mark.parametrize("checker", CHECKERS)
def test_it_checks(checker, what):
    if checker == "pyright" and shutil.which("node") is None:
        pytest.skip("pyright needs node, which is not here")
    done = subprocess.run(
        [*CHECKERS[checker], what], capture_output=True, text=True, cwd=PACKAGE, env=environment(MYPYPATH=str(PACKAGE)), timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
