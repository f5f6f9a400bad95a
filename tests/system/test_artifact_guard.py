"""Firmware and content that a rollout brings cannot be taken away meanwhile."""
import hashlib
import random

import pytest
from harness.openapi import CheckedClient
from harness.simulator import Simulation


@pytest.fixture
def case(stack):
    case = Simulation(stack)
    case.checked = CheckedClient(case.server.http)
    return case


def upload(case, data, name):
    begun = case.server.http.post("/api/v1/uploads", json={"file_name": name}).json()
    sent = case.server.http.put(begun["url"], body=data, token=None)
    assert sent.status == 200, sent
    return begun["id"]


def firmware(case, version, size=200_000):
    data = random.Random(version).randbytes(size)
    made = case.server.http.post("/api/v1/firmware", json={
        "name": "board", "version": version, "upload": upload(case, data, "board.bin")})
    assert made.status == 201, made
    assert made.json()["digest"] == "sha256:" + hashlib.sha256(data).hexdigest()
    return made.json()


def test_what_a_paused_rollout_brings_cannot_be_removed(case):
    made = firmware(case, "2.0.0")
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
    made = case.server.http.post("/api/v1/content", json={"title": "summer",
        "original": upload(case, b"\x89PNG picture" * 100, "summer.png"), "display": upload(case, b"binary" * 100, "summer.bin")})
    assert made.status == 201, made
    assert case.server.http.post("/api/v1/devices", json={"id": "shelf"}).status == 201
    answer = case.server.http.post("/api/v1/rollouts", json={
        "contents": [{"name": "content", "version": made.json()["id"]}], "targets": {"devices": ["shelf"]}})
    assert answer.status == 201, answer
    refused = case.checked.delete(f"/api/v1/content/{made.json()['id']}")
    assert (refused.status, refused.json()["code"]) == (409, "needed_by_rollout") and "'summer'" in refused.json()["detail"]
    assert case.server.http.post(f"/api/v1/rollouts/{answer.json()['id']}/abort", json={}).status == 200
    case.wait_rollout(answer.json()["id"], "aborted")
    assert case.checked.delete(f"/api/v1/content/{made.json()['id']}").status == 204
