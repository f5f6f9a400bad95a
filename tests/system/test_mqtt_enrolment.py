"""Devices without a certificate enrol over MQTT, at a broker of their own where nothing else can be done."""
import contextlib
import json
import os
import signal
import subprocess

import pytest
from harness import BIN, HttpClient, wait_until
from harness.identity import Credentials, make_code, make_request, openssl
from harness.mqtt import DeviceMaker, MqttDevice, make_certificate
from harness.processes import descendants


def start(stack, name="server"):
    server = stack.start_server(name, options=["--mqtt-listen", "127.0.0.1:0", "--mqtt-enrol-listen", "127.0.0.1:0"],
                                config='identity = "required"')
    wait_until(lambda: "broker" not in server.http.get("/healthz").body.decode(), what="both brokers")
    return server


@pytest.fixture
def server(stack):
    return start(stack)


@pytest.fixture
def strangers(server):
    """Makes sessions without a certificate at the enrolment broker."""
    with contextlib.ExitStack() as sessions:
        def connect(name, **options):
            options.setdefault("subscribe", (f"v1/{name}/regist/ack",))
            session = MqttDevice(server.program.ready["mqtt_enrol"], None, None, server.data / "ca" / "root.pem", name, **options)
            sessions.callback(session.close)
            return session
        yield connect


def ask(session, body):
    """What the server answers to this request."""
    topic = f"v1/{session.name}/regist/ack"
    before = len(session.messages.get(topic, []))
    session.publish(f"v1/{session.name}/regist", body)
    answers = wait_until(lambda: session.messages.get(topic, [])[before:], what="an answer on regist/ack")
    return json.loads(answers[0])


def agent_enrol(data, code, *words):
    argv = [str(BIN / "stratus-agent"), "enrol", "--data", str(data), "--code", code, "--json", *[str(word) for word in words]]
    return subprocess.run(argv, capture_output=True, text=True, timeout=90, check=False)


def test_an_agent_enrols_over_mqtt_and_is_known_to_the_fleets_broker(stack, server, tmp_path):
    data, code = stack.programs.path("device"), make_code(server)
    url, root = server.program.ready["mqtt_enrol"], server.data / "ca" / "root.pem"
    done = agent_enrol(data, code, "--mqtt", url, "--ca", root, "--device", "cam-7")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["device"] == "cam-7"
    identity = data / "identity" / "identity.pem"
    device = MqttDevice(server.program.ready["mqtt"], identity, identity, root, "cam-7", subscribe=("v1/cam-7/#",))
    device.say("log", seq=1, message="here")
    wait_until(lambda: 1 in device.stored)
    device.close()
    used = agent_enrol(stack.programs.path("other"), code, "--mqtt", url, "--ca", root)
    assert used.returncode == 4 and "not known or was used" in used.stderr


def test_the_enrolment_broker_is_pinned_by_the_fingerprint_of_the_root(stack, server):
    url, code = server.program.ready["mqtt_enrol"], make_code(server)
    wrong = agent_enrol(stack.programs.path("a"), code, "--mqtt", url, "--ca-fingerprint", "00" * 32)
    assert wrong.returncode == 4, wrong.stderr
    print_of = json.loads(stack.stratus("ca", "show", "--json"))["root"]["fingerprint"]
    done = agent_enrol(stack.programs.path("b"), code, "--mqtt", url, "--ca-fingerprint", print_of)
    assert done.returncode == 0, done.stderr


def test_one_code_serves_one_of_many_at_once(server, strangers, tmp_path):
    code, sessions = make_code(server), []
    for number in range(12):
        session = strangers(f"enrol-{number}")
        request = make_request(Credentials(tmp_path / "keys", f"dev-{number}").key, f"dev-{number}")
        sessions.append((session, {"code": code, "csr": request}))
    for session, body in sessions:
        session.publish(f"v1/{session.name}/regist", body)
    replies = [wait_until(lambda s=session: s.messages.get(f"v1/{s.name}/regist/ack"), what="an answer") for session, _ in sessions]
    answers = [json.loads(reply[0]) for reply in replies]
    assert sum("certificate" in answer for answer in answers) == 1
    assert {answer.get("code") for answer in answers} == {None, "code_refused"}


def test_who_lost_the_answer_asks_again_with_the_same_key(server, strangers, tmp_path):
    code, key = make_code(server), Credentials(tmp_path, "cam-7").key
    body = {"code": code, "csr": make_request(key, "cam-7")}
    first = ask(strangers("enrol-1"), body)
    assert "certificate" in first, first
    assert ask(strangers("enrol-2"), {**body, "csr": make_request(key, "cam-7")}) == first
    over_https = HttpClient(server.url, ca=server.ca).post("/api/v1/enrol", json=body)
    assert over_https.status == 201 and over_https.json() == first
    other = make_request(Credentials(tmp_path, "other").key, "cam-7")
    assert ask(strangers("enrol-3"), {"code": code, "csr": other})["code"] == "code_refused"


def test_a_stranger_reads_and_writes_its_own_enrolment_only(server, strangers, tmp_path):
    other, stranger = strangers("b"), strangers("a", subscribe=())
    for topic in ("v1/b/regist", "v1/a/log", "v1/a/regist/ack", "v1/b/regist/ack", "v1/a/update/result", "gw/a/v1/a/regist", "a"):
        assert stranger.reason(stranger.publish(topic, {"message": "x"})) == 135, topic
    for topic in ("v1/+/regist", "v1/b/regist/ack", "#", "$SYS/#", "$share/x/v1/b/regist/ack"):
        stranger.subscribe(topic)
    assert ask(other, {"code": "000000", "csr": make_request(Credentials(tmp_path, "k").key, "b")})["code"] == "code_refused"
    assert not stranger.messages
    with pytest.raises((OSError, ConnectionError)):  # the fleet's broker wants a certificate
        MqttDevice(server.program.ready["mqtt"], None, None, server.data / "ca" / "root.pem", "a")


def test_the_client_id_of_a_device_or_the_server_means_nothing_there(server, strangers, tmp_path):
    devices = DeviceMaker(server, tmp_path / "devices")
    victim = devices.connect("victim")
    strangers("victim")
    for name in ("stratus-server", "/stratus-server", "/enrolment"):
        with contextlib.suppress(OSError, ConnectionError):
            strangers(name)
    victim.say("log", seq=1, message="still here")
    wait_until(lambda: 1 in victim.stored)
    assert not victim.closed.is_set()
    # Nor can a device that was enrolled under the server's name throw it out of the fleet's broker.
    before = server.metric("stratus_mqtt_connected")
    devices.connect("stratus-server").say("log", seq=1, message="me")
    victim.say("log", seq=2, message="and now")
    wait_until(lambda: 2 in victim.stored)
    assert before == server.metric("stratus_mqtt_connected") == 1
    devices.close()


def test_guessing_is_stopped_and_leaves_https_alone(server, strangers, tmp_path):
    request = make_request(Credentials(tmp_path, "k").key, "dev")
    codes = []
    for number in range(52):
        guesser = strangers(f"guess-{number}")  # another name each time is no way around it
        codes.append(ask(guesser, {"code": f"{number:06}", "csr": request})["code"])
    assert codes[:50] == ["code_refused"] * 50 and codes[50:] == ["throttled"] * 2
    answer = server.http.post("/api/v1/enrol", json={"code": make_code(server), "csr": request})
    assert answer.status == 201, answer


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"code":1,"csr":"x"}', b"\xff\xfe", b'{"code":"123456","csr":"none"}',
                                  b'{"code":"123456","csr":"' + b"A" * 7000 + b'"}', b"[" * 5000])
def test_what_is_no_request_is_refused(server, strangers, body):
    assert ask(strangers("a"), body)["status"] in (400, 422)


def test_a_weak_key_or_a_wish_for_more_gets_no_certificate(server, strangers, tmp_path):
    session, key = strangers("a"), Credentials(tmp_path, "k").key
    code = make_code(server)
    assert ask(session, {"code": code, "csr": make_request(key, "dev", "basicConstraints=CA:TRUE")})["code"] == "request_refused"
    openssl("genrsa", "-out", tmp_path / "rsa.key", "1024")
    assert ask(session, {"code": code, "csr": make_request(tmp_path / "rsa.key", "dev")})["code"] == "request_refused"
    assert "certificate" in ask(session, {"code": code, "csr": make_request(key, "dev")})


def test_floods_end_at_the_enrolment_broker(server, strangers, tmp_path):
    with contextlib.suppress(OSError):
        big = strangers("big")
        big.publish("v1/big/regist", b"x" * 1_000_000)
    flooder = strangers("flood")
    for number in range(3000):
        flooder.publish("v1/flood/regist", {"code": "123456", "csr": "none"}, qos=0)
    answer = ask(strangers("a"), {"code": make_code(server), "csr": make_request(Credentials(tmp_path, "k").key, "dev")})
    assert answer["device"] == "dev"


def test_the_broker_comes_back_after_it_was_killed(server, strangers, tmp_path):
    for pid in descendants(server.program.pid):
        if "mqtt-enrol" in open(f"/proc/{pid}/cmdline").read():
            os.kill(pid, signal.SIGKILL)
    def enrolled():
        try:
            session = strangers("a")
        except (OSError, ConnectionError):
            return False
        return "certificate" in ask(session, {"code": make_code(server), "csr": make_request(Credentials(tmp_path, "k").key, "dev")})
    wait_until(enrolled, 30, what="the enrolment broker")


def test_a_device_replaces_its_certificate_over_its_own_session(server, tmp_path):
    devices = DeviceMaker(server, tmp_path / "devices")
    device = devices.connect("d1")
    code = make_code(server, device="d1")
    device.publish("v1/d1/regist", {"code": code, "csr": make_request(Credentials(tmp_path, "k").key, "d1")})
    reply = wait_until(lambda: device.messages.get("v1/d1/regist/ack"), what="a reply")
    assert json.loads(reply[0])["device"] == "d1"
    devices.close()


def test_an_enrolment_listener_without_a_broker_of_our_own_is_refused(stack):
    data = stack.programs.path("lonely")
    argv = [BIN / "stratus-server", "--data", data, "--listen", "127.0.0.1:0", "--mqtt-enrol-listen", "127.0.0.1:0"]
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and "mqtt_listen" in done.stderr
