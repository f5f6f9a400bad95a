"""A server with somebody who may do everything, for each journey."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness.people import make_user  # noqa: E402

from browser import install, shared  # noqa: E402

PASSWORD = "a long enough secret"


@pytest.fixture(scope="session", autouse=True)
def installed():
    problem = install()
    assert not problem, problem
    yield
    shared.close()


@pytest.fixture
def server(stack):
    return stack.start_server()


@pytest.fixture
def ann(server):
    """An administrator who has signed in before."""
    make_user(server, "ann", "admin", password=PASSWORD)
    return {"name": "ann", "password": PASSWORD}
