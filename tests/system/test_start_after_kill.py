"""A killed program may hold its lock until the kernel has torn it down: its successor waits for that, for a while.

The predecessor's end is played by this test, which holds the lock until the successor says that it waits.
"""
import contextlib
import fcntl

import pytest
from harness import BIN, wait_until


@contextlib.contextmanager
def held(file):
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def words_of(program, data, programs):
    if program == "server":
        return ["--data", data, "--listen", "127.0.0.1:0", "--plain-http"]
    if program == "gateway":
        return ["--data", data, "--listen", "127.0.0.1:0", "--plain-http", "--upstream", "http://127.0.0.1:1",
                "--status-interval", "0"]
    return ["run", "--data", data, "--server", "http://127.0.0.1:1", "--device", "d", "--image", "web",
            "--key", programs.path("keys", "release.pub")]


@pytest.mark.parametrize("program, lock", [("server", "lock"), ("gateway", "outbox/lock"), ("agent", "lock")])
def test_a_successor_waits_for_the_end_of_its_predecessor(plain_stack, programs, program, lock):
    if program == "agent":
        plain_stack.make_key(programs.path("keys"))
    data = programs.path("data")
    with held(data / lock):
        started = programs.start(program, [BIN / f"stratus-{program}", *words_of(program, data, programs)])
        wait_until(lambda: "waiting for its end" in started.log, 30, what=f"the {program} to wait")
        assert started.running()
    wait_until(lambda: '"ready":' in started.output, 30, what=f"the {program} to be ready")
    assert started.stop() == 0
