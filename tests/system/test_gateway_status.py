"""Gateways tell the server about themselves: counters, devices behind them, when they are away."""
import pytest
from harness import wait_until
from harness.fleet import Device, FleetCase
from harness.identity import make_code, mutual_client
from harness.openapi import CheckedClient


@pytest.fixture
def fleet(plain_stack):
    case = FleetCase(plain_stack, devices=3)
    case.checked = CheckedClient(case.http)
    return case


def gateways(fleet):
    return {one["id"]: one for one in fleet.checked.get("/api/v1/gateways").json()["items"]}


def said(fleet, name, true, what):
    def look():
        one = gateways(fleet).get(name)
        return one if one and true(one) else None
    return wait_until(look, 30, what=what)


def test_a_gateway_is_seen_with_what_it_saves(fleet, plain_stack):
    gateway = plain_stack.start_gateway(options=["--name", "site-1", "--status-interval", "0.3"])
    blob = fleet.http.get("/v2/app/manifests/2").json()["layers"][0]["digest"]
    for _ in range(4):
        assert gateway.http.get(f"/v2/app/blobs/{blob}").status == 200
    found = said(fleet, "site-1", lambda it: it["blobs"]["hits"] >= 3, "the hits to be told")
    assert found["online"] and found["version"] == "0.1.0" and found["blobs"]["misses"] == 1
    assert found["blobs"]["hit_percent"] == 75 and found["cache"]["blobs"] == 1
    assert found["bytes"]["sent"] > found["bytes"]["received"] > 0
    behind = Device(gateway, "d001")
    behind.have = fleet.digests["1"]
    behind.ask()
    said(fleet, "site-1", lambda it: it["devices"] == 1, "the device behind it")
    listed = fleet.http.get("/api/v1/devices?filter=gateway=site-1").json()["devices"]
    assert [one["id"] for one in listed] == ["d001"]
    plan = fleet.http.post("/api/v1/rollouts/dry-run", json={
        "contents": [{"name": "app", "version": "2"}], "targets": {"all": True}}).json()
    assert plan["bytes"]["gateways"] > 0 and plan["bytes"]["upstream"] >= plan["bytes"]["gateways"]
    assert plan["bytes"]["per_gateway"] == [{"gateway": "site-1", "devices": 1, "bytes": plan["bytes"]["gateways"]}]
    overview = wait_until(lambda: fleet.checked.get("/api/v1/overview").json()["gateways"] == {"total": 1, "online": 1},
                          20, what="the overview to count it")
    assert overview
    gateway.program.stop()
    gone = said(fleet, "site-1", lambda it: not it["online"], "the gateway to be away")
    assert fleet.checked.get("/api/v1/gateways/site-1").json()["id"] == gone["id"]
    assert fleet.checked.delete("/api/v1/gateways/site-1").status == 204
    assert fleet.checked.get("/api/v1/gateways/site-1").status == 404
    assert fleet.checked.delete("/api/v1/gateways/site-1").status == 404


def test_a_name_that_was_drawn_is_kept(fleet, plain_stack):
    gateway = plain_stack.start_gateway(options=["--status-interval", "0.3"])
    first = wait_until(lambda: list(gateways(fleet)), 20, what="the gateway to be seen")
    gateway.program.kill()
    before = gateways(fleet)[first[0]]
    plain_stack.start_gateway(name="again", data=gateway.data, options=["--status-interval", "0.3"])
    said(fleet, first[0], lambda it: it["last_seen"] > before["last_seen"] and it["started_at"] > before["started_at"],
         "the same name from another start")
    assert list(gateways(fleet)) == first


def test_words_of_strangers_change_no_device(fleet):
    word = {"boot": "ab", "interval_ms": 1000, "devices": ["d000", "nobody"]}
    assert fleet.checked.post("/api/v1/gateways/g/status", json=word, token=None).status == 204
    assert fleet.http.get("/api/v1/devices/nobody").status == 404
    assert gateways(fleet)["g"]["devices"] == 1
    for body in ({}, {"boot": "XYZ"}, {"boot": "a", "hits": -1}, {"boot": "a", "devices": ["a b"]}):
        assert fleet.checked.post("/api/v1/gateways/g/status", json=body).status == 400, body
    big = {"boot": "a", "devices": ["d" * 60] * 1000}
    assert fleet.checked.post("/api/v1/gateways/g/status", json=big).status == 413
    assert fleet.checked.post("/api/v1/gateways/.hidden/status", json=word).status == 400


def test_a_gateway_behind_another_is_listed_with_its_parent(stack):
    server = stack.start_server()
    outer, inner = (make_code(server, kind="gateway", device=name, names=["localhost", "127.0.0.1"]) for name in ("outer", "inner"))
    near = stack.start_gateway(name="near", options=["--enrol-code", outer, "--status-interval", "0.3"])
    far = stack.start_gateway(name="far", upstream=near.url, upstream_ca=near.ca,
                              options=["--enrol-code", inner, "--status-interval", "0.3"])
    checked = CheckedClient(server.http)

    def both():
        listed = {one["id"]: one for one in checked.get("/api/v1/gateways").json()["items"]}
        return listed if {"outer", "inner"} <= set(listed) else None
    listed = wait_until(both, 30, what="both gateways")
    assert listed["inner"]["parent"] == "outer" and listed["inner"]["enrolled"] and "parent" not in listed["outer"]
    assert checked.get("/api/v1/gateways/inner").json()["parent"] == "outer"
    # The parent cannot put words into its mouth, nor a device into anybody's.
    word = {"boot": "ab", "interval_ms": 1000, "hits": 999}
    parent = mutual_client(server.url, server.ca, near.data / "identity" / "identity.pem")
    forged = parent.post("/api/v1/gateways/inner/status", json=word)
    assert (forged.status, forged.json()["code"]) == (422, "signature_required")
    assert parent.post("/api/v1/gateways/invented/status", json=word).status == 403
    assert parent.post("/api/v1/gateways/outer/status", json=word).status == 204
    far.program.stop()
    assert checked.get("/api/v1/gateways/inner").json()["blobs"]["hits"] == 0
