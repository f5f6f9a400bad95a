"""Certificates over MQTT: renewal in the device's own session, shutting out, letting in again; the real mosquitto."""
import contextlib
import json

import pytest
from harness import wait_until
from harness.identity import Credentials, enrol, make_request, s_client, sign_message
from harness.mqtt import MqttDevice


@pytest.fixture
def server(stack):
    return stack.start_strict_server()


@pytest.fixture
def keys(stack):
    return stack.programs.path("keys")


@pytest.fixture
def connect(server):
    with contextlib.ExitStack() as sessions:
        def make(credentials, **options):
            options.setdefault("subscribe", (f"v1/{credentials.name}/#",))
            session = MqttDevice(server.program.ready["mqtt"], credentials.file, credentials.file,
                                 server.data / "ca" / "root.pem", credentials.name, **options)
            sessions.callback(session.close)
            return session
        yield make


def gets_a_session(connect, credentials):
    try:
        connect(credentials, subscribe=()).close()
    except (OSError, ConnectionError):
        return False
    return True


def ask_renewal(device, **members):
    topic = f"v1/{device.name}/cert/renew/response"
    before = len(device.messages.get(topic, []))
    device.say("cert/renew/request", **members)
    return json.loads(wait_until(lambda: device.messages.get(topic, [])[before:], what="an answer to the renewal")[0])


def says(device, seq):
    device.say("log", seq=seq, message="here")
    wait_until(lambda: seq in device.stored, what=f"{seq} to be stored")


def is_heard(connect, credentials, seq):
    """A device that comes back after each end of its session and says it again, as devices do."""
    def attempt():
        device = connect(credentials)
        device.say("log", seq=seq, message="here")
        wait_until(lambda: seq in device.stored or device.closed.is_set(), 2)
        return seq in device.stored
    return wait_until(attempt, 30, what=f"{credentials.name} to be heard")


def test_a_session_renews_its_own_certificate_and_nobody_elses(server, keys, connect):
    first = enrol(server, keys, "d1")
    enrol(server, keys, "d2")
    device = connect(first)
    fresh = Credentials(keys / "fresh", "d1")
    answer = ask_renewal(device, csr=make_request(fresh.key, "d1"))
    assert answer["device"] == "d1" and answer["not_after_ms"] > answer["renew_after_ms"]
    fresh.take(answer)
    again = connect(fresh)  # under the same name it takes the session over
    wait_until(device.closed.is_set)
    says(again, 1)
    assert gets_a_session(connect, first), "the one before is good until its end"
    device = connect(fresh)
    for csr, code in ((make_request(fresh.key, "d2"), "other_device"), ("no request", "request_refused"),
                      (make_request(fresh.key, "d1", "basicConstraints=CA:TRUE"), "request_refused"),
                      (make_request(fresh.key, "d1", "subjectAltName=DNS:d2"), "request_refused")):
        assert ask_renewal(device, csr=csr)["code"] == code
    assert device.reason(device.publish("v1/d2/cert/renew/request", {"csr": make_request(fresh.key, "d2")})) == 135
    listed = server.http.get("/api/v1/devices/d2/certificates").json()["items"]
    assert len(listed) == 1, "nobody renewed the certificate of d2"


def test_renewals_are_counted(server, keys, connect):
    device = connect(enrol(server, keys, "d1"))
    csr = make_request(Credentials(keys / "fresh", "d1").key, "d1")
    codes = [ask_renewal(device, csr=csr).get("code") for _ in range(12)]
    assert codes[0] is None and codes[-1] == "throttled"


def test_shutting_out_ends_the_session_and_every_later_one(server, keys, connect):
    bad, other = enrol(server, keys, "d1"), connect(enrol(server, keys, "d2"))
    device = connect(bad)
    says(device, 1)
    assert server.http.post("/api/v1/devices/d1/revoke", json={"reason": "stolen"}).status == 204
    wait_until(device.closed.is_set, 5, what="the live session to end")
    wait_until(lambda: not gets_a_session(connect, bad), what="the broker to read the revocation list")
    assert not other.closed.is_set()
    says(other, 1)


def test_a_resumed_tls_session_of_a_revoked_device_can_do_nothing(server, keys, connect):
    camera, session = enrol(server, keys, "d1"), keys / "session.pem"
    place = server.program.ready["mqtt"].replace("mqtts://", "https://")
    words = ["-CAfile", server.data / "ca" / "root.pem", "-cert", camera.file, "-key", camera.file]
    # MQTT 5: CONNECT, then PUBLISH (QoS 0) to its own log.
    connect_packet = b"\x10\x0f\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x02d1"
    payload = b'{"seq":7,"message":"from a resumed session"}'
    publish = b"\x30" + bytes([2 + 9 + 1 + len(payload)]) + b"\x00\x09v1/d1/log\x00" + payload
    request = (connect_packet + publish + b"\0\0").decode("ascii")  # no packet at the end: the broker hangs up
    s_client(place, *words, "-sess_out", session, request=request)
    wait_until(lambda: server.metric('stratus_messages_total{outcome="stored"}') >= 1, what="the first to be stored")
    before = server.metric('stratus_messages_total{outcome="stored"}')
    assert server.http.post("/api/v1/devices/d1/revoke", json={}).status == 204
    wait_until(lambda: not gets_a_session(connect, camera), what="the revocation list to be read")
    if session.exists():
        s_client(place, *words, "-sess_in", session, request=request)
    witness = connect(enrol(server, keys, "d2"))
    says(witness, 1)
    assert server.metric('stratus_messages_total{outcome="stored"}') == before + 1, "only the witness was heard"


def test_who_was_enrolled_anew_is_let_in_with_the_new_certificate_only(server, keys, connect):
    old = enrol(server, keys, "d1")
    device = connect(old)
    assert server.http.post("/api/v1/devices/d1/revoke", json={}).status == 204
    wait_until(device.closed.is_set, 5)
    new = enrol(server, keys / "again", "d1", {"device": "d1"})
    is_heard(connect, new, 2)
    wait_until(lambda: not gets_a_session(connect, old), what="the old one to be refused")
    is_heard(connect, new, 3)


def test_replacing_a_device_ends_the_session_of_its_old_certificate(server, keys, connect):
    old = enrol(server, keys, "d1")
    device = connect(old)
    new = enrol(server, keys / "again", "d1", {"device": "d1"})
    wait_until(device.closed.is_set, 10, what="the old one's session to end")
    wait_until(lambda: not gets_a_session(connect, old), what="the old one to be refused")
    is_heard(connect, new, 1)


def test_a_result_in_its_own_session_may_be_signed_and_must_be_right_then(server, keys, connect):
    credentials = enrol(server, keys, "d1")
    device = connect(credentials)
    body = json.dumps({"device": "d1", "sequence": 1, "name": "app", "state": "committed", "time_ms": 1})
    device.say("update/result", seq=1, status="SUCCESS", report=body, signature=sign_message(credentials, "report", 2, body))
    wait_until(lambda: 1 in device.refused)
    device.say("update/result", seq=2, status="SUCCESS", report=body, signature="v1;rubbish")
    wait_until(lambda: 2 in device.refused)
    assert not server.http.get("/api/v1/devices/d1").json().get("state")
    device.say("update/result", seq=3, status="SUCCESS", report=body, signature=sign_message(credentials, "report", 1, body))
    wait_until(lambda: 3 in device.stored)
    assert server.http.get("/api/v1/devices/d1").json()["state"] == "committed"
