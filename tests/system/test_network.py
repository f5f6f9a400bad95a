"""Links as they are in the field (T36): packets are lost, the line is slow, it comes and goes. The kernel does it, not the programs."""
import os
import random
import threading

import pytest
from harness import AgentCase, CountingProxy, Stack, random_bytes
from harness.network import PrivateNetwork
from harness.simulator import Simulation

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a network of one's own needs root")


@pytest.fixture
def network():
    with PrivateNetwork() as network:
        yield network


@pytest.fixture
def case(network, programs):
    """A device whose link to its server is `case.proxy`."""
    case = AgentCase(programs, plain=False)
    with CountingProxy(case.server.url) as case.proxy:
        programs.on_close(case.stop_all)
        case.publish(1)
        case.reconfigure({"": {"server": case.proxy.url("https")}})
        case.start()
        case.wait_committed(1)
        yield case


def test_lost_packets_and_twenty_cuts_cost_few_bytes(network, case):
    size = 4_000_000
    network.lose(5, case.proxy.port)
    case.proxy.reset()
    case.proxy.cut_after(*[size // 25] * 20)
    case.publish(2, extra={"etc/big": random_bytes(5, size)}, options=("--against", "none"))
    case.wait_committed(2, seconds=180)
    assert case.proxy.cuts_done == 20 and network.lost() > 100
    assert size < case.proxy.down < 1.1 * size, case.proxy.down / size
    assert case.answer() == "2"


def test_a_third_of_all_packets_lost(network, case):
    network.lose(30, case.proxy.port)
    case.publish(2, extra={"etc/new": random_bytes(6, 60_000)})
    case.wait_committed(2, seconds=180)
    assert network.lost() > 10


def test_a_slow_line(network, case):
    network.slow_down(16_000, case.proxy.port)
    case.proxy.reset()
    case.publish(2, extra={"etc/new": random_bytes(7, 10_000)})
    case.wait_committed(2, seconds=180)
    assert case.proxy.down < 40_000, "a delta, not the image"


def test_a_link_that_comes_and_goes(network, case):
    network.slow_down(4_000_000, case.proxy.port)
    over = threading.Event()
    flaps = []

    def flap():
        while not over.wait(2):
            flaps.append(100 if len(flaps) % 2 == 0 else 0)
            network.lose(flaps[-1], case.proxy.port)
        network.lose(0, case.proxy.port)

    flapping = threading.Thread(target=flap)
    flapping.start()
    try:
        case.proxy.reset()
        size = 2_000_000
        case.publish(2, extra={"etc/big": random_bytes(8, size)}, options=("--against", "none"))
        case.wait_committed(2, seconds=180)
    finally:
        over.set()
        flapping.join()
    assert flaps.count(100) >= 2
    assert case.proxy.down < 1.5 * size, case.proxy.down / size


def test_every_simulated_device_comes_through_a_lossy_network(network, programs):
    sim = Simulation(Stack(programs))
    devices, content = 60, random.Random(9).randbytes(300_000)
    sim.enrol(devices)
    _, size = sim.release("1", content)
    before = sim.server.metric("stratus_registry_sent_bytes_total")
    network.lose(1, *sim.ports())
    running = sim.start(devices, "--until-version", "1", "--for", "120")
    rollout = sim.rollout("1")
    report = sim.finish(running, 180)
    assert report["updates"]["succeeded"] == devices and network.lost() > 50
    assert sim.wait_rollout(rollout, "completed")["counts"]["success"] == devices
    sent = sim.server.metric("stratus_registry_sent_bytes_total") - before
    assert devices * size <= sent <= 1.05 * devices * size, sent / devices / size
