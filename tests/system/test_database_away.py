"""PostgreSQL dies under a server: said at once, nothing acknowledged lost, and back by itself."""
import pytest
from harness import wait_until
from harness.postgres import Postgres, installed

pytestmark = pytest.mark.skipif(not installed(), reason="postgresql-15 is not installed")


def test_a_dead_database_is_said_and_comes_back(plain_stack, programs):
    database = Postgres(programs)
    server = plain_stack.start_server(config=f'database = "{database.url}"')
    kept = []

    def add(name):
        answer = server.http.post("/api/v1/devices", json={"id": name})
        if answer.status == 201:
            kept.append(name)
        return answer.status

    for number in range(3):
        assert add(f"d{number}") == 201
        database.crash()
        wait_until(lambda: server.http.get("/healthz").status == 503, what="the server to say so")
        assert add(f"away{number}") in (500, 503) and server.http.get("/api/v1/devices").status in (500, 503)
        assert server.program.running()
        database.start()
        wait_until(lambda: server.http.get("/healthz").status == 200, 60, what="the server to find it again")
        assert all(server.http.get(f"/api/v1/devices/{name}").status == 200 for name in kept)
    assert add("after") == 201
