"""Commands to one device that is there: the real agent does them, answers, and what happened is told and kept."""
import json

import pytest
from harness import AgentCase, wait_until
from harness.events import Stream
from harness.mqtt import DeviceMaker
from harness.openapi import CheckedClient
from harness.simulator import Simulation

SELDOM = 3600  # so that whatever happens sooner was asked for
PATH = "/api/v1/devices/device-1"
ASKED = 'stratus_next_answers_total{answer="up_to_date"}'


@pytest.fixture
def case(programs, tmp_path):
    case = AgentCase.with_broker(programs, tmp_path / "devices", metrics=SELDOM)
    case.http = CheckedClient(case.server.http)
    yield case
    case.stop_all()


def online(case, path=PATH):
    answer = case.server.http.get(f"{path}/live")
    return answer.status == 200 and answer.json()["online"]


def events(case, kind, path=PATH):
    return case.http.get(f"{path}/events?kind={kind}").json()["items"]


def answer_to(case, given, path=PATH):
    return wait_until(lambda: next((one["body"] for one in events(case, "control/response", path) if one["body"]["command"] == given["id"]), None),
                      what="the device's answer")


def command(case, word, path=PATH, **options):
    return case.http.post(f"{path}/commands", json={"command": word}, **options)


def run(case):
    case.publish(1)
    case.start()
    case.wait_committed(1)
    wait_until(lambda: online(case), what="the device to be seen online")


def test_an_agent_does_what_it_is_asked(case):
    run(case)
    stream = Stream(case.server.http, "?topics=devices")

    samples = len(wait_until(lambda: case.http.get(f"{PATH}/metrics").json()["items"], what="the measurement that each start tells"))
    given = command(case, "report_metrics")
    assert given.status == 202 and given.headers["Location"] == f"{PATH}/events?kind=control/response"
    assert answer_to(case, given.json())["status"] == "done"
    wait_until(lambda: len(case.http.get(f"{PATH}/metrics").json()["items"]) == samples + 1, what="one more measurement")
    assert stream.next_with("status", "sent")[1] == {"id": "device-1", "command": given.json()["id"], "status": "sent"}
    assert stream.next_with("status", "done")[1] == {"id": "device-1", "command": given.json()["id"], "status": "done"}
    stream.close()

    with open(case.data / "service.log", "a") as log:
        log.write("the lamp is \"on\"\n")
    assert answer_to(case, command(case, "send_log").json())["status"] == "done"
    lines = wait_until(lambda: [row for row in case.http.get(f"{PATH}/log").json()["items"] if row["kind"] == "log"], what="the log")
    assert lines[0]["body"]["entries"][-1] == {"level": "info", "component": "service", "message": 'the lamp is "on"'}

    sightings = case.server.metric(ASKED)
    assert answer_to(case, command(case, "check_now").json())["status"] == "done"
    wait_until(lambda: case.server.metric(ASKED) > sightings, what="the agent to ask at once")

    asked = events(case, "control/command")
    assert [one["body"]["action"] for one in asked] == ["check_now", "send_log", "report_metrics"]
    assert {one["body"]["by"] for one in asked} == {"token:admin"}
    entries = case.server.http.get("/api/v1/audit?action=device.command").json()["items"]
    assert [(one["object"], one["detail"]["action"]) for one in entries[:1]] == [("device:device-1", "check_now")]


def test_a_command_is_given_once_and_only_to_who_is_there(case):
    assert command(case, "check_now").status == 404
    run(case)
    again = {"Idempotency-Key": "once"}
    first, second = (command(case, "check_now", headers=again) for _ in range(2))
    assert second.body == first.body and second.headers["Idempotency-Replayed"] == "true"
    answer_to(case, first.json())
    assert len(events(case, "control/command")) == 1 == len(events(case, "control/response"))
    for body in ({"command": "reboot"}, {"command": 1}, {}, []):
        assert case.http.post(f"{PATH}/commands", json=body).status == 400
    case.program.stop()
    wait_until(lambda: not online(case), what="who was stopped to be seen offline")
    refused = command(case, "check_now")
    assert (refused.status, refused.json()["code"]) == (409, "device_offline")
    assert len(events(case, "control/command")) == 1, "nothing is kept for later"
    assert command(case, "check_now", headers=again).body == first.body, "what was done stays done"


def test_the_command_line_waits_for_the_answer(case):
    run(case)
    stratus = case.stack.stratus
    assert stratus("device", "command", "device-1", "report_metrics", "--wait").strip() == "device-1 report_metrics: done"
    told = json.loads(stratus("device", "command", "device-1", "check_now", "--wait", "--json"))
    assert told["command"] == "check_now" and told["answer"]["status"] == "done" and told["answer"]["command"] == told["id"]
    sent = json.loads(stratus("device", "command", "device-1", "check_now", "--json"))
    assert answer_to(case, sent)["status"] == "done"
    assert stratus("device", "command", "device-1", "reboot", check=False).returncode == 2
    (case.data / "service.log").unlink()
    refused = stratus("device", "command", "device-1", "send_log", "--wait", check=False)
    assert refused.returncode == 6 and refused.stdout.strip() == "device-1 send_log: refused: no_log"
    case.program.stop()
    wait_until(lambda: not online(case))
    away = stratus("device", "command", "device-1", "check_now", check=False)
    assert away.returncode != 0 and "not connected" in away.stderr


def test_a_refusal_is_told(case, tmp_path):
    """A device of somebody else's making, which knows other commands."""
    maker = DeviceMaker(case.server, tmp_path / "devices")
    case.server.http.post("/api/v1/devices", json={"id": "other-1"})
    other = maker.connect("other-1")
    other.publish("v1/other-1/presence", {"online": True}, retain=True)
    path = "/api/v1/devices/other-1"
    wait_until(lambda: online(case, path))
    given = command(case, "send_log", path).json()
    [asked] = wait_until(lambda: other.messages.get("v1/other-1/control/command"), what="the command")
    assert json.loads(asked) == {"command": given["id"], "action": "send_log"}
    other.say("control/response", command=given["id"], status="refused", reason="unknown_command")
    assert answer_to(case, given, path)["reason"] == "unknown_command"
    maker.close()


def test_simulated_devices_answer(stack):
    case = Simulation(stack)
    case.http = CheckedClient(case.server.http)
    sim = case.start(1, "--metrics-interval", "0")
    path = "/api/v1/devices/sim-00001"
    wait_until(lambda: online(case, path))
    for word in ("check_now", "report_metrics", "send_log"):
        assert answer_to(case, command(case, word, path).json(), path)["status"] == "done"
    assert len(case.http.get(f"{path}/metrics").json()["items"]) == 1
    assert "stratus-sim" in case.http.get(f"{path}/log").json()["items"][0]["body"]["entries"][0]["message"]
    assert sim.stop() == 0
