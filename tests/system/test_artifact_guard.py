"""Firmware and content that a rollout brings cannot be taken away meanwhile."""
import pytest
from harness.artifacts import add_content, add_firmware
from harness.openapi import CheckedClient
from harness.simulator import Simulation


@pytest.fixture
def case(stack):
    case = Simulation(stack)
    case.checked = CheckedClient(case.server.http)
    return case


def test_what_a_paused_rollout_brings_cannot_be_removed(case):
    made = add_firmware(case.server.http, "2.0.0")
    assert case.server.http.post("/api/v1/devices", json={"id": "shelf"}).status == 201
    answer = case.server.http.post("/api/v1/rollouts", json={
        "contents": [{"name": "firmware/board", "version": "2.0.0"}], "targets": {"devices": ["shelf"]}})
    assert answer.status == 201, answer
    rollout = answer.json()["id"]
    assert case.server.http.post(f"/api/v1/rollouts/{rollout}/pause", json={}).status == 200
    refused = case.checked.delete(f"/api/v1/firmware/{made['id']}")
    assert (refused.status, refused.json()["code"]) == (409, "needed_by_rollout") and rollout in refused.json()["detail"]
    assert case.checked.get(f"/api/v1/firmware/{made['id']}").status == 200
    assert case.server.http.post(f"/api/v1/rollouts/{rollout}/abort", json={}).status == 200
    case.wait_rollout(rollout, "aborted")
    assert case.checked.delete(f"/api/v1/firmware/{made['id']}").status == 204


def test_content_stays_too(case):
    made = add_content(case.server.http, "summer")
    assert case.server.http.post("/api/v1/devices", json={"id": "shelf"}).status == 201
    answer = case.server.http.post("/api/v1/rollouts", json={
        "contents": [{"name": "content", "version": made['id']}], "targets": {"devices": ["shelf"]}})
    assert answer.status == 201, answer
    refused = case.checked.delete(f"/api/v1/content/{made['id']}")
    assert (refused.status, refused.json()["code"]) == (409, "needed_by_rollout") and "'summer'" in refused.json()["detail"]
    assert case.server.http.post(f"/api/v1/rollouts/{answer.json()['id']}/abort", json={}).status == 200
    case.wait_rollout(answer.json()["id"], "aborted")
    assert case.checked.delete(f"/api/v1/content/{made['id']}").status == 204
