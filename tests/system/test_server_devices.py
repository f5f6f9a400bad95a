"""What devices tell the server: reports and samples, acknowledged only once they are kept."""
import concurrent.futures
import json
import re
import shutil
import subprocess
import time

import pytest
from harness import wait_until
from harness.mqtt import DeviceMaker

DIGEST = "sha256:" + "a" * 64
NEWER = "sha256:" + "b" * 64


@pytest.fixture
def server(plain_stack):
    return plain_stack.start_server()


def report(server, sequence, device="d1", **more):
    body = {"device": device, "sequence": sequence, "name": "app", "state": "committed", "time_ms": sequence, **more}
    return server.http.post(f"/api/v1/devices/{device}/reports", json=body, token=None)


def test_a_report_tells_the_devices_state(server):
    assert report(server, 1, running=DIGEST, running_version="1").status == 204
    assert report(server, 2, state="rolled_back", reason="unhealthy", version="2", running=DIGEST).status == 204
    device = server.http.get("/api/v1/devices/d1").json()
    assert (device["state"], device["reason"], device["running"]) == ("rolled_back", "unhealthy", DIGEST)
    kept = server.http.get("/api/v1/devices/d1/reports").json()["reports"]
    assert [entry["report"]["sequence"] for entry in kept] == [2, 1]
    assert report(server, 2, state="rolled_back", reason="unhealthy", version="2", running=DIGEST).status == 204
    assert len(server.http.get("/api/v1/devices/d1/reports").json()["reports"]) == 2


def test_a_clock_far_ahead_holds_up_no_later_report(server):
    """A device's clock jumps to 2200; it is set up anew, with the right time and counting from 1."""
    now = int(time.time() * 1000)
    assert report(server, 9, time_ms=7_258_118_400_000, state="failed").status == 204
    assert report(server, 1, time_ms=now + 5000, state="committed").status == 204
    assert server.http.get("/api/v1/devices/d1").json()["state"] == "committed"


@pytest.mark.parametrize("way", ["https", "mqtt"])
def test_a_report_that_was_overtaken_is_history_and_says_that_the_device_is_there(plain_stack, tmp_path, way):
    server = plain_stack.start_server(options=["--mqtt-listen", "127.0.0.1:0"])
    wait_until(lambda: server.metric("stratus_mqtt_connected") == 1, what="the broker")
    devices = DeviceMaker(server, tmp_path / "devices")
    door = devices.connect("d1")
    kept = lambda: len(server.http.get("/api/v1/devices/d1/reports").json()["reports"])

    def say(sequence, **more):
        if way == "https":
            return report(server, sequence, **more)
        body = {"device": "d1", "sequence": sequence, "name": "app", "state": "committed", "time_ms": sequence, **more}
        return door.say("update/result", seq=sequence, status="SUCCESS", report=json.dumps(body))

    say(2, running=NEWER, running_version="2")
    wait_until(lambda: kept() == 1, what="the newer report")
    seen = server.http.get("/api/v1/devices/d1").json()["last_seen_ms"]
    wait_until(lambda: time.time() * 1000 >= seen + 1, what="the next millisecond")
    say(1, running=DIGEST, running_version="1")
    wait_until(lambda: kept() == 2, what="the older report")
    device = server.http.get("/api/v1/devices/d1").json()
    assert (device["running"], device["running_version"]) == (NEWER, "2")
    assert device["last_seen_ms"] > seen
    devices.close()


@pytest.mark.parametrize("body", [
    b"", b"[]", b"{", b"{}", json.dumps({"device": "d2", "sequence": 1, "name": "a", "state": "x", "time_ms": 1}).encode(),
    b'{"device":"d1","device":"d1","sequence":1,"name":"a","state":"x","time_ms":1}',
    b'{"device":"d1","sequence":-1,"name":"a","state":"x","time_ms":1}',
    b'{"device":"d1","sequence":9223372036854775807,"name":"a","state":"x","time_ms":1}',
    b'{"device":"d1","sequence":1,"name":"a","state":"x","time_ms":9223372036854775807}'])
def test_a_malformed_report_is_refused(server, body):
    refused = server.http.post("/api/v1/devices/d1/reports", body=body, token=None)
    assert refused.status == 400 and refused.json()["detail"]
    assert server.http.get("/api/v1/devices/d1").status == 404


def test_a_report_has_a_limit(server):
    refused = report(server, 1, reason="x" * 20_000)
    assert refused.status == 413


def test_samples_are_kept_newest_first(server):
    for value in range(5):
        assert server.http.post("/api/v1/devices/d1/data", json={"temperature": value}, token=None).status == 204
    kept = server.http.get("/api/v1/devices/d1/data?limit=3").json()["samples"]
    assert [sample["data"]["temperature"] for sample in kept] == [4, 3, 2]
    assert server.http.post("/api/v1/devices/d1/data", body=b"[1]", token=None).status == 400
    assert server.http.post("/api/v1/devices/d1/data", body=b'{"x":"' + b"y" * 17_000 + b'"}', token=None).status == 413
    assert server.http.post("/api/v1/devices/a%2Fb/data", json={}, token=None).status == 400


@pytest.mark.parametrize("kind", ["data", "reports"])
def test_a_long_history_comes_in_pages_of_bounded_size(server, kind):
    """150 times 15 KB are more than one answer holds, whatever limit is asked for; none is lost or told twice."""
    filler = "x" * 15_000
    for number in range(150):
        if kind == "data":
            assert server.http.post("/api/v1/devices/d1/data", json={"n": number, "filler": filler}, token=None).status == 204
        else:
            assert report(server, number, extra=filler).status == 204
    seen, after, pages = [], "", 0
    while True:
        answer = server.http.get(f"/api/v1/devices/d1/{kind}?limit=1000&after={after}")
        assert answer.status == 200 and len(answer.body) < 1_100_000
        page, pages = answer.json(), pages + 1
        seen += [entry["data"]["n"] for entry in page["samples"]] if kind == "data" else \
                [entry["report"]["sequence"] for entry in page["reports"]]
        after = page.get("next")
        if not after:
            break
    assert sorted(seen, reverse=True) == list(range(149, -1, -1)) and pages == 3
    if kind == "data":
        assert seen == list(range(149, -1, -1))
    small = server.http.get(f"/api/v1/devices/d1/{kind}?limit=2").json()
    assert len(small["samples" if kind == "data" else "reports"]) == 2 and small["next"]
    for wrong in ("x", "AAAA", small["next"][:-3]):
        assert server.http.get(f"/api/v1/devices/d1/{kind}?after={wrong}").status == 400


def test_samples_are_told_as_they_came(server):
    body = b'{"value":0.1000,"big":12345678901234567890,"text":"\\u00e9"}'
    assert server.http.post("/api/v1/devices/d1/data", body=body, token=None).status == 204
    assert body in server.http.get("/api/v1/devices/d1/data").body


def test_devices_are_listed_in_pages(server):
    for number in range(7):
        assert report(server, 1, device=f"d{number}").status == 204
    seen, after = [], ""
    while True:
        page = server.http.get(f"/api/v1/devices?limit=3&after={after}").json()
        seen += [device["id"] for device in page["devices"]]
        after = page.get("next")
        if not after:
            break
    assert seen == [f"d{number}" for number in range(7)]


def test_acknowledged_reports_survive_kill(plain_stack, server):
    """Eight devices report as fast as they can until the server is killed under them."""
    def flood(device):
        acknowledged = 0
        try:
            while report(server, acknowledged + 1, device=device).status == 204:
                acknowledged += 1
        except OSError:
            pass
        return acknowledged

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        floods = {f"d{n}": pool.submit(flood, f"d{n}") for n in range(8)}
        wait_until(lambda: server.http.get("/api/v1/devices").json()["devices"], what="the first reports")
        wait_until(lambda: all(d["id"] for d in server.http.get("/api/v1/devices").json()["devices"][:8]))
        server.program.kill()
        acknowledged = {device: future.result() for device, future in floods.items()}
    again = plain_stack.start_server()
    for device, count in acknowledged.items():
        if count:
            kept = again.http.get(f"/api/v1/devices/{device}/reports?limit=1000").json()["reports"]
            assert {entry["report"]["sequence"] for entry in kept} >= set(range(max(1, count - 900), count + 1))


def test_metrics_are_well_formed(server):
    """By the rules of Prometheus' text format; by promtool too where it is installed."""
    report(server, 1)
    text = server.http.get("/metrics", token=None).body.decode()
    assert "\nstratus_devices 1\n" in text
    kinds, finished, last = {}, set(), None
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            assert name not in kinds and kind in ("counter", "gauge")
            kinds[name] = kind
        elif not line.startswith("# HELP "):
            name = re.fullmatch(r"([a-z_]+)(\{[a-z_]+=\"[^\"]*\"\})? \d+", line).group(1)
            assert name in kinds and name not in finished
            assert name.startswith("stratus_") and name.endswith("_total") == (kinds[name] == "counter")
            if last not in (None, name):
                finished.add(last)
            last = name
    if shutil.which("promtool"):
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_a_second_server_on_the_same_data_is_refused(server):
    from harness import BIN
    done = subprocess.run([BIN / "stratus-server", "--data", server.data, "--listen", "127.0.0.1:0", "--plain-http"],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 5 and "another stratus-server" in done.stderr


def test_the_first_start_says_where_token_and_certificate_are(stack):
    server = stack.start_server()
    assert f"{server.data}/admin.token holds the token" in server.program.log
    assert f"{server.ca} is the certificate" in server.program.log
    server.program.stop()
    again = stack.start_server(name="again", data=server.data)
    assert "first start" not in again.program.log


def test_a_graceful_stop_ends_with_status_0(server):
    assert server.program.stop() == 0
