"""Rollouts in the console, with simulated devices: one ended as it runs, by waves with a pause, a canary that fails and is tried again."""
import random
import time

import pytest
from harness import wait_until
from harness.mqtt import DeviceMaker
from harness.people import make_user
from harness.simulator import Simulation

from browser import run_journey

PASSWORD = "a long enough secret"


class Fleet:
    """A server with versions 1 and 2, two groups of devices that run version 1, and somebody who may do everything."""

    def __init__(self, stack, **groups):
        self.case = case = Simulation(stack, image="kiosk")
        make_user(case.server, "ann", "admin", password=PASSWORD)
        self.user = {"name": "ann", "password": PASSWORD}
        self.counts = groups
        case.release("1", b"one" * 50_000)
        answer = case.server.http.put("/api/v1/releases/kiosk/target", json={"version": "1"})
        assert answer.status in (200, 202), answer
        for group, count in groups.items():
            made = case.server.http.post("/api/v1/groups", json={"code": group, "name": f"{group.capitalize()} screens"})
            assert made.status == 201, made
            program = case.start(count, "--prefix", f"{group}-", "--group", group, "--until-version", "1", "--for", "120")
            case.finish(program, 120)
        case.release("2", random.Random(2).randbytes(200_000))  # nothing packs it: a slow link takes its time

    def start(self, group, *options):
        """The devices of a group come back; answers once all are connected."""
        return self.case.start(self.counts[group], "--prefix", f"{group}-", "--metrics-interval", "1", *options)

    def rollout(self):
        return self.case.server.http.get("/api/v1/rollouts").json()["items"][0]["id"]

    def devices(self, state, count):
        """Once so many devices are in that state: when each had its turn, as the server says it."""
        def there():
            items = self.case.server.http.get(f"/api/v1/rollouts/{self.rollout()}/devices?limit=1000").json()["items"]
            found = [one for one in items if one["state"] == state]
            return found if len(found) == count else None
        return wait_until(there, 60, what=f"{count} devices to be {state}")

    def events(self):
        return self.case.server.http.get(f"/api/v1/rollouts/{self.rollout()}/events?limit=1000").json()["items"]


@pytest.fixture
def fleet(stack):
    return Fleet(stack, canary=4, lobby=12)


def test_rollout_goes_by_waves_pauses_and_goes_on(fleet):
    def mistake(title, group):
        return fleet.case.rollout("2", title=title, targets={"groups": [group]})

    def connect(group):
        fleet.start(group)
        return {}

    def paused():
        """Who has fetched something when all are connected, and the rollout is paused."""
        wait_until(lambda: fleet.case.server.metric("stratus_mqtt_devices_online") == 16, 60, what="all to be connected")
        return {"started": [one["device"] for one in fleet.devices("waiting", 12) if one.get("bytes") or one.get("percent")]}

    fleet.start("canary")
    run_journey("waves", fleet.case.server, {"mistake": mistake, "connect": connect, "paused": paused}, user=fleet.user)
    kinds = [event["kind"] for event in reversed(fleet.events())]
    assert kinds.index("pause") < kinds.index("resume") < kinds.index("completed"), kinds


def test_canary_that_fails_halts_the_rollout_and_is_explained(fleet):
    frail = fleet.start("canary", "--fail-fraction", "1", "--fail-version", "2", "--fail-how", "failed")
    fleet.start("lobby")

    def mend():
        frail.stop()  # with what becomes of a run in which updates failed
        fleet.start("canary")
        return {}

    run_journey("canary", fleet.case.server, {"mend": mend}, user=fleet.user)


def test_device_page_follows_its_device(stack, tmp_path):
    fleet = Fleet(stack, door=1)
    programs, said = [], []
    maker = DeviceMaker(fleet.case.server, tmp_path / "keys")
    stack.programs.on_close(maker.close)

    def connect():
        programs.append(fleet.start("door", "--bandwidth", "2KiB", "--progress-interval", "0.2"))
        return {}

    def rollout(version):
        fleet.case.rollout(version)
        return {}

    def disconnect():
        assert programs.pop().stop() == 0  # with a goodbye
        return {}

    def restart():
        disconnect()
        programs.append(fleet.start("door"))
        return {}

    def say(kind, members):
        talker = said[0] if said else maker.connect("door-00001")
        said.append(talker)
        talker.say(kind, seq=time.time_ns() // 1000, **members)
        return {}

    run_journey("device", fleet.case.server, {"connect": connect, "rollout": rollout, "restart": restart, "disconnect": disconnect,
                                              "say": say}, user=fleet.user, device="door-00001")
