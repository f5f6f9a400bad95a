"""Contents to simulated devices: two in one rollout, with power cuts; then others in their place; a list that nobody can read."""
import json

import pytest
from harness import BIN, wait_until
from harness.artifacts import add_content
from harness.simulator import Simulation
from harness.upstream import FakeUpstream

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


@pytest.mark.parametrize("image, path", [("content", "/api/v1/devices/sim-00001/contents/next?have="),
                                         ("app", "/api/v1/next/app?device=sim-00001")])
def test_an_answer_that_cannot_be_read_is_counted_and_asked_for_again(programs, image, path):
    server, report = FakeUpstream(), programs.path("report.json")
    programs.on_close(server.close)
    server.pages[path] = (200, "application/json", b'{"items":')
    sim = programs.start("sim", [BIN / "stratus-sim", "run", "--server", server.url, "--identities", programs.path("identities"), "--count", "1",
                                 "--image", image, "--json", report])
    wait_until(lambda: len(server.gets(path)) >= 2, what="the question to be asked again")
    assert sim.stop() == 0
    told = json.loads(report.read_text())
    causes = [cause for cause in told["causes"] if cause.startswith("the answer cannot be read")]
    assert causes and told["causes"][causes[0]] >= 1 and told["updates"]["finished"] == 0, told
