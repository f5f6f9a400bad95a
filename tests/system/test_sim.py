"""stratus-sim against the real server and broker: many devices enrol, connect, update, and come back from what befalls them."""
import random
import subprocess

import pytest
from harness import BIN, wait_until
from harness.simulator import Simulation


@pytest.fixture
def case(stack):
    return Simulation(stack)


def random_content(seed, size=300_000):
    return random.Random(seed).randbytes(size)


def device(case, name):
    return case.server.http.get(f"/api/v1/devices/{name}").json()


def test_twenty_devices_enrol_and_update_over_the_real_thing(case):
    _, size = case.release("1", random_content(1))
    sim = case.start(20, "--until-version", "1", "--for", "60", "--metrics-interval", "0.2", "--chunk", "64KiB")
    wait_until(lambda: case.server.metric("stratus_mqtt_devices_online") == 20)
    rollout = case.rollout("1")
    report = case.finish(sim)
    shown = case.wait_rollout(rollout, "completed")
    assert shown["counts"]["success"] == 20
    assert report["updates"] == {"finished": 20, "succeeded": 20, "failed": 0, "rolled_back": 0, "cancelled": 0, "under_way": 0}
    assert report["success_rate"] == 1 and report["unsaid_reports"] == 0 and report["causes"] == {}
    assert report["bytes"] == 20 * size, "each byte once"
    assert report["requests"] >= 20 * (1 + size // 65536), "in chunks"
    assert report["download_ms"]["count"] == 20 and report["memory_kib_per_device"] > 0
    offline = "/api/v1/devices?filter=health%3Doffline&limit=1&count=true"
    wait_until(lambda: case.server.http.get(offline).json()["total"] == 20, what="who ended to be offline")
    assert device(case, "sim-00007")["running_version"] == "1"
    # The devices keep what they run: started again they have nothing to do.
    again = case.start(20, "--until-version", "1", "--for", "30")
    assert case.finish(again)["updates"]["finished"] == 0


def test_a_pause_between_chunks_is_kept(case):
    _, size = case.release("1", random_content(6))
    sim = case.start(3, "--until-version", "1", "--for", "60", "--chunk", "32KiB", "--sleep", "300")
    case.rollout("1")
    report = case.finish(sim)
    pauses = (size - 1) // 32768
    assert report["updates"]["succeeded"] == 3 and pauses == 9
    assert report["download_ms"]["mean"] >= pauses * 300


def test_measurements_and_progress_arrive(case):
    case.release("1", random_content(1))
    sim = case.start(3, "--metrics-interval", "0.2", "--bandwidth", "100KiB", "--progress-interval", "0.1")
    case.rollout("1")
    progress = wait_until(lambda: (case.server.http.get("/api/v1/devices/sim-00001/live").json().get("progress") or {}).get("speed") and
                          case.server.http.get("/api/v1/devices/sim-00001/live").json()["progress"], what="progress with a speed")
    assert progress["state"] == "fetching" and 0 < progress["percent"] <= 100 and progress["total"] > progress["bytes"] / 2
    values = wait_until(lambda: case.server.http.get("/api/v1/devices/sim-00001/metrics").json()["items"])[0]["values"]
    assert {"cpu_percent", "memory_used", "temperature_c"} <= set(values)
    assert sim.stop() == 0, "without a goal a signal is how it ends"


def test_every_device_converges_whatever_befalls_it(case):
    _, size = case.release("1", random_content(2))
    sim = case.start(30, "--until-version", "1", "--for", "90", "--chunk", "32KiB", "--loss", "0.01", "--latency", "1", "--cut", "0.05",
                     "--power-cut", "0.5", "--off-time", "0.2", "--seed", "7", "--bandwidth", "300KiB")
    rollout = case.rollout("1")
    wait_until(lambda: case.show(rollout)["counts"]["success"] >= 3, what="the first devices")
    case.kill_server()
    wait_until(lambda: case.show(rollout)["counts"]["success"] >= 12, what="more devices")
    case.kill_broker()
    report = case.finish(sim, 120)
    assert case.wait_rollout(rollout, "completed")["counts"]["success"] == 30
    assert report["updates"]["succeeded"] == 30 and report["power_cuts"] >= 5 and report["link_cuts"] >= 5
    partial = report["recovery"]["partial_download"]
    assert partial["needed"] >= 5 and partial["rate"] == 1
    assert report["bytes"] <= 1.05 * 30 * size, "what was fetched before a break is not fetched again"


def test_devices_that_fail_on_purpose_return_and_are_told_apart(case):
    case.release("1", random_content(3))
    sim = case.start(20, "--updates", "1", "--for", "60", "--fail-fraction", "0.3", "--seed", "5")
    rollout = case.rollout("1")
    assert sim.process.wait(60) == 5, sim.log
    report = sim.report()
    failed = report["updates"]["rolled_back"]
    assert 1 <= failed <= 15 and report["updates"]["succeeded"] == 20 - failed
    assert report["recovery"]["rollback"] == {"needed": failed, "done": failed, "rate": 1.0}
    assert report["recovery"]["partial_download"]["rate"] is None
    assert report["causes"] == {"simulated: the new version is not well": failed}
    assert case.wait_rollout(rollout, "completed")["counts"]["rolled_back"] == failed
    # The same seed has the same devices fail.
    before = [name for name in (f"sim-{n:05}" for n in range(1, 21)) if device(case, name)["state"] == "rolled_back"]
    assert len(before) == failed


def test_a_cancel_is_answered_when_it_has_come_true(case):
    """An update past its last check goes on to its end, and nobody says that it was stopped."""
    case.release("1", random_content(1))
    sim = case.start(2, "--for", "120", "--install-time", "5")
    wait_until(lambda: case.server.metric("stratus_mqtt_devices_online") == 2)
    rollout = case.rollout("1")

    def counts():
        return case.show(rollout)["counts"]
    wait_until(lambda: counts()["installing"] == 2, what="both to install")
    assert case.server.http.post(f"/api/v1/rollouts/{rollout}/abort", json={}).status == 200
    assert counts()["cancelling"] == 2
    assert case.wait_rollout(rollout, "aborted")["counts"]["cancelled"] == 2
    names = [one["device"] for one in case.server.http.get(f"/api/v1/rollouts/{rollout}/devices").json()["items"]]

    def acknowledged():
        events = [event for name in names for event in case.server.http.get(f"/api/v1/devices/{name}/events").json()["items"]]
        said = [event["body"]["status"] for event in events if event["kind"] == "update/cancel/ack"]
        return said if len(said) == len(names) == 2 else None
    assert wait_until(acknowledged, what="what they said about the cancel") == ["cancelled"] * 2
    sim.stop()


def test_a_pinned_key_refuses_what_is_not_signed(case):
    case.release("1", random_content(4))
    _, public = case.stack.make_key()
    sim = case.start(2, "--updates", "1", "--for", "30", "--key", public)
    case.rollout("1")
    assert sim.process.wait(60) == 5
    assert sim.report()["updates"]["failed"] == 2
    assert any("sign" in cause for cause in sim.report()["causes"])


def test_worker_processes_report_as_one(case):
    case.release("1", random_content(5))
    sim = case.start(9, "--workers", "2", "--until-version", "1", "--for", "60")
    case.rollout("1")
    report = case.finish(sim)
    assert (report["devices"], report["updates"]["succeeded"], report["download_ms"]["count"]) == (9, 9, 9)


def test_options_that_make_no_sense_are_refused(tmp_path):
    def run(*words):
        return subprocess.run([BIN / "stratus-sim", "run", "--server", "https://127.0.0.1:1", "--identities", tmp_path, *words],
                              capture_output=True, text=True, timeout=20, check=False)
    assert run("--loss", "7").returncode == 2
    assert run("--prefix", "a b").returncode == 2
    refused = run("--count", "1")
    assert refused.returncode != 0 and "stratus-sim: enrol" in refused.stderr
    assert "Examples" in subprocess.run([BIN / "stratus-sim", "--help"], capture_output=True, text=True, check=True).stdout
