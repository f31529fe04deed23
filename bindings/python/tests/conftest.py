"""Fixtures: a development server, and clients of it."""

import pytest
from helpers import DevServer


@pytest.fixture(scope="session")
def one_server():
    server = DevServer()
    yield server
    server.stop()


@pytest.fixture
def server(one_server):
    one_server.reset()
    return one_server


@pytest.fixture
def client(server):
    from axonpush import AxonPush

    # One connection, so that events arrive in the order in which they were handed over.
    with AxonPush(api_key="ak_test", base_url=server.url, max_connections=1) as client:
        yield client


@pytest.fixture
def make(server):
    """Makes clients, and closes them."""
    from axonpush import AxonPush

    made = []

    def make(kind=AxonPush, **options):
        client = kind(**{"api_key": "ak_test", "base_url": server.url, **options})
        made.append(client)
        return client

    yield make
    for client in made:
        client._native.close()
