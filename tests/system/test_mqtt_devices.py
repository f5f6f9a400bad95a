"""Devices talk to the server over MQTT: the real mosquitto, mTLS, messages acknowledged once they are stored."""
import json
import os
import pathlib
import re
import signal
import time

import pytest
from harness import wait_until
from harness.mqtt import DeviceMaker
from harness.processes import descendants


def broker_pid(server):
    for pid in descendants(server.program.pid):
        if os.path.basename(os.readlink(f"/proc/{pid}/exe")) == "mosquitto":
            return pid
    return None


def connected(server):
    return server.metric("stratus_mqtt_connected") == 1


def start(stack):
    """One device here says as much as a fleet."""
    return stack.start_server(options=["--mqtt-listen", "127.0.0.1:0"],
                              config="mqtt_messages_per_s = 100000\nmqtt_message_burst = 100000")


@pytest.fixture
def server(plain_stack):
    server = start(plain_stack)
    wait_until(lambda: connected(server), what="the server to reach its broker")
    return server


@pytest.fixture
def devices(server, tmp_path):
    maker = DeviceMaker(server, tmp_path / "devices")
    yield maker
    maker.close()


def test_a_message_is_acknowledged_once_it_is_stored(server, devices):
    device = devices.connect("d1")
    device.say("status/system", seq=1, cpu_percent=12.5, disk={"used": 7}, note="ignored")
    wait_until(lambda: 1 in device.stored, what="the server's word that it is stored")
    assert server.rows("SELECT kind, body FROM measurements WHERE device = 'd1'") == [
        ("status/system", '{"cpu_percent":12.5,"disk.used":7}')]
    device.say("status/error_log", seq=2, level="error", message="it broke")
    device.say("update/progress", seq=3, state="fetching", percent=40, bytes=4, total=10)
    device.say("sales/data", seq=4, total=3)
    wait_until(lambda: {2, 3, 4} <= device.stored)
    assert server.rows("SELECT kind, seq FROM device_events WHERE device = 'd1'") == [("status/error_log", 2)]
    assert json.loads(server.rows("SELECT body FROM device_progress")[0][0])["percent"] == 40
    for what in ("metrics", "events"):
        assert server.http.get(f"/api/v1/devices/d1/{what}").json()["items"], what
    device.say("status/error_log", seq=2, level="error", message="it broke")  # no answer was heard: once more
    device.say("presence", online=True, boot="b1")
    wait_until(lambda: server.rows("SELECT online, boot FROM device_presence WHERE device = 'd1'") == [(1, "b1")])


def test_a_result_updates_the_device_in_the_catalogue(server, devices):
    device = devices.connect("d1")
    report = {"device": "d1", "sequence": 1, "name": "app", "state": "committed", "time_ms": int(time.time() * 1000),
              "version": "2"}
    device.say("update/result", seq=1, status="SUCCESS", report=json.dumps(report))
    wait_until(lambda: 1 in device.stored)
    assert server.http.get("/api/v1/devices/d1").json()["state"] == "committed"
    report["device"] = "d2"
    device.say("update/result", seq=2, status="SUCCESS", report=json.dumps(report))
    wait_until(lambda: 2 in device.refused)
    assert server.http.get("/api/v1/devices/d2").status == 404


def test_what_holds_a_nul_is_refused_by_its_number(devices):
    """Else the device would say it for ever, and what it says later waits behind it."""
    device = devices.connect("d1")
    for seq, payload in ((7, b'{"seq":7,"message":"a\\u0000b"}'), (8, b'{"a\\u0000":1,"seq":8}'), (9, b'{"seq":9,"time_ms":"late"}')):
        device.publish("v1/d1/log", payload)
        wait_until(lambda: seq in device.refused, what=f"{seq} to be refused")
    device.say("log", seq=10, message="here")
    wait_until(lambda: 10 in device.stored)
    assert not device.stored & {7, 8, 9}


@pytest.mark.parametrize("payload", [
    b"", b"{", b"[]", b"nonsense", b"\xff\xfe", b'{"seq":1,"seq":2}', b"[" * 50_000, b'{"a":1e999}' * 3,
    b'{"seq":-1}', b'{"seq":5,"state":"fetching","percent":1000}', b'{"seq":5,"state":7}'])
def test_malformed_messages_are_counted_and_logged_once(server, devices, payload):
    device = devices.connect("d1")
    before = server.metric('stratus_messages_total{outcome="malformed"}')
    for _ in range(20):
        device.publish("v1/d1/update/progress", payload)
    wait_until(lambda: server.metric('stratus_messages_total{outcome="malformed"}') == before + 20)
    assert server.program.log.count("device=d1") == 1
    device.say("update/progress", seq=6, state="fetching")
    wait_until(lambda: 6 in device.stored, what="a good message after the bad ones")


def test_ten_thousand_messages_none_lost_though_broker_and_server_are_killed(server, devices, plain_stack):
    """A device counts a message as told only when the server says stored; until then it sends it again."""
    total, device = 10_000, devices.connect("d1")
    waiting, sent, killed, told = set(range(1, total + 1)), 0, 0, set()
    kills = [lambda: os.kill(broker_pid(server), signal.SIGKILL), lambda: server.program.kill()]  # and wait for its end
    deadline = time.monotonic() + 240
    while waiting:
        assert time.monotonic() < deadline, f"{len(waiting)} are not stored; {server.program.log[-2000:]}"
        try:
            window = sorted(waiting)[:400]
            for seq in window:
                device.publish("v1/d1/status/error_log", {"seq": seq, "message": f"m{seq}"})
                sent += 1
                if kills and sent == 3000 * (killed + 1):
                    kills.pop(0)()
                    killed += 1
            wait_until(lambda: device.closed.is_set() or device.stored.issuperset(window), 8)
        except (TimeoutError, OSError):
            pass
        told |= device.stored
        waiting -= told
        if device.closed.is_set() or not server.program.running():
            if not server.program.running():
                server.program.process.wait()
                server = devices.server = start(plain_stack)
            wait_until(lambda: connected(server))
            device = wait_until(lambda: devices.connect("d1"), what="the device to come back")
    assert killed == 2
    kept = {seq for seq, in server.rows("SELECT seq FROM device_events WHERE device = 'd1'")}
    assert kept == set(range(1, total + 1))


def test_a_dead_broker_comes_back_and_health_says_so(server, devices):
    device = devices.connect("d1")
    os.kill(broker_pid(server), signal.SIGKILL)
    wait_until(device.closed.is_set)
    wait_until(lambda: server.metric("stratus_mqtt_broker_restarts_total") == 1 and connected(server))
    assert server.http.get("/healthz").body.startswith(b"ok\n")  # warnings may follow
    again = devices.connect("d1")
    again.say("log", seq=1, message="back")
    wait_until(lambda: 1 in again.stored)


def memory(server):
    """MiB that the server holds."""
    status = pathlib.Path(f"/proc/{server.program.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) // 1024


def waits_no_more(server):
    """How many messages wait, once that does not grow any longer."""
    seen = [-1]

    def settled():
        seen.append(int(server.metric("stratus_messages_waiting")))
        return len(seen) > 8 and len(set(seen[-8:])) == 1

    wait_until(settled, 60, what="the waiting messages to grow no further")
    return seen[-1]


@pytest.mark.parametrize("qos", [0, 1])
def test_what_cannot_be_stored_waits_within_bounds(server, devices, qos):
    """150 MB from a device within its quota; room is for 64 MiB, half of it for QoS 0."""
    device = devices.connect("d1")
    before, room = memory(server), 64 // (2 - qos)
    with server.nothing_stored():
        for _ in range(2_500):
            device.publish("v1/d1/log", {"message": "x", "padding": "y" * 60_000}, qos=qos)
        assert room * 2**20 // 61_000 < waits_no_more(server) < (room + 2) * 2**20 // 60_000
        # To PostgreSQL they go as one text, so the attempts to store them copy them.
        assert memory(server) - before < room * (4 if server.database else 1.4)
        if qos == 0:
            wait_until(lambda: server.metric('stratus_messages_total{outcome="dropped"}') > 1_000, 60, what="the rest to be dropped")
            device.say("log", seq=1, message="QoS 1 has room")
    if qos == 1:
        device.say("log", seq=1, message="after it")
    wait_until(lambda: 1 in device.stored, 60, what="what was said with QoS 1 to be stored")
    assert server.metric("stratus_mqtt_connected") == 1
    assert "no broker" not in server.program.log
