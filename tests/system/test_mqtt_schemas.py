"""docs/formats/mqtt.md has a schema for each topic: what the programs really say fits it, and the server refuses what does not."""
import copy
import functools
import json
import pathlib
import random
import re

import jsonschema
import pytest
from harness import BIN, AgentCase, wait_until
from harness.identity import Credentials, enrol, make_code, make_request
from harness.mqtt import DeviceMaker
from harness.simulator import Simulation

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = json.loads((ROOT / "docs/formats/mqtt.md").read_text().split("## Schemas")[1].split("```json\n")[1].split("```")[0])
TOPIC = re.compile(r"(?:gw/[^/]+/)?v1/[^/]+/(.+)")

DIGEST = "sha256:" + "0" * 64
REPORT = json.dumps({"device": "d1", "sequence": 1, "name": "app", "state": "committed", "time_ms": 1})
ANSWER = {"time_ms": 1, "command": "c1", "status": "accepted", "reason": "why"}
LOG = {"time_ms": 1, "level": "error", "component": "app", "message": "it broke"}
METRICS = {"time_ms": 1, "cpu_percent": 1.5, "disk": {"used": 7, "by": {"logs": 1}}, "note": "ignored"}
GOOD = {
    "update/request/ack": ANSWER, "update/cancel/ack": ANSWER, "control/response": ANSWER, "firmware/download/request/ack": ANSWER,
    "update/progress": {"time_ms": 1, "command": "c1", "name": "app", "state": "fetching", "percent": 40, "bytes": 4, "total": 10,
                        "speed": 1, "eta_s": 6},
    "update/result": {"time_ms": 1, "command": "c1", "status": "SUCCESS", "report": REPORT, "signature": ""},
    "update/next": {"time_ms": 1, "name": "app", "have": DIGEST},
    "presence": {"time_ms": 1, "online": True, "boot": "b1", "version": "1"},
    "status/system": METRICS, "data/sensors": METRICS,
    "log": LOG, "status/error_log": {"time_ms": 1, "entries": [LOG, LOG]},
    "sales/data": {"time_ms": 1, "total": "12.50"}, "content/active": {"time_ms": 1, "id": "c1"},
}
ANSWERED_ONLY_WHEN_WRONG = {"update/next", "presence"}  # no `stored` comes for them
WRONG = (7, -1, 1.5, True, None, "", "x", "x" * 5000, "x" * 17000, [], [7], {}, {"a": 7}, 253402300800001, {"a b": 1}, {"a": {"b c": 1}},
         {"x" * 65: 1}, [{}], [{"message": 7}], [{"message": "m"}] * 200, [{"message": "m"}] * 201)


@functools.cache
def validator(topic):
    schema = {"$defs": PAGE["$defs"], "$ref": f"#/$defs/{PAGE['topics'][topic]}"}
    return jsonschema.Draft202012Validator(schema)


def fits(topic, message):
    return validator(topic).is_valid(message)


class Listener:
    """Hears everything at a broker of the server's, by the unix socket that only its owner reaches."""

    def __init__(self, programs, directory, name):
        self.program = programs.start(name, ["stdbuf", "-oL", "mosquitto_sub", "--unix", directory / "socket", "-V", "mqttv5", "-d",
                                             "-i", f"/{name}", "-t", "v1/#", "-t", "gw/#", "-q", "1", "-F", "heard %t %p"])
        wait_until(lambda: "Subscribed" in self.program.output, what=f"{name} to listen")

    def heard(self):
        """{topic below the device: its messages}."""
        found = {}
        for line in self.program.output.splitlines():
            if line.startswith("heard "):
                _, topic, body = line.split(" ", 2)
                found.setdefault(TOPIC.fullmatch(topic)[1], []).append(json.loads(body))
        return found

    def check(self, *expected):
        """Each of these was heard, and whatever was heard fits its schema."""
        heard = wait_until(lambda: (lambda now: now if now.keys() >= set(expected) else None)(self.heard()), 30,
                           what=f"all of {expected}; there were {sorted(self.heard())}")
        for topic, messages in heard.items():
            for message in messages:
                validator(topic).validate(message)
        return heard


def test_the_page_has_each_topic_that_brokers_allow():
    rules = re.findall(r"^pattern \w+ v1/%u/(.+)$", (ROOT / "packaging/mosquitto/devices.acl").read_text(), re.M)
    assert set(rules) - {"firmware/download/+"} == PAGE["topics"].keys()
    jsonschema.Draft202012Validator.check_schema({"$defs": PAGE["$defs"]})
    assert GOOD.keys() <= PAGE["topics"].keys()
    assert all(fits(topic, message) for topic, message in GOOD.items())


def test_what_the_agent_and_the_server_say_fits(programs, tmp_path):
    case = AgentCase.with_broker(programs, tmp_path / "devices", update={"probation": 3})
    listener = Listener(programs, case.server.data / "mqtt", "listener")
    case.publish(1)
    case.start()
    case.wait_committed(1)
    case.publish(2, "--crash-on-start")
    case.wait_report("rolled_back", 2)
    case.stack.stratus("device", "command", "device-1", "check_now", "--wait")
    heard = listener.check("control/command", "control/response", "presence", "update/next", "update/next/answer",
                           "update/request/container", "update/request/ack", "update/progress", "status/system", "status/error_log")
    assert [message["online"] for message in heard["presence"]] == [True]
    case.stop_all()
    wait_until(lambda: len(listener.heard()["presence"]) == 2, what="the goodbye")
    assert [message["online"] for message in listener.check()["presence"]] == [True, False]


def test_what_simulated_devices_and_the_server_say_fits(stack):
    case = Simulation(stack)
    wait_until(lambda: case.server.metric("stratus_mqtt_connected") == 1)
    listener = Listener(stack.programs, case.server.data / "mqtt", "listener")
    case.release("1", b"one")
    case.start(3, "--metrics-interval", "0.2", "--progress-interval", "0.1", "--bandwidth", "100KiB")
    case.wait_rollout(case.rollout("1"), "completed")
    case.release("2", random.Random(1).randbytes(3_000_000))
    rollout = case.rollout("2")
    wait_until(lambda: case.show(rollout)["counts"]["downloading"] == 3, what="all to download")
    assert case.server.http.post(f"/api/v1/rollouts/{rollout}/cancel", json={"devices": ["sim-00001"]}).status == 200
    listener.check("presence", "update/next", "update/next/answer", "update/request/container", "update/request/ack", "update/progress",
                   "update/result", "stored", "status/system", "update/cancel", "update/cancel/ack")


def test_certificates_over_mqtt_fit(stack, tmp_path):
    server = stack.start_server(options=["--mqtt-listen", "127.0.0.1:0", "--mqtt-enrol-listen", "127.0.0.1:0"],
                                config='identity = "required"')
    wait_until(lambda: "broker" not in server.http.get("/healthz").body.decode(), what="both brokers")
    listener = Listener(stack.programs, server.data / "mqtt", "listener")
    strangers = Listener(stack.programs, server.data / "mqtt-enrol", "strangers")
    enrolled = stack.programs.start("enrol", [
        BIN / "stratus-agent", "enrol", "--data", tmp_path / "cam", "--mqtt", server.program.ready["mqtt_enrol"],
        "--code", make_code(server), "--ca", server.data / "ca" / "root.pem"])
    assert enrolled.process.wait(90) == 0, enrolled.log
    strangers.check("regist", "regist/ack")
    maker = DeviceMaker(server, tmp_path / "devices")
    credentials = enrol(server, tmp_path / "keys", "d1")
    maker.files = lambda name: (credentials.file, credentials.file)
    device = maker.connect("d1")
    for csr in (make_request(Credentials(tmp_path / "fresh", "d1").key, "d1"), "no request"):
        device.say("cert/renew/request", csr=csr)
    replies = wait_until(lambda: (lambda got: got if len(got) == 2 else None)(listener.heard().get("cert/renew/response", [])))
    maker.close()
    listener.check("cert/renew/request", "cert/renew/response")
    assert sorted("certificate" in reply for reply in replies) == [False, True], "one of each form"


def spoilt(message):
    """The message with each member left out, and with each replaced by things that mostly do not belong there."""
    for member in message:
        yield {name: value for name, value in message.items() if name != member}
        for value in WRONG:
            yield {**copy.deepcopy(message), member: value}


@pytest.fixture
def device(plain_stack, tmp_path):
    server = plain_stack.start_server(options=["--mqtt-listen", "127.0.0.1:0"],
                                      config="mqtt_messages_per_s = 100000\nmqtt_message_burst = 100000")
    wait_until(lambda: server.metric("stratus_mqtt_connected") == 1)
    maker = DeviceMaker(server, tmp_path / "devices")
    yield maker.connect("d1")
    maker.close()


def say_all(device, said):
    """{(topic, message)} numbered in order; the numbers that the server refused."""
    for seq, (topic, message) in enumerate(said, 1):
        device.publish(f"v1/d1/{topic}", {**message, "seq": seq})
    answered = {seq for seq, (topic, _) in enumerate(said, 1) if topic not in ANSWERED_ONLY_WHEN_WRONG}
    wait_until(lambda: answered <= device.stored | device.refused.keys(), 120, what="an answer to each")
    device.say("log", seq=len(said) + 1, message="the last")  # what was refused before it was told before it
    wait_until(lambda: len(said) + 1 in device.stored)
    return set(device.refused)


def test_the_server_refuses_what_does_not_fit_and_takes_what_does(device):
    said = [(topic, bad) for topic, good in GOOD.items() for bad in (good, *spoilt(good)) if isinstance(bad, dict)]
    # What is in a report, a schema of the message does not say.
    said = [(topic, message) for topic, message in said
            if topic != "update/result" or not fits(topic, message) or message.get("report", REPORT) == REPORT]
    refused = say_all(device, said)
    expected = {seq for seq, (topic, message) in enumerate(said, 1) if not fits(topic, message)}
    wrongly = {seq: (*said[seq - 1], device.refused.get(seq)) for seq in refused ^ expected}
    assert not wrongly
    assert len(expected) > 300 and len(said) - len(expected) > 100


@pytest.mark.parametrize("topic, body", [
    ("log", b'{"seq":1,"message":"a","message":"b"}'),
    ("log", b'{"seq":1,"message":"a\\u0000b"}'),
    ("log", b'{"seq":1,"message":"m","deep":' + b"[" * 40 + b"]" * 40 + b"}"),
    ("log", b'{"seq":1,"message":"m","long":"' + b"x" * 65536 + b'"}'),
    ("log", b'{"seq":1,"message":"' + "\u00e9".encode() * 2049 + b'"}'),
    ("update/progress", b'{"seq":1,"state":"fetching","bytes":4.0}'),
    ("status/system", json.dumps({"seq": 1, **{f"n{i}": i for i in range(129)}}).encode()),
    ("status/system", json.dumps({"seq": 1, "a" * 40: {"b" * 40: 1}}).encode()),
    ("update/result", b'{"seq":1,"status":"SUCCESS","report":"{}"}'),
])
def test_what_a_schema_cannot_say_is_refused_too(device, topic, body):
    assert fits(topic, json.loads(body))
    device.publish(f"v1/d1/{topic}", body)
    device.say("log", seq=2, message="the last")
    wait_until(lambda: 2 in device.stored)
    assert 1 not in device.stored
