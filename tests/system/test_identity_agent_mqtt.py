"""The agent renews its certificate over MQTT while that is connected, through a gateway too, and over HTTPS when it is not."""
import json
import subprocess

import pytest
from harness import BIN, CountingProxy, free_port, wait_until
from harness.identity import make_code, openssl


@pytest.fixture
def server(stack):
    return stack.start_strict_server()


class Device:
    """An enrolled agent whose HTTPS goes through a link that can be cut."""

    def __init__(self, stack, server, upstream, ca, broker):
        self.stack, self.server, self.broker, self.agent = stack, server, broker, None
        self.link = CountingProxy(upstream.address)
        stack.programs.on_close(self.link.close)
        self.ca, self.data = ca, stack.programs.path("cam-7")
        done = subprocess.run([BIN / "stratus-agent", "enrol", "--server", self.link.url("https"), "--data", self.data, "--code",
                               make_code(server), "--device", "cam-7", "--ca", ca], capture_output=True, text=True, timeout=60,
                              check=False)
        assert done.returncode == 0, done.stderr
        self.seen = [self.serial()]

    def serial(self):
        return openssl("x509", "-in", self.data / "identity" / "identity.pem", "-noout", "-serial").stdout

    def start(self, **mqtt):
        """With a certificate that is due."""
        note = self.data / "identity" / "identity.json"
        note.write_text(json.dumps({**json.loads(note.read_text()), "renew_after_ms": 1}))
        if self.agent:
            return self.stack.restart_agent(self.agent)
        _, public = self.stack.make_key()
        self.agent = self.stack.start_agent("app", self.link.url("https"), public, name="cam-7", ca=self.ca, data=self.data,
                                            mqtt={"broker": self.broker, **mqtt})
        return self.agent

    def wait_renewed(self):
        fresh = wait_until(lambda: self.serial() if self.serial() not in self.seen else None, 60, what="another certificate")
        self.seen.append(fresh)


def test_while_connected_it_renews_over_mqtt(stack, server):
    device = Device(stack, server, server, server.ca, server.program.ready["mqtt"])
    device.link.refuse()  # HTTPS is away from now on
    for times in (1, 2):  # the second is asked for in a session with the first's certificate
        program = device.start().program
        device.wait_renewed()
        wait_until(lambda: program.log.count("renewed the certificate over MQTT") == times)
        wait_until(lambda: program.log.count("connected to mqtts") >= 2 * times, what="a session with the fresh certificate")
        program.stop()
    listed = server.http.get("/api/v1/devices/cam-7/certificates").json()["items"]
    assert [one["state"] for one in listed] == ["active"] * 3
    assert f"serial={listed[0]['serial']}" == device.serial().decode().strip()


def test_behind_a_gateway_its_signature_proves_the_device(stack, server):
    code = make_code(server, kind="gateway", device="gw1", names=["localhost", "127.0.0.1"])
    gateway = stack.start_gateway(options=["--enrol-code", code, "--mqtt-listen", "127.0.0.1:0", "--mqtt-upstream",
                                           server.program.ready["mqtt"]])
    device = Device(stack, server, gateway, server.data / "ca" / "root.pem", gateway.program.ready["mqtt"])
    device.link.refuse()
    program = device.start().program
    device.wait_renewed()
    wait_until(lambda: "renewed the certificate over MQTT" in program.log)


def test_behind_a_gateway_it_signs_that_a_cancel_has_come_true(stack, server, tmp_path):
    code = make_code(server, kind="gateway", device="gw1", names=["localhost", "127.0.0.1"])
    gateway = stack.start_gateway(options=["--enrol-code", code, "--mqtt-listen", "127.0.0.1:0", "--mqtt-upstream",
                                           server.program.ready["mqtt"]])
    device = Device(stack, server, gateway, server.data / "ca" / "root.pem", gateway.program.ready["mqtt"])
    device.link.refuse()  # it is told of the update and cannot ask for it
    device.start()
    wait_until(lambda: server.metric("stratus_mqtt_devices_online") == 1, 60)
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "file").write_text("new")
    stack.publish("app:1", tmp_path / "tree", sign_key=stack.make_key(stack.programs.path("publisher"))[0])
    http = server.http
    rollout = http.post("/api/v1/rollouts", json={"contents": [{"name": "app", "version": "1"}],
                                                  "targets": {"devices": ["cam-7"]}}).json()["id"]
    kinds = lambda: [event["kind"] for event in http.get("/api/v1/devices/cam-7/events").json()["items"]]
    wait_until(lambda: "update/request/ack" in kinds(), what="the device to be told")
    assert http.post(f"/api/v1/rollouts/{rollout}/cancel", json={"devices": ["cam-7"]}).status == 200
    wait_until(lambda: "update/cancel/ack" in kinds(), 60, what="the acknowledgement to be stored")


def test_a_session_with_a_certificate_of_the_operators_own_goes_on(stack, server, tmp_path):
    device = Device(stack, server, server, server.ca, server.program.ready["mqtt"])
    other = tmp_path / "operators.pem"
    other.write_bytes((device.data / "identity" / "identity.pem").read_bytes())
    program = device.start(certificate=str(other), key=str(other), metrics="1s").program
    device.wait_renewed()
    wait_until(lambda: "the certificate is good until" in program.log)
    said = lambda: len(server.http.get("/api/v1/devices/cam-7/metrics?limit=100").json()["items"])
    before = said()
    wait_until(lambda: said() >= before + 2, what="measurements after the renewal")
    assert program.log.count("connected to mqtts") == 1


def test_without_a_broker_it_renews_over_https(stack, server):
    device = Device(stack, server, server, server.ca, f"mqtts://127.0.0.1:{free_port()}")
    program = device.start().program
    device.wait_renewed()
    wait_until(lambda: "the certificate is good until" in program.log)
    assert "over MQTT" not in program.log
