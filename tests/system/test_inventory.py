"""Regions, groups, saved filters and devices over the REST interface, each answer held against api/openapi.yaml."""
import os
import subprocess
from urllib.parse import quote

import pytest
from harness import Programs, Stack
from harness.openapi import Api

API = Api()


@pytest.fixture(scope="module")
def server():
    with Programs() as programs:
        yield Stack(programs, plain=True).start_server()


def ask(server, method, path, expect, **options):
    answer = server.http.request(method, path, **options)
    assert answer.status == expect, (method, path, answer)
    API.check(answer, method, path.split("?")[0])
    return answer


@pytest.mark.parametrize("many,one", [("regions", "region"), ("groups", "group")])
def test_a_place_is_made_changed_and_removed(server, many, one):
    base = f"/api/v1/{many}"
    made = ask(server, "POST", base, 201, json={"code": "seoul", "name": "서울", "tags": {"zone": "kr"}})
    assert made.headers["Location"] == f"{base}/seoul"
    assert ask(server, "POST", base, 409, json={"code": "seoul"}).json()["code"] == "conflict"
    ask(server, "POST", base, 400, json={"code": "Not A Code"})
    ask(server, "POST", base, 400, json={"code": "x", "colour": "red"})
    tag = ask(server, "GET", f"{base}/seoul", 200).headers["ETag"]
    changed = ask(server, "PATCH", f"{base}/seoul", 200, json={"name": "Seoul"}, headers={"If-Match": tag})
    assert changed.json()["tags"] == {"zone": "kr"}
    ask(server, "PATCH", f"{base}/seoul", 412, json={"name": "Lost"}, headers={"If-Match": tag})
    assert [p["name"] for p in ask(server, "GET", base, 200).json()[many]] == ["Seoul"]

    ask(server, "POST", "/api/v1/devices", 201, json={"id": f"in-{one}", one: "seoul"})
    assert ask(server, "GET", f"{base}/seoul", 200).json()["devices"] == 1
    ask(server, "DELETE", f"{base}/seoul", 409)
    ask(server, "DELETE", f"/api/v1/devices/in-{one}", 204)
    ask(server, "DELETE", f"{base}/seoul", 204)
    ask(server, "GET", f"{base}/seoul", 404)


def test_devices_are_found_by_filters_page_by_page(server):
    ask(server, "POST", "/api/v1/regions", 201, json={"code": "jeju"})
    for number in range(7):
        ask(server, "POST", "/api/v1/devices", 201, json={
            "id": f"sign-{number}", "label": f"Sign {9 - number}", "region": "jeju", "tags": {"site": str(number % 2)},
            "hardware": "pi4", "active": number != 3, "latitude": 33.4, "longitude": 126.5})
    for text, count in (("region=jeju", 7), ("tag.site=1", 3), ("region=jeju active=no", 1), ("\"sign 9\"", 1), ("region=mars", 0)):
        page = ask(server, "GET", f"/api/v1/devices?count=true&filter={quote(text)}", 200).json()
        assert (page["total"], len(page["devices"])) == (count, count), text
    for sort, first in (("id", "sign-0"), ("-id", "sign-6"), ("label", "sign-6"), ("-seen", None)):
        seen, after = [], ""
        while True:
            page = ask(server, "GET", f"/api/v1/devices?filter=region%3Djeju&sort={sort}&limit=3&after={quote(after)}", 200).json()
            seen += [device["id"] for device in page["devices"]]
            after = page.get("next", "")
            if not after:
                break
        assert sorted(seen) == [f"sign-{n}" for n in range(7)]
        assert first in (None, seen[0])
    for bad in ("filter=colour%3Dred", "sort=colour", "sort=label&after=zzz", "saved=none-such"):
        assert ask(server, "GET", f"/api/v1/devices?{bad}", 404 if "saved" in bad else 400).json()["detail"]
    counts = ask(server, "GET", "/api/v1/device-counts?by=region", 200).json()["counts"]
    assert {"value": "jeju", "name": "jeju", "devices": 7, "inactive": 1} in counts
    ask(server, "GET", "/api/v1/device-counts?by=colour", 400)
    ask(server, "POST", "/api/v1/filters", 201, json={"code": "odd", "name": "Odd sites", "filter": "tag.site=1"})
    ask(server, "POST", "/api/v1/filters", 400, json={"code": "bad", "filter": "tag.site="})
    assert len(ask(server, "GET", "/api/v1/devices?saved=odd", 200).json()["devices"]) == 3
    for alias in ("/api/devices", "/api/regions", "/api/divisions"):
        ask(server, "GET", alias, 200)


def test_a_device_keeps_what_people_say_while_it_reports(server):
    made = ask(server, "POST", "/api/v1/devices", 201, json={"id": "d1", "label": "Door", "kind": "mcu", "time_zone": "Asia/Seoul"})
    ask(server, "POST", "/api/v1/devices", 409, json={"id": "d1"})
    ask(server, "POST", "/api/v1/devices", 400, json={"id": "../x"})
    report = {"device": "d1", "sequence": 1, "time_ms": 1, "name": "app", "state": "failed", "reason": "no disk",
              "running": "sha256:" + "1" * 64, "running_version": "1", "target": "sha256:" + "2" * 64, "version": "2"}
    assert server.http.post("/api/v1/devices/d1/reports", json=report).status == 204
    # The report does not make the person's change stale.
    changed = ask(server, "PATCH", "/api/v1/devices/d1", 200, json={"label": "Back door"}, headers={"If-Match": made.headers["ETag"]})
    assert (changed.json()["state"], changed.json()["kind"]) == ("failed", "mcu")
    ask(server, "PATCH", "/api/v1/devices/d1", 412, json={"label": "x"}, headers={"If-Match": made.headers["ETag"]})
    history = ask(server, "GET", "/api/v1/devices/d1/firmware-history", 200).json()["history"]
    assert [(event["version"], event["outcome"], event["reason"]) for event in history] == [("2", "failed", "no disk")]
    assert ask(server, "GET", "/api/v1/devices/d1/contents", 200).json() == {"contents": []}
    ask(server, "DELETE", "/api/v1/devices/d1", 204)
    ask(server, "GET", "/api/v1/devices/d1", 404)
    ask(server, "GET", "/api/v1/devices/d1/contents", 404)
    audit = server.http.get("/api/v1/audit").json()
    assert "device.remove" in str(audit)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_full_disk_is_told_and_passes(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", small], check=True)
    try:
        with Programs() as programs:
            server = Stack(programs, plain=True).start_server(options=("--database", small / "catalogue.db"))
            assert server.http.get("/healthz").status == 200
            ballast = small / "ballast"
            stream = os.open(ballast, os.O_WRONLY | os.O_CREAT)
            try:
                while True:
                    os.write(stream, b"x" * 4096)
            except OSError:
                os.close(stream)
            kept, refused = 0, None
            for number in range(3000):
                answer = server.http.post("/api/v1/devices", json={"id": f"d{number}", "label": "x" * 100})
                if answer.status != 201:
                    refused = answer
                    break
                kept += 1
            assert refused is not None and refused.status == 507, refused
            assert server.http.get("/healthz").status == 503
            assert server.http.get("/api/v1/devices").status == 200
            ballast.unlink()
            from harness import wait_until
            wait_until(lambda: server.http.get("/healthz").status == 200, what="the database works again")
            assert server.http.post("/api/v1/devices", json={"id": "after"}).status == 201
            found = server.http.get("/api/v1/devices?limit=1000").json()["devices"]
            assert {f"d{n}" for n in range(kept)} | {"after"} == {device["id"] for device in found}
    finally:
        subprocess.run(["umount", small], check=True)
