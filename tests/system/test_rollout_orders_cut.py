"""kill -9 in the middle of one order (T33): a creation, a cancel, a return, a wave opened early. Afterwards the server answers again,
what it acknowledged is there, what it did not is there wholly or not at all, and the same order with the same key is carried out once."""
import concurrent.futures
import http.client
import os
import random
import time

from harness.fleet import FleetCase, counts_add_up
from harness.people import make_user

AWAY = (OSError, http.client.HTTPException)
ROUNDS = 40 if os.environ.get("STRATUS_LONG") else 4


class Killer:
    """Kills the server some time after an order was sent. It looks for the instant at which the order is just being stored: earlier
    after one that was acknowledged, later after one that was lost."""

    def __init__(self, fleet, seed):
        self.fleet, self.chance, self.pause = fleet, random.Random(seed), 0.004

    def cut(self, send):
        """Whether what was sent was acknowledged nevertheless. The server runs again afterwards."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            sent = pool.submit(send)
            time.sleep(self.pause * self.chance.uniform(0.7, 1.3))
            self.fleet.restart()
        assert self.fleet.http.get("/healthz").status == 200
        try:
            answer = sent.result()
        except AWAY:
            self.pause *= 1.5
            return False
        assert answer.status in (200, 201), answer
        self.pause /= 2
        return True


class Order:
    """One order that the server is killed in, and that can be given again."""

    def __init__(self, killer, path, body, client=None):
        self.path, self.body, self.client = path, body, client or killer.fleet.http
        self.headers = {"Idempotency-Key": f"order-{killer.chance.getrandbits(64):x}"}
        self.acknowledged = killer.cut(self._send)

    def _send(self):
        return self.client.post(self.path, json=self.body, headers=self.headers)

    def again(self):
        answer = self._send()
        assert answer.status in (200, 201), answer
        return answer.json()


def test_a_creation_is_whole_or_nothing(plain_stack):
    fleet = FleetCase(plain_stack, devices=6)
    killer = Killer(fleet, seed=1)

    def called(title):
        return [one["id"] for one in fleet.http.get("/api/v1/rollouts?limit=200").json()["items"] if one["title"] == title]

    for number in range(ROUNDS):
        title = f"round {number}"
        wish = {"contents": [{"name": "app", "version": "2"}], "targets": {"all": True}, "title": title, "waves": [{"count": 2}]}
        order = Order(killer, "/api/v1/rollouts", wish)
        found = called(title)
        assert len(found) == 1 if order.acknowledged else len(found) <= 1
        made = order.again()
        assert called(title) == [made["id"]] and found in ([], [made["id"]])
        counts_add_up(fleet.show(made["id"]))
        assert len(fleet.states(made["id"])) == 6
        fleet.order(made["id"], "abort")
        fleet.wait_state(made["id"], "aborted")


def test_a_cancel_reaches_all_its_devices_or_none(plain_stack):
    fleet = FleetCase(plain_stack, devices=4)
    killer = Killer(fleet, seed=2)
    told, asked_nothing = fleet.devices[:2]
    for _ in range(ROUNDS):
        rollout = fleet.create()
        fleet.chosen(rollout, 4)
        assert told.ask() == "2"
        order = Order(killer, f"/api/v1/rollouts/{rollout}/cancel", {"devices": [told.name, asked_nothing.name]})
        done = {told.name: "cancelling", asked_nothing.name: "cancelled"}
        before = {told.name: "downloading", asked_nothing.name: "requested"}

        def seen():
            return {name: state for name, state in fleet.states(rollout).items() if name in done}

        assert seen() in ([done] if order.acknowledged else [before, done])
        order.again()
        assert seen() == done
        assert told.ask() is None and asked_nothing.ask() is None
        assert seen() == {told.name: "cancelled", asked_nothing.name: "cancelled"}
        fleet.order(rollout, "abort")
        fleet.wait_state(rollout, "aborted")


def test_a_return_sends_all_devices_back_or_none(plain_stack):
    fleet = FleetCase(plain_stack, devices=3, versions=1 + ROUNDS)
    killer = Killer(fleet, seed=3)
    for number in range(ROUNDS):
        version = str(2 + number)
        rollout = fleet.create(version)
        for device in fleet.chosen(rollout, 3):
            assert device.update() == version
        fleet.wait_state(rollout, "completed")
        order = Order(killer, f"/api/v1/rollouts/{rollout}/abort", {"give_back": True})
        before, done = ("completed", {"success"}), ("aborting", {"returning"})

        def seen():
            return fleet.show(rollout)["state"], set(fleet.states(rollout).values())

        assert seen() in ([done] if order.acknowledged else [before, done])
        order.again()
        assert seen() == done
        for device in fleet.devices:
            assert device.update() == "1"
        assert fleet.wait_state(rollout, "aborted")["counts"]["returned"] == 3


def test_a_wave_opened_early_takes_two_people_and_opens_once(plain_stack):
    fleet = FleetCase(plain_stack, devices=6, versions=1 + ROUNDS)
    killer = Killer(fleet, seed=4)
    alice, bob = make_user(fleet.server, "alice", "operator"), make_user(fleet.server, "bob", "operator")
    for number in range(ROUNDS):
        version = str(2 + number)
        rollout = fleet.create(version, waves=[{"count": 1, "soak_s": 3600}, {"count": 2}])
        assert fleet.chosen(rollout, 1)[0].update() == version

        def seen():
            shown = fleet.show(rollout)
            return shown["wave"], "advance_asked_by" in shown

        first = Order(killer, f"/api/v1/rollouts/{rollout}/advance", {}, alice)
        assert seen() in ([(1, True)] if first.acknowledged else [(1, False), (1, True)])
        first.again()
        assert seen() == (1, True)
        second = Order(killer, f"/api/v1/rollouts/{rollout}/advance", {}, bob)
        assert seen() in ([(2, False)] if second.acknowledged else [(1, True), (2, False)])
        second.again()
        assert seen() == (2, False)
        said = [event["kind"] for event in fleet.http.get(f"/api/v1/rollouts/{rollout}/events").json()["items"]]
        assert (said.count("advance_asked"), said.count("advance")) == (1, 1)
        fleet.order(rollout, "abort")
        fleet.wait_state(rollout, "aborted")
