"""The first administrator, signing in, users, tokens: what is allowed, what is refused, what is kept."""
import concurrent.futures
import json
import re
import sqlite3
import subprocess

import pytest
from harness import BIN
from harness.http import HttpClient
from harness.openapi import Api, CheckedClient
from harness.people import PASSWORD, Session, make_token, make_user, setup_code

API = Api()


@pytest.fixture
def server(plain_stack):
    return plain_stack.start_server()


def set_up(server, code, name="root", password=PASSWORD):
    client = HttpClient(server.url, server.ca)
    return client.post("/api/v1/setup", json={"code": code, "name": name, "password": password})


def code_of(answer):
    return answer.json()["code"]


def test_the_first_administrator_comes_with_the_printed_code(plain_stack, server):
    assert server.http.get("/api/v1/setup", token=None).json() == {"needed": True}
    code = setup_code(server)
    assert code_of(set_up(server, "AAAAA-AAAAA-AAAAA-AAAAA")) == "wrong_code"
    assert code_of(set_up(server, code, password="short")) == "weak_password"
    made = API.check(set_up(server, code), "POST", "/api/v1/setup")
    assert made.status == 201 and made.json()["roles"] == ["admin"]
    assert code_of(set_up(server, code, name="second")) == "already_done"
    assert Session(server, "root", PASSWORD).get("/api/v1/users").status == 200
    server.program.stop()
    again = plain_stack.start_server(name="again", data=server.data)
    assert "set-up code" not in again.program.log
    assert again.http.get("/api/v1/setup", token=None).json() == {"needed": False}


def test_one_of_many_parallel_set_ups_wins(server):
    code = setup_code(server)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: set_up(server, code, name=f"root{number}").status, range(8)))
    assert answers.count(201) == 1 and set(answers) <= {201, 409, 429}, answers
    assert len(server.http.get("/api/v1/users").json()["items"]) == 1


def test_a_session_lives_in_a_cookie_that_scripts_cannot_read(stack):
    server = stack.start_server()
    session = make_user(server, "alice", "viewer")
    cookie = session.answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-stratus_session=")
    assert {"HttpOnly", "Secure", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    me = API.check(session.get("/api/v1/me"), "GET", "/api/v1/me").json()
    assert (me["kind"], me["name"], me["csrf"]) == ("user", "alice", session.me["csrf"])
    assert session.delete("/api/v1/session").status == 204
    assert session.get("/api/v1/me").status == 401
    # The value is worthless to who reads the database.
    value = session.cookie.split("=")[1]
    rows = sqlite3.connect(server.data / "catalogue.db").execute("SELECT * FROM sessions").fetchall()
    assert value not in repr(rows)


def test_a_change_from_a_session_needs_its_csrf_token(server):
    session = make_user(server, "alice", "admin")
    body = {"name": "t"}
    refused = session.post("/api/v1/tokens", json=body, csrf=False)
    assert (refused.status, code_of(refused)) == (403, "csrf")
    other = make_user(server, "mallory", "viewer")
    refused = session.post("/api/v1/tokens", json=body, csrf=False, headers={"X-CSRF-Token": other.me["csrf"]})
    assert (refused.status, code_of(refused)) == (403, "csrf")
    assert session.post("/api/v1/tokens", json=body).status == 201
    # A form of another site cannot sign anybody in either.
    form = HttpClient(server.url).post("/api/v1/session", body=json.dumps({"name": "alice", "password": PASSWORD}),
                                       headers={"Content-Type": "text/plain"})
    assert form.status == 400 and form.headers["Set-Cookie"] is None


def test_guessing_is_slowed_down_and_tells_nothing(server):
    make_user(server, "alice", "viewer")
    wrong = [Session(server, name, "not it at all").answer for name in ("alice", "nobody")]
    assert [answer.status for answer in wrong] == [403, 403]
    told = [{key: value for key, value in answer.json().items() if key != "request_id"} for answer in wrong]
    assert told[0] == told[1]
    for _ in range(10):
        answer = Session(server, "alice", "not it at all").answer
    assert (answer.status, code_of(answer)) == (429, "throttled")
    # Waiting is for everybody who says that name, also with the right password.
    assert Session(server, "alice", PASSWORD).answer.status == 429
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: Session(server, "bob", "not it at all").answer.status, range(16)))
    assert statuses.count(403) <= 5 and statuses.count(429) >= 11


def test_a_password_set_by_somebody_else_allows_nothing_but_changing_it(server):
    assert server.http.post("/api/v1/users", json={"name": "carol", "password": PASSWORD, "roles": ["admin"]}).status == 201
    session = Session(server, "carol", PASSWORD)
    assert session.me["must_change_password"] is True
    refused = session.get("/api/v1/users")
    assert (refused.status, code_of(refused)) == (403, "password_change_required")
    assert code_of(session.put("/api/v1/me/password", json={"old": "x" * 12, "new": "another secret"})) == "wrong_credentials"
    elsewhere = Session(server, "carol", PASSWORD)
    assert session.put("/api/v1/me/password", json={"old": PASSWORD, "new": "another secret"}).status == 204
    assert session.get("/api/v1/users").status == 200
    assert elsewhere.get("/api/v1/me").status == 401  # other sessions have ended
    stored = sqlite3.connect(server.data / "catalogue.db").execute("SELECT password FROM users").fetchone()[0]
    assert stored.startswith("$argon2id$")


def test_a_disabled_user_is_out_at_once(server):
    session = make_user(server, "alice", "operator")
    token = make_token(session)
    assert token.get("/api/v1/devices").status == 200
    user = server.http.get("/api/v1/users").json()["items"][0]
    assert server.http.patch(f"/api/v1/users/{user['id']}", json={"disabled": True}).status == 200
    assert session.get("/api/v1/me").status == 401
    assert token.get("/api/v1/devices").status == 401
    assert Session(server, "alice", PASSWORD).answer.status == 403


def test_users_are_changed_by_version_and_the_last_administrator_stays(server):
    root = make_user(server, "root", "admin")
    (user,) = server.http.get("/api/v1/users").json()["items"]
    path = f"/api/v1/users/{user['id']}"
    shown = API.check(server.http.get(path), "GET", path)
    etag = shown.headers["ETag"]
    assert server.http.get(path, headers={"If-None-Match": etag}).status == 304
    changed = server.http.patch(path, json={"display": "루트"}, headers={"If-Match": etag})
    assert changed.status == 200 and changed.json()["display"] == "루트" and changed.headers["ETag"] != etag
    stale = server.http.patch(path, json={"display": "x"}, headers={"If-Match": etag})
    assert (stale.status, code_of(stale)) == (412, "precondition_failed")
    for change in ({"roles": ["viewer"]}, {"disabled": True}):
        assert code_of(server.http.patch(path, json=change)) == "last_admin"
    assert code_of(server.http.delete(path)) == "last_admin"
    for body in ({"roles": ["king"]}, {"roles": "admin"}, {"disabled": "yes"}, {"name": "other"}, [], {"password": "short"}):
        assert server.http.patch(path, json=body).status == 400, body
    assert root.get("/api/v1/me").status == 200
    assert code_of(server.http.post("/api/v1/users", json={"name": "root", "password": PASSWORD, "roles": []})) == "name_taken"
    for name in ("", "Root", "a b", "../x", "-a", "a" * 65):
        assert server.http.post("/api/v1/users", json={"name": name, "password": PASSWORD, "roles": []}).status == 400


def test_users_come_in_pages(server):
    for number in range(5):
        server.http.post("/api/v1/users", json={"name": f"u{number}", "password": PASSWORD, "roles": []})
    names, cursor = [], ""
    while cursor is not None:
        page = API.check(server.http.get(f"/api/v1/users?limit=2&cursor={cursor}"), "GET", "/api/v1/users").json()
        assert len(page["items"]) <= 2
        names += [user["name"] for user in page["items"]]
        cursor = page.get("next")
    assert names == [f"u{number}" for number in range(5)]
    assert code_of(server.http.get("/api/v1/users?cursor=bm9uc2Vuc2U")) == "bad_cursor"


def test_a_token_does_what_it_was_made_for_until_it_ends(server):
    session = make_user(server, "alice", "operator")
    made = API.check(session.post("/api/v1/tokens", json={"name": "ci", "scopes": ["devices:read"], "expires_in_s": 3600}),
                     "POST", "/api/v1/tokens").json()
    secret = made["token"]
    assert secret.startswith("stt_") and made["scopes"] == ["devices:read"]
    token = HttpClient(server.url, token=secret)
    assert token.get("/api/v1/devices").status == 200
    assert token.get("/api/v1/releases").status == 403
    listed = API.check(session.get("/api/v1/tokens"), "GET", "/api/v1/tokens").json()["items"]
    assert [one["id"] for one in listed] == [made["id"]] and secret not in json.dumps(listed)
    with open(server.data / "catalogue.db", "rb") as database:
        assert secret.encode() not in database.read()
    # Nobody gives away what he does not have.
    assert code_of(session.post("/api/v1/tokens", json={"name": "x", "scopes": ["people:admin"]})) == "bad_scope"
    assert code_of(token.post("/api/v1/tokens", json={"name": "x", "scopes": ["devices:write"]})) == "bad_scope"
    child = token.post("/api/v1/tokens", json={"name": "child", "expires_in_s": 86400}).json()
    assert child["expires"] == made["expires"] and child["scopes"] == ["devices:read"]
    # Who loses a role loses it in tokens too.
    user = server.http.get("/api/v1/users").json()["items"][0]
    server.http.patch(f"/api/v1/users/{user['id']}", json={"roles": []})
    assert token.get("/api/v1/devices").status == 403
    assert session.delete(f"/api/v1/tokens/{made['id']}").status == 204
    assert token.get("/api/v1/me").status == 401
    assert session.post("/api/v1/tokens", json={"name": "y", "expires_in_s": 0}).status == 400


def test_tokens_of_others_do_not_exist(server):
    alice, bob = make_user(server, "alice", "admin"), make_user(server, "bob", "operator")
    hers = alice.post("/api/v1/tokens", json={"name": "hers"}).json()
    assert bob.get("/api/v1/tokens").json()["items"] == []
    assert bob.delete(f"/api/v1/tokens/{hers['id']}").status == 404
    assert bob.get("/api/v1/tokens?all=1").status == 403
    his = bob.post("/api/v1/tokens", json={"name": "his"}).json()
    assert {one["id"] for one in alice.get("/api/v1/tokens?all=1").json()["items"]} == {hers["id"], his["id"]}
    assert alice.delete(f"/api/v1/tokens/{his['id']}").status == 204


def test_a_repeated_request_is_done_once(server):
    key = {"Idempotency-Key": "add-dave"}
    body = {"name": "dave", "password": PASSWORD, "roles": ["viewer"]}
    first = server.http.post("/api/v1/users", json=body, headers=key)
    again = server.http.post("/api/v1/users", json=body, headers=key)
    assert (first.status, again.status) == (201, 201) and first.body == again.body
    assert again.headers["Location"] == first.headers["Location"] and again.headers["Idempotency-Replayed"] == "true"
    other = server.http.post("/api/v1/users", json={**body, "name": "eve"}, headers=key)
    assert (other.status, code_of(other)) == (409, "idempotency_key_reused")
    assert [user["name"] for user in server.http.get("/api/v1/users").json()["items"]] == ["dave"]
    # A refused request is no answer to keep.
    late = {"Idempotency-Key": "late"}
    assert server.http.post("/api/v1/users", json=body, headers=late).status == 409
    assert server.http.post("/api/v1/users", json={**body, "name": "fred"}, headers=late).status == 201
    # A secret is shown once.
    made = [server.http.post("/api/v1/tokens", json={"name": "t"}, headers={"Idempotency-Key": "t"}) for _ in range(2)]
    assert made[0].status == 201 and (made[1].status, code_of(made[1])) == (409, "already_done")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: server.http.post(
            "/api/v1/users", json={**body, "name": "gina"}, headers={"Idempotency-Key": "gina"}).body, range(8)))
    assert len(set(answers)) == 1


def test_the_command_signs_in_and_out(plain_stack, server, programs):
    make_user(server, "alice", "admin")
    home = programs.path("home")
    secret = programs.path("password")
    secret.write_text(PASSWORD + "\n")

    def run(*words, check=True, **environment):
        env = {"PATH": "/usr/bin:/bin", "HOME": str(home), "STRATUS_SERVER": server.url, **environment}
        done = subprocess.run([str(BIN / "stratus"), *words], env=env, capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL)
        assert not check or done.returncode == 0, done.stderr
        return done

    assert run("whoami", check=False).returncode == 4
    assert run("login", "alice", "--password-file", str(home / "none"), check=False).returncode == 3
    run("login", "alice", "--password-file", str(secret))
    (kept,) = (home / ".config/stratus/tokens").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "alice" in run("whoami").stdout
    token = run("token", "create", "ci", "--scope", "releases:read").stdout.strip()
    assert re.fullmatch(r"stt_[0-9a-f]{64}", token)
    listed = json.loads(run("token", "list", "--json").stdout)["items"]
    assert len(listed) == 2
    run("user", "create", "bob", "--role", "viewer", "--password-file", str(secret))
    assert "bob" in run("user", "list").stdout
    assert json.loads(run("user", "set", "bob", "--disable", "--json").stdout)["disabled"] is True
    fresh = programs.path("fresh")
    fresh.write_text("quite another secret\n")
    run("user", "set", "bob", "--enable")
    run("passwd", "bob", "--old-password-file", str(secret), "--new-password-file", str(fresh))
    run("user", "delete", "bob")
    run("token", "revoke", [one["id"] for one in listed if one["name"].endswith("ci")][0])
    assert run("releases", check=False).returncode == 0
    run("logout")
    assert not kept.exists()
    assert run("whoami", check=False).returncode == 4


def test_everybody_saves_views_of_their_own(server):
    alice, bob = (CheckedClient(make_user(server, name, "viewer")) for name in ("alice", "bob"))
    late = {"query": "filter=state%3Dfailed&sort=-last_seen"}
    made = alice.put("/api/v1/me/views/devices/late%20ones%20%ED%95%9C", json=late)
    assert made.status == 200 and (made.json()["page"], made.json()["name"]) == ("devices", "late ones 한")
    assert alice.put("/api/v1/me/views/rollouts/mine", json={"query": "author=alice"}).status == 200
    assert [one["query"] for one in alice.get("/api/v1/me/views?page=devices").json()["items"]] == [late["query"]]
    assert bob.get("/api/v1/me/views").json() == {"items": []}
    assert alice.put("/api/v1/me/views/rollouts/mine", json={"query": ""}).status in (200, 400)
    assert len(alice.get("/api/v1/me/views").json()["items"]) == 2
    for path, body in (("Devices/x", late), ("devices/" + "x" * 129, late), ("devices/%ff", late), ("devices/%0a", late),
                       ("devices/x", {}), ("devices/x", {"query": "q" * 2049})):
        assert alice.put(f"/api/v1/me/views/{path}", json=body).status == 400, path
    assert bob.delete("/api/v1/me/views/rollouts/mine").status == 404
    assert alice.delete("/api/v1/me/views/rollouts/mine").status == 204
    assert [one["name"] for one in alice.get("/api/v1/me/views").json()["items"]] == ["late ones 한"]
