"""Storms (T35): everybody loses the broker, or the server, at once. People are served meanwhile, and everybody comes back.

The long form (STRATUS_LONG=1) takes 1,000 devices.
"""
import os
import threading

import pytest
from harness import wait_until
from harness.simulator import Simulation

LONG = bool(os.environ.get("STRATUS_LONG"))
DEVICES = 1_000 if LONG else 60
PATIENCE = 600 if LONG else 120  # s, for a thousand handshakes on a machine that does other things too


@pytest.fixture
def case(stack):
    return Simulation(stack)


class Person(threading.Thread):
    """Looks at the fleet and changes something, again and again; what is refused or lost is kept."""

    def __init__(self, http):
        super().__init__(daemon=True)
        self.http, self.done, self.wrong, self.over = http, 0, [], threading.Event()

    def run(self):
        while not self.over.is_set():
            try:
                listed = self.http.get("/api/v1/devices?limit=20")
                made = self.http.post("/api/v1/regions", json={"code": f"r{self.done}"})
                if (listed.status, made.status) != (200, 201):
                    self.wrong.append((listed.status, made.status))
                self.done += 1
            except OSError as error:
                self.wrong.append(repr(error))

    def stop(self):
        self.over.set()
        self.join()


def online(case):
    return case.server.metric("stratus_mqtt_devices_online")


def restarts(case):
    return case.server.metric("stratus_mqtt_broker_restarts_total")


def test_everybody_loses_the_broker_and_people_do_not_notice(case):
    sim = case.start(DEVICES, "--metrics-interval", "1")
    wait_until(lambda: online(case) == DEVICES, PATIENCE, what="the fleet")
    person = Person(case.server.http)
    person.start()
    for _ in range(2):
        served, before = person.done, restarts(case)
        case.kill_broker()
        wait_until(lambda: restarts(case) > before, 60, what="another broker")
        wait_until(lambda: case.server.metric("stratus_mqtt_connected") == 1 and online(case) == DEVICES, PATIENCE,
                   what="everybody to be back")
        wait_until(lambda: person.done > served, 60, what="people to be served")
    person.stop()
    assert person.wrong == [] and person.done > 2
    assert "has answered nobody" not in case.server.program.log, "a broker that shakes hands with the fleet is let alone"
    assert sim.stop() == 0
    assert sim.report()["connects"] >= 3 * DEVICES, "everybody was cut off, both times"


def test_everybody_comes_back_to_a_killed_server_and_goes_on(case):
    case.release("1", b"x" * 100_000)
    sim = case.start(DEVICES, "--until-version", "1", "--for", str(2 * PATIENCE), "--chunk", "16KiB", "--bandwidth", "200KiB")
    wait_until(lambda: online(case) == DEVICES, PATIENCE, what="the fleet")
    rollout = case.rollout("1")
    wait_until(lambda: case.show(rollout)["counts"]["success"] + case.show(rollout)["counts"]["downloading"] >= 5, 60,
               what="the rollout to be under way")
    case.kill_server()
    wait_until(lambda: online(case) == DEVICES, PATIENCE, what="everybody to be back")
    report = case.finish(sim, 2 * PATIENCE + 60)
    assert case.wait_rollout(rollout, "completed")["counts"]["success"] == DEVICES
    assert report["updates"]["succeeded"] == DEVICES
