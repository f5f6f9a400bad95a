"""Devices that were off for months (faketime): an expired certificate renews itself within its grace, and no longer."""
import glob
import json
import os
import subprocess

import pytest
from harness import BIN, wait_until
from harness.identity import Credentials, enrol, make_request, mutual_client, openssl
from harness.mqtt import MqttDevice

LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)
pytestmark = pytest.mark.skipif(LIBRARY is None, reason="faketime is not installed")

CONFIG = 'identity = "required"\n'


def start_then(stack, days):
    """A server whose clock is so many days behind, its URL and its directory."""
    config = stack.programs.path("server.toml")
    config.write_text(CONFIG)
    data = stack.programs.path("server")
    # The library by itself: the program of that name would stand between us and the server's end.
    environment = dict(os.environ, LD_PRELOAD=LIBRARY, FAKETIME=f"-{days}d", FAKETIME_DONT_FAKE_MONOTONIC="1")
    program = stack.programs.start("then", [BIN / "stratus-server", "--data", data, "--listen", "127.0.0.1:0", "--config", config],
                                   env=environment)
    return program, program.wait_ready()["url"], data


def enrolled_then(stack, tmp_path, days):
    """Credentials of cam-7, `days` old, and the server of today on the same data."""
    program, url, data = start_then(stack, days)
    credentials = Credentials(tmp_path / "keys", "cam-7")
    token = (data / "admin.token").read_text().strip()

    def post(path, body):
        # By curl under the same clock: the server's certificate of then may not be good today.
        done = subprocess.run(["faketime", "-f", f"-{days}d", "curl", "-sS", "--fail-with-body", "--cacert", str(data / "tls" / "server.pem"),
                               "-H", f"Authorization: Bearer {token}", "-H", "Content-Type: application/json", "-d", json.dumps(body),
                               url + path], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    code = post("/api/v1/registration-codes", {})["codes"][0]["code"]
    credentials.take(post("/api/v1/enrol", {"code": code, "csr": make_request(credentials.key, "cam-7")}))
    root = tmp_path / "root.pem"
    root.write_bytes((data / "ca" / "root.pem").read_bytes())
    assert program.stop() == 0
    server = stack.start_server(data=data, options=["--config", stack.programs.path("server.toml"), "--mqtt-listen", "127.0.0.1:0"])
    return credentials, server, root


def renew(client, credentials, keys):
    fresh = Credentials(keys, credentials.name)
    answer = client.post("/api/v1/certificates/renew", json={"csr": make_request(fresh.key, credentials.name)})
    if answer.status == 201:
        fresh.take(answer.json())
    return answer, fresh


@pytest.mark.parametrize("days, works, renews", [(30, True, True), (91, False, True), (395, False, True), (500, False, False)])
def test_a_device_that_was_off(stack, tmp_path, days, works, renews):
    credentials, server, root = enrolled_then(stack, tmp_path, days)
    # It trusts the root of then: the server's own certificate was made anew meanwhile where it had to be.
    client = mutual_client(server.url, root, credentials.file)
    answer = client.get("/api/v1/next/app?device=cam-7")
    assert answer.status == (404 if works else 403)
    answer, fresh = renew(client, credentials, tmp_path / "fresh")
    if renews:
        assert answer.status == 201, answer
    else:
        assert (answer.status, answer.json()["code"]) == (403, "grace_over")
        fresh = enrol(server, tmp_path / "anew", "cam-7", {"device": "cam-7"})  # a person has to make a code
    assert mutual_client(server.url, root, fresh.file).get("/api/v1/next/app?device=cam-7").status == 404
    # The broker's revocation list was made anew as well, else it would refuse everybody.
    wait_until(lambda: server.metric("stratus_mqtt_connected") == 1)
    device = MqttDevice(server.program.ready["mqtt"], fresh.file, fresh.file, root, "cam-7", subscribe=("v1/cam-7/#",))
    device.say("log", seq=1, message="back")
    wait_until(lambda: 1 in device.stored)
    device.close()
    if not works:
        with pytest.raises((OSError, ConnectionError)):
            MqttDevice(server.program.ready["mqtt"], credentials.file, credentials.file, root, "cam-7")


def test_a_revoked_device_does_not_come_back_by_waiting(stack, tmp_path):
    credentials, server, root = enrolled_then(stack, tmp_path, 91)
    assert server.http.post("/api/v1/devices/cam-7/revoke", json={"reason": "stolen"}).status == 204
    with pytest.raises((OSError, ConnectionError, AssertionError)):
        answer, _ = renew(mutual_client(server.url, root, credentials.file), credentials, tmp_path / "fresh")
        assert answer.status == 201
    states = {one["state"] for one in server.http.get("/api/v1/devices/cam-7/certificates").json()["items"]}
    assert states == {"revoked"}


def test_the_agent_recovers_by_itself_after_thirteen_months(stack, tmp_path):
    credentials, server, root = enrolled_then(stack, tmp_path, 395)
    data = stack.programs.path("device")
    (data / "identity").mkdir(parents=True)
    (data / "identity" / "identity.pem").write_bytes(credentials.file.read_bytes())
    (data / "identity" / "identity.pem").chmod(0o600)
    (data / "identity" / "trust.pem").write_bytes(root.read_bytes())
    (data / "identity" / "identity.json").write_text(json.dumps({"server": server.url, "device": "cam-7"}))
    number = lambda: openssl("x509", "-in", data / "identity" / "identity.pem", "-noout", "-serial").stdout
    before = number()
    _, public = stack.make_key()
    agent = stack.start_agent("app", server.url, public, name="cam-7", data=data)
    wait_until(lambda: number() != before, 30, what="a renewed certificate")
    # On a connection that it opened with the expired one it would be refused for ever.
    wait_until(lambda: server.metric('stratus_next_answers_total{answer="unknown"}') > 0, 30, what="it to ask for its image")
    assert agent.program.log.count("cannot renew") == 0, "one request is enough"
