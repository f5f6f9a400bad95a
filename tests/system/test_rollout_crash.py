"""kill -9 while people pause, resume and abort and devices ask and tell (T33): what was acknowledged stays, and no device
begins what a pause or an abort had stopped."""
import concurrent.futures
import contextlib
import http.client
import os
import random
import threading
import time

import pytest
from harness.fleet import FleetCase, counts_add_up
from harness.waiting import wait_until

AWAY = (OSError, http.client.HTTPException)


class History:
    """What was acknowledged, and when devices were told, on one clock."""

    def __init__(self):
        self.lock = threading.Lock()
        self.orders = []  # (begun, ended, rollout, word, acknowledged)
        self.told, self.ended = [], []  # (asked, answered, device, version), (acknowledged, device, version)
        self.lost = []  # (asked, gone, device): the server may have stored that the device begins before the kill

    def add(self, which, *entry):
        with self.lock:
            which.append(entry)

    def stopped(self, rollout):
        """Spans in which the rollout was certainly paused or over: from an acknowledged pause or abort to the beginning
        of the next order that may have set it going again."""
        spans, orders = [], sorted(order for order in self.orders if order[2] == rollout)
        for begun, ended, _, word, acknowledged in orders:
            if word not in ("pause", "abort") or not acknowledged:
                continue
            again = [start for start, finish, _, other, _ in orders if other in ("resume", "retry") and finish >= begun]
            if not any(start < ended for start in again):
                spans.append((ended, min(again, default=float("inf"))))
        return spans


def live_through(fleet, seed, versions, clients=4, orders=25):
    """Devices and people live while the server is killed again and again; then their history is judged. The kills."""
    chance = random.Random(seed)
    history, over = History(), threading.Event()
    rollouts = [fleet.create(versions[0], targets={"devices": [f"d{n:03}" for n in range(0, 24, 2)]},
                             waves=[{"count": 3, "failure_percent": 100, "success_percent": 0, "soak_ms": 300}], retries=3,
                             retry_delay_ms=50),
                fleet.create(versions[1], targets={"devices": [f"d{n:03}" for n in range(1, 24, 2)]}, retries=3,
                             retry_delay_ms=50)]
    version_of = dict(zip(versions, rollouts))
    words = ["pause", "resume"] * 20 + ["retry"] * 9 + ["abort"]

    def device_lives(device, random_):
        while not over.is_set():
            begun, asks = time.monotonic(), True
            try:
                version = device.ask(timeout=5)
                asks = False
                if version:
                    history.add(history.told, begun, time.monotonic(), device.name, version)
                    state = random_.choices(["committed", "failed", None], [1, 6, 2])[0]
                    if state:
                        before = device.have, device.version
                        if device.report(state) == 204:
                            history.add(history.ended, time.monotonic(), device.name, version)
                        else:
                            device.have, device.version = before
            except AWAY:
                if asks:
                    history.add(history.lost, begun, time.monotonic(), device.name)
                over.wait(0.05)
            over.wait(random_.uniform(0, 0.1))

    def person_orders(random_, count):
        for _ in range(count):
            rollout, word = random_.choice(rollouts), random_.choice(words)
            begun = time.monotonic()
            try:
                answer = fleet.http.post(f"/api/v1/rollouts/{rollout}/{word}", json={})
                acknowledged = answer.status == 200
                assert answer.status in (200, 409, 503), answer
                if acknowledged and word == "pause":  # and whatever others ordered in the same instant
                    state = answer.json()["state"]
                    assert state in ("paused", "scheduled", "running", "aborting", "aborted", "completed"), state
            except AWAY:
                acknowledged = None
            history.add(history.orders, begun, time.monotonic(), rollout, word, acknowledged)
            over.wait(random_.uniform(0, 0.15))

    with concurrent.futures.ThreadPoolExecutor(40) as pool, contextlib.ExitStack() as ending:
        ending.callback(over.set)  # whatever happens: else the pool waits for the devices for ever
        lives = [pool.submit(device_lives, device, random.Random(chance.random())) for device in fleet.devices]
        people = [pool.submit(person_orders, random.Random(chance.random()), orders) for _ in range(clients)]
        kills = 0
        while not all(person.done() for person in people):
            time.sleep(chance.uniform(0.1, 0.6))
            fleet.restart()
            kills += 1
        for person in people:
            person.result()
        begun = time.monotonic()
        for rollout in rollouts:
            shown = fleet.show(rollout)
            if shown["state"] in ("running", "scheduled"):
                fleet.order(rollout, "pause")
                history.add(history.orders, begun, time.monotonic(), rollout, "pause", True)
        fleet.restart()
        kills += 1
        for rollout in rollouts:  # the last word was durable
            shown = fleet.show(rollout)
            assert shown["state"] in ("paused", "completed", "aborting", "aborted"), shown
            counts_add_up(shown)
        time.sleep(0.5)  # devices go on asking while everything is paused
        over.set()
        for life in lives:
            life.result()
    # Asked after the pause was acknowledged and answered with a release that was not its already: never.
    for rollout in rollouts:
        for start, end in history.stopped(rollout):
            for asked, answered, device, version in history.told:
                if version_of.get(version) != rollout or not start < asked <= answered < end:
                    continue
                # It may go on with what it was told before the pause, heard or not, unless that came to an end meanwhile.
                before = [one for one in history.told if one[3] == version] + history.lost
                under_way = [one for one in before
                             if one[2] == device and one[0] < start and not any(
                                 one[1] <= when <= asked and (who, what) == (device, version)
                                 for when, who, what in history.ended)]
                assert under_way, f"{device} began {version} at {asked} although paused since {start}"
    for rollout in rollouts:
        assert fleet.http.get(f"/api/v1/rollouts/{rollout}/devices?limit=100").status == 200
        shown = fleet.show(rollout)
        if shown["state"] == "paused":
            fleet.order(rollout, "abort")  # the next round's devices are not held by this one
    return kills


@pytest.mark.parametrize("seed", [1, 2])
def test_acknowledged_orders_outlive_kills(plain_stack, seed):
    assert live_through(FleetCase(plain_stack, devices=24), seed, ["2", "3"]) >= 3


@pytest.mark.skipif(not os.environ.get("STRATUS_LONG"), reason="STRATUS_LONG=1: 200 kills take minutes")
def test_two_hundred_kills_with_eight_clients(plain_stack):
    rounds = 60
    fleet = FleetCase(plain_stack, devices=24, versions=1 + 2 * rounds)
    kills = 0
    for number in range(rounds):
        kills += live_through(fleet, 100 + number, [str(2 + 2 * number), str(3 + 2 * number)], clients=8)
        if kills >= 200:
            break
    assert kills >= 200


def test_a_rollout_goes_on_after_a_kill(plain_stack):
    fleet = FleetCase(plain_stack, devices=6)
    rollout = fleet.create(waves=[{"count": 2}])
    canaries = fleet.chosen(rollout, 2)
    assert canaries[0].ask() == "2"
    fleet.restart()
    assert canaries[0].ask() == "2" and canaries[1].ask() == "2"
    assert canaries[0].report("committed") == 204
    fleet.restart()
    assert canaries[0].ask() is None
    canaries[1].update()
    fleet.restart()
    for device in fleet.chosen(rollout, 4):
        device.update()
    shown = fleet.wait_state(rollout, "completed")
    assert shown["counts"]["success"] == 6
    fleet.restart()
    assert all(device.ask() is None for device in fleet.devices), "what it brought stands after a restart too"
    wait_until(lambda: fleet.show(rollout)["percent"] == 100, 5, what="the rollout to be kept")
