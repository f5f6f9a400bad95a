"""Hostile requests to every route of the interface (T31): injection, other people's things, too much, too deep."""
import json
import sqlite3
import urllib.parse

import pytest
from harness.artifacts import add_firmware
from harness.identity import enrol, report
from harness.openapi import Api
from harness.people import make_token, make_user

API = Api()
SLOW = {"watchEvents"}  # never ends
LEAVES = {"signOut", "setUp"}
HOSTILE = ["'", "' OR '1'='1", "'; DROP TABLE devices; --", "%", "_", "..", "../../etc/passwd", "\0", "\r\nX-Evil: 1", "\N{COLLISION SYMBOL}",
           "a" * 3000, "{{7*7}}", "-1", "99999999999999999999"]


@pytest.fixture(scope="module")
def server():
    from harness import Programs, Stack
    with Programs() as programs:
        server = Stack(programs, plain=True).start_server()
        for name in ("d1", "d2"):
            assert server.http.post("/api/v1/devices", json={"id": name}).status == 201
        add_firmware(server.http, "1.0")
        yield server


def quote(text):
    return urllib.parse.quote(text, safe="")


@pytest.mark.parametrize("place", ["devices?filter={}", "devices?{}=1", "devices?limit=5&cursor={}", "devices/{}", "next/app%2F{}", "content?search={}",
                                   "nowhere?x={}"])
def test_what_is_no_text_is_no_question(server, place):
    for escape in ("%00", "a%00b", "%", "%zz", "%ff", "%ed%a0%80"):
        answer = server.http.get("/api/v1/" + place.format(escape))
        assert answer.status == 400 and answer.json()["code"] == "invalid", (escape, answer)
    for path in ("/v2/app%00/manifests/1", "/v2/app/tags/list?n=%00", "/v2/_catalog?last=a%00"):
        assert server.http.get(path).status == 400, path


def listed(answer):
    return next(value for value in answer.json().values() if isinstance(value, list))


def tables(server):
    with sqlite3.connect(server.data / "catalogue.db") as there:
        return {name for (name,) in there.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_no_route_fails_on_hostile_names(server):
    """Every route of the document with every text in every place of its path; and as its body."""
    before, wrong = tables(server), []
    for operation in API.operations:
        if operation.id in SLOW | LEAVES or "{" not in operation.path:
            continue
        for text in HOSTILE[:10]:
            path = operation.path
            while "{" in path:
                path = path[:path.index("{")] + quote(text) + path[path.index("}") + 1:]
            body = json.dumps({"name": text, "id": text, "title": text, "digest": text}).encode()
            answer = server.http.request(operation.method, path, body=body if operation.method in ("POST", "PUT", "PATCH") else None)
            if answer.status >= 500 or "X-Evil" in answer.headers:
                wrong.append((operation.id, text[:40], answer.status))
    assert wrong == []
    assert tables(server) == before and server.program.running()


@pytest.mark.parametrize("path", ["devices?filter={}", "devices?sort={}", "devices?cursor={}", "devices?limit={}",
                                  "firmware?search={}", "firmware?sort={}", "content?search={}", "rollouts?state={}", "rollouts?cursor={}",
                                  "audit?action={}", "audit?actor={}", "users?cursor={}", "regions?cursor={}"])
def test_injections_find_nothing_and_break_nothing(server, path):
    before = tables(server)
    for text in HOSTILE:
        answer = server.http.get("/api/v1/" + path.format(quote(text)))
        assert answer.status < 500, (path, text, answer)
        if "search" in path and text != "\0":  # "%" and "_" mean themselves
            assert answer.status != 200 or listed(answer) == [], (path, text)
    assert tables(server) == before
    assert len(listed(server.http.get("/api/v1/devices"))) >= 2
    assert len(listed(server.http.get("/api/v1/firmware?search=oar"))) == 1


DEEP = b"[" * 200_000
BOMBS = {"too deep": DEEP, "too deep and closed": DEEP + b"]" * 200_000, "a long number": b'{"id":' + b"9" * 500_000 + b"}",
         "a key twice": b'{"id":"x","id":"y"}', "not UTF-8": b'{"id":"\xff\xfe"}', "a lone surrogate": b'{"id":"\\ud800"}',
         "a mark before it": b'\xef\xbb\xbf{"id":"x"}', "a NUL": b'{"id":"a\\u0000b"}', "more behind it": b'{"id":"x"}{"id":"y"}', "nothing": b"", "a text": b'"x"',
         "a great text": b'{"id":"' + b"x" * 2_000_000 + b'"}', "many members": b"{" + b",".join(b'"m%d":1' % i for i in range(50_000)) + b"}"}


@pytest.mark.parametrize("what", BOMBS)
def test_bodies_of_wrong_form_are_refused(server, what):
    for path in ("devices", "regions", "rollouts", "rollouts/dry-run", "uploads", "firmware", "tokens", "registration-codes", "enrol"):
        answer = server.http.post(f"/api/v1/{path}", body=BOMBS[what], headers={"Content-Type": "application/json"})
        # A number that nobody reads is no fault: registration codes have defaults for all.
        unread = path == "registration-codes" and what == "a long number"
        assert 400 <= answer.status < 500 or (unread and answer.status == 201), (path, answer)


def test_members_that_are_the_servers_business_are_not_taken(server):
    made = server.http.post("/api/v1/devices", json={"id": "d3", "state": "committed", "running_version": "9", "last_seen": "2001-01-01T00:00:00Z",
                                                     "kind": "gateway", "revision": 77})
    if made.status == 201:
        known = server.http.get("/api/v1/devices/d3").json()
        assert known.get("running_version") in (None, "") and known.get("state") != "committed", known
    bob = make_user(server, "bob", "viewer")
    me = bob.get("/api/v1/me").json()
    for body in ({"roles": ["admin"]}, {"scopes": ["system:admin"]}):
        assert bob.patch(f"/api/v1/users/{me['id']}", json=body).status == 403
        assert bob.put("/api/v1/me/password", json={"old": "x", "new": "y", **body}).status in (400, 401, 403)
    assert bob.post("/api/v1/tokens", json={"name": "t", "scopes": ["system:admin"]}).status in (400, 403)
    token = make_token(bob, "mine")
    assert token.post("/api/v1/users", json={"name": "eve", "password": "x" * 20, "roles": ["admin"]}).status == 403
    assert set(bob.get("/api/v1/me").json()["scopes"]) == set(me["scopes"])


def test_a_device_has_nothing_of_another(stack, tmp_path):
    server = stack.start_server()
    enrolled = enrol(server, tmp_path, "mine")
    enrol(server, tmp_path, "theirs")
    mine = enrolled.client(server.url, server.ca)
    for method, path, body in (
            ("GET", "/api/v1/next/app?device=theirs", None), ("GET", "/api/v1/devices/theirs/contents/next", None),
            ("POST", "/api/v1/devices/theirs/reports", json.loads(report("theirs"))), ("POST", "/api/v1/devices/theirs/data", {"v": 1}),
            ("GET", "/api/v1/devices/theirs", None), ("GET", "/api/v1/devices/theirs/certificates", None), ("GET", "/api/v1/devices", None),
            ("POST", "/api/v1/devices/theirs/revoke", {}), ("GET", "/api/v1/audit", None), ("PUT", "/api/v1/settings/retention", {})):
        answer = mine.request(method, path, json=body)
        assert answer.status in (401, 403, 404, 422), (method, path, answer)
    assert mine.get("/api/v1/next/app?device=mine").status in (204, 404), "its own"


def test_addresses_of_files_are_for_one_thing_only(server):
    begun = server.http.post("/api/v1/uploads", json={"file_name": "a.bin"}).json()
    address = urllib.parse.urlsplit(begun["url"])
    other = server.http.post("/api/v1/uploads", json={"file_name": "b.bin"}).json()
    swapped = begun["url"].replace(begun["id"], other["id"])
    for url in (swapped, f"{address.path}?{address.query.replace('expires=', 'expires=9')}", f"{address.path}?{address.query[:-1]}",
                address.path, f"{address.path}/../{other['id']}/file?{address.query}"):
        assert server.http.put(url, body=b"x", token=None).status in (400, 401, 403, 404), url
    assert server.http.get(begun["url"], token=None).status in (403, 404, 405), "not to read"
