"""What the agent finds may be damaged, or it may die over it again and again: something runs all the same."""
import json
import os
import shutil
import signal
import subprocess

import pytest
from harness import BIN, AgentCase, wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="starting containers needs root")


@pytest.fixture
def case(programs):
    case = AgentCase(programs)
    case.publish(1)
    case.start()
    case.wait_committed(1)
    yield case
    case.stop_all()


def power_cut(case):
    """Agent and service are gone."""
    case.program.kill()
    for _, pid in case.service_pids():
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not case.service_pids(), what="the services to end")


def to_version_2(case):
    case.publish(2)
    return case.wait_committed(2)


def image(case, which):
    return case.data / "images" / case.status()[which]["manifest"].split(":")[1]


def damage_configuration(directory):
    (directory / "config").write_text("{}")


def lose_its_own_layer(directory):
    layers = json.loads((directory / "config").read_text())["rootfs"]["diff_ids"]
    shutil.rmtree(directory.parent.parent / "layers" / layers[-1].split(":")[1])


@pytest.mark.parametrize("damage", [damage_configuration, lose_its_own_layer])
def test_the_version_before_runs_when_the_committed_one_cannot(case, damage):
    to_version_2(case)
    directory = image(case, "current")
    power_cut(case)
    damage(directory)
    case.start()
    status = case.wait_status(lambda s: s["state"] == "idle" and s["current"]["version"] == "1")
    assert "cannot be started" in status["reason"]
    [bad] = status["bad"]
    assert bad["retry_ms"] > 0, "set aside, not for good"
    case.wait_answer(1)
    case.wait_report("rolled_back", 2)
    # Somebody has had a look: now it is made whole and runs.
    subprocess.run([BIN / "stratus-agent", "check", "--data", case.data], check=True, capture_output=True)
    case.wait_committed(2)
    case.wait_answer(2)
    assert case.status()["bad"] == []


@pytest.mark.parametrize("journal", [b"stratus-journal 2\nof a newer agent", b"", b"\0" * 300])
def test_a_lost_journal_leaves_the_service_alone(case, journal):
    to_version_2(case)
    case.program.kill()
    [(version, pid)] = case.service_pids()
    assert version == "2"
    (case.data / "journal").write_bytes(journal)
    case.start()
    status = case.wait_status(lambda s: s["state"] == "idle" and s["running"])
    if journal:
        assert (case.data / "journal.aside").read_bytes() == journal
        assert status["current"]["version"] == "2" and status["previous"]["version"] == "1"
        assert case.service_pids() == [("2", pid)]
    case.wait_committed(2)
    case.publish(3)
    case.wait_committed(3)
    case.wait_answer(3)
    case.wait_report("committed", 3)


def test_a_lost_journal_after_a_power_cut_starts_what_was_committed_last(case):
    to_version_2(case)
    power_cut(case)
    (case.data / "journal").write_bytes(b"stratus-journal 2\nof a newer agent")
    # The server is no help.
    case.reconfigure({"": {"server": "http://127.0.0.1:9"}})
    case.start()
    case.wait_answer(2)
    assert case.status()["previous"]["version"] == "1"


def test_dying_while_unpacking_ends_after_three_times(case):
    # One call of the thread that unpacks, which no start makes.
    wrap = ["strace", "-f", "-q", "-o", case.programs.path("trace"), "-e", "trace=utimensat", "-e",
            "inject=utimensat:signal=KILL:when=1"]
    case.program.kill()
    case.publish(2)
    for _ in range(3):
        program = case.start(wrap=wrap)
        wait_until(lambda: not program.running(), what="the agent to die")
        status = case.status()
        assert status["agent"] == "not running" and status["state"] == "verifying"
        assert case.answer() == "1"
    case.start()
    status = case.wait_status(lambda s: s["state"] == "idle" and "cut short too often" in s["reason"])
    assert status["current"]["version"] == "1" and status["bad"][0]["retry_ms"] > 0
    case.wait_report("failed", 2)
    case.wait_answer(1)
    assert not list((case.data / "layers").glob("*.tmp"))
    # Nobody tries it again by itself for a while; asked by hand it is tried, and without a fault it is fine.
    checks = case.status()["checks"]
    case.wait_status(lambda s: s["checks"] >= checks + 3, what="more polls")
    assert case.status()["current"]["version"] == "1"
    subprocess.run([BIN / "stratus-agent", "check", "--data", case.data], check=True, capture_output=True)
    case.wait_committed(2)


def test_an_older_release_is_refused_unless_it_is_signed_anew(case):
    to_version_2(case)
    case.make_target(1)
    status = case.wait_status(lambda s: s["state"] == "idle" and "older than what ran here" in s["reason"])
    assert status["current"]["version"] == "2" and status["bad"] == []
    assert case.answer() == "2"
    case.stack.stratus("deploy", "web:1", "--sign-key", case.private)
    case.wait_committed(1)
    case.wait_answer(1)


def test_the_automatic_return_needs_no_counter(case):
    case.publish(2, "--crash-on-start")
    status = case.wait_status(lambda s: s["state"] == "idle" and "exit status 3" in s["reason"])
    assert status["current"]["version"] == "1"
    case.wait_answer(1)
