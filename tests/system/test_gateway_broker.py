"""Devices behind a gateway: its own broker bridged upstream, and revocations that reach them there."""
import contextlib
import json
import time

import pytest
from harness import CountingProxy, HttpClient, wait_until
from harness.identity import Credentials, enrol, make_code, make_request, refused, report, sign_message
from harness.mqtt import MqttDevice


class Site:
    """A strict server, a link to it that can be cut, and a gateway with a broker behind that link."""

    def __init__(self, stack, mode="required"):
        self.stack, programs = stack, stack.programs
        config = programs.path("server.toml")
        config.write_text(f'identity = "{mode}"\nmqtt_messages_per_s = 100000\nmqtt_message_burst = 100000\n')
        self.server = stack.start_server(options=["--mqtt-listen", "127.0.0.1:0", "--config", config])
        self.links = [CountingProxy(self.server.url), CountingProxy(self.server.program.ready["mqtt"])]
        for link in self.links:
            programs.on_close(link.close)
        self.gateway = self.start_gateway("gateway", make_code(self.server, kind="gateway", device="gw1",
                                                               names=["localhost", "127.0.0.1"]))
        self.root = self.server.data / "ca" / "root.pem"
        self.keys = programs.path("keys")
        self.sessions = contextlib.ExitStack()
        programs.on_close(self.sessions.close)

    def start_gateway(self, name, code=None, data=None):
        return self.stack.start_gateway(self.links[0].url("https"), self.server.ca, name=name, data=data, options=[
            *(["--enrol-code", code] if code else []), "--mqtt-listen", "127.0.0.1:0", "--mqtt-upstream",
            self.links[1].url("mqtts"), "--revocation-check", "0.5"])

    def cut(self, away=True):
        for link in self.links:
            link.refuse(away)

    def enrol(self, name, **wish):
        return enrol(self.server, self.keys, name, wish)

    def connect(self, credentials, url=None, **options):
        options.setdefault("subscribe", (f"v1/{credentials.name}/#",))
        url = url or self.gateway.program.ready["mqtt"]

        def attempt():
            return MqttDevice(url, credentials.file, credentials.file, self.root, credentials.name, **options)

        session = wait_until(attempt, 20, what=f"{credentials.name} to get a session")
        self.sessions.callback(session.close)
        return session

    def is_refused(self, credentials):
        """Whether the gateway's broker gives no session for this certificate."""
        try:
            MqttDevice(self.gateway.program.ready["mqtt"], credentials.file, credentials.file, self.root, credentials.name).close()
        except (OSError, ConnectionError):
            return True
        return False

    def client(self, credentials):
        return credentials.client(self.gateway.url, self.gateway.ca)


@pytest.fixture
def site(stack):
    return Site(stack)


def stored(device, seq, seconds=100):
    """Says it again until the server has it, as a device does."""
    end = time.monotonic() + seconds
    while seq not in device.stored:
        assert time.monotonic() < end, f"{device.name}: {seq} was never stored; refused: {device.refused}"
        device.say("log", seq=seq, message=f"number {seq}")
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: seq in device.stored, 1)


def test_messages_go_up_and_answers_come_down_under_the_gateways_name(site):
    device = site.connect(site.enrol("d1"))
    stored(device, 1)
    device.say("presence", online=True, boot="b1")
    wait_until(lambda: site.server.metric("stratus_mqtt_devices_online") == 1)
    device.say("update/next", name="app")
    answer = wait_until(lambda: device.messages.get("v1/d1/update/next/answer"), what="an answer from the server")
    assert json.loads(answer[0])["items"] == []
    given = site.server.http.post("/api/v1/devices/d1/commands", json={"command": "check_now"}).json()
    asked = wait_until(lambda: device.messages.get("v1/d1/control/command"), what="a command from the server")
    assert json.loads(asked[0]) == {"command": given["id"], "action": "check_now"}
    device.say("control/response", command=given["id"], status="done")
    events = wait_until(lambda: site.server.http.get("/api/v1/devices/d1/events?kind=control/response").json()["items"], what="its answer")
    assert events[0]["gateway"] == "gw1" and events[0]["body"]["status"] == "done"
    assert site.gateway.metric("stratus_gateway_broker_up") == 1


def test_while_cut_off_messages_wait_and_count_once_the_server_has_them(site):
    credentials = site.enrol("d1")
    device = site.connect(credentials)
    stored(device, 1)
    before = site.server.metric('stratus_messages_total{outcome="stored"}')
    site.cut()
    for seq in range(2, 202):
        device.say("log", seq=seq, message=f"number {seq}")  # the gateway's broker takes it; that is not enough
    assert device.stored == {1}
    site.cut(False)
    # The answer is sent at most once, and a broker that stands still is started again: a device says it again.
    have, end = set(), time.monotonic() + 120
    while not (have := have | device.stored) >= set(range(2, 202)):
        assert time.monotonic() < end, f"never stored: {sorted(set(range(2, 202)) - have)[:20]}; refused: {device.refused}"
        try:
            wait_until(lambda: have | device.stored >= set(range(2, 202)), 10)
        except TimeoutError:
            with contextlib.suppress(TimeoutError, AssertionError, OSError):
                for seq in sorted(set(range(2, 202)) - have - device.stored):
                    device.say("log", seq=seq, message=f"number {seq}")
                continue
            have |= device.stored
            device = site.connect(credentials)
    assert site.server.metric('stratus_messages_total{outcome="stored"}') >= before + 200


def test_what_a_dying_gateway_had_not_delivered_is_said_again(site):
    credentials = site.enrol("d1")
    stored(site.connect(credentials), 1)
    site.cut()
    device = site.connect(credentials)
    device.say("log", seq=2, message="lost with the gateway")
    site.gateway.program.kill()
    site.cut(False)
    site.gateway = site.start_gateway("again", data=site.gateway.data)
    again = site.connect(credentials)
    stored(again, 2)


def test_devices_behind_a_gateway_touch_only_their_own_topics(site):
    a, b = site.connect(site.enrol("a")), site.connect(site.enrol("b"))
    for topic in ("v1/b/log", "gw/gw1/v1/b/log", "v1/b/stored", "gw/gw1/v1/b/stored"):
        assert a.reason(a.publish(topic, {"seq": 9, "message": "forged"})) == 135, topic
    for topic in ("v1/b/#", "#", "gw/gw1/v1/b/stored"):
        a.subscribe(topic)
    stored(b, 1)
    stored(a, 1)
    assert 9 not in b.stored and not [topic for topic in a.messages if "/b/" in topic]


def impostor_of(site):
    """Who has the gateway's key instead of the gateway."""
    identity = site.gateway.data / "identity" / "identity.pem"
    site.gateway.program.stop()
    impostor = MqttDevice(site.server.program.ready["mqtt"], identity, identity, site.root, "gw1", subscribe=("gw/gw1/v1/d1/#",))
    site.sessions.callback(impostor.close)
    return impostor


def test_a_result_that_a_gateway_carries_must_be_signed_by_the_device(site):
    device, impostor = site.enrol("d1"), impostor_of(site)
    body = report("d1", sequence=1, running_version="9")

    def carry(seq, **members):
        impostor.publish("gw/gw1/v1/d1/update/result", {"seq": seq, "status": "SUCCESS", **members})
        wait_until(lambda: seq in impostor.refused or seq in impostor.stored, what=f"a word about {seq}")
        return impostor.refused.get(seq, "stored")

    assert "must be signed" in carry(1, report=body)
    assert "must be signed" in carry(2)
    good = sign_message(device, "report", 1, body)
    assert "not signed by" in carry(3, report=report("d1", sequence=1, running_version="8"), signature=good)
    assert "counter" in carry(4, report=report("d1", sequence=2, running_version="9"), signature=good)
    other = Credentials(site.keys, "thief")
    other.name = "d1"
    assert "not signed by" in carry(5, report=body, signature=sign_message(other, "report", 1, body))
    assert not site.server.http.get("/api/v1/devices/d1").json().get("state")
    assert carry(6, report=body, signature=good) == "stored"
    assert site.server.http.get("/api/v1/devices/d1").json()["state"] == "committed"
    # Another gateway's name is not its to use.
    assert impostor.reason(impostor.publish("gw/gw2/v1/d1/log", {"seq": 7})) == 135
    assert impostor.reason(impostor.publish("v1/d1/log", {"seq": 8})) == 135


def roll_out(site, tmp_path):
    """A rollout of something for d1; its id."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "file").write_text("new")
    site.stack.publish("app:1", tmp_path / "tree", sign_key=site.stack.make_key()[0])
    made = site.server.http.post("/api/v1/rollouts", json={"contents": [{"name": "app", "version": "1"}],
                                                           "targets": {"devices": ["d1"]}})
    assert made.status == 201, made
    return made.json()["id"]


def counts(site, rollout):
    return site.server.http.get(f"/api/v1/rollouts/{rollout}").json()["counts"]


def test_a_gateway_has_no_say_about_a_device_with_a_session_of_its_own(site, tmp_path):
    device = site.connect(site.enrol("d1"), site.server.program.ready["mqtt"], will=("v1/d1/presence", '{"online":false}'))
    device.say("presence", online=True, boot="own")
    http, unproven = site.server.http, lambda: site.server.metric('stratus_messages_total{outcome="unproven"}')
    live = lambda: http.get("/api/v1/devices/d1/live").json()
    wait_until(lambda: live().get("online"), what="the device to be there")
    impostor = impostor_of(site)
    forged = {"presence": {"online": False}, "status/system": {"cpu_percent": 99}, "log": {"message": "it broke"},
              "update/progress": {"state": "fetching"}}
    for suffix, body in forged.items():
        impostor.publish(f"gw/gw1/v1/d1/{suffix}", body)
    wait_until(lambda: unproven() == len(forged), what=f"{len(forged)} to be no word of the device, not {unproven()}")
    device.say("log", seq=1, message="mine")
    wait_until(lambda: 1 in device.stored)
    assert site.server.metric("stratus_mqtt_devices_online") == 1 and live()["online"]
    assert [event["body"]["message"] for event in http.get("/api/v1/devices/d1/events").json()["items"]] == ["mine"]
    assert http.get("/api/v1/devices/d1/metrics").json()["items"] == []
    # Nor did the device move: it is told in its own session, and only it can say that it has stopped.
    impostor.publish("gw/gw1/v1/d1/log", {"message": "it is here now"})
    wait_until(lambda: unproven() == len(forged) + 1)
    rollout = roll_out(site, tmp_path)
    wait_until(lambda: device.messages.get("v1/d1/update/request/container"), what="the device to be told")
    # Once it has left, it may be behind the gateway.
    impostor.publish("gw/gw1/v1/d1/presence", {"online": True, "boot": "moved"})
    wait_until(lambda: unproven() == len(forged) + 2)
    assert live()["boot"] == "own"
    device.pipe.shut()
    wait_until(lambda: (live()["online"], live()["boot"], live()["gateway"]) == (True, "moved", "gw1"), what="the device to have moved")
    assert http.post(f"/api/v1/rollouts/{rollout}/cancel", json={"devices": ["d1"]}).status == 200
    wait_until(lambda: impostor.messages.get("gw/gw1/v1/d1/update/cancel"), what="the cancel to come this way")


def test_the_end_of_a_cancel_that_a_gateway_carries_must_be_signed_by_the_device(site, tmp_path):
    device, impostor = site.enrol("d1"), impostor_of(site)
    impostor.publish("gw/gw1/v1/d1/presence", {"online": True})
    wait_until(lambda: site.server.metric("stratus_mqtt_devices_online") == 1)
    rollout = roll_out(site, tmp_path)
    wait_until(lambda: impostor.messages.get("gw/gw1/v1/d1/update/request/container"), what="the device to be told")
    impostor.publish("gw/gw1/v1/d1/update/progress", {"name": "app", "state": "fetching"})
    wait_until(lambda: counts(site, rollout)["downloading"] == 1)
    assert site.server.http.post(f"/api/v1/rollouts/{rollout}/cancel", json={"devices": ["d1"]}).status == 200
    wait_until(lambda: impostor.messages.get("gw/gw1/v1/d1/update/cancel"))

    def carry(seq, **members):
        impostor.publish("gw/gw1/v1/d1/update/cancel/ack", {"seq": seq, "command": rollout, "status": "cancelled", **members})
        wait_until(lambda: seq in impostor.refused or seq in impostor.stored, what=f"a word about {seq}")
        return impostor.refused.get(seq, "stored")

    late, good = (sign_message(device, "cancel", seq, f"{rollout}\n{status}") for seq, status in ((3, "too_late"), (4, "cancelled")))
    assert "must be signed" in carry(1)
    assert "counter" in carry(2, signature=good)
    assert "not signed by" in carry(3, signature=late)
    assert site.server.metric('stratus_messages_total{outcome="unproven"}') == 3
    assert counts(site, rollout)["cancelling"] == 1
    assert carry(4, signature=good) == "stored"
    wait_until(lambda: counts(site, rollout)["cancelled"] == 1, what="the device to have stopped")


def test_a_revocation_cuts_a_device_behind_a_gateway(site):
    credentials, other = site.enrol("d1"), site.connect(site.enrol("d2"))
    device, client = site.connect(credentials), site.client(credentials)
    stored(device, 1)
    assert client.get("/api/v1/next/app?device=d1").status == 404
    site.stack.stratus("device", "revoke", "d1")
    wait_until(device.closed.is_set, 60, what="the gateway to end the session")
    wait_until(lambda: refused(lambda: client.get("/api/v1/next/app?device=d1")), 60, what="the gateway to refuse it")
    wait_until(lambda: site.is_refused(credentials), what="the broker to refuse its certificate")
    assert not other.closed.is_set()
    stored(other, 1)
    # Enrolled anew it is let in again.
    site.keys = site.stack.programs.path("keys-again")
    again = site.enrol("d1", device="d1")

    def is_heard():
        session = site.connect(again)
        session.publish("v1/d1/log", {"seq": 2, "message": "back"})
        wait_until(lambda: 2 in session.stored or session.closed.is_set(), 2)
        return 2 in session.stored

    wait_until(is_heard, 30, what="the gateway to let it in")
    assert site.is_refused(credentials), "the old certificate stays out"
    wait_until(lambda: site.client(again).get("/api/v1/next/app?device=d1").status == 404)


def test_the_cache_on_the_lan_is_not_read_without_a_good_certificate(site, tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "file").write_text("secret")
    private, _ = site.stack.make_key()
    site.stack.publish("app:1", tmp_path / "tree", sign_key=private)
    credentials = site.enrol("d1")
    good, nobody = site.client(credentials), HttpClient(site.gateway.url, ca=site.gateway.ca)
    answer = good.get("/api/v1/next/app?device=d1")
    assert answer.status == 200
    manifest = json.loads(good.get("/v2/app/manifests/1").body)
    blob = f"/v2/app/blobs/{manifest['layers'][0]['digest']}"
    assert good.get(blob).status == 200
    for path in ("/api/v1/next/app?device=d1", "/v2/app/manifests/1", blob, "/v2/app/tags/list", "/v2/", "/api/v1/devices"):
        refusal = nobody.get(path)
        assert refusal.status == 403, path
    assert nobody.get("/api/v1/ca").status == 200 and nobody.get("/healthz").status == 200
    assert good.get("/api/v1/next/app?device=other").json()["code"] == "other_device"
    assert good.post("/api/v1/devices/other/reports", body=report("other")).json()["code"] == "other_device"
    site.cut()
    assert good.get(blob).status == 200, "the cache serves while cut off"
    site.cut(False)
    site.stack.stratus("device", "revoke", "d1")
    wait_until(lambda: refused(lambda: good.get(blob)), 60, what="the gateway to shut it out")
    # Cut off and started again, the gateway still knows.
    site.cut()
    site.gateway.program.kill()
    site.gateway = site.start_gateway("again", data=site.gateway.data)
    assert refused(lambda: site.client(credentials).get(blob))
    assert HttpClient(site.gateway.url, ca=site.gateway.ca).get(blob).status == 403


def test_who_is_shut_out_stays_so_although_the_disk_took_it_late(site):
    credentials = site.enrol("d1")
    file = site.gateway.data / "identity" / "revocations.json"
    wait_until(file.exists, what="the gateway to keep the first list")
    site.gateway.program.kill()
    file.unlink()
    (file / "in the way").mkdir(parents=True)
    site.gateway = site.start_gateway("hindered", data=site.gateway.data)
    site.stack.stratus("device", "revoke", "d1")
    wait_until(lambda: site.is_refused(credentials), 60, what="the gateway to shut it out without a disk")
    (file / "in the way").rmdir()
    file.rmdir()
    wait_until(file.is_file, what="the list to be kept after all")
    site.cut()
    site.gateway.program.kill()
    site.gateway = site.start_gateway("again", data=site.gateway.data)
    assert site.is_refused(credentials)


def test_who_may_know_whom_to_turn_away(site):
    credentials = site.enrol("d1")
    path = "/api/v1/ca/revocations"
    for url, ca in ((site.server.url, site.server.ca), (site.gateway.url, site.gateway.ca)):
        assert HttpClient(url, ca=ca).get(path).status == 403
        assert credentials.client(url, ca).get(path).status == 403
    gateway = Credentials(site.keys, "gw2", answer=None)
    gateway.take(HttpClient(site.gateway.url, ca=site.gateway.ca).post("/api/v1/enrol", json={
        "code": make_code(site.server, kind="gateway"), "csr": make_request(gateway.key, "gw2")}).json())
    behind = wait_until(lambda: (lambda a: a if a.status == 200 else None)(gateway.client(site.gateway.url, site.gateway.ca).get(path)))
    above = gateway.client(site.server.url, site.server.ca).get(path)
    assert behind.json()["identity"] == above.json()["identity"] == "required"
    tag = above.headers.get("ETag")
    assert gateway.client(site.server.url, site.server.ca).get(path, headers={"If-None-Match": tag}).status == 304


def test_a_broker_needs_an_identity_and_an_upstream(stack):
    stack.start_server()
    for words, said in ((["--mqtt-listen", "127.0.0.1:0"], "belong together"),
                        (["--mqtt-listen", "127.0.0.1:0", "--mqtt-upstream", "mqtts://127.0.0.1:1"], "own certificate"),
                        (["--mqtt-upstream", "mqtts://127.0.0.1:1"], "belong together")):
        with pytest.raises(Exception, match=said):
            stack.start_gateway(name="g", options=words)
