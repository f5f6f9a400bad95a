"""Two servers on one PostgreSQL: users, revocations and the audit log are the same for both."""
import concurrent.futures

import pytest
from harness import wait_until
from harness.http import HttpClient
from harness.people import PASSWORD, Session, make_user
from harness.postgres import Postgres, installed

pytestmark = pytest.mark.skipif(not installed(), reason="postgresql-15 is not installed")


@pytest.fixture
def pair(plain_stack, programs):
    database = Postgres(programs)
    servers = []
    for name in ("one", "two"):
        config = programs.path(f"{name}.toml")
        config.write_text(f'database = "{database.url}"\n')
        servers.append(plain_stack.start_server(name=name, options=["--config", config]))
    return database, *servers


def test_both_know_the_same_people(pair):
    _, one, two = pair
    session = make_user(one, "alice", "operator")
    assert Session(two, "alice", PASSWORD).get("/api/v1/me").json()["name"] == "alice"
    made = session.post("/api/v1/tokens", json={"name": "ci"}).json()
    there = HttpClient(two.url, token=made["token"])
    assert there.get("/api/v1/devices").status == 200
    assert session.delete(f"/api/v1/tokens/{made['id']}").status == 204
    assert HttpClient(one.url, token=made["token"]).get("/api/v1/me").status == 401
    # The other server believes what it knew for 5 s at most.
    wait_until(lambda: there.get("/api/v1/devices").status == 401, 10, what="the revocation to reach the other server")


def test_a_repeated_request_may_reach_either(pair):
    _, one, two = pair
    body = {"name": "dave", "password": PASSWORD, "roles": ["viewer"]}

    def add(server):
        return server.http.post("/api/v1/users", json=body, headers={"Idempotency-Key": "dave"})

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(add, [one, two] * 4))
    # Who comes at the very same moment may be told to try again; nobody is told of another user.
    assert {answer.status for answer in answers} <= {201, 409, 503}
    assert len({answer.body for answer in answers if answer.status == 201}) == 1
    assert add(one).body == add(two).body
    assert [user["name"] for user in one.http.get("/api/v1/users").json()["items"]] == ["dave"]


def test_both_write_one_chain(pair):
    database, one, two = pair

    def work(number):
        server = (one, two)[number % 2]
        return server.http.post("/api/v1/tokens", json={"name": f"t{number}"}).status

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(work, range(60)))
    assert set(statuses) <= {201, 503}
    for server in (one, two):
        said = server.http.get("/api/v1/audit/verification").json()
        assert said["sound"] and said["sequence"] == statuses.count(201)
    assert int(database.sql("SELECT COUNT(*) FROM audit", "fleet")) == statuses.count(201)
    database.sql("UPDATE audit SET actor = 'user:nobody' WHERE sequence = 9", "fleet")
    assert "entry 9:" in two.http.get("/api/v1/audit/verification").json()["problem"]
