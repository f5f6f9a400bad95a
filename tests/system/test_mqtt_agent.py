"""The real agent on MQTT: wakes at once, tells presence, measurements and progress; polling is the fallback."""
import os
import signal

import pytest
from harness import AgentCase, Stack, wait_until
from harness.mqtt import DeviceMaker
from harness.openapi import Api
from harness.processes import descendants

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
