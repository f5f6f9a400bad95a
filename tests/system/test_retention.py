"""How long things are kept: who may set it, what is removed and what stays."""
import json
import sqlite3
import time

import pytest
from harness import wait_until
from harness.events import Stream
from harness.openapi import CheckedClient
from harness.people import make_token, make_user

PATH = "/api/v1/settings/retention"
DAY = 86_400_000


@pytest.fixture
def server(plain_stack):
    server = plain_stack.start_server()
    server.checked = CheckedClient(server.http)
    return server


def days(metrics, events, history):
    return {"metrics_days": metrics, "events_days": events, "history_days": history}


def test_the_setting_is_kept_bounded_and_in_the_audit(server, plain_stack):
    first = server.checked.get(PATH)
    assert (first.status, first.json()) == (200, days(30, 90, 3650))
    for wrong in (days(0, 90, 365), days(30, 3651, 365), days(30, 90, -1), days("30", 90, 365), {"metrics_days": 30}, []):
        assert server.checked.put(PATH, json=wrong).status == 400, wrong
    changed = server.checked.put(PATH, json=days(7, 8, 9), headers={"If-Match": first.headers["ETag"]})
    assert changed.status == 200 and changed.json()["changed_by"] == "token:admin", changed
    stale = server.checked.put(PATH, json=days(1, 1, 1), headers={"If-Match": first.headers["ETag"]})
    assert stale.status == 412
    said = plain_stack.stratus("settings", "retention", "--history", "3650")
    assert "7 days" in said and "3650 days" in said and "set by token:admin" in said
    assert json.loads(plain_stack.stratus("--json", "settings", "retention"))["events_days"] == 8
    assert plain_stack.stratus("settings", "retention", "--events", "0", check=False).returncode == 2
    told = [one["detail"] for one in server.http.get("/api/v1/audit").json()["items"] if one["action"] == "settings.retention"]
    assert {"from": days(30, 90, 3650), "to": days(7, 8, 9)} in told and len(told) == 2
    server.program.kill()
    again = plain_stack.start_server()
    assert days(7, 8, 3650).items() <= again.http.get(PATH).json().items()


def test_a_change_is_told_to_who_shows_the_setting_or_the_audit(server):
    viewer = make_token(make_user(server, "vera", "viewer"))
    theirs, ours = Stream(viewer), Stream(server.http, "?topics=settings,audit")
    theirs.next(), ours.next()
    assert server.http.put(PATH, json=days(7, 8, 9)).status == 200
    told = {"setting": "retention", **days(7, 8, 9)}
    assert theirs.next()[1:] == ("settings", told), "a viewer sees the setting, not the audit"
    entry = {"action": "settings.retention", "object": "settings:retention"}
    assert [ours.next()[1:] for _ in range(2)] == [("audit", entry), ("settings", told)]
    theirs.close(), ours.close()


def put_old_rows(database, ages):
    """Of each kind one row for each age in days."""
    now = int(time.time() * 1000)
    with sqlite3.connect(database) as there:
        for age in ages:
            at = now - age * DAY
            there.execute("INSERT INTO measurements (device, kind, time_ms, received_ms, body) "
                          "VALUES ('d', 'status/system', ?, ?, '{\"cpu\":1}')", (at, at))
            there.execute("INSERT INTO device_events (device, kind, time_ms, seq, received_ms, body) VALUES ('d', 'event', ?, 1, ?, '{}')", (at, at))
            there.execute("INSERT INTO device_firmware_history (device, at_ms, name, version, digest, outcome) "
                          "VALUES ('d', ?, 'web', '1', 'sha256:1', 'committed')", (at,))
            there.execute("INSERT INTO device_content_history (device, content, version, digest, started_ms, ended_ms) "
                          "VALUES ('d', 'c', '1', 'sha256:1', ?, ?)", (at, at))
        there.execute("INSERT INTO device_content_history (device, content, version, digest, started_ms) VALUES ('d', 'shown', '1', 'sha256:1', 1)")
    there.close()


def test_what_is_older_goes_at_once_and_the_rest_stays(server, plain_stack):
    assert server.http.post("/api/v1/devices", json={"id": "d"}).status == 201
    assert server.program.stop() == 0
    put_old_rows(server.data / "catalogue.db", [1, 5, 12, 400])
    server = plain_stack.start_server()

    def kept():
        with sqlite3.connect(server.data / "catalogue.db") as there:
            count = {table: there.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
                     for table in ("measurements", "device_events", "device_firmware_history", "device_content_history")}
        there.close()
        return tuple(count.values())

    assert kept() == (4, 4, 4, 5)
    assert server.http.put(PATH, json=days(3, 10, 365)).status == 200
    wait_until(lambda: kept() == (1, 2, 3, 4), what="what is too old to be gone")
    assert server.http.put(PATH, json=days(3, 10, 7)).status == 200
    wait_until(lambda: kept() == (1, 2, 2, 3), what="the history to be shorter")
