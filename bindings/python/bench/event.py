"""The event that both sides publish: that of benches/python_publisher.py."""

import ast
from pathlib import Path

PUBLISHER = Path(__file__).resolve().parents[3] / "benches/python_publisher.py"
ROUNDS = 61
BURST = 500


def event():
    """Its arguments. That program needs the published SDK, so only its constants are read."""
    constants = {}
    for statement in ast.parse(PUBLISHER.read_text()).body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id in ("PAYLOAD", "EVENT"):
            exec(compile(ast.Module([statement], []), PUBLISHER.name, "exec"), constants)
    return constants["EVENT"]


def resident_kib():
    """What the process has in memory, and what of it is its own."""
    rollup = dict(line.split(":", 1) for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:])
    private = sum(int(rollup[name].split()[0]) for name in ("Private_Clean", "Private_Dirty"))
    return int(rollup["Rss"].split()[0]), private
