"""The table of all languages, with either client; and rows that are wrong in one way each, which must not pass."""

import conformance
import pytest

ROWS = conformance.rows_of(conformance.TABLE)


@pytest.mark.parametrize("kind", [conformance.Blocking, conformance.Awaiting], ids=["sync", "async"])
@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_row(row, kind, one_server):
    reason = row.get("skip_in", {}).get(conformance.RUNNER)
    if reason is not None:
        pytest.skip(reason)
    conformance.run(row, one_server, kind)


def test_the_table_has_rows_each_with_a_name_of_its_own():
    names = [row["name"] for row in ROWS]
    assert names
    assert len(set(names)) == len(names)


def test_a_row_that_is_wrong_does_not_pass(one_server):
    passed, seen = [], set()
    for row in conformance.rows_of(conformance.TABLE / "broken"):
        # That a name occurs twice is what is wrong with one of them.
        twice = row.get("name") in seen
        seen.add(row.get("name"))
        try:
            conformance.run(row, one_server)
        except Exception:
            continue
        if not twice:
            passed.append(row["name"])
    assert passed == []
