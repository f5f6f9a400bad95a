"""What a gateway says for a device behind it is no success, and a device speaks through it for itself only."""
import pytest
from harness import wait_until
from harness.artifacts import upload
from harness.identity import enrol, make_code, mutual_client, report, sign_message
from harness.registry import Registry, digest_of


class Site:
    """A strict server, an enrolled gateway and two devices behind it."""

    def __init__(self, stack):
        self.server = stack.start_server(config='identity = "required"')
        self.gateway = stack.start_gateway(options=["--enrol-code", make_code(self.server, kind="gateway", name="localhost")])
        self.keys = stack.programs.path("keys")
        self.a, self.b = (enrol(self.server, self.keys, name) for name in ("dev-a", "dev-b"))

    def through_gateway(self, credentials):
        return credentials.client(self.gateway.url, self.gateway.ca)

    def as_gateway(self):
        identity = self.gateway.data / "identity" / "identity.pem"
        return mutual_client(self.server.url, self.server.ca, identity)

    def roll_out(self, name, version):
        made = self.server.http.post("/api/v1/rollouts", json={"contents": [{"name": name, "version": version}],
                                                               "targets": {"devices": ["dev-b"]}})
        assert made.status == 201, made.body
        rollout = made.json()["id"]
        wait_until(lambda: self.state(rollout) == "running", what="the rollout to begin")
        return rollout

    def state(self, rollout):
        return self.server.http.get(f"/api/v1/rollouts/{rollout}").json()["state"]


@pytest.fixture
def site(stack):
    return Site(stack)


def test_a_device_does_not_ask_for_another_through_the_gateway(site):
    a, b = site.through_gateway(site.a), site.through_gateway(site.b)
    for path in ("contents/next?have=", "contents/next?have=x"):
        refused = a.get(f"/api/v1/devices/dev-b/{path}")
        assert refused.status == 403 and b"cannot speak for dev-b" in refused.body
        assert b.get(f"/api/v1/devices/dev-b/{path}").status in (200, 204)


def test_a_gateway_makes_no_success_of_content(site):
    http = site.server.http
    made = http.post("/api/v1/content", json={"title": "t", "original": upload(http, b"\x89PNG picture", "t.png"),
                                              "display": upload(http, b"binary", "t.bin")})
    content = made.json()["id"]
    rollout = site.roll_out("content", content)
    gateway = site.as_gateway()
    assert gateway.get("/api/v1/devices/dev-b/contents/next?have=").status == 200
    assert gateway.get(f"/api/v1/devices/dev-b/contents/next?have={content}").status == 204
    assert site.state(rollout) == "running"
    own = site.b.client(site.server.url, site.server.ca)
    assert own.get(f"/api/v1/devices/dev-b/contents/next?have={content}").status == 204
    assert site.state(rollout) == "completed"


def test_a_gateway_makes_no_success_of_a_release(site):
    http = site.server.http
    digest = digest_of(Registry(http, "app").push_files([{"bin/app": b"one"}]))
    assert http.put("/api/v1/releases/app/versions/1", json={"digest": digest}).status in (200, 201)
    rollout = site.roll_out("app", "1")
    gateway, have = site.as_gateway(), digest.removeprefix("sha256:")
    assert gateway.get("/api/v1/next/app?device=dev-b").status == 200
    assert gateway.get(f"/api/v1/next/app?device=dev-b&have={have}").status in (200, 204)
    assert site.state(rollout) == "running"
    device = next(one for one in http.get("/api/v1/devices").json()["devices"] if one["id"] == "dev-b")
    assert not device.get("running"), device
    # The device's own signed report is one, whoever carries it.
    body = report("dev-b", running=digest, running_version="1", version="1", target=digest)
    sent = site.through_gateway(site.b).post("/api/v1/devices/dev-b/reports", body=body, headers={
        "Content-Type": "application/json", "Stratus-Signature": sign_message(site.b, "report", 1, body)})
    assert sent.status in (200, 202, 204), sent.body
    wait_until(lambda: site.state(rollout) == "completed", what="the report to count")
