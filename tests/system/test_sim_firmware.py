"""A rollout of firmware to simulated devices: in waves, by chunks, with power cuts."""
import pytest
from harness import wait_until
from harness.artifacts import add_firmware
from harness.simulator import Simulation


@pytest.fixture
def case(stack):
    return Simulation(stack)


def test_firmware_comes_to_simulated_devices_that_lose_power(case):
    made = add_firmware(case.server.http, "1.4.2")
    sim = case.start(12, "--until-version", "1.4.2", "--for", "90", "--chunk", "64KiB", "--power-cut", "0.3", "--off-time", "0.2",
                     "--seed", "3", image="firmware/board")
    wait_until(lambda: case.server.metric("stratus_mqtt_devices_online") == 12, 60)
    body = {"contents": [{"name": "firmware/board", "version": "1.4.2"}], "targets": {"all": True}, "title": "boards",
            "waves": [{"count": 4}]}
    answer = case.server.http.post("/api/v1/rollouts", json=body)
    assert answer.status == 201, answer
    rollout = answer.json()["id"]
    report = case.finish(sim, 100)
    shown = case.wait_rollout(rollout, "completed")
    assert shown["counts"]["success"] == 12 and report["updates"]["succeeded"] == 12
    assert 12 * made["size"] <= report["bytes"] <= 15 * made["size"], "what came before a power cut is not fetched again"
