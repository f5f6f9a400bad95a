"""The fleet as a whole: overview, why a device is not updated, a rollout as tiles, timeline and failures; every answer as
api/openapi.yaml says."""
import json

import pytest
from harness import wait_until
from harness.events import Stream
from harness.fleet import FleetCase
from harness.identity import enrol
from harness.openapi import CheckedClient
from harness.people import make_token
from harness.registry import digest_of


@pytest.fixture
def fleet(plain_stack):
    case = FleetCase(plain_stack)
    case.checked = CheckedClient(case.http)
    return case


def overview(fleet, true, what):
    """The overview once `true` holds: an answer is kept for a second."""
    def look():
        found = fleet.checked.get("/api/v1/overview").json()
        return found if true(found) else None
    return wait_until(look, 30, what=what)


def test_the_overview_counts_what_the_lists_show(fleet):
    begun = fleet.http.put("/api/v1/releases/app/target", json={"version": "2"})
    wait_until(lambda: fleet.http.get(begun.headers["Location"]).json()["state"] == "done", 60, what="the deployment")
    fleet.devices[0].update()
    fleet.devices[1].update("rolled_back")
    assert fleet.http.post("/api/v1/devices", json={"id": "shelf"}).status == 201
    assert fleet.http.patch("/api/v1/devices/d009", json={"active": False}).status == 200
    found = overview(fleet, lambda it: it["devices"]["inactive"] == 1, "the inactive device to be counted")
    devices = found["devices"]
    assert (devices["total"], devices["active"]) == (11, 10)
    assert devices["health"] == {"online": 8, "degraded": 1, "offline": 0, "never": 1}
    assert devices["compliance"] == {"on_target": 1, "behind": 7, "failing": 1, "none": 1}
    for field in ("health", "compliance"):
        for word, count in devices[field].items():
            listed = fleet.http.get(f"/api/v1/devices?filter={field}={word}%20active=yes").json()["devices"]
            assert len(listed) == count, (field, word)
    spread = {(one["version"], one["is_target"]): one["devices"] for one in found["releases"]}
    assert spread == {("1", False): 8, ("2", True): 1}
    # Eleven reports of ended updates with 100 bytes each; ten of them brought an image.
    moved = found["bytes"]
    assert (moved["updates"], moved["moved"], moved["moved_in_vain"], moved["unsized_updates"]) == (11, 1200, 100, 0)
    assert moved["full_images"] > moved["moved"]
    codes = {one["code"]: one for one in found["alerts"]}
    assert codes["target_failing"]["filter"] == "compliance=failing" and codes["updates_failed"]["count"] == 1


def test_the_overview_names_a_halted_rollout(fleet):
    rollout = fleet.create(waves=[{"count": 2, "failure_percent": 10}])
    fleet.chosen(rollout, 2)[0].update("failed")
    found = overview(fleet, lambda it: it["rollouts"]["counts"]["paused"] == 1, "the rollout to be paused")
    assert [one["id"] for one in found["rollouts"]["items"]] == [rollout]
    halted = [one for one in found["alerts"] if one["code"] == "rollout_halted"]
    assert halted[0]["object"] == f"rollout:{rollout}" and halted[0]["severity"] == "error"


def test_what_waits_for_a_decision_stands_first_in_the_overview(fleet):
    def made(name, **more):
        return fleet.create(targets={"devices": [name]}, **more)

    halted = made("d000", waves=[{"percent": 100, "failure_percent": 0, "success_percent": 100}])
    fleet.chosen(halted, 1)[0].update("failed")
    asked = made("d001", approval=True)
    paused = made("d002")
    fleet.order(paused, "pause")
    running = made("d003")
    later = made("d004", start_at="2099-01-01T00:00:00Z")
    fleet.wait_state(halted, "paused")
    fleet.wait_state(running, "running")
    found = overview(fleet, lambda it: len(it["rollouts"]["items"]) == 5 and it["rollouts"]["counts"]["running"] == 1, "all of them")
    assert [one["id"] for one in found["rollouts"]["items"]] == [halted, paused, asked, running, later], "newest first where alike"


def test_the_overview_is_for_who_may_see_devices_and_rollouts(fleet):
    admin = fleet.http
    for scopes, status in ((["devices:read"], 403), (["rollouts:read"], 403), (["devices:read", "rollouts:read"], 200)):
        assert make_token(admin, scopes=scopes).get("/api/v1/overview").status == status, scopes


def answer(fleet, device):
    return fleet.checked.get(f"/api/v1/devices/{device}/why").json()


def test_why_is_it_not_updated(fleet):
    assert fleet.checked.get("/api/v1/devices/nobody/why").status == 404
    assert answer(fleet, "d000")["answer"] == "target", "nothing is wanted yet"
    rollout = fleet.create(waves=[{"count": 1, "failure_percent": 0}])
    first = fleet.chosen(rollout, 1)[0]
    late = next(device for device in fleet.devices if device is not first)
    assert (answer(fleet, late.name)["answer"], answer(fleet, late.name)["rollout"]) == ("wave", rollout)
    assert answer(fleet, first.name)["answer"] == "runs"
    first.update("failed")
    assert answer(fleet, late.name)["answer"] == "rollout_running"
    tried = answer(fleet, first.name)
    assert tried["answer"] == "rollout_running" and not tried["updated"]
    assert {"code": "outcome", "ok": False, "detail": "it said failed about this release"} in tried["steps"]
    fleet.order(rollout, "resume")
    for device in fleet.chosen(rollout, 9):
        device.update()
    done = answer(fleet, late.name)
    assert done["updated"] and "answer" not in done and all(step["ok"] for step in done["steps"])
    fleet.http.patch(f"/api/v1/devices/{late.name}", json={"active": False})
    assert answer(fleet, late.name)["updated"], "it runs what is wanted, whatever else"


def test_a_release_for_other_hardware_is_said(fleet):
    manifest = json.loads(fleet.registry.push_files([{"bin/app": b"version 9"}], "9"))
    body = json.dumps({**manifest, "annotations": {"vnd.stratus.compatible": "board-b"}}).encode()
    assert fleet.registry.put_manifest(body, "9").status == 201
    assert fleet.http.put("/api/v1/releases/app/versions/9", json={"digest": digest_of(body)}).status == 200
    fleet.http.patch("/api/v1/devices/d000", json={"hardware": "board-a"})
    begun = fleet.http.put("/api/v1/releases/app/target", json={"version": "9"})
    wait_until(lambda: fleet.http.get(begun.headers["Location"]).json()["state"] == "done", 60, what="the deployment")
    assert answer(fleet, "d000")["answer"] == "compatible"


def test_tiles_show_every_device_and_their_changes_follow(fleet):
    rollout = fleet.create(waves=[{"count": 3}])
    chosen = fleet.chosen(rollout, 3)
    path = f"/api/v1/rollouts/{rollout}/tiles"
    picture = fleet.checked.get(path).json()
    ids = [picture["prefix"] + rest for rest in picture["devices"]]
    assert sorted(ids) == [device.name for device in fleet.devices] and picture["prefix"] == "d00"
    assert sorted(picture["states"]) == ["q"] * 3 + ["w"] * 7 and picture["percents"] == [0, 0, 0]
    stream = Stream(fleet.http, f"?topics=tiles&last_event_id={picture['event']}")
    assert stream.next()[1] == "hello"
    states = list(picture["states"])
    chosen[0].update()
    while "S" not in states:
        _, topic, change = stream.next()
        assert topic == "tiles" and change["rollout"] == rollout
        for place, letter, percent in change["changes"]:
            states[place] = letter
            assert 0 <= percent <= 100
    stream.close()
    assert fleet.checked.get(path).json()["states"] == "".join(states), "the changes lead to the same picture"
    assert sorted(states) == sorted("S" + "q" * 2 + "w" * 7)
    assert states[ids.index(chosen[0].name)] == "S"


def test_failures_are_grouped_and_the_timeline_adds_up(fleet):
    fleet.http.patch("/api/v1/devices/d000", json={"hardware": "board-a"})
    rollout = fleet.create(waves=[])
    fleet.chosen(rollout, 10)
    for number, device in enumerate(fleet.devices):
        assert device.ask() == "2"
        if number < 3:
            assert device.report("failed", f"exit status {number + 1}") == 204
        elif number < 7:
            assert device.report("rolled_back", "no healthy answer in time") == 204
        else:
            assert device.report("committed") == 204
    fleet.wait_state(rollout, "completed", "paused")
    failures = fleet.checked.get(f"/api/v1/rollouts/{rollout}/failures").json()
    assert failures["devices"] == 7
    second, first = failures["items"]
    assert (first["pattern"], first["devices"], first["states"]) == ("exit status …", 3, {"failed": 3})
    assert first["sample"] == ["d000", "d001", "d002"] and first["content"] == {"name": "app", "version": "2"}
    assert {one["hardware"]: one["devices"] for one in first["hardware"]} == {"": 2, "board-a": 1}
    assert second["states"] == {"rolled_back": 4} and second["sample"] == ["d003", "d004", "d005", "d006"]
    timeline = fleet.checked.get(f"/api/v1/rollouts/{rollout}/timeline").json()
    last = timeline["points"][-1]
    assert (last["success"], last["failed"], last["other"], timeline["total"]) == (3, 7, 0, 10)
    replay = fleet.checked.get(f"/api/v1/rollouts/{rollout}/replay").json()
    assert all(0 <= begun <= ended <= replay["steps"] for begun, ended in zip(replay["begun"], replay["ended"]))
    assert len(replay["begun"]) == len(replay["ended"]) == 10 and max(replay["ended"]) == replay["steps"]
    for view in ("tiles", "timeline", "replay", "failures"):
        assert fleet.checked.get(f"/api/v1/rollouts/nothing/{view}").status == 404


def test_the_command_line_shows_the_same(fleet):
    fleet.chosen(fleet.create(waves=[{"count": 1}]), 1)
    shown = json.loads(fleet.stack.stratus("overview", "--json"))
    assert shown["devices"]["total"] == 10
    text = fleet.stack.stratus("overview")
    assert "Health" in text and "1 running" in text
    assert "not updated" in fleet.stack.stratus("device", "why", "d000")
    assert json.loads(fleet.stack.stratus("device", "why", "d000", "--json"))["device"] == "d000"
    assert fleet.stack.stratus("device", "why", "nobody", check=False).returncode == 3
    assert "No gateway" in fleet.stack.stratus("gateways")
    assert "app" in fleet.stack.stratus("image", "list")
    layers = json.loads(fleet.stack.stratus("image", "layers", "app:2", "--json"))["items"]
    assert "+" in fleet.stack.stratus("image", "files", "app:2", layers[0]["digest"])
    assert "~" in fleet.stack.stratus("image", "diff", "app:1", "2")
    assert fleet.stack.stratus("image", "layers", "app", check=False).returncode == 2


def test_orders_can_demand_the_revision_that_was_seen(fleet):
    rollout = fleet.create()
    path = f"/api/v1/rollouts/{rollout}"
    old = fleet.checked.get(path).headers["ETag"]
    fleet.chosen(rollout, 10)
    stale = fleet.checked.post(f"{path}/pause", json={}, headers={"If-Match": '"0"'})
    assert stale.status == 412 and stale.json()["code"] == "precondition_failed"
    assert fleet.show(rollout)["state"] == "running"
    now = fleet.checked.get(path).headers["ETag"]
    assert now != old
    assert fleet.checked.post(f"{path}/pause", json={}, headers={"If-Match": now}).status == 200


def test_who_is_not_in_a_rollout_of_a_name_without_target_is_told_nothing(fleet):
    fleet.create(waves=[{"count": 1}])
    answers = {device.name: device.http.get(f"/api/v1/next/app?device={device.name}") for device in fleet.devices}
    assert sorted(answer.status for answer in answers.values())[-9:] == [204] * 9
    assert all("private" in answer.headers["Cache-Control"] for answer in answers.values())


def test_certificates_by_their_end(fleet):
    assert fleet.checked.get("/api/v1/certificates").json() == {"items": []}
    for query in ("state=gone", "expires_before=soon", "cursor=x"):
        assert fleet.checked.get(f"/api/v1/certificates?{query}").status == 400


def test_certificates_are_found_by_device_serial_and_state(stack, tmp_path):
    server = stack.start_server()
    checked = CheckedClient(server.http)
    for name in ("door-1", "door-2", "gate-1"):
        enrol(server, tmp_path, name)
    assert server.http.post("/api/v1/devices/door-2/revoke", json={"reason": "stolen"}).status == 204

    def found(query):
        return [one["device"] for one in checked.get(f"/api/v1/certificates?{query}").json()["items"]]
    assert sorted(found("state=any")) == ["door-1", "door-2", "gate-1"]
    assert found("device=door") == ["door-1"] and found("state=revoked&device=door") == ["door-2"]
    assert found("device=oor") == [] and found("device=door-1x") == []
    revoked = checked.get("/api/v1/certificates?state=revoked").json()["items"][0]
    assert revoked["reason"] == "stolen" and revoked["ended_at"] >= revoked["issued_at"]
    assert found(f"state=any&serial={revoked['serial'][:9].lower()}") == ["door-2"]
    first = checked.get("/api/v1/certificates?state=any&limit=2").json()
    rest = checked.get(f"/api/v1/certificates?state=any&limit=2&cursor={first['next']}").json()
    assert len(first["items"]) == 2 and len(rest["items"]) == 1 and "next" not in rest
    assert {one["serial"] for one in first["items"]} & {one["serial"] for one in rest["items"]} == set()


def test_every_refusal_and_every_persons_answer_names_its_request(fleet):
    good = fleet.checked.get("/api/v1/devices")
    assert len(good.headers["X-Request-Id"]) == 26
    refused = fleet.checked.get("/api/v1/rollouts/nowhere")
    assert refused.status == 404 and refused.json()["request_id"] == refused.headers["X-Request-Id"]
    given = fleet.http.post("/api/v1/regions", json={"code": "seoul"}, headers={"X-Request-Id": "from-the-proxy"})
    assert given.status == 201 and given.headers["X-Request-Id"] == "from-the-proxy"
    entry = fleet.http.get("/api/v1/audit?action=region.create").json()["items"][0]
    assert entry["request"] == "from-the-proxy"
    rollout = fleet.http.post("/api/v1/rollouts", headers={"X-Request-Id": "roll-it-out"},
                              json={"contents": [{"name": "app", "version": "2"}], "targets": {"all": True}})
    entries = fleet.http.get(f"/api/v1/audit?object=rollout:{rollout.json()['id']}").json()["items"]
    assert entries and all(one["request"] == "roll-it-out" and one["address"] == "127.0.0.1" for one in entries)
    assert "X-Request-Id" not in fleet.devices[0].http.get("/api/v1/next/app?device=d000").headers
    assert "request=from-the-proxy" in fleet.server.program.log


def test_what_a_rollout_was_to_move_and_what_was_fetched(fleet):
    rollout = fleet.create(waves=[{"count": 4}])
    path = f"/api/v1/rollouts/{rollout}/bytes"
    order = {"contents": [{"name": "app", "version": "2"}], "targets": {"all": True}}
    before = {}

    def as_planned():  # a delta may get ready between the two questions
        before.update(fleet.checked.get(path).json())
        return before["predicted"]["devices"] == fleet.http.post("/api/v1/rollouts/dry-run", json=order).json()["bytes"]["devices"]
    wait_until(as_planned, what="the bytes that were planned")
    assert before["predicted"]["devices"] > 0
    assert before["actual"] == {"reporting": 10, "devices": 0, "direct": 0, "by_gateway": []}
    assert before["predicted"]["upstream"] == before["predicted"]["devices"], "no gateway anywhere"
    first = fleet.chosen(rollout, 4)
    for device in first[:3]:
        device.update()
    first[3].update("failed")
    word = {"boot": "ab", "interval_ms": 60000, "devices": [first[0].name]}
    assert fleet.checked.post("/api/v1/gateways/site-1/status", json=word, token=None).status == 204
    after = fleet.checked.get(path).json()
    assert after["actual"] == {"reporting": 10, "devices": 400, "direct": 300,
                               "by_gateway": [{"gateway": "site-1", "devices": 1, "bytes": 100}]}
    assert after["predicted"]["gateways"] > 0, "one of them is behind a gateway now"
    assert fleet.checked.get("/api/v1/rollouts/nowhere/bytes").status == 404
