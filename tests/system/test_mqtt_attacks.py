"""T23: what a device with a valid certificate may try against another one. B notices nothing of A."""
import contextlib
import json
import struct

import pytest
from harness import wait_until
from harness.mqtt import DeviceMaker, MqttDevice, _packet, _text, make_certificate

NOT_AUTHORISED = 135


@pytest.fixture
def server(plain_stack):
    server = plain_stack.start_server(options=["--mqtt-listen", "127.0.0.1:0"])
    wait_until(lambda: server.metric("stratus_mqtt_connected") == 1)
    return server


@pytest.fixture
def devices(server, tmp_path):
    maker = DeviceMaker(server, tmp_path / "devices")
    yield maker
    maker.close()


@pytest.fixture
def victim(devices):
    """B; afterwards its session is the same one and still works."""
    device = devices.connect("b")
    device.say("log", seq=1, message="before")
    wait_until(lambda: 1 in device.stored)
    yield device
    assert not device.closed.is_set()
    device.say("log", seq=2, message="after")
    wait_until(lambda: 2 in device.stored)
    assert set(device.messages) <= {"v1/b/stored", "v1/b/update/next/answer"}


@pytest.mark.parametrize("topic", [
    "v1/b/update/result", "v1/b/update/request/firmware", "v1/b/update/cancel", "v1/b/stored", "v1/b/presence",
    "v1/b/control/command", "v1/a/update/request/firmware", "v1/a/stored", "v1/a/unknown", "v1/A/log", "v1//log",
    "v1/a/../b/log", "gw/a/v1/b/log", "gw/a/v1/a/log", "$SYS/broker/uptime", "$CONTROL/x", "other"])
@pytest.mark.parametrize("retain", [False, True])
def test_a_device_publishes_only_what_is_its_own(devices, victim, topic, retain):
    attacker = devices.connect("a")
    number = attacker.publish(topic, {"message": "forged"}, retain=retain)
    assert attacker.reason(number) == NOT_AUTHORISED
    assert not attacker.closed.is_set()


@pytest.mark.parametrize("topic", ["#", "v1/#", "v1/+/#", "v1/b/#", "gw/#", "+/b/#", "$SYS/#", "$share/g/v1/b/#"])
def test_a_foreign_subscription_delivers_nothing(server, devices, victim, topic):
    attacker = devices.connect("a", subscribe=())
    attacker.subscribe(topic)
    attacker.subscribe("v1/a/#")
    for seq in range(10, 20):
        victim.say("log", seq=seq, message="private")
    wait_until(lambda: set(range(10, 20)) <= victim.stored)
    attacker.say("log", seq=1, message="own")
    wait_until(lambda: 1 in attacker.stored)
    assert all(name.startswith("v1/a/") for name in attacker.messages)


def test_the_client_id_of_another_is_not_taken_over(devices, victim):
    attacker = devices.connect("a", client_id="b", subscribe=("v1/a/#",))
    attacker.publish("v1/a/log", {"seq": 1, "message": "as b"})
    wait_until(lambda: 1 in attacker.stored)


def test_a_will_on_anothers_topic_is_not_sent(server, devices, victim):
    before = server.metric('stratus_messages_total{outcome="stored"}')
    attacker = devices.connect("a", will=("v1/b/status/error_log", json.dumps({"message": "forged"})))
    attacker.close()
    other = devices.connect("c")
    other.say("log", seq=1, message="later than the will")
    wait_until(lambda: 1 in other.stored)
    assert server.metric('stratus_messages_total{outcome="stored"}') == before + 1


def test_an_old_retained_message_is_not_taken_for_news(server, devices, victim):
    attacker = devices.connect("a")
    attacker.publish("v1/a/log", {"seq": 1, "message": "poison"}, retain=True)
    wait_until(lambda: 1 in attacker.stored)
    again = devices.connect("a")
    assert not [payload for topic, payloads in again.messages.items() if topic.endswith("/log") for payload in payloads]


def test_a_megabyte_and_floods_end_at_the_attacker(server, devices, victim):
    attacker = devices.connect("a")
    with contextlib.suppress(OSError):  # the broker may hang up before it has taken everything
        attacker.publish("v1/a/log", b"x" * 1_000_000)
    wait_until(attacker.closed.is_set, what="the broker to cut off who sends too much")
    flooder = devices.connect("a")
    for _ in range(3000):
        flooder.publish("v1/a/log", {"message": "flood"}, qos=0)
    wait_until(lambda: server.metric('stratus_messages_total{outcome="over_quota"}') > 1000)
    assert server.program.log.count("says more than it may") == 1


def test_many_subscriptions_hurt_nobody(devices, victim):
    attacker = devices.connect("a", subscribe=())
    for start in range(0, 100_000, 500):
        filters = b"".join(_text(f"v1/a/x/{number}") + b"\x01" for number in range(start, start + 500))
        attacker.send(_packet(0x82, struct.pack(">H", 7) + b"\0" + filters))
    for _ in range(200):
        attacker.answers.get(timeout=30)


@pytest.mark.parametrize("data", [
    b"\xff" * 64, b"\x30\xff\xff\xff\xff\x7f", b"\x10\x0c\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x82\x03\x00\x01\x00", b"\x32\x05\x00\x03a\x00b\x00"])
def test_bytes_that_are_not_mqtt_end_only_that_session(devices, victim, data):
    attacker = devices.connect("a", subscribe=())
    attacker.send(data + b"\0" * 200)
    wait_until(attacker.closed.is_set, what="the broker to close")


def test_a_foreign_certificate_gets_no_session(server, devices, victim, tmp_path):
    certificate, key = make_certificate(devices.ca, tmp_path / "own", "b2")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "intermediate.pem").write_bytes(certificate.read_bytes())
    (foreign / "intermediate.key").write_bytes(key.read_bytes())
    chain, own_key = make_certificate(foreign, tmp_path / "issued", "b")  # a device as a CA
    with pytest.raises((OSError, ValueError)):
        MqttDevice(devices.url, chain, own_key, devices.ca / "root.pem", "b")
