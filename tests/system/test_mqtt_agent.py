"""The real agent on MQTT: wakes at once, tells presence, measurements and progress; polling is the fallback."""
import os
import signal

import pytest
from harness import AgentCase, Stack, wait_until
from harness.mqtt import DeviceMaker
from harness.openapi import Api
from harness.processes import descendants
from harness.proxy import CountingProxy

POLL_SELDOM = 3600  # so that whatever happens sooner did not come from polling


@pytest.fixture
def case(programs, tmp_path):
    server = Stack(programs, plain=True).start_server(options=["--mqtt-listen", "127.0.0.1:0"])
    wait_until(lambda: server.metric("stratus_mqtt_connected") == 1)
    certificate, key = DeviceMaker(server, tmp_path / "devices").files("device-1")
    mqtt = {"broker": server.program.ready["mqtt"], "ca": str(server.data / "ca" / "root.pem"),
            "certificate": str(certificate), "key": str(key), "metrics": 1}
    case = AgentCase(programs, server=server, poll=POLL_SELDOM, options={"mqtt": mqtt})
    yield case
    case.stop_all()


def live(case):
    answer = case.server.http.get("/api/v1/devices/device-1/live")
    return answer.json() if answer.status == 200 else {}


def kill_broker(server):
    for pid in descendants(server.program.pid):
        if os.path.basename(os.readlink(f"/proc/{pid}/exe")) == "mosquitto":
            os.kill(pid, signal.SIGKILL)


def test_a_deployment_reaches_the_device_without_polling(case):
    case.publish(1)
    case.start()
    case.wait_committed(1)
    wait_until(lambda: live(case).get("online"), what="the device to be seen online")
    case.publish(2)
    case.wait_committed(2)
    events = wait_until(lambda: case.server.http.get("/api/v1/devices/device-1/events").json()["items"])
    assert {event["kind"] for event in events} == {"update/request/ack"}
    # Progress is told once a second: a short update may go by without a word, but none stays behind as the last.
    wait_until(lambda: (live(case).get("progress") or {"state": "idle"})["state"] == "idle",
               what="no progress to be left behind")
    case.stop_all()
    wait_until(lambda: live(case).get("online") is False, what="who was stopped to be seen offline")


def test_a_device_that_was_away_asks_what_is_next(case):
    case.publish(1)
    case.start()
    case.wait_committed(1)
    wait_until(lambda: live(case).get("online"))
    case.program.process.send_signal(signal.SIGSTOP)
    kill_broker(case.server)
    wait_until(lambda: case.server.metric("stratus_mqtt_connected") == 1 and not live(case).get("online"))
    case.publish(2)
    case.program.process.send_signal(signal.SIGCONT)
    case.wait_committed(2, seconds=90)


def test_measurements_can_be_read(case):
    case.publish(1)
    case.start()
    case.wait_committed(1)
    items = wait_until(lambda: [item for item in case.server.http.get("/api/v1/devices/device-1/metrics").json()["items"]
                                if "cpu_percent" in item["values"]], what="a measurement with the load")
    assert {"memory_used", "disk_used", "uptime_s", "network_received"} <= set(items[0]["values"])
    first = case.server.http.get("/api/v1/devices/device-1/metrics?limit=1").json()
    second = case.server.http.get(f"/api/v1/devices/device-1/metrics?limit=1&cursor={first['next']}").json()
    assert second["items"][0]["time_ms"] > first["items"][0]["time_ms"]
    assert case.server.http.get("/api/v1/devices/device-1/metrics?from=x").status == 400
    assert case.server.http.get("/api/v1/devices/device-1/events?cursor=x").status == 400
    assert case.server.http.get("/api/v1/devices/nobody/live").status == 404


def test_a_cancel_is_acknowledged_when_it_has_come_true(case, tmp_path):
    """Progress has percent, speed and ETA meanwhile; what was shown stays."""
    with CountingProxy(case.server.address, rate=200_000) as proxy:
        case.reconfigure({"": {"server": proxy.url()}, "content": {"directory": str(tmp_path / "screen")}})
        case.publish(1)
        case.start()
        case.wait_committed(1, seconds=60)
        http = case.server.http
        uploads = []
        for role in ("original", "display"):
            begun = http.post("/api/v1/uploads", json={"file_name": f"{role}.bin"}).json()
            assert http.put(begun["url"], body=os.urandom(1_500_000), token=None).status == 200
            uploads.append(begun["id"])
        made = http.post("/api/v1/content", json={"title": "big", "original": uploads[0], "display": uploads[1]}).json()
        rollout = http.post("/api/v1/rollouts", json={"contents": [{"name": "content", "version": made["id"]}],
                                                      "targets": {"devices": ["device-1"]}}).json()["id"]
        told = wait_until(lambda: (lambda p: p if p.get("name") == "content" and p.get("percent") and p.get("eta_s") else None)(
            live(case).get("progress") or {}), what="the progress of the download")
        assert (told["state"], told["total"]) == ("fetching", 3_000_000) and 50_000 < told["speed"] < 2_000_000, told
        assert http.post(f"/api/v1/rollouts/{rollout}/cancel", json={"devices": ["device-1"]}).status == 200
        wait_until(lambda: http.get(f"/api/v1/rollouts/{rollout}").json()["counts"]["cancelled"] == 1)
        events = wait_until(lambda: [event for event in http.get("/api/v1/devices/device-1/events").json()["items"]
                                     if event["kind"] == "update/cancel/ack"], what="the acknowledgement")
        assert "cancelled" in str(events[0]), events
        wait_until(lambda: case.status()["content"]["state"] == "idle")
        assert not (tmp_path / "screen" / "index.json").exists()


def test_what_goes_wrong_is_told(case):
    case.publish(1)
    case.start()
    case.wait_committed(1)
    wait_until(lambda: live(case).get("online"))
    case.publish(2, "--crash-on-start")
    case.wait_report("rolled_back", 2)
    wait_until(lambda: any(event["kind"] == "status/error_log" and "rolled_back" in str(event)
                           for event in case.server.http.get("/api/v1/devices/device-1/events").json()["items"]),
               what="the error to be told")
