"""A broker that others run: mosquitto with the files of packaging/mosquitto, mTLS for devices, and people who do there what the
server does with its own."""
import contextlib
import json
import os
import pathlib
import subprocess

import pytest
from harness import ProgramError, wait_until
from harness.identity import enrol, openssl
from harness.mqtt import MqttDevice
from harness.simulator import Simulation
from harness.waiting import free_port

PACKAGED = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "mosquitto"
INSTALLED = "/etc/mosquitto/stratus"  # as the files have it


class Operator:
    """Who runs the broker: has a CA of their own, for the broker, the server and themselves."""

    def __init__(self, programs):
        self.programs, self.directory = programs, programs.path("operated", "x").parent
        self.device_port, self.own_port = free_port(), free_port()
        self.pid_file = self.directory / "mosquitto.pid"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj",
                "/CN=operator CA", "-keyout", self.directory / "ca.key", "-out", self.directory / "operator-ca.pem")
        for name, common_name in (("broker", "broker"), ("server", "stratus-server"), ("operator", "operator")):
            self._certify(name, common_name)
        text = (PACKAGED / "stratus.conf").read_text().replace(INSTALLED, str(self.directory))
        text = text.replace("/run/mosquitto/stratus.pid", str(self.pid_file)) + ("user root\n" if os.geteuid() == 0 else "")
        for port, mine in ((8883, self.device_port), (8884, self.own_port)):
            text = text.replace(f"listener {port}\n", f"listener {mine} 127.0.0.1\n")
        (self.directory / "stratus.conf").write_text(text)
        for name in ("devices.acl", "operators.acl"):
            (self.directory / name).write_bytes((PACKAGED / name).read_bytes())

    def _certify(self, name, common_name):
        key, request, certificate, names = (self.directory / f"{name}.{end}" for end in ("key", "csr", "pem", "names"))
        names.write_text("subjectAltName=IP:127.0.0.1\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={common_name}",
                "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.directory / "operator-ca.pem", "-CAkey", self.directory / "ca.key",
                "-CAcreateserial", "-days", "30", "-extfile", names, "-out", certificate)

    def settings(self):
        files = {"ca": "operator-ca.pem", "certificate": "server.pem", "key": "server.key"}
        return "\n".join(['identity = "required"', f'mqtt_broker = "mqtts://127.0.0.1:{self.own_port}"',
                          *(f'mqtt_broker_{setting} = "{self.directory / file}"' for setting, file in files.items())])

    def read_revocations(self, server):
        """What the operator's machine does every 15 seconds."""
        words = {"STRATUS_SERVER": server.url, "STRATUS_CA": server.ca, "STRATUS_TOKEN_FILE": server.token_file,
                 "BROKER_DIRECTORY": self.directory, "BROKER_HOST": "127.0.0.1", "BROKER_PORT": self.own_port,
                 "BROKER_PID_FILE": self.pid_file}
        subprocess.run([PACKAGED / "stratus-revocations"], env={**os.environ, **{key: str(word) for key, word in words.items()}},
                       check=True, timeout=60)

    def start(self, server):
        (self.directory / "ca.pem").write_bytes(server.http.get("/api/v1/ca?form=pem", token=None).body)
        self.read_revocations(server)
        return self.programs.start("mosquitto", ["mosquitto", "-c", self.directory / "stratus.conf"])


@pytest.fixture
def operator(programs):
    return Operator(programs)


@pytest.fixture
def server(stack, operator):
    return stack.start_server(config=operator.settings())


@pytest.fixture
def connect(operator):
    with contextlib.ExitStack() as sessions:
        def make(credentials):
            session = MqttDevice(f"mqtts://127.0.0.1:{operator.device_port}", credentials.file, credentials.file,
                                 operator.directory / "operator-ca.pem", credentials.name, subscribe=(f"v1/{credentials.name}/#",))
            sessions.callback(session.close)
            return session
        yield make


@pytest.fixture
def keys(programs):
    return programs.path("keys")


def health(server):
    return server.http.get("/healthz").body.decode()


def wait_well(server):
    wait_until(lambda: server.metric("stratus_mqtt_connected") == 1 and "broker:" not in health(server), what="the broker to be reached")


def says(device, seq):
    device.say("log", seq=seq, message="here")
    wait_until(lambda: seq in device.stored, what=f"{seq} to be stored")


def commands(device, kind="update/request/container"):
    return [json.loads(body)["command"] for body in device.messages.get(f"v1/{device.name}/{kind}", [])]


def is_online(server, *names):
    return all(server.http.get(f"/api/v1/devices/{name}/live").json().get("online") for name in names)


def rules(text):
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_the_access_list_is_the_one_that_the_server_writes(plain_stack):
    server = plain_stack.start_server(options=["--mqtt-listen", "127.0.0.1:0"])
    assert rules((PACKAGED / "devices.acl").read_text()) == rules((server.data / "mqtt" / "access").read_text())


def test_enrolment_over_mqtt_needs_a_broker_of_the_servers_own(stack, operator):
    with pytest.raises(ProgramError, match="mqtt_enrol_listen needs a broker of our own"):
        stack.start_server(options=["--mqtt-enrol-listen", "127.0.0.1:0"], config=operator.settings())


def test_devices_live_at_a_broker_that_others_run(stack, server, operator, connect, keys):
    wait_until(lambda: "broker:" in health(server), what="health to say that there is no broker yet")
    mosquitto = operator.start(server)
    wait_well(server)
    credentials = enrol(server, keys, "d1")
    device = connect(credentials)
    says(device, 1)
    assert device.reason(device.publish("v1/d2/log", {"message": "as somebody else"})) == 135
    device.say("presence", online=True)
    wait_until(lambda: is_online(server, "d1"), what="d1 to be seen online")
    case = Simulation.beside(stack, server, "app")
    case.release("1", b"one")
    rollout = case.rollout("1", targets={"devices": ["d1"]})
    wait_until(lambda: rollout in commands(device), what="the rollout to be told by MQTT")

    mosquitto.kill()
    wait_until(device.closed.is_set, what="the session to end")
    wait_until(lambda: "broker:" in health(server), what="health to say that the broker is away")
    assert server.metric("stratus_mqtt_connected") == 0
    operator.start(server)
    wait_well(server)
    says(connect(credentials), 2)


def test_who_is_shut_out_hears_no_command_any_more(stack, server, operator, connect, keys):
    """Though nobody told the broker yet, and a session is open."""
    operator.start(server)
    wait_well(server)
    good, bad = connect(enrol(server, keys, "good")), connect(enrol(server, keys, "bad"))
    for device in (good, bad):
        says(device, 1)
        device.say("presence", online=True)
    wait_until(lambda: is_online(server, "good", "bad"), what="both to be seen online")
    case = Simulation.beside(stack, server, "app")
    case.release("1", b"one")
    rollout = case.rollout("1", targets={"devices": ["good", "bad"]})
    wait_until(lambda: rollout in commands(good) and rollout in commands(bad), what="both to be told")

    assert server.http.post("/api/v1/devices/bad/revoke", json={"reason": "stolen"}).status == 204
    before = server.metric("stratus_commands_total")
    assert server.http.post(f"/api/v1/rollouts/{rollout}/cancel", json={"devices": ["bad"]}).status == 200
    assert server.http.post(f"/api/v1/rollouts/{rollout}/cancel", json={"devices": ["good"]}).status == 200
    wait_until(lambda: rollout in commands(good, "update/cancel"), what="the other to be told to stop")
    assert server.metric("stratus_commands_total") == before + 1, "one cancel was handed to the broker, not two"
    bad.subscribe("v1/bad/stored")  # answered after whatever the broker had for it before
    assert commands(bad, "update/cancel") == []
    bad.say("log", seq=2, message="still here")
    wait_until(lambda: 2 in bad.refused, what="the server to refuse what it says")


def test_the_operators_script_ends_sessions_and_keeps_them_away(server, operator, connect, keys):
    operator.start(server)
    wait_well(server)
    credentials, other = enrol(server, keys, "d1"), connect(enrol(server, keys, "d2"))
    device = connect(credentials)
    says(device, 1)
    assert server.http.post("/api/v1/devices/d1/revoke", json={"reason": "stolen"}).status == 204
    operator.read_revocations(server)
    wait_until(device.closed.is_set, what="the live session to end")

    def is_refused():
        try:
            connect(credentials).close()
        except OSError:
            return True
        return False
    wait_until(is_refused, what="the broker to read the revocation list")
    operator.read_revocations(server)  # nothing changed, nobody is disturbed
    assert not other.closed.is_set()
    says(other, 1)
    again = enrol(server, keys / "again", "d1", {"device": "d1"})
    operator.read_revocations(server)

    def is_heard():
        session = connect(again)
        session.say("log", seq=2, message="here again")
        wait_until(lambda: 2 in session.stored or session.closed.is_set(), 2)
        return 2 in session.stored
    wait_until(is_heard, what="the device to be let in with its new certificate")
