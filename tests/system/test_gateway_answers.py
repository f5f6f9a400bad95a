"""The gateway's small answers: asked for once, believed for a moment, given while the upstream is away."""
import json
import random

import pytest
from harness import CountingProxy, HttpClient, free_port, wait_until
from harness.registry import Registry, descriptor, digest_of
from harness.upstream import FakeUpstream

RANDOM = random.Random(3)
BIG = RANDOM.randbytes(200_000)
CHANGED = BIG[:90_000] + RANDOM.randbytes(50) + BIG[90_050:]
RELEASES = "/api/v1/releases/site%2Fapp"


def hex_of(manifest):
    return digest_of(manifest).split(":")[1]


def ask(gateway, have=None, device="d1", name="site%2Fapp"):
    query = f"?device={device}" + (f"&have={hex_of(have)}" if have else "")
    return HttpClient(gateway.url).get(f"/api/v1/next/{name}{query}")


class Site:
    """A server with two versions of site/app, of which 2 is deployed; a link to it that can be cut."""

    def __init__(self, stack):
        self.stack = stack
        # A gateway passes lists on, not who asks for them.
        self.server = stack.start_server(config="anonymous_reads = true")
        self.app = Registry(self.server.http, "site/app")
        self.first = self.release("1", BIG)
        self.second = self.release("2", CHANGED)
        self.link = CountingProxy(self.server.url)

    def release(self, version, content):
        manifest = self.app.push_files([{"bin/app": content}], version)
        http = self.server.http
        assert http.put(f"{RELEASES}/versions/{version}", json={"digest": digest_of(manifest)}).status == 200
        begun = http.put(f"{RELEASES}/target", json={"version": version})
        assert begun.status == 202, begun
        wait_until(lambda: http.get(begun.headers["Location"]).json()["state"] == "done", 60, "the deployment")
        return manifest

    def gateway(self, *options, **more):
        return self.stack.start_gateway(self.link.url(), options=options, **more)


@pytest.fixture
def site(plain_stack, programs):
    made = Site(plain_stack)
    programs.on_close(made.link.close)
    return made


def test_one_question_serves_many_devices(site):
    gateway = site.gateway("--check-ttl", "3600")
    told = [ask(gateway, site.first, f"d{i}") for i in range(20)]
    assert {answer.status for answer in told} == {200}
    assert told[0].json()["manifest"] == site.second.decode()
    assert told[0].json()["deltas"]
    assert len({answer.body for answer in told}) == 1
    assert site.link.requests == 1
    assert gateway.metric('stratus_gateway_answers_total{from="cache"}') == 19
    # The server knows who asked.
    assert site.server.http.get("/api/v1/devices/d0").json()["id"] == "d0"


def test_an_answer_is_not_believed_for_ever(site):
    gateway = site.gateway("--check-ttl", "0")
    assert ask(gateway, site.second).status == 204
    third = site.release("3", BIG[::-1])
    assert ask(gateway, site.second).json()["manifest"] == third.decode()


def test_a_newer_target_makes_other_answers_old(site):
    gateway = site.gateway("--check-ttl", "3600")
    assert ask(gateway, site.first).json()["version"] == "2"
    site.release("3", BIG[::-1])
    assert ask(gateway, site.first).json()["version"] == "2"  # still believed
    assert ask(gateway, site.second).json()["version"] == "3"
    assert ask(gateway, site.first).json()["version"] == "3"


def test_an_upstream_that_never_answered_may_be_the_wrong_one(plain_stack):
    gateway = plain_stack.start_gateway(upstream=f"http://127.0.0.1:{free_port()}")
    assert HttpClient(gateway.url).get("/api/v1/next/site%2Fapp?device=d1").status == 503
    assert "are --upstream and --upstream-ca right?" in gateway.program.log


def test_while_the_upstream_is_away_everybody_gets_an_answer(site):
    gateway = site.gateway("--check-ttl", "0")
    known = ask(gateway, site.first)
    blobs = [delta["blob"] for delta in known.json()["deltas"]]
    assert HttpClient(gateway.url).get(f"/v2/site/app/blobs/{blobs[0]}").status == 200
    site.link.refuse()
    assert ask(gateway, site.first).body == known.body
    assert ask(gateway, site.second).status == 204
    # Runs something nobody has asked about: the release is offered, deltas for it are not known.
    for have in (None, b"something else"):
        offered = ask(gateway, have).json()
        assert offered["manifest"] == site.second.decode()
        assert offered["config"] == known.json()["config"]
        assert not offered.get("deltas")
    assert ask(gateway, name="site%2Fother").status == 503
    assert HttpClient(gateway.url).get(f"/v2/site/app/blobs/{blobs[0]}").status == 200
    assert gateway.metric('stratus_gateway_answers_total{from="stale"}') == 4
    assert gateway.metric("stratus_gateway_upstream_away") == 1
    assert "away: " in gateway.program.log and "--upstream" not in gateway.program.log, "it is the right one"

    gateway.program.kill()
    again = site.gateway("--check-ttl", "0", data=gateway.data, name="again")
    assert ask(again, site.first).body == known.body
    assert ask(again, None).json()["manifest"] == site.second.decode()
    site.link.refuse(False)
    third = site.release("3", BIG[::-1])
    wait_until(lambda: ask(again, site.first).json()["manifest"] == third.decode(), what="the upstream to be asked again")


def test_one_device_cannot_drive_out_the_others_answers(site):
    gateway = site.gateway("--check-ttl", "0")
    known = ask(gateway, site.first, "good")
    assert known.json()["deltas"]
    http = HttpClient(gateway.url)
    for number in range(1100):
        assert http.get(f"/api/v1/next/site%2Fapp?device=bad&have={number:064x}").status == 200
    assert gateway.metric("stratus_gateway_answers_kept") < 20
    site.link.refuse()
    assert ask(gateway, site.first, "good").body == known.body
    assert ask(gateway, site.second, "good").status == 204


def test_manifests_tags_and_referrers(site):
    gateway = site.gateway("--check-ttl", "0")
    http = HttpClient(gateway.url)
    target = f"/v2/site/app/manifests/{digest_of(site.second)}"
    by_digest = http.get(target)
    assert by_digest.body == site.second
    assert by_digest.headers["Docker-Content-Digest"] == digest_of(site.second)
    assert by_digest.headers["Content-Type"].startswith("application/vnd.oci.image.manifest")
    before = site.link.requests
    assert http.get(target).body == site.second
    assert http.head(target).headers["Content-Length"] == str(len(site.second))
    assert site.link.requests == before
    assert http.get("/v2/site/app/manifests/2").body == site.second
    referrers = http.get(f"/v2/site/app/referrers/{digest_of(site.second)}")
    assert [entry["artifactType"] for entry in referrers.json()["manifests"]] == ["application/vnd.stratus.delta.v1"]
    assert http.get("/v2/site/app/tags/list").json()["tags"] == ["1", "2"]
    assert http.get("/v2/site/app/manifests/none").status == 404
    site.link.refuse()
    assert http.get("/v2/site/app/manifests/2").body == site.second
    assert http.get(f"/v2/site/app/referrers/{digest_of(site.second)}").body == referrers.body
    assert http.get("/v2/site/app/manifests/1").status == 503


def test_lists_of_the_server_are_passed_on(site):
    gateway = site.gateway()
    ask(gateway, site.first, "d7")
    http = HttpClient(gateway.url)
    assert http.get("/api/v1/releases").body == site.server.http.get("/api/v1/releases").body
    assert http.get("/api/v1/devices/d7").json()["id"] == "d7"
    assert http.get("/api/v1/devices/none").status == 404
    site.link.refuse()
    refused = http.get("/api/v1/devices")
    assert (refused.status, refused.headers["Content-Type"]) == (503, "application/problem+json")
    assert refused.headers["Retry-After"]


def test_questions_that_make_no_sense_go_no_further(site):
    http = HttpClient(site.gateway().url)
    for query in ("have=xyz", "have=" + "A" * 64, "device=a%20b"):
        assert http.get("/api/v1/next/site%2Fapp?" + query).status == 400, query
    assert http.get("/api/v1/next/Not%20A%20Name").status == 400
    assert http.get("/api/v1/nothing").status == 404
    assert site.link.requests == 0


@pytest.fixture
def fake(programs):
    upstream = FakeUpstream()
    programs.on_close(upstream.close)
    return upstream


def next_of(manifest, name="site/app", **more):
    return json.dumps({"name": name, "version": "1", "manifest": manifest.decode(), "config": "{}", "signatures": [],
                       **more}).encode()


def test_what_is_no_answer_is_not_believed(plain_stack, fake):
    gateway = plain_stack.start_gateway(fake.url, options=["--check-ttl", "0"])
    page = "/api/v1/next/site%2Fapp?device=d1"
    manifest = json.dumps({"schemaVersion": 2, "config": descriptor("application/vnd.oci.image.config.v1+json", b"{}"),
                           "layers": []}).encode()
    good = (200, "application/json", next_of(manifest))
    lies = [(200, "text/html", b"<html>log in</html>"), (200, "application/json", b"{}"),
            (200, "application/json", next_of(manifest, "site/another")), (204, None, b""),
            (200, "application/json", next_of(b"{}")), (500, "text/plain", b"oops"), (302, None, b"")]
    for lie in lies:
        fake.pages[page] = lie
        assert ask(gateway).status in (502, 503), lie
    fake.pages[page] = good
    told = wait_until(lambda: (lambda a: a if a.status == 200 else None)(ask(gateway)))
    assert told.json()["manifest"] == manifest.decode()
    for lie in lies:
        fake.pages[page] = lie
        assert ask(gateway).body == told.body, lie
    # A manifest that is not the one asked for.
    path = f"/v2/site/app/manifests/{digest_of(manifest)}"
    fake.pages[path] = (200, "application/vnd.oci.image.manifest.v1+json", manifest + b" ")
    assert HttpClient(gateway.url).get(path).status == 502
    fake.pages[path] = (200, "application/vnd.oci.image.manifest.v1+json", manifest)
    assert HttpClient(gateway.url).get(path).body == manifest


def test_a_device_that_is_held_back_takes_nobody_elses_answer(plain_stack, fake):
    """While rollouts update devices each is asked for, and everybody has an answer when the gateway is cut off then."""
    gateway = plain_stack.start_gateway(fake.url, options=["--check-ttl", "3600"])
    have = b"what runs"

    def say(device, manifest, cache=None):
        page = f"/api/v1/next/site%2Fapp?device={device}&have={hex_of(have)}"
        answer = (200, "application/json", next_of(manifest)) if manifest else (204, None, b"")
        fake.pages[page] = answer + ((("Cache-Control", cache),) if cache else ())
        return fake.pages[page][2]

    def release(number):
        return json.dumps({"schemaVersion": 2, "config": descriptor("application/vnd.oci.image.config.v1+json", number),
                           "layers": []}).encode()

    def told(device):
        answer = ask(gateway, have, device)
        assert answer.status in (200, 204), answer
        return answer.body

    say("another", release(b"1"), "no-cache")
    first = say("free", release(b"1"), "no-cache")
    say("held", None, "no-store")
    for _ in range(2):
        assert told("free") == first
        assert told("held") == b"", "however young the answer of the other is"
    second = say("free", release(b"2"), "no-cache")
    assert told("free") == second
    assert told("held") == b""
    pages = dict(fake.pages)
    for page in pages:
        fake.pages[page] = (503, None, b"")
    assert told("another") == told("free") == second
    # A rollout brings the name itself: what the others were told says nothing any more.
    fake.pages.update(pages)
    third = say("held", release(b"3"), "private")
    wait_until(lambda: told("held") == third, what="the upstream to be asked again")
    for page in pages:
        fake.pages[page] = (503, None, b"")
    assert ask(gateway, have, "free").status == 503
    # No rollout: one answer serves all.
    last = say("free", release(b"4"))
    wait_until(lambda: ask(gateway, have, "free").body == last, what="the upstream to be asked again")
    before = len(fake.gets())
    assert told("held") == told("another") == last
    assert len(fake.gets()) == before


def test_what_the_answers_need_is_not_evicted(plain_stack, fake):
    """The newest release's layer and delta stay, however much else passes; an older release's go."""
    def release(layer, version):
        manifest = json.dumps({"schemaVersion": 2, "config": descriptor("application/vnd.oci.image.config.v1+json", b"{}"),
                               "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", layer)]}).encode()
        fake.pages["/api/v1/next/site%2Fapp?device=d1"] = (200, "application/json", next_of(manifest))
        fake.add(layer)
        return layer

    gateway = plain_stack.start_gateway(fake.url, options=["--check-ttl", "0", "--cache-size", "350K"])

    def fetch(data):
        assert HttpClient(gateway.url).get(f"/v2/site/app/blobs/{digest_of(data)}").body == data

    old = release(RANDOM.randbytes(100_000), "1")
    assert ask(gateway).status == 200
    fetch(old)
    new = release(RANDOM.randbytes(100_000), "2")
    assert ask(gateway).status == 200
    fetch(new)
    for _ in range(5):
        other = RANDOM.randbytes(100_000)
        fake.add(other)
        fetch(other)
    fetch(new)
    assert len(fake.gets(digest_of(new))) == 1
    fetch(old)
    assert len(fake.gets(digest_of(old))) == 2
