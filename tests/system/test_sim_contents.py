"""Contents to simulated devices: two in one rollout, with power cuts; then others in their place."""
import pytest
from harness import wait_until
from harness.artifacts import add_content
from harness.simulator import Simulation

COUNT = 8


@pytest.fixture
def case(stack):
    return Simulation(stack)


def roll_out(case, made, **more):
    answer = case.server.http.post("/api/v1/rollouts", json={
        "contents": [{"name": "content", "version": one["id"]} for one in made], "targets": {"all": True}, **more})
    assert answer.status == 201, answer
    return answer.json()["id"]


def start(case, made, *options):
    sim = case.start(COUNT, "--until-version", ",".join(one["id"] for one in made), "--for", "90", *options, image="content")
    wait_until(lambda: case.server.metric("stratus_mqtt_devices_online") == COUNT, 60)
    return sim


def shown(case, device):
    items = case.server.http.get(f"/api/v1/devices/{device}/contents").json()["contents"]
    return sorted(item["content"] for item in items if item["ended"] is None)


def size(made):
    return sum(one["original"]["size"] + one["display"]["size"] for one in made)


def test_contents_come_to_simulated_devices_and_are_replaced(case):
    made = [add_content(case.server.http, title, 20_000) for title in ("spring", "sale")]
    sim = start(case, made, "--chunk", "32KiB", "--power-cut", "0.4", "--off-time", "0.2", "--seed", "3")
    rollout = roll_out(case, made, waves=[{"count": 3}])
    report = case.finish(sim, 100)
    told = case.wait_rollout(rollout, "completed")
    assert told["counts"]["success"] == COUNT and report["updates"]["succeeded"] == COUNT, (told, report)
    assert COUNT * size(made) <= report["bytes"] <= COUNT * size(made) * 1.4, "what came before a power cut is not fetched again"
    devices = [item["device"] for item in case.server.http.get(f"/api/v1/rollouts/{rollout}/devices").json()["items"]]
    assert len(devices) == COUNT
    for device in devices:
        assert shown(case, device) == sorted(one["id"] for one in made)
    # One of them stays: only the other's files travel, and what is no longer shown has ended.
    later = [made[1], add_content(case.server.http, "summer", 20_000)]
    sim = start(case, later)
    rollout = roll_out(case, later)
    report = case.finish(sim, 100)
    case.wait_rollout(rollout, "completed")
    assert COUNT * size(later[1:]) == report["bytes"], report
    assert {tuple(shown(case, device)) for device in devices} == {tuple(sorted(one["id"] for one in later))}
