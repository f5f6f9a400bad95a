"""Storms (T35): everybody loses the broker, or the server, at once. People are served meanwhile, and everybody comes back.

The long form (STRATUS_LONG=1) takes 1,000 devices.
"""
import os
import threading

import pytest
from harness import wait_until
from harness.simulator import Simulation

DEVICES = 1_000 if os.environ.get("STRATUS_LONG") else 60


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


def test_everybody_loses_the_broker_and_people_do_not_notice(case):
    sim = case.start(DEVICES, "--metrics-interval", "1")
    wait_until(lambda: online(case) == DEVICES, 120, what="the fleet")
    person = Person(case.server.http)
    person.start()
    for number in (1, 2):
        before = person.done
        case.kill_broker()
        wait_until(lambda: case.server.metric("stratus_mqtt_broker_restarts_total") == number, 60, what="another broker")
        wait_until(lambda: case.server.metric("stratus_mqtt_connected") == 1 and online(case) == DEVICES, 120,
                   what="everybody to be back")
        wait_until(lambda: person.done > before, 60, what="people to be served")
    person.stop()
    assert person.wrong == [] and person.done > 2
    assert sim.stop() == 0


def test_everybody_comes_back_to_a_killed_server_and_goes_on(case):
    case.release("1", b"x" * 100_000)
    sim = case.start(DEVICES, "--until-version", "1", "--for", "240", "--chunk", "16KiB", "--bandwidth", "200KiB")
    wait_until(lambda: online(case) == DEVICES, 120, what="the fleet")
    rollout = case.rollout("1")
    wait_until(lambda: case.show(rollout)["counts"]["success"] + case.show(rollout)["counts"]["downloading"] >= 5, 60,
               what="the rollout to be under way")
    case.kill_server()
    wait_until(lambda: online(case) == DEVICES, 120, what="everybody to be back")
    report = case.finish(sim, 300)
    assert case.wait_rollout(rollout, "completed")["counts"]["success"] == DEVICES
    assert report["updates"]["succeeded"] == DEVICES
