"""A device goes from version to version: full, layers, delta, both orders, and the service answers all the time."""
import json
import socket
import threading

import pytest
from harness import AgentCase, HttpClient, random_bytes, wait_until


@pytest.fixture
def case(programs):
    case = AgentCase(programs)
    yield case
    case.stop_all()


class Client(threading.Thread):
    """Asks the service again and again; every failure counts."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.url, self.answers, self.failures, self.ended = url, [], [], False

    def run(self):
        client = HttpClient(self.url, timeout=5)
        while not self.ended:
            try:
                self.answers.append(client.get("/").body.decode().strip())
            except OSError as error:
                self.failures.append(repr(error))

    def stop(self):
        self.ended = True
        self.join()


def test_first_install_is_full_then_small_changes_are_not(case):
    big = random_bytes(1, 1_000_000)
    case.publish(1, extra={"etc/big": big})
    case.start()
    status = case.wait_committed(1)
    assert status["plan"] == "full" and status["bytes"] > 1_000_000
    assert case.answer() == "1"

    case.publish(2, extra={"etc/big": big, "etc/new": random_bytes(2, 20_000)})
    status = case.wait_committed(2)
    assert status["plan"] in ("delta", "layers")
    assert 20_000 < status["bytes"] < 100_000
    assert case.answer() == "2"
    assert status["previous"]["version"] == "1"


def test_a_change_inside_a_big_file_travels_as_a_delta(case):
    big = bytearray(random_bytes(1, 1_000_000))
    case.publish(1, extra={"etc/big": bytes(big)})
    case.start()
    case.wait_committed(1)
    big[500_000:500_100] = random_bytes(3, 100)
    case.publish(2, extra={"etc/big": bytes(big)})
    status = case.wait_committed(2)
    assert status["plan"] == "delta"
    assert status["bytes"] < 20_000


def test_without_deltas_whole_layers_are_fetched(programs):
    case = AgentCase(programs, options={"update": {"deltas": False}})
    big = bytearray(random_bytes(1, 300_000))
    case.publish(1, extra={"etc/big": bytes(big)})
    case.start()
    case.wait_committed(1)
    big[1000] ^= 1
    case.publish(2, extra={"etc/big": bytes(big)})
    status = case.wait_committed(2)
    assert status["plan"] == "layers" and status["bytes"] > 250_000
    case.stop_all()


@pytest.mark.parametrize("order", ["start-first", "stop-first"])
def test_no_request_is_lost_with_a_passed_socket(programs, order):
    case = AgentCase(programs, order=order)
    case.publish(1)
    case.start()
    case.wait_committed(1)
    client = Client(case.url)
    client.start()
    case.publish(2, extra={"etc/payload": random_bytes(5, 3_000_000)})
    status = case.wait_committed(2)
    wait_until(lambda: client.answers[-1] == "2", what="the client to see version 2")
    client.stop()
    assert client.failures == []
    assert set(client.answers) == {"1", "2"}
    if order == "start-first":
        assert status["downtime_ms"] == 0
    case.stop_all()


@pytest.mark.parametrize("health", ["tcp", "exec", "none"])
def test_every_kind_of_check_lets_a_good_version_through(programs, health):
    case = AgentCase(programs, health=health)
    case.publish(1)
    case.start()
    case.wait_committed(1)
    case.publish(2)
    case.wait_committed(2)
    assert case.answer() == "2"
    case.stop_all()


def test_start_first_with_reuse_port_of_the_service_itself(programs):
    case = AgentCase(programs, order="start-first", passed_socket=False)
    case.publish(1, "--reuse-port")
    case.start()
    case.wait_committed(1)
    case.publish(2, "--reuse-port")
    assert case.wait_committed(2)["downtime_ms"] == 0
    assert case.answer() == "2"
    case.stop_all()


def test_layers_nobody_needs_are_removed(case):
    case.publish(1, extra={"a": random_bytes(1, 1000)})
    case.start()
    for version in (2, 3, 4):
        case.wait_committed(version - 1)
        case.publish(version, extra={"a": random_bytes(version, 1000)})
    status = case.wait_committed(4)
    kept = {status["current"]["manifest"], status["previous"]["manifest"]}
    wait_until(lambda: {f"sha256:{p.name}" for p in (case.data / "images").iterdir()} == kept,
               what="old images to be removed")
    needed = set()
    for image in (case.data / "images").iterdir():
        config = json.loads((image / "config").read_text())
        needed |= {digest.split(":")[1] for digest in config["rootfs"]["diff_ids"]}
    assert case.layers() == needed
    assert list((case.data / "partial").iterdir()) == []


def test_the_server_hears_what_became_of_it(case):
    case.publish(1)
    case.start()
    case.wait_committed(1)
    case.wait_report("committed", 1)
    wait_until(lambda: case.status()["reports_waiting"] == 0, what="the report to be acknowledged")


def test_status_tells_the_journal_when_no_agent_runs(case):
    case.publish(1)
    case.start()
    case.wait_committed(1)
    case.program.stop()
    status = case.status()
    assert status["agent"] == "not running"
    assert status["current"]["version"] == "1"
    assert case.answer() == "1", "the service outlives the agent"


def test_a_second_agent_on_the_same_data_is_refused(case):
    case.publish(1)
    first = case.start()
    case.wait_committed(1)
    second = case.programs.start("second", first.argv)
    assert second.process.wait(60) == 5
    assert "another agent" in second.log


def test_it_waits_for_its_port_while_something_dying_holds_it(case):
    """As what a killed agent was preparing does for a moment."""
    case.publish(1)
    with socket.create_server(("127.0.0.1", case.port)):
        case.start()
        wait_until(lambda: "waiting for a port" in case.program.log, what="the agent to find its port taken")
    case.wait_committed(1)
    assert case.answer() == "1"
