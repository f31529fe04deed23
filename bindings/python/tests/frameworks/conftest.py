"""Fixtures of the frameworks' tests, beside those of all tests."""

import pytest
from framework_helpers import WORD, Arrived


@pytest.fixture
def make(make):
    """One connection, so that events arrive in the order in which they were handed over."""
    return lambda *kind, **options: make(*kind, **{"max_connections": 1, **options})


@pytest.fixture
def client(make):
    return make()


@pytest.fixture
def arrived(server):
    def arrived(client):
        client._native.flush(client._native.handle, 20)
        return Arrived(server.bodies())

    return arrived


@pytest.fixture
def nowhere(server):
    """Asserts that a word is in nothing that the service was sent."""

    def nowhere(word=WORD):
        for request in server.requests():
            assert word not in (request["body"] or "") + request["target"] + str(request["headers"])

    return nowhere
