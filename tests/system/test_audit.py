"""The audit log: everything that people change is in it, and whoever edits it is found out."""
import json
import random
import sqlite3

import pytest
from harness.openapi import Api
from harness.people import PASSWORD, Session, make_user

API = Api()


@pytest.fixture
def server(plain_stack):
    return plain_stack.start_server()


def entries(server, query=""):
    page = API.check(server.http.get("/api/v1/audit?limit=1000" + query), "GET", "/api/v1/audit").json()
    return page["items"]


def verdict(server):
    return API.check(server.http.get("/api/v1/audit/verification"), "GET", "/api/v1/audit/verification").json()


def test_changes_are_written_down_with_who_and_from_where(server):
    session = make_user(server, "alice", "admin")
    Session(server, "alice", "not it at all")
    made = session.post("/api/v1/tokens", json={"name": "ci", "scopes": ["devices:read"]}).json()
    session.delete(f"/api/v1/tokens/{made['id']}")
    log = entries(server)
    assert [entry["sequence"] for entry in log] == list(range(len(log), 0, -1))
    actions = [(entry["actor"], entry["action"]) for entry in reversed(log)]
    assert actions == [("token:admin", "user.create"), ("anonymous", "session.create"), ("user:alice", "user.password"),
                       ("anonymous", "session.create"), ("anonymous", "session.refuse"), ("user:alice", "token.create"),
                       ("user:alice", "token.revoke")]
    assert {entry["address"] for entry in log} == {"127.0.0.1"}
    text = json.dumps(log)
    assert PASSWORD not in text and made["token"] not in text and "argon2" not in text
    assert [entry["action"] for entry in entries(server, "&action=token.")] == ["token.revoke", "token.create"]
    assert len(entries(server, "&actor=user%3Aalice")) == 3
    # What was refused left nothing but its refusal.
    before = len(log)
    assert session.post("/api/v1/users", json={"name": "alice", "password": PASSWORD, "roles": []}).status == 409
    assert len(entries(server)) == before


def test_pages_join_up(server):
    for number in range(7):
        server.http.post("/api/v1/tokens", json={"name": f"t{number}"})
    seen, cursor = [], ""
    while cursor is not None:
        page = server.http.get(f"/api/v1/audit?limit=3&cursor={cursor}").json()
        seen += [entry["sequence"] for entry in page["items"]]
        cursor = page.get("next")
    assert seen == list(range(7, 0, -1))


def test_the_command_verifies_a_server_and_an_export(plain_stack, server, programs):
    for number in range(20):
        assert server.http.post("/api/v1/tokens", json={"name": f"t{number}"}).status == 201
    stratus = plain_stack.stratus
    said = json.loads(stratus("audit", "verify", "--json"))
    assert said["sound"] and said["sequence"] == 20
    head = f"{said['sequence']}:{said['hash']}"
    export = programs.path("audit.jsonl")
    stratus("audit", "export", export)
    lines = export.read_text().splitlines()
    assert len(lines) == 20
    stratus("audit", "verify", export, "--head", head)
    assert "token.create" in stratus("audit", "list", "--limit", "3")

    def refused(text, *options):
        export.write_text(text)
        done = stratus("audit", "verify", export, *options, check=False)
        assert done.returncode != 0
        return done.stderr

    assert "entry 20" in refused("\n".join(lines[:-1]) + "\n", "--head", head)
    assert "torn" in refused("\n".join(lines)[:-5])
    rng = random.Random(3)
    for _ in range(10):
        at = rng.randrange(20)
        entry = json.loads(lines[at])
        key = rng.choice(["actor", "action", "object", "detail", "request", "address"])
        entry[key] += "x"
        assert f"entry {at + 1}:" in refused("\n".join([*lines[:at], json.dumps(entry), *lines[at + 1:]]) + "\n")
    assert "entry 7" in refused("\n".join([*lines[:5], lines[6], lines[5], *lines[7:]]) + "\n")
    stratus("audit", "verify")  # the server itself was not touched


@pytest.mark.parametrize("edit, entry", [
    ("UPDATE audit SET object = 'token:other' WHERE sequence = 4", 4),
    ("DELETE FROM audit WHERE sequence = 4", 5),
    ("DELETE FROM audit WHERE sequence > 6", 7),
    ("UPDATE audit SET time_ms = time_ms - 1000000 WHERE sequence = 6", 6),
    ("UPDATE audit SET detail = '{}' WHERE sequence = 8", 8),
])
def test_direct_edits_of_the_database_are_named(plain_stack, server, edit, entry):
    for number in range(8):
        server.http.post("/api/v1/tokens", json={"name": f"t{number}"})
    assert verdict(server)["sound"] is True
    with sqlite3.connect(server.data / "catalogue.db", timeout=30) as database:
        database.execute(edit)
    said = verdict(server)
    assert said["sound"] is False and f"entry {entry}:" in said["problem"], said
    done = plain_stack.stratus("audit", "verify", check=False)
    assert done.returncode == 1 and f"entry {entry}:" in done.stderr


def test_a_killed_server_keeps_each_change_with_its_entry(plain_stack, server):
    """kill -9 among changes: what was acknowledged is there, and its entry too; nothing is there without one."""
    acknowledged = []
    for round_number in range(3):
        for number in range(5):
            name = f"r{round_number}n{number}"
            assert server.http.post("/api/v1/tokens", json={"name": name}).status == 201
            acknowledged.append(name)
        server.program.kill()
        server = plain_stack.start_server(name=f"again{round_number}", data=server.data)
    tokens = {one["id"]: one["name"] for one in server.http.get("/api/v1/tokens").json()["items"]}
    assert set(acknowledged) <= set(tokens.values())
    assert {entry["object"].split(":")[1] for entry in entries(server, "&action=token.create")} == set(tokens)
    assert verdict(server)["sound"] is True
