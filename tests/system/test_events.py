"""The event stream: what happens comes to who may see it, in order, and nothing is missed without being told."""
import http.client
import itertools
import json
import os
import time
import urllib.parse

import pytest
from harness import wait_until
from harness.events import Stream
from harness.fleet import FleetCase
from harness.http import HttpClient
from harness.identity import enrol
from harness.mqtt import DeviceMaker
from harness.people import PASSWORD, make_token, make_user
from harness.registry import Registry, digest_of


@pytest.fixture
def server(plain_stack):
    return plain_stack.start_server()


def add_user(server, name):
    made = server.http.post("/api/v1/users", json={"name": name, "password": PASSWORD, "roles": ["viewer"]})
    assert made.status == 201, made
    return made.json()["id"]


def test_what_happens_arrives_and_can_be_resumed(server):
    stream = Stream(server.http, "?topics=people")
    assert stream.answer.status == 200 and stream.answer.headers["Content-Type"] == "text/event-stream"
    start, name, _ = stream.next()
    assert name == "hello"
    ids = [add_user(server, f"u{number}") for number in range(3)]
    seen = [stream.next() for _ in range(3)]
    assert [(name, data["id"]) for _, name, data in seen] == [("people", one) for one in ids]
    stream.close()
    # From the middle, and from the very beginning.
    resumed = Stream(server.http, "?topics=people", last=seen[0][0])
    assert resumed.next()[1] == "hello"
    assert [resumed.next()[2]["id"] for _ in range(2)] == ids[1:]
    resumed.close()
    again = Stream(server.http, f"?topics=people&last_event_id={start}")
    again.next()
    assert [again.next()[2]["id"] for _ in range(3)] == ids
    again.close()


def test_who_signed_in_can_go_on_from_there(server):
    session = make_user(server, "vera", "admin")
    me = session.get("/api/v1/me").json()
    made = add_user(server, "between")  # after it was asked who one is, before the stream
    stream = Stream(server.http, f"?topics=people&last_event_id={me['event']}")
    assert stream.next()[1] == "hello"
    assert stream.next()[2]["id"] == made
    stream.close()
    assert session.me["event"].rpartition("-")[0] == me["event"].rpartition("-")[0], "signing in tells it, too"


def test_who_comes_from_before_a_restart_is_told_to_read_everything_again(plain_stack, server):
    stream = Stream(server.http)
    last, _, _ = stream.next()
    server.program.stop()  # an open stream does not hold it up
    stream.close()
    server = plain_stack.start_server(name="again", data=server.data)
    stream = Stream(server.http, last=last)
    assert [stream.next()[1] for _ in range(2)] == ["hello", "reload"]
    stream.close()
    stream = Stream(server.http, last="nonsense")
    assert [stream.next()[1] for _ in range(2)] == ["hello", "reload"]
    stream.close()


def test_who_watches_the_audit_hears_of_every_entry(plain_stack, tmp_path):
    fleet = FleetCase(plain_stack, devices=1)
    stream = Stream(fleet.http, "?topics=audit")
    assert stream.next()[1] == "hello"
    before = fleet.http.get("/api/v1/audit?limit=1").json()["items"][0]["sequence"]
    add_user(fleet.server, "vera")
    enrol(fleet.server, tmp_path, "door-1")
    unused = fleet.http.post("/api/v1/registration-codes", json={}).json()["codes"][0]["id"]
    assert fleet.http.delete(f"/api/v1/registration-codes/{unused}").status == 204
    assert fleet.http.post("/api/v1/devices/door-1/revoke", json={"reason": "stolen"}).status == 204
    rollout = fleet.create(waves=[{"count": 1}])
    fleet.order(rollout, "pause")
    items = fleet.http.get("/api/v1/audit?limit=100").json()["items"]
    entries = sorted((one["sequence"], one["action"], one["object"]) for one in items if one["sequence"] > before)
    told = [stream.next() for _ in entries]
    assert {name for _, name, _ in told} == {"audit"}
    assert [(data["action"], data["object"]) for _, _, data in told] == [entry[1:] for entry in entries]
    assert {"user.create", "device.enrol", "device.revoke", "rollout.created", "rollout.pause", "registration_code.create",
            "registration_code.withdraw"} <= {entry[1] for entry in entries}
    stream.close()


def test_only_topics_that_one_may_see(server):
    viewer = make_token(make_user(server, "vera", "viewer"))
    assert viewer.get("/api/v1/events?topics=people").status == 403
    assert viewer.get("/api/v1/events?topics=secrets").status == 400
    assert HttpClient(server.url).get("/api/v1/events").status == 401
    theirs, ours = Stream(viewer), Stream(server.http, "?topics=people,devices")
    theirs.next(), ours.next()
    add_user(server, "new")
    assert ours.next()[1] == "people"
    # Nothing about people came to the viewer: the connection has nothing to read.
    theirs.connection.sock.settimeout(0.3)
    with pytest.raises(TimeoutError):
        theirs.answer.readline()
    theirs.close(), ours.close()


def test_a_watcher_that_reads_nothing_costs_no_memory_and_stops_nobody(server):
    """More than the ring holds happens while one watcher sleeps; another sees all of it."""
    sleeper, awake = Stream(server.http, "?topics=people"), Stream(server.http, "?topics=people")
    sleeper.next(), awake.next()
    for number in range(30):
        identity = add_user(server, f"n{number}")
        assert awake.next()[2]["id"] == identity
    assert [sleeper.next()[1] for _ in range(30)] == ["people"] * 30
    sleeper.close(), awake.close()


def test_streams_of_one_owner_are_bounded(server):
    token = make_token(server.http)
    streams = [Stream(token) for _ in range(50)]
    assert all(stream.answer.status == 200 for stream in streams)
    refused = token.get("/api/v1/events")
    assert refused.status == 429
    other = Stream(server.http)
    assert other.answer.status == 200
    other.close()
    for stream in streams:
        stream.close()


@pytest.mark.skipif(os.environ.get("STRATUS_LONG") != "1", reason="STRATUS_LONG=1: waits for the pulse of a stream (15 s)")
def test_a_watcher_of_quiet_topics_that_went_away_is_noticed_while_others_are_busy(server):
    quiet = Stream(server.http, "?topics=people")
    quiet.next()
    quiet.close()
    numbers = itertools.count()

    def gone():  # something happens all the time, of another topic
        server.http.post("/api/v1/devices", json={"id": f"d{next(numbers)}"})
        return server.metric("stratus_event_streams") == 0

    wait_until(gone, 90, what="the stream to be closed")


def test_enrolment_and_its_end_are_told(stack, tmp_path):
    server = stack.start_server()
    stream = Stream(server.http, "?topics=devices,certificates")
    assert stream.next()[1] == "hello"
    enrol(server, tmp_path, "door-1")
    told = [stream.next()[1:] for _ in range(2)]
    assert told[0][0] == "certificates" and told[0][1]["device"] == "door-1" and told[0][1]["action"] == "issued"
    assert told[1] == ("devices", {"id": "door-1", "action": "enrolled", "kind": "device"})
    assert server.http.post("/api/v1/devices/door-1/revoke", json={}).status == 204
    told = [stream.next()[1:] for _ in range(2)]
    assert [topic for topic, _ in told] == ["certificates", "devices"]
    assert {data["action"] for _, data in told} == {"revoked"}
    stream.close()


def test_who_comes_and_leaves_is_told(plain_stack, tmp_path):
    server = plain_stack.start_server(options=["--mqtt-listen", "127.0.0.1:0"])
    wait_until(lambda: server.metric("stratus_mqtt_connected") == 1, what="the broker")
    devices = DeviceMaker(server, tmp_path / "devices")
    stream = Stream(server.http, "?topics=devices")
    stream.next()
    device = devices.connect("door-1")
    device.say("presence", online=True, seq=1)
    name, data = stream.next_with("online", True)
    assert (name, data["id"]) == ("devices", "door-1") and data["changed"].endswith("Z")
    assert server.http.get("/api/v1/devices/door-1/live").json()["online"] is True
    device.say("presence", online=True, seq=2)  # nothing new: the next event is its leaving
    device.say("presence", online=False, seq=3)
    assert stream.next_with("online", False)[1]["id"] == "door-1"
    stream.close()
    devices.close()


def test_a_result_over_mqtt_is_told_as_one_over_http_is(plain_stack, tmp_path):
    server = plain_stack.start_server(options=["--mqtt-listen", "127.0.0.1:0"])
    wait_until(lambda: server.metric("stratus_mqtt_connected") == 1, what="the broker")
    devices = DeviceMaker(server, tmp_path / "devices")
    stream = Stream(server.http, "?topics=devices")
    stream.next()
    body = {"device": "door-1", "sequence": 1, "name": "app", "state": "committed", "time_ms": int(time.time() * 1000),
            "running": "sha256:" + "a" * 64, "running_version": "2"}
    device = devices.connect("door-1")
    device.say("update/result", seq=1, status="SUCCESS", report=json.dumps(body))
    told = stream.next_with("state")[1]
    assert told == {"id": "door-1", "name": "app", "state": "committed", "version": "2"}
    assert server.http.get("/api/v1/devices/door-1").json()["state"] == "committed", "stored before it is told"
    assert server.http.post("/api/v1/devices/door-1/reports", json={**body, "sequence": 2}, token=None).status == 204
    assert stream.next_with("state")[1] == told
    stream.close()
    devices.close()


def test_a_new_target_is_told_once_it_counts(server):
    app = Registry(server.http, "site/app")
    manifest = app.push_files([{"bin/app": b"1"}], "1")
    release = "/api/v1/releases/site%2Fapp"
    assert server.http.put(f"{release}/versions/1", json={"digest": digest_of(manifest)}).status == 200
    stream = Stream(server.http, "?topics=releases")
    stream.next()
    assert server.http.put(f"{release}/target", json={"version": "1"}).status == 202
    while (data := stream.next()[2]).get("target") != "1":
        assert data["name"] == "site/app"
    assert server.http.get(release).json()["target"]["version"] == "1"
    stream.close()
