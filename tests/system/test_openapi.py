"""Real answers of the main job's routes are what api/openapi.yaml says."""
import pytest
from harness import Response, wait_until
from harness.artifacts import add_content
from harness.openapi import CheckedClient, Judge, Undescribed, answered_by_nobody
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


def with_tag(client, path):
    """The header that says which version a change is about."""
    return {"If-Match": client.get(path).headers["ETag"]}


def test_what_no_other_test_asks_is_as_described(client):
    """So that each operation gives at least one success that is held against the document (tools/run_tests.py looks)."""
    content = add_content(client.http, "spring")
    path = f"/api/v1/content/{content['id']}"
    assert client.patch(path, json={"description": "new"}, headers=with_tag(client, path)).status == 200
    assert client.get(path).json()["description"] == "new"
    assert client.post("/api/v1/filters", json={"code": "odd", "name": "Odd", "filter": "tag.site=1"}).status == 201
    odd = "/api/v1/filters/odd"
    assert client.patch(odd, json={"name": "Even"}, headers=with_tag(client, odd)).status == 200
    assert client.get(odd).json()["name"] == "Even"
    assert [one["code"] for one in client.get("/api/v1/filters").json()["filters"]] == ["odd"]
    assert client.delete(odd, headers=with_tag(client, odd)).status == 204
    user = client.post("/api/v1/users", json={"name": "eve", "password": "a long enough secret", "roles": ["viewer"]}).json()
    eve = f"/api/v1/users/{user['id']}"
    assert client.delete(eve, headers=with_tag(client, eve)).status == 204
    assert len(client.get("/api/v1/audit/export").body.splitlines()) > 5
    assert client.get("/api/v1/ca/revocations").status == 200
    assert client.get("/api/v1/mcu-key").json()["key"]
    assert client.post("/api/v1/devices", json={"id": "d9"}).status == 201
    draft = client.post("/api/v1/rollouts", json={"contents": [{"name": "site/app", "version": "1"}], "targets": {"devices": ["d9"]},
                                                  "draft": True})
    assert draft.status == 201, draft
    assert client.post(f"/api/v1/rollouts/{draft.json()['id']}/submit", json={}).json()["state"] != "draft"


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


def test_the_judge_of_all_answers_keeps_what_is_wrong(tmp_path):
    judge, kind = Judge(tmp_path / "answered"), {"Content-Type": "application/json"}
    judge(Response(200, kind, b'{"devices":[{}]}'), "GET", "/api/v1/devices")
    judge(Response(200, kind, b"{}"), "GET", "/api/v1/nowhere")
    judge(Response(200, {"Content-Type": "text/html"}, b"<p>"), "GET", "/api/v1/devices")
    assert len(judge.problems) == 3 and "listDevices" in answered_by_nobody(judge.answered)
    judge(Response(200, kind, b'{"devices":[]}'), "GET", "/api/v1/devices")
    judge(Response(404, {}, b""), "GET", "/api/v1/nowhere")
    assert len(judge.problems) == 3 and "listDevices" not in answered_by_nobody(judge.answered)
