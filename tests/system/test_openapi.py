"""Real answers of the main job's routes are what api/openapi.yaml says."""
import pytest
from harness import wait_until
from harness.openapi import CheckedClient, Undescribed
from harness.registry import Registry, digest_of

RELEASES = "/api/v1/releases/site%2Fapp"


@pytest.fixture
def client(plain_stack):
    server = plain_stack.start_server()
    app = Registry(server.http, "site/app")
    client = CheckedClient(server.http)
    for version in ("1", "2"):
        client.put(f"{RELEASES}/versions/{version}",
                   json={"digest": digest_of(app.push_files([{"bin/app": version.encode() * 1000}], version))})
        begun = client.put(f"{RELEASES}/target", json={"version": version})
        wait_until(lambda: client.get(begun.headers["Location"]).json()["state"] == "done", 60, what="the deployment")
    return client


def report(sequence, **more):
    return {"device": "d1", "sequence": sequence, "name": "site/app", "state": "committed", "time_ms": 1000, **more}


def test_answers_are_as_described(client):
    assert client.get("/api/v1/next/site%2Fapp?device=d1").status == 200
    assert client.post("/api/v1/devices/d1/reports", json=report(1)).status == 204
    assert client.post("/api/v1/devices/d1/data", json={"t": 21.5}).status == 204
    for path in ("/api/v1/devices", "/api/v1/devices/d1", "/api/v1/devices/d1/reports", "/api/v1/devices/d1/data",
                 "/api/v1/releases", RELEASES, "/api/v1", "/api/v1/me"):
        assert client.get(path).status == 200, path
    assert client.get("/api/v1/devices?limit=1").json()["devices"][0]["id"] == "d1"
    assert client.delete(f"{RELEASES}/versions/2").status == 409
    assert client.delete(f"{RELEASES}/versions/1").status == 204
    assert client.post("/api/v1/gc?dry_run=1").json()["dry_run"] is True


def test_refusals_are_problems(client):
    for method, path, options, status in (
            ("GET", "/api/v1/devices/none", {}, 404), ("GET", "/api/v1/devices", {"token": None}, 401),
            ("GET", "/api/v1/devices", {"token": "wrong"}, 401), ("PUT", f"{RELEASES}/target", {"json": {}}, 400),
            ("PUT", f"{RELEASES}/target", {"body": b"{" * 100}, 400),
            ("PUT", f"{RELEASES}/target", {"body": b"x" * 100_000}, 413),
            ("POST", "/api/v1/devices/d1/reports", {"json": report(1, device="d2")}, 400)):
        assert client.request(method, path, **options).status == status, path


def test_the_judge_can_say_no(client):
    with pytest.raises(Undescribed):
        client.get("/api/v1/nowhere")
    for operation in client.api.operations:
        if operation.id == "listDevices":
            operation.node["responses"]["200"]["content"]["application/json"]["schema"]["required"].append("color")
    with pytest.raises(Undescribed, match="color"):
        client.get("/api/v1/devices")
