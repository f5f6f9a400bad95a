"""Fixtures of the system tests. See tests/harness for what they hold."""
import os
import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import HttpClient, Programs, Stack  # noqa: E402
from harness.openapi import Judge  # noqa: E402
from harness.postgres import Databases, Postgres, installed  # noqa: E402

HttpClient.judge = Judge(os.environ.get("STRATUS_ANSWERED"))


def pytest_configure():
    # `kill` of the test run cleans up like Ctrl-C does.
    def stop(*_):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, stop)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed and report.when != "teardown":  # by then logs are gone
        for name, value in getattr(item, "funcargs", {}).items():
            owner = getattr(value, "programs", value)
            if isinstance(owner, Programs) and not getattr(report, "_logs_shown", False):
                report._logs_shown = True
                for program in owner.started:
                    report.sections.append((f"{name}: {program.name}", program.describe()))


@pytest.fixture(scope="session", autouse=True)
def databases():
    """STRATUS_TEST_DATABASE=postgresql: servers keep everything in one that runs as long as the tests do, each in its own database."""
    if os.environ.get("STRATUS_TEST_DATABASE") != "postgresql":
        yield
        return
    if not installed():
        pytest.skip("postgresql-15 is not installed")
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # a database is three hundred files
    with Programs(lasting=True, below=memory) as owned:
        Stack.databases = Databases(Postgres(owned))
        yield


@pytest.fixture(autouse=True)
def as_described():
    """No test passes that got a success which api/openapi.yaml does not describe."""
    HttpClient.judge.problems.clear()
    yield
    assert not HttpClient.judge.problems, "\n".join(HttpClient.judge.problems)


@pytest.fixture
def programs():
    """A harness.Programs that ends with the test."""
    with Programs() as owned:
        yield owned


@pytest.fixture
def stack(programs):
    """A harness.Stack over TLS; start what the test needs."""
    return Stack(programs)


@pytest.fixture
def plain_stack(programs):
    """The same over plain HTTP (for tests that look at the bytes)."""
    return Stack(programs, plain=True)
