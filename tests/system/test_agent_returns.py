"""What a device does with releases that are not good: refuse, return, remember."""
import errno
import os
import signal
import socket
import subprocess
import threading

import pytest
from harness import BIN, AgentCase, HttpClient, Programs, wait_until


@pytest.fixture
def case():
    with Programs() as programs:
        case = AgentCase(programs, probation=1)
        case.publish(1)
        case.start()
        case.wait_committed(1)
        yield case
        case.stop_all()


def wait_outcome(case, words):
    return case.wait_status(lambda s: s["state"] == "idle" and words in s["reason"], what=f"a reason with '{words}'")


def check_still_1(case):
    assert case.answer() == "1"
    status = case.status()
    assert status["current"]["version"] == "1"
    return status


def test_unsigned_is_refused_before_anything_is_fetched(case):
    case.publish(2, sign=False)
    wait_outcome(case, "not signed")
    status = check_still_1(case)
    assert status["bad"] == [], "a signature may still be added"
    assert len(case.layers()) == 1
    assert list((case.data / "partial").iterdir()) == []


def test_a_foreign_signature_is_refused(case):
    case.private, _ = case.stack.make_key(case.programs.path("foreign-keys"))
    case.publish(2)
    wait_outcome(case, "")
    case.wait_report("failed", 2)
    status = check_still_1(case)
    assert "key" in status["reason"] or "sign" in status["reason"]
    assert len(case.layers()) == 1


@pytest.mark.parametrize("order", ["stop-first", "start-first"])
@pytest.mark.parametrize("behaviour, words", [
    (["--crash-on-start"], "exit status 3"),
    (["--crash-after", "1500"], "in probation: killed by"),
    (["--unhealthy"], "503"),
    (["--hang"], "not well within"),
])
def test_a_bad_version_is_left_again_and_not_tried_twice(order, behaviour, words):
    with Programs() as programs:
        probation = 3 if "--crash-after" in behaviour else 1  # a busy machine may begin it late
        case = AgentCase(programs, order=order, probation=probation, options={"health": {"start_time": 2, "timeout": 0.3}})
        case.publish(1)
        case.start()
        case.wait_committed(1)
        case.publish(2, *behaviour)
        status = wait_outcome(case, words)
        case.wait_answer(1)
        assert status["current"]["version"] == "1"
        assert [entry["reason"] for entry in status["bad"]] == [status["reason"]]
        case.wait_report("rolled_back", 2)
        assert "retry_after_ms" not in case.last_report(), "it never takes it again"
        checks = case.status()["checks"]
        case.wait_status(lambda s: s["checks"] >= checks + 4, what="more polls")
        assert case.program.log.count("started version=2") == 1
        assert case.program.log.count("failed here before") == 1, "said once, not at every poll"
        # The next good one is taken all the same.
        case.publish(3)
        case.wait_committed(3)
        case.wait_answer(3)
        case.stop_all()


def test_a_program_that_is_not_there_is_a_failed_start(case):
    case.stack.stratus("publish", "web:2", case.tree(2), "--entrypoint", "/bin/nothing", "--sign-key", case.private)
    wait_outcome(case, "No such file")
    case.wait_answer(1)


def test_more_bytes_than_the_budget_are_not_fetched():
    with Programs() as programs:
        case = AgentCase(programs, options={"update": {"byte_budget": 500_000}})
        case.publish(1)
        case.start()
        case.wait_committed(1)
        case.publish(2, extra={"etc/big": os.urandom(900_000)})
        status = wait_outcome(case, "budget")
        assert status["bytes"] < 50_000
        assert case.answer() == "1"
        assert list((case.data / "partial").iterdir()) == []
        case.stop_all()


def test_a_service_that_ends_by_itself_is_started_again(case):
    [(version, pid)] = case.service_pids()
    assert version == "1"
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: [p for _, p in case.service_pids() if p != pid], what="a new process")
    case.wait_answer(1)
    assert case.status()["current"]["version"] == "1"


def test_an_update_in_probation_can_be_cancelled():
    with Programs() as programs:
        case = AgentCase(programs, probation=60, poll=60)
        case.publish(1)
        case.start()
        case.wait_status(lambda s: s["state"] == "probation")
        case.restart()  # adopted, probation goes on
        status = case.wait_status(lambda s: s["state"] == "probation" and s["running"])
        assert status["running"]["version"] == "1"
        assert len(case.service_pids()) == 1
        subprocess.run([BIN / "stratus-agent", "cancel", "--data", case.data], check=True)
        status = wait_outcome(case, "cancelled by the operator")
        assert status["current"] is None and status["bad"] == []
        case.stop_all()


def test_the_reason_holds_the_checks_own_last_words():
    check = ["/bin/service", "say", "1", "booting\ndatabase: connection refused\n"]
    with Programs() as programs:
        case = AgentCase(programs, health="none", options={"update": {"probation": 0.3}})
        case.publish(1)
        case.start()
        case.wait_committed(1)
        case.program.stop()
        case.reconfigure({"health": {"exec": check, "start_time": 0.5}})
        case.start()
        case.publish(2)
        status = wait_outcome(case, "database: connection refused")
        assert "exit status 1" in status["reason"] and "booting" not in status["reason"]
        case.wait_answer(1)
        case.stop_all()


def test_the_services_own_last_words_are_told_and_where_the_rest_is():
    words = "exit status 4: no such table: users (more in {})"
    with Programs() as programs:
        case = AgentCase(programs, health="none")
        told = words.format(case.data / "service.log")
        case.publish(1)
        case.start()
        case.wait_committed(1)
        case.stack.stratus("publish", "web:2", case.tree(2), "--entrypoint", "/bin/service", "--cmd=say", "--cmd=4",
                           "--cmd=opening\nno such table: users\n", "--sign-key", case.private)
        status = wait_outcome(case, told)
        assert status["ended"] == "", "the one before runs"
        assert told in case.program.log
        case.wait_report("rolled_back", 2)
        assert told in case.stack.stratus("device", "why", "device-1")
        shown = subprocess.run([BIN / "stratus-agent", "status", "--data", case.data], capture_output=True, text=True, check=True)
        assert told in shown.stdout and f"log        {case.data / 'service.log'}\n" in shown.stdout
        case.stop_all()


def test_how_a_service_ended_stands_in_the_status_until_it_runs_again(case):
    [(_, pid)] = case.service_pids()
    case.reconfigure({"service": {"args": ["/bin/service", "say", "4", "no such table: users"]}})
    case.restart()
    os.kill(pid, signal.SIGKILL)
    case.wait_status(lambda s: not s["running"] and "exit status 4: no such table: users" in s["ended"])


def test_who_is_killed_after_the_grace_is_told_of_the_stop_signal():
    with Programs() as programs:
        case = AgentCase(programs, options={"service": {"stop_grace": 0.2}})
        case.publish(1, "--ignore-term")
        case.start()
        case.wait_committed(1)
        case.publish(2)
        case.wait_committed(2)
        assert "version=1 did not stop within 200 ms of SIGTERM: killed (`stratus publish --stop-signal`" in case.program.log
        case.stop_all()


def test_a_check_runs_as_the_service_does():
    with Programs() as programs:
        case = AgentCase(programs, health="none", options={
            "health": {"exec": ["/bin/service", "check-own", "33", "COLOUR=red"], "start_time": 1},
            "service": {"memory": "64M"}})
        case.publish(1, options=["--user", "33:34", "--env", "COLOUR=red"])
        case.start()
        case.wait_committed(1)
        case.publish(2, options=["--user", "33:34", "--env", "COLOUR=blue"])
        status = wait_outcome(case, "the check ended")
        assert "COLOUR" in status["reason"]
        case.wait_answer(1)
        case.stop_all()


def test_in_stop_first_nobody_else_answers_the_check_by_port():
    """A stranger with the same port (it stands for an old process that is still there) is well; the new version is not
    even listening."""
    with Programs() as programs:
        case = AgentCase(programs, passed_socket=False, options={"health": {"start_time": 1},
                                                                 "service": {"user_namespace": False}})
        case.publish(1, "--reuse-port")
        case.start()
        case.wait_committed(1)
        stranger = socket.socket()
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        stranger.bind(("0.0.0.0", case.port))
        stranger.listen(16)
        ended = threading.Event()

        def answer():
            stranger.settimeout(0.05)
            while not ended.is_set():
                try:
                    peer, _ = stranger.accept()
                    peer.recv(1000)
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    peer.close()
                except OSError:
                    pass
        thread = threading.Thread(target=answer)
        thread.start()
        try:
            case.publish(2, "--start-delay", "60000")
            wait_outcome(case, "does not listen on port")
        finally:
            ended.set()
            thread.join()
            stranger.close()
        case.wait_answer(1)
        case.stop_all()


def test_a_release_that_claims_an_endless_start_is_refused_before_anything_is_fetched(case):
    case.publish(2, options=["--label", "vnd.stratus.update.probation=nan"])
    status = wait_outcome(case, "is no duration")
    assert len(status["bad"]) == 1
    check_still_1(case)
    assert len(case.layers()) == 1


@pytest.mark.parametrize("in_memory", [False, True])
def test_what_a_service_writes_to_its_root_is_bounded(in_memory):
    with Programs() as programs:
        case = AgentCase(programs, options={"service": {"writable_limit": "1M", "writable_in_memory": in_memory}})
        case.publish(1)
        case.start()
        case.wait_committed(1)
        [(_, pid)] = case.service_pids()
        ask = HttpClient(case.url, timeout=5)
        assert ask.get("/fill/300000").body.decode().strip() == "0"
        failed = ask.get("/fill/3000000").body.decode().strip()
        if in_memory:
            assert failed == str(errno.ENOSPC)
            assert [p for _, p in case.service_pids()] == [pid]
        else:
            wait_until(lambda: [p for _, p in case.service_pids() if p != pid], what="a fresh process")
            assert "bytes to its root, 1048576 are allowed" in case.program.log
            case.wait_answer(1)
        case.stop_all()


def test_a_committed_version_that_ends_again_and_again_makes_way():
    with Programs() as programs:
        case = AgentCase(programs, options={"service": {"crash_exits": 3, "crash_window": "1m"}})
        try:
            case.publish(1)
            case.start()
            case.wait_committed(1)
            case.publish(2, "--crash-after", "900")
            case.wait_committed(2)
            case.wait_answer(1)
            report = case.wait_report("rolled_back", 2)
            assert "ended again and again" in report["reason"], report
            assert 0 < case.last_report()["retry_after_ms"] <= 3_600_000, "only set aside"
            status = case.wait_committed(1)
            assert status["previous"] is None and status["bad"], "set aside; nothing is before the first"
        finally:
            case.stop_all()
