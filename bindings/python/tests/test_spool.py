"""Events outlive their client in a folder, and the next client delivers them."""

import os
import stat

import pytest
from axonpush import AxonPush
from axonpush.exceptions import ConfigurationError, InvalidArgumentError

from helpers import eventually


def spooling(url, folder, **options):
    return AxonPush(api_key="ak_test", base_url=url, spool_dir=folder, shutdown_timeout=0.2, **options)


def test_what_a_client_could_not_deliver_the_next_one_does(server, tmp_path):
    folder = tmp_path / "spool"
    server.fault({"path": "/event", "status": 503, "times": 0})
    with spooling(server.url, folder) as first:
        for number in range(20):
            first.events.enqueue("spooled", {"n": number})
    left = first.stats()
    assert left.kept > 0 and left.delivered + left.kept == left.accepted == 20
    server.dev("DELETE", "faults")
    with spooling(server.url, folder) as second:
        eventually(lambda: second.stats().delivered == left.kept)
        assert second.stats().recovered == left.kept
    assert server.stored() == 20
    assert {body["payload"]["n"] for body in server.bodies()} == set(range(20))


def test_the_folder_is_the_users_alone_and_has_no_key_in_it(tmp_path):
    folder = tmp_path / "spool"
    client = spooling("http://127.0.0.1:1", folder, spool_sync="each")
    client.events.enqueue("secret", {"password": "hunter2", "kept": "visible"})
    client.close()
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    assert all(stat.S_IMODE(os.stat(path).st_mode) == 0o600 for path in files)
    content = b"".join(path.read_bytes() for path in files)
    assert b"visible" in content and b"hunter2" not in content and b"ak_test" not in content


def test_a_folder_that_cannot_be_used_is_named(tmp_path):
    taken = tmp_path / "file"
    taken.write_text("not a folder")
    with pytest.raises(ConfigurationError, match="file"):
        spooling("http://127.0.0.1:1", taken)
    with pytest.raises(InvalidArgumentError, match="spool_sync: expected one of interval, none, each"):
        spooling("http://127.0.0.1:1", tmp_path / "spool", spool_sync="always")
