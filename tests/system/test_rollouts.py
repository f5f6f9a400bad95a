"""Rollouts against the real server, with devices that only speak HTTP: waves, gates, orders of people, time."""
import concurrent.futures
import datetime
import json

import pytest
from harness import wait_until
from harness.fleet import Device, FleetCase, counts_add_up
from harness.mqtt import DeviceMaker
from harness.people import make_token, make_user
from harness.registry import Registry


@pytest.fixture
def fleet(plain_stack):
    return FleetCase(plain_stack)


def test_a_rollout_goes_from_one_end_to_the_other(fleet):
    rollout = fleet.create(title="night")
    fleet.chosen(rollout, 10)
    for device in fleet.devices:
        assert device.update() == "2"
        counts_add_up(fleet.show(rollout))
    shown = fleet.wait_state(rollout, "completed")
    assert (shown["title"], shown["counts"]["success"], shown["percent"]) == ("night", 10, 100)
    assert "cause" not in shown
    assert fleet.devices[0].ask() is None, "what the rollout brought stands"
    history = fleet.http.get("/api/v1/devices/d000/rollouts").json()["items"]
    assert [(one["version"], one["from_version"], one["outcome"]) for one in history] == [("2", "1", "success")]
    kinds = [one["kind"] for one in fleet.http.get(f"/api/v1/rollouts/{rollout}/events").json()["items"]]
    assert kinds[::-1] == ["created", "submitted", "wave_opened", "started", "completed"] or set(kinds) == {
        "created", "submitted", "wave_opened", "started", "completed"}
    fleet.order(rollout, "abort", expect=409)  # nothing is left to stop; but what it did can be undone
    assert fleet.order(rollout, "abort", give_back=True)["counts"]["returning"] == 10
    assert {device.update() for device in fleet.devices} == {"1"}
    assert fleet.wait_state(rollout, "aborted")["counts"]["returned"] == 10


def test_a_failing_canary_pauses_and_a_resume_goes_on(fleet):
    rollout = fleet.create(waves=[{"count": 4, "failure_percent": 20, "success_percent": 50}])
    canaries = fleet.chosen(rollout, 4)
    others = [device for device in fleet.devices if device not in canaries]
    assert all(device.ask() is None for device in others), "their wave is not open"
    assert canaries[0].update("failed") == "2"
    shown = fleet.show(rollout)
    assert shown["state"] == "paused" and shown["cause"].startswith("gate of wave 1: 1 of 4"), shown
    assert all(device.ask() is None for device in fleet.devices), "nothing starts while paused"
    fleet.order(rollout, "resume")
    for device in fleet.chosen(rollout, 3):
        device.update()
    for device in fleet.chosen(rollout, 6):
        device.update()
    shown = fleet.wait_state(rollout, "completed")
    assert (shown["counts"]["success"], shown["counts"]["failed"]) == (9, 1)
    counts_add_up(shown)
    done = fleet.order(rollout, "retry")
    assert done["counts"]["failed"] == 0
    fleet.chosen(rollout, 1)[0].update()
    assert fleet.wait_state(rollout, "completed")["counts"]["success"] == 10


def test_a_soak_time_is_waited_for(fleet):
    rollout = fleet.create(waves=[{"count": 2, "soak_ms": 1500}])
    for device in fleet.chosen(rollout, 2):
        device.update()
    wave = fleet.show(rollout)["waves"][0]
    assert "settled_at" in wave and "passed_at" not in wave
    fleet.chosen(rollout, 8)
    wave = fleet.show(rollout)["waves"][0]
    begin, end = (datetime.datetime.fromisoformat(wave[key].replace("Z", "+00:00")) for key in ("settled_at", "passed_at"))
    assert end - begin >= datetime.timedelta(milliseconds=1500)


def test_pause_takes_back_what_was_not_told(fleet):
    rollout = fleet.create()
    fleet.chosen(rollout, 10)
    assert fleet.devices[0].ask() == "2"
    shown = fleet.order(rollout, "pause", reason="looks odd")
    assert shown["state"] == "paused" and shown["cause"].endswith("looks odd")
    assert (shown["counts"]["downloading"], shown["counts"]["waiting"]) == (1, 9)
    assert all(device.ask() is None for device in fleet.devices[1:])
    assert fleet.devices[0].report("committed") == 204
    fleet.order(rollout, "pause", expect=409)
    fleet.order(rollout, "resume")
    fleet.chosen(rollout, 9)


def test_abort_is_acknowledged_and_may_take_devices_back(fleet):
    rollout = fleet.create()
    fleet.chosen(rollout, 10)
    first, second, third = fleet.devices[:3]
    first.update()
    assert second.ask() == "2" and third.ask() == "2"
    shown = fleet.order(rollout, "abort", give_back=True, reason="no good")
    assert shown["state"] == "aborting"
    assert (shown["counts"]["returning"], shown["counts"]["cancelling"], shown["counts"]["cancelled"]) == (1, 2, 7)
    assert second.ask() is None, "it asks, so it has stopped: that is its acknowledgement"
    assert third.report("cancelled", "by the operator") == 204
    assert first.update() == "1"
    shown = fleet.wait_state(rollout, "aborted")
    assert (shown["counts"]["returned"], shown["counts"]["cancelled"]) == (1, 9)
    assert all(device.ask() is None for device in fleet.devices)


def other_name(fleet, name="extra", version="7"):
    """Another name with a release of its own, which the same devices follow."""
    extra = FleetCase.__new__(FleetCase)
    extra.__dict__.update(fleet.__dict__, image=name, digests={}, registry=Registry(fleet.http, name))
    extra.release(version)
    return extra


def test_a_question_about_another_name_is_no_acknowledgement(fleet):
    """Devices follow their names at the same time: who asks about one may well be busy with another."""
    other_name(fleet)
    first = fleet.create("2", targets={"devices": ["d000", "d001"]})
    device, second = fleet.chosen(first, 2)
    assert device.ask() == "2" and second.ask() == "2"
    fleet.order(first, "cancel", devices=["d000", "d001"])
    after = fleet.create("3", targets={"devices": ["d000"]})

    def why():
        (row,) = fleet.http.get(f"/api/v1/rollouts/{after}/devices").json()["items"]
        return row["state"], row.get("why")
    waits = ("waiting", "another rollout is updating it")
    wait_until(lambda: why() == waits, 20, what="the second rollout to wait for its end")
    assert Device(fleet.server, "d000", "extra").ask() is None
    assert fleet.states(first)["d000"] == "cancelling" and why() == waits
    assert device.report("committed") == 204
    assert fleet.states(first)["d000"] == "success", "it was too late, and that is what it runs"
    # The report is lost, but the device asks with what it runs.
    second.have, second.version = second.told[1], "2"
    assert second.ask() is None
    assert fleet.states(first)["d001"] == "success"
    assert fleet.chosen(after, 1)[0].ask() == "3"


def test_only_the_end_of_this_cancel_is_an_acknowledgement(plain_stack, tmp_path):
    fleet = FleetCase(plain_stack, options=["--mqtt-listen", "127.0.0.1:0"])
    wait_until(lambda: fleet.server.metric("stratus_mqtt_connected") == 1)
    maker = DeviceMaker(fleet.server, tmp_path / "devices")
    session = maker.connect("d000")
    session.say("presence", online=True)
    wait_until(lambda: fleet.server.metric("stratus_mqtt_devices_online") == 1)
    rollout = fleet.create(targets={"devices": ["d000"]})
    device = fleet.chosen(rollout, 1)[0]
    assert device.ask() == "2"
    fleet.order(rollout, "cancel", devices=["d000"])
    told = wait_until(lambda: session.messages.get("v1/d000/update/cancel"), what="the cancel")
    assert json.loads(told[0]) == {"command": rollout, "name": "app"}
    for seq, (command, status) in enumerate([(rollout, "accepted"), (rollout, "too_late"), ("another", "cancelled")], 1):
        session.say("update/cancel/ack", seq=seq, command=command, status=status)
        wait_until(lambda number=seq: number in session.stored)
    # A report goes the same way after them: what they changed would be seen by then.
    assert device.report("fetching") == 204
    assert fleet.states(rollout)["d000"] == "cancelling"
    session.say("update/cancel/ack", seq=4, command=rollout, status="cancelled")
    assert fleet.wait_state(rollout, "completed")["counts"]["cancelled"] == 1
    maker.close()


def test_past_its_deadline_the_rest_are_timeouts(fleet):
    rollout = fleet.create(expires_ms=2000)
    fleet.chosen(rollout, 10)
    fleet.devices[0].update()
    assert fleet.devices[1].ask() == "2"
    shown = fleet.wait_state(rollout, "completed")
    assert (shown["counts"]["success"], shown["counts"]["timeout"]) == (1, 9)
    assert fleet.devices[2].ask() is None
    fleet.order(rollout, "retry", expect=409)


def test_single_devices_can_be_taken_out(fleet):
    rollout = fleet.create()
    fleet.chosen(rollout, 10)
    assert fleet.devices[1].ask() == "2"
    shown = fleet.order(rollout, "cancel", devices=["d000", "d001"])
    assert (shown["counts"]["cancelled"], shown["counts"]["cancelling"]) == (1, 1)
    assert fleet.devices[0].ask() is None
    fleet.order(rollout, "cancel", expect=400)
    fleet.order(rollout, "cancel", expect=404, devices=["nobody"])


def test_failures_are_tried_again(fleet):
    rollout = fleet.create(retries=1, retry_delay_ms=100, targets={"devices": ["d000"]})
    device = fleet.chosen(rollout, 1)[0]
    device.update("failed")
    fleet.chosen(rollout, 1)
    assert device.again() == 204, "the same report once more is no second failure"
    assert fleet.show(rollout)["counts"]["failed"] == 0
    device.update()
    assert fleet.wait_state(rollout, "completed")["counts"]["success"] == 1


def test_a_rolled_back_device_is_left_out_of_the_next(fleet):
    rollout = fleet.create(targets={"devices": ["d000"]})
    fleet.chosen(rollout, 1)[0].update("rolled_back")
    assert fleet.wait_state(rollout, "completed")["counts"]["rolled_back"] == 1
    refused = fleet.create(targets={"devices": ["d000", "ghost"]}, expect=409)
    assert "left out" in refused.json()["detail"]
    rollout = fleet.create(targets={"devices": ["d000", "d001", "ghost"]})
    left = fleet.http.get(f"/api/v1/rollouts/{rollout}/exclusions").json()["items"]
    assert {one["device"]: one["reason"] for one in left} == {"d000": "went_back", "ghost": "unknown_device"}


def test_a_retry_leaves_out_who_went_back_for_good(fleet):
    rollout = fleet.create(targets={"devices": ["d000", "d001", "d002", "d003"]})
    bad, cut_short, blameless, failed = sorted(fleet.chosen(rollout, 4), key=lambda device: device.name)
    bad.update("rolled_back")
    cut_short.update("rolled_back", reason="changing versions was cut short too often", retry_after_ms=3_600_000)
    blameless.update("rolled_back", retry_after_ms=0)
    failed.update("failed")
    shown = fleet.wait_state(rollout, "completed")
    assert (shown["counts"]["rolled_back"], shown["refusing"]) == (3, 1) and "retried" not in shown
    kept = {"Idempotency-Key": "once"}
    answers = [fleet.http.post(f"/api/v1/rollouts/{rollout}/retry", json={}, headers=kept).json() for _ in range(2)]
    assert [answer["retried"] for answer in answers] == [{"devices": 3, "left_out": 1}] * 2
    assert {device.name for device in fleet.chosen(rollout, 2)} == {blameless.name, failed.name}
    assert fleet.states(rollout)[bad.name] == "rolled_back" and bad.ask() is None
    listed = fleet.http.get(f"/api/v1/rollouts/{rollout}/devices?state=waiting").json()["items"]
    assert [one["device"] for one in listed] == [cut_short.name]
    assert "cut short" in listed[0]["why"] and "not_before" in listed[0], "it rests for another hour"
    said = [one["detail"] for one in fleet.http.get(f"/api/v1/rollouts/{rollout}/events").json()["items"] if one["kind"] == "retry"]
    assert said == ["3 devices, 1 left out: they went back and refuse it"]
    named = fleet.order(rollout, "retry", devices=[bad.name, bad.name])
    assert (named["retried"], named["refusing"]) == ({"devices": 1, "left_out": 0}, 0)
    assert bad.ask() == "2", "it was meant"


def test_one_update_per_device(fleet):
    first = fleet.create("2", targets={"devices": ["d000"]})
    fleet.chosen(first, 1)
    second = fleet.create("3", targets={"devices": ["d000", "d001"]})
    wait_until(lambda: fleet.states(second)["d001"] == "requested", 10, what="d001 to have its turn")
    listed = fleet.http.get(f"/api/v1/rollouts/{second}/devices").json()["items"]
    assert listed[0]["state"] == "waiting" and listed[0]["why"] == "another rollout is updating it"
    assert fleet.devices[0].update() == "2"
    wait_until(lambda: fleet.states(second)["d000"] == "requested", 10, what="d000 to be free")
    assert fleet.devices[0].update() == "3"


def test_no_target_beside_what_a_rollout_brings(plain_stack, tmp_path):
    """One update at a time also where the other one comes by everybody's target and not by a rollout."""
    fleet = FleetCase(plain_stack, options=["--mqtt-listen", "127.0.0.1:0"])
    other_name(fleet)
    rollout = fleet.create(targets={"devices": ["d000"]})
    device = fleet.chosen(rollout, 1)[0]
    begun = fleet.http.put("/api/v1/releases/extra/target", json={"version": "7"})
    wait_until(lambda: fleet.http.get(begun.headers["Location"]).json()["state"] != "running", 30, what="the deployment")
    held, free = (Device(fleet.server, name, "extra") for name in ("d000", "d001"))
    assert held.ask() is None and free.ask() == "7", "its turn has come"
    assert device.ask() == "2" and held.ask() is None
    told = {name: fleet.http.get(f"/api/v1/next/{of}").headers["Cache-Control"]
            for name, of in (("d000", "extra?device=d000"), ("d001", "extra?device=d001"), ("its own", "app?device=d000"))}
    assert told == {"d000": "no-store", "d001": "no-cache", "its own": "private"}, "no gateway gives one's answer to the other"
    wait_until(lambda: fleet.server.metric("stratus_mqtt_connected") == 1)
    maker = DeviceMaker(fleet.server, tmp_path / "devices")

    def asks(name):
        """The items of the answer over MQTT."""
        session = maker.connect(name)
        session.say("update/next", name="extra")
        told = wait_until(lambda: session.messages.get(f"v1/{name}/update/next/answer"), what="the answer")
        return [item["version"] for item in json.loads(told[-1])["items"]]
    assert asks("d000") == [] and asks("d001") == ["7"]
    fleet.order(rollout, "cancel", devices=["d000"])
    assert held.ask() is None, "it may be busy yet"
    assert device.ask() is None
    assert held.ask() == "7" and asks("d000") == ["7"]
    maker.close()


def test_contents_follow_one_another(fleet):
    other_name(fleet)
    rollout = fleet.create(contents=[{"name": "app", "version": "2"}, {"name": "extra", "version": "7"}],
                           targets={"devices": ["d000"]})
    device = fleet.chosen(rollout, 1)[0]
    follower = Device(fleet.server, "d000", "extra")
    follower.sequence = device.sequence
    assert follower.ask() is None, "the second comes after the first"
    assert device.update() == "2"
    assert follower.update() == "7"
    assert fleet.wait_state(rollout, "completed")["counts"]["success"] == 1


def test_only_in_the_maintenance_window(fleet):
    now = datetime.datetime.now(datetime.timezone.utc)
    closed = [(now + datetime.timedelta(hours=hours)).strftime("%H:%M") for hours in (2, 3)]
    rollout = fleet.create(window={"from": closed[0], "to": closed[1]})
    wait_until(lambda: fleet.show(rollout)["state"] == "running", 10, what="the rollout to run")
    assert fleet.devices[0].ask() is None
    listed = fleet.http.get(f"/api/v1/rollouts/{rollout}/devices").json()["items"]
    assert listed[0]["why"] == "outside the maintenance window of its local time"
    fleet.order(rollout, "abort")
    opened = [(now + datetime.timedelta(hours=hours)).strftime("%H:%M") for hours in (-1, 1)]
    rollout = fleet.create(window={"from": opened[0], "to": opened[1]})
    fleet.chosen(rollout, 10)


def test_devices_that_come_later_join(fleet):
    rollout = fleet.create(joining="while_running", max_in_flight=1)
    late = Device(fleet.server, "late")
    late.told = ("1", fleet.digests["1"])
    late.report("committed")
    wait_until(lambda: "late" in fleet.states(rollout), 30, what="the new device to join")
    assert fleet.show(rollout)["counts"]["total"] == 11


def test_a_deployment_afterwards_is_the_newer_word(fleet):
    rollout = fleet.create()
    fleet.chosen(rollout, 10)
    device = fleet.devices[0]
    device.update()
    assert device.ask() is None
    begun = fleet.http.put("/api/v1/releases/app/target", json={"version": "3"})
    location = begun.headers["Location"]
    wait_until(lambda: fleet.http.get(location).json()["state"] != "running", 30, what="the deployment")
    assert device.ask() == "3", "everything at once, said after the rollout"
    assert fleet.devices[1].ask() == "2", "its turn in the rollout has come before"


def test_targets_are_the_union_of_places_filter_and_devices(fleet):
    http = fleet.http
    for kind, code in (("regions", "seoul"), ("regions", "busan"), ("groups", "shop")):
        assert http.post(f"/api/v1/{kind}", json={"code": code, "name": code}).status == 201
    places = {"d000": {"region": "seoul"}, "d001": {"region": "seoul", "group": "shop"}, "d002": {"group": "shop"},
              "d003": {"region": "busan"}, "d004": {"label": "front door"}}
    for device, change in places.items():
        assert http.request("PATCH", f"/api/v1/devices/{device}", json=change, headers={"If-Match": "*"}).status == 200, device

    def meant(**targets):
        rollout = fleet.create(targets=targets, draft=True)
        return sorted(fleet.states(rollout))
    assert meant(regions=["seoul"]) == ["d000", "d001"]
    assert meant(groups=["shop"]) == ["d001", "d002"]
    assert meant(filter='region=busan,seoul !group=shop') == ["d000", "d003"]
    assert meant(filter='label="front door"') == ["d004"]
    everything = {"regions": ["seoul"], "groups": ["shop"], "filter": "region=busan", "devices": ["d009", "d000"]}
    assert meant(**everything) == ["d000", "d001", "d002", "d003", "d009"]
    plan = http.post("/api/v1/rollouts/dry-run", json={"contents": [{"name": "app", "version": "2"}], "targets": everything})
    assert plan.json()["devices"] == 5


def test_a_dry_run_changes_nothing(fleet):
    body = {"contents": [{"name": "app", "version": "2"}], "targets": {"all": True, "devices": ["ghost"]},
            "waves": [{"percent": 10}]}
    plan = fleet.http.post("/api/v1/rollouts/dry-run", json=body).json()
    assert plan["devices"] == 10 and plan["excluded_by_reason"] == {"unknown_device": 1}
    assert [wave["devices"] for wave in plan["waves"]] == [1, 9]
    ways = plan["bytes"]["per_device"]
    assert ways[0]["devices"] == 10 and 0 < ways[0]["bytes"] <= ways[0]["full_bytes"]
    assert plan["bytes"]["upstream"] == 10 * ways[0]["bytes"]
    assert fleet.http.get("/api/v1/rollouts").json() == {"items": []}


@pytest.mark.parametrize("body,status", [
    ({"contents": [{"name": "app", "version": "99"}], "targets": {"all": True}}, 404),
    ({"contents": [{"name": "app", "version": "2"}]}, 400),
    ({"contents": [{"name": "app", "version": "2"}], "targets": {"groups": ["nowhere"]}}, 404),
    ({"contents": [{"name": "app", "version": "2"}], "targets": {"filter": "seen>soon"}}, 400),
    ({"contents": [{"name": "app", "version": "2"}], "targets": {"all": True}, "wave": 3}, 400)])
def test_a_wrong_order_is_refused(fleet, body, status):
    refused = fleet.http.post("/api/v1/rollouts", json=body)
    assert refused.status == status and refused.json()["detail"], refused
    assert fleet.http.post("/api/v1/rollouts", json=body, token=None).status == 401


def test_what_a_rollout_brings_is_not_removed(fleet):
    fleet.create()
    assert fleet.http.delete("/api/v1/releases/app/versions/2").status == 409
    assert fleet.http.delete("/api/v1/releases/app/versions/3").status == 204


def test_the_author_cannot_approve(fleet):
    rollout = fleet.create(approval=True)
    assert fleet.show(rollout)["state"] == "approval"
    fleet.order(rollout, "approve", expect=403)
    assert fleet.devices[0].ask() is None
    fleet.order(rollout, "reject", reason="not now")
    assert fleet.show(rollout)["state"] == "aborted"


SCOPES = ["rollouts:read", "rollouts:write", "devices:read", "releases:read"]


def test_one_person_is_one_person_by_whatever_name(fleet):
    alice, bob = (make_user(fleet.server, name, "operator") for name in ("alice", "bob"))
    first, second = (make_token(alice, name, scopes=SCOPES) for name in ("ci", "other"))
    loose, another = (make_token(fleet.http, name, scopes=SCOPES) for name in ("loose", "alice"))
    body = {"contents": [{"name": "app", "version": "2"}], "targets": {"devices": ["d000"]}, "approval": True}

    def approve(person, rollout):
        return person.post(f"/api/v1/rollouts/{rollout}/approve", json={}).status
    for author, same in ((first, (first, alice, second)), (alice, (second,)), (loose, (fleet.http, another)),
                         (fleet.http, (loose,))):
        made = author.post("/api/v1/rollouts", json=body)
        assert made.status == 201, made
        rollout = made.json()["id"]
        assert [approve(person, rollout) for person in same] == [403] * len(same), made.json()["author"]
        assert fleet.show(rollout)["state"] == "approval"
        assert approve(bob, rollout) == 200
        assert fleet.show(rollout)["approver"] == "user:bob"
        fleet.order(rollout, "abort")


def test_a_soak_time_is_cut_short_by_two_people(fleet):
    alice, bob = (make_user(fleet.server, name, "operator") for name in ("alice", "bob"))
    token = make_token(alice, "ci", scopes=SCOPES)
    rollout = fleet.create(waves=[{"count": 1, "soak_s": 3600}])
    fleet.chosen(rollout, 1)

    def advance(person):
        answer = person.post(f"/api/v1/rollouts/{rollout}/advance", json={})
        assert answer.status == 200, answer
        return fleet.show(rollout).get("advance_asked_by"), fleet.show(rollout)["wave"]
    assert advance(alice) == ("user:alice", 1)
    assert advance(token) == ("token:alice/ci", 1), "she has a second name and is no second person"
    fleet.restart()
    assert advance(alice) == ("user:alice", 1), "known after a restart too"
    assert advance(bob) == (None, 2)


def test_much_of_the_fleet_needs_two_people(plain_stack):
    config = plain_stack.programs.path("server.toml")
    config.write_text("approval_from_percent = 50\n")
    fleet = FleetCase(plain_stack, options=["--config", config])
    small = fleet.create(targets={"devices": ["d000", "d001", "d002", "d003"]})
    assert fleet.show(small)["state"] != "approval"
    half = fleet.create(targets={"devices": [device.name for device in fleet.devices[5:]]})
    everybody = fleet.create("3")
    for rollout in (half, everybody):
        assert fleet.show(rollout)["state"] == "approval"
        fleet.order(rollout, "approve", expect=403)
    second = make_user(fleet.server, "second", "operator")
    assert second.post(f"/api/v1/rollouts/{half}/approve", json={}).status == 200
    assert fleet.show(half)["approver"] == "user:second"
    # One device now, and whoever comes later: nobody knows how many that will be.
    for joining in ("while_running", "until_expiry"):
        growing = fleet.create(targets={"devices": ["d004"]}, joining=joining)
        assert fleet.show(growing)["state"] == "approval", joining
    body = {"contents": [{"name": "app", "version": "2"}], "targets": {"all": True}}
    assert fleet.http.post("/api/v1/rollouts/dry-run", json=body).json()["spec"]["approval"] is True


def test_three_of_ten_canaries_fail_and_nobody_else_begins(plain_stack):
    fleet = FleetCase(plain_stack, devices=30)
    rollout = fleet.create(waves=[{"count": 10, "failure_percent": 20, "success_percent": 80}])
    canaries = fleet.chosen(rollout, 10)
    for device in canaries[:5]:
        device.update()
    for device in canaries[5:8]:
        device.update("failed")
    shown = fleet.show(rollout)
    assert shown["state"] == "paused" and shown["cause"].startswith("gate of wave 1: 3 of 10"), "with the deciding report"
    assert all(device.ask() is None for device in fleet.devices if device not in canaries)
    assert (shown["counts"]["waiting"], shown["counts"]["success"], shown["counts"]["failed"]) == (22, 5, 3)


def test_the_command_line_creates_watches_and_orders(fleet):
    stack = fleet.stack
    plan = json.loads(stack.stratus("rollout", "plan", "app:2", "--all", "--json"))
    assert plan["devices"] == 10
    made = json.loads(stack.stratus("rollout", "create", "app:2", "--all", "--wave", "2,failure=0", "--json"))
    rollout = made["id"]
    late = stack.stratus("rollout", "watch", rollout, "--timeout", "300ms", check=False)
    assert late.returncode == 124, late.stderr
    fleet.chosen(rollout, 2)[0].update("failed")
    halted = stack.stratus("rollout", "watch", rollout, check=False)
    assert halted.returncode == 5 and "gate of wave 1" in halted.stdout
    assert json.loads(stack.stratus("rollout", "pause", rollout, "--json", check=False).stdout or "{}") == {}
    stack.stratus("rollout", "resume", rollout)
    fleet.chosen(rollout, 1)[0].update()
    for device in fleet.chosen(rollout, 8):
        device.update()
    partly = stack.stratus("rollout", "watch", rollout, "--until", "done", "--timeout", "20s", check=False)
    assert partly.returncode == 6, partly.stdout
    assert "  1 devices wait for another try\n" in stack.stratus("rollout", "retry", rollout)
    fleet.chosen(rollout, 1)[0].update()
    assert stack.stratus("rollout", "watch", rollout, "--timeout", "20s", check=False).returncode == 0
    assert rollout in stack.stratus("rollout", "list")
    assert "success" in stack.stratus("rollout", "show", rollout, "--devices")
    assert "app:2 success" in stack.stratus("history", "d000")
    refused = json.loads(stack.stratus("rollout", "create", "app:3", "--all", "--json"))["id"]
    for device, end in zip(fleet.chosen(refused, 10), ["rolled_back"] * 2 + ["failed"] + ["committed"] * 7):
        device.update(end)
    again = stack.stratus("rollout", "retry", refused)
    assert "  1 devices wait" in again and "  2 are left out: they went back from this release and refuse it" in again
    assert stack.stratus("rollout", "show", "nothing", check=False).returncode == 3
    assert stack.stratus("rollout", "create", "app:2", check=False).returncode == 2


def test_a_repeated_creation_or_order_is_done_once(fleet):
    body = {"contents": [{"name": "app", "version": "2"}], "targets": {"all": True}, "waves": [{"count": 2}]}
    key = {"Idempotency-Key": "once"}
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: fleet.http.post("/api/v1/rollouts", json=body, headers=key), range(6)))
    assert {answer.status for answer in answers} == {201} and len({answer.json()["id"] for answer in answers}) == 1
    assert sorted("Idempotency-Replayed" in answer.headers for answer in answers) == [False] + [True] * 5
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert len(fleet.http.get("/api/v1/rollouts").json()["items"]) == 1
    rollout = answers[0].json()["id"]
    other = fleet.http.post("/api/v1/rollouts", json={**body, "title": "another"}, headers=key)
    assert (other.status, other.json()["code"]) == (409, "idempotency_key_reused")

    def order(word, name, **headers):
        return fleet.http.post(f"/api/v1/rollouts/{rollout}/{word}", json={}, headers={"Idempotency-Key": name, **headers})
    revision = fleet.http.get(f"/api/v1/rollouts/{rollout}").headers["ETag"]
    fleet.chosen(rollout, 2)
    assert order("pause", "p1").status == 200
    assert order("resume", "r1").status == 200
    # The pause comes again, late, as retries do: answered as then, and nothing is paused.
    late = order("pause", "p1", **{"If-Match": revision})
    assert late.status == 200 and late.json()["state"] == "paused" and late.headers["Idempotency-Replayed"] == "true"
    assert fleet.show(rollout)["state"] == "running"
    # Kept with the order itself, so a killed server knows it too.
    fleet.restart()
    assert order("pause", "p1").headers["Idempotency-Replayed"] == "true"
    assert fleet.show(rollout)["state"] == "running"
    # What was refused is no answer to keep.
    assert order("approve", "a1").status == 409
    assert order("pause", "a1").status == 200
    assert fleet.show(rollout)["state"] == "paused"
    # A repetition is answered from what was kept even when nothing could be planned any more.
    fleet.order(rollout, "abort")
    fleet.wait_state(rollout, "aborted")
    assert fleet.http.delete("/api/v1/releases/app/versions/2").status == 204
    assert fleet.http.post("/api/v1/rollouts", json=body).status == 404
    again = fleet.http.post("/api/v1/rollouts", json=body, headers=key)
    assert (again.status, again.headers["Location"]) == (201, answers[0].headers["Location"])
