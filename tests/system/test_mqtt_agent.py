"""The real agent on MQTT: wakes at once, tells presence, measurements and progress; polling is the fallback."""
import contextlib
import os
import signal

import pytest
from harness import AgentCase, Stack, free_port, wait_until
from harness.mqtt import DeviceMaker
from harness.paths import ROOT
from harness.processes import descendants
from harness.proxy import CountingProxy

POLL_SELDOM = 3600  # so that whatever happens sooner did not come from polling


@pytest.fixture
def case(programs, tmp_path):
    case = AgentCase.with_broker(programs, tmp_path / "devices")
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


@contextlib.contextmanager
def away(case):
    """The device stands still, and its broker has forgotten it."""
    wait_until(lambda: live(case).get("online"))
    case.program.process.send_signal(signal.SIGSTOP)
    try:
        kill_broker(case.server)
        wait_until(lambda: case.server.metric("stratus_mqtt_connected") == 1 and not live(case).get("online"))
        yield
    finally:
        case.program.process.send_signal(signal.SIGCONT)


def roll_out(case, name, version):
    made = case.server.http.post("/api/v1/rollouts", json={"contents": [{"name": name, "version": version}],
                                                           "targets": {"devices": ["device-1"]}})
    assert made.status == 201, made
    return made.json()["id"]


def make_content(case, size):
    http, uploads = case.server.http, []
    for role in ("original", "display"):
        begun = http.post("/api/v1/uploads", json={"file_name": f"{role}.bin"}).json()
        assert http.put(begun["url"], body=os.urandom(size), token=None).status == 200
        uploads.append(begun["id"])
    return http.post("/api/v1/content", json={"title": "shown", "original": uploads[0], "display": uploads[1]}).json()["id"]


def test_a_device_that_was_away_asks_what_is_next(case):
    case.publish(1)
    case.start()
    case.wait_committed(1)
    with away(case):
        case.publish(2)
    case.wait_committed(2, seconds=90)


def test_a_device_that_was_away_asks_for_contents_and_firmware_too(case, tmp_path):
    board, screen = tmp_path / "board", tmp_path / "screen"
    board.mkdir()
    case.reconfigure({"content": {"directory": str(screen)}, "firmware.board": {
        "program": [str(ROOT / "examples" / "firmware-plugin" / "ab-file-slots"), str(board)], "probation": 0.3,
        "interval": 0.05, "start_time": 1}})
    (board / "check").write_text("#!/bin/sh\n")
    (board / "check").chmod(0o755)
    case.publish(1)
    case.start()
    case.wait_committed(1)
    with away(case):
        shown = make_content(case, 1_000)
        roll_out(case, "content", shown)
    wait_until(lambda: (screen / "index.json").exists() and shown in (screen / "index.json").read_text(), 60,
               what=f"the content to be shown\n{case.describe()}")
    file = tmp_path / "board.bin"
    with away(case):
        file.write_bytes(b"firmware" * 1_000)
        case.stack.stratus("firmware", "push", "board:1.0", file, "--sign-key", case.private)
        roll_out(case, "firmware/board", "1.0")
    wait_until(lambda: (board / "current").exists() and (board / "current").read_bytes() == file.read_bytes(), 60,
               what=f"the firmware to be installed\n{case.describe()}")


def test_without_a_broker_polling_brings_what_is_new(case):
    case.reconfigure({"": {"poll": 1}, "mqtt": {"broker": f"mqtts://127.0.0.1:{free_port()}"}})
    case.publish(1)
    program = case.start()
    case.wait_committed(1)
    wait_until(lambda: "polling goes on" in program.log, 60, what="the agent to miss its broker")
    case.publish(2)
    case.wait_committed(2)
    assert "mqtt: connected" not in program.log


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
        rollout = roll_out(case, "content", make_content(case, 1_500_000))
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


def test_a_cancel_stops_only_what_it_names(case, tmp_path):
    with CountingProxy(case.server.address, rate=200_000) as proxy:
        case.reconfigure({"": {"server": proxy.url()}, "content": {"directory": str(tmp_path / "screen")}})
        case.publish(1)
        case.start()
        case.wait_committed(1, seconds=60)
        case.publish(2, extra={"big": os.urandom(2_000_000)})
        case.wait_status(lambda status: status["state"] == "fetching", what="the image to be fetched")
        http = case.server.http
        uploads = []
        for role in ("original", "display"):
            begun = http.post("/api/v1/uploads", json={"file_name": f"{role}.bin"}).json()
            assert http.put(begun["url"], body=os.urandom(2_000_000), token=None).status == 200
            uploads.append(begun["id"])
        made = http.post("/api/v1/content", json={"title": "big", "original": uploads[0], "display": uploads[1]}).json()
        rollout = http.post("/api/v1/rollouts", json={"contents": [{"name": "content", "version": made["id"]}],
                                                      "targets": {"devices": ["device-1"]}}).json()["id"]
        case.wait_status(lambda status: status["content"]["state"] == "fetching", what="the content to be fetched")
        assert case.status()["state"] == "fetching", "both at a time"
        assert http.post(f"/api/v1/rollouts/{rollout}/cancel", json={"devices": ["device-1"]}).status == 200
        wait_until(lambda: http.get(f"/api/v1/rollouts/{rollout}").json()["counts"]["cancelled"] == 1)
        assert case.status()["content"]["last"] == "cancelled"
        case.wait_committed(2, seconds=60)


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


def test_an_error_that_died_with_the_server_is_told_again(programs, tmp_path):
    """The broker had acknowledged it; that is not enough."""
    stack, listen = Stack(programs, plain=True), [f"127.0.0.1:{free_port()}" for _ in range(2)]
    start = lambda data=None: stack.start_server(data=data, listen=listen[0], options=["--mqtt-listen", listen[1]])
    server = start()
    certificate, key = DeviceMaker(server, tmp_path / "devices").files("device-1")
    mqtt = {"broker": server.program.ready["mqtt"], "ca": str(server.data / "ca" / "root.pem"), "certificate": str(certificate),
            "key": str(key), "metrics": 1}
    case = AgentCase(programs, server=server, poll=POLL_SELDOM, options={"mqtt": mqtt})
    case.publish(1)
    case.start()
    case.wait_committed(1)
    wait_until(lambda: live(case).get("online"))
    waiting = lambda: server.metric("stratus_messages_waiting")
    with server.nothing_stored():
        os.kill(case.status()["pid"], signal.SIGKILL)
        before = waiting()  # each second brings a measurement, errors first, and progress at most
        wait_until(lambda: waiting() >= before + 6, what="the error to have reached the server")
        server.program.kill()
        server.program.process.wait()
    case.server = start(server.data)
    told = wait_until(lambda: [event for event in case.server.http.get("/api/v1/devices/device-1/events").json()["items"]
                               if event["kind"] == "status/error_log"], 180, what="the error to be told again")
    assert "version 1 ended" in str(told[0])
    case.stop_all()
