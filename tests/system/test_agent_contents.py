"""Display contents on a real device: a rollout brings several at once, through server and gateway, whatever is cut."""
import json
import os
import time

import pytest
from harness import AgentCase, wait_until
from harness.proxy import CountingProxy
from harness.registry import digest_of

LONG = bool(os.environ.get("STRATUS_LONG"))
PICTURE, BINARY = b"\x89PNG picture of " , b"binary of "


@pytest.fixture
def case(programs):
    case = AgentCase(programs, poll=0.2, options={"content": {"directory": str(programs.path("screen"))}})
    case.publish(1)
    yield case
    case.stop_all()


def upload(http, data, name):
    begun = http.post("/api/v1/uploads", json={"file_name": name}).json()
    assert http.put(begun["url"], body=data, token=None).status == 200
    return begun["id"]


def content(case, title, size=20_000):
    """A content; its id. The files are `size` bytes and differ with the title."""
    http = case.server.http
    files = {role: (start + title.encode()) * (size // 20 + 1) for role, start in (("original", PICTURE), ("display", BINARY))}
    made = http.post("/api/v1/content", json={"title": title, **{
        role: upload(http, data, f"{title}.{'png' if role == 'original' else 'bin'}") for role, data in files.items()}})
    assert made.status == 201, made
    return made.json()["id"]


def roll_out(case, *contents, **spec):
    made = case.server.http.post("/api/v1/rollouts", json={
        "contents": [{"name": "content", "version": one} for one in contents], "targets": {"devices": ["device-1"]}, **spec})
    assert made.status == 201, made
    return made.json()["id"]


def index(case):
    path = case.programs.path("screen") / "index.json"
    return json.loads(path.read_text()) if path.exists() else {"items": []}


def ids(case):
    return [item["id"] for item in index(case)["items"]]


def is_whole(case):
    """Every file that the index names is there with its digest; the ids."""
    now = index(case)
    for item in now["items"]:
        for file in item["files"]:
            data = (case.programs.path("screen") / file["path"]).read_bytes()
            assert (len(data), digest_of(data)) == (file["size"], file["digest"]), file
    return [item["id"] for item in now["items"]]


def state(case, rollout):
    return case.server.http.get(f"/api/v1/rollouts/{rollout}").json()["state"]


def wait_shown(case, *wanted, seconds=30):
    wait_until(lambda: ids(case) == list(wanted), seconds, what=f"{wanted} to be shown\n{case.describe()}")
    assert is_whole(case) == list(wanted)


def shown_by_server(case):
    items = case.server.http.get("/api/v1/devices/device-1/contents").json()["contents"]
    return {item["content"]: item["ended"] is None for item in reversed(items)}  # newest first


def test_several_contents_replace_what_was_shown(case):
    case.start()
    case.wait_committed(1)
    first, second, third = (content(case, title) for title in ("one", "two", "three"))
    rollout = roll_out(case, first, second)
    wait_shown(case, first, second)
    wait_until(lambda: state(case, rollout) == "completed", what="both contents to be reported")
    wait_until(lambda: shown_by_server(case) == {first: True, second: True})
    assert [file["path"].rsplit(".", 1)[1] for file in index(case)["items"][0]["files"]] == ["png", "bin"]
    old = {file["path"] for file in index(case)["items"][0]["files"]}
    rollout = roll_out(case, third, second)
    wait_shown(case, third, second)
    wait_until(lambda: state(case, rollout) == "completed")
    wait_until(lambda: shown_by_server(case) == {first: False, second: True, third: True})
    assert not any((case.programs.path("screen") / path).exists() for path in old), "what has ended takes no room"
    known = case.server.http.get("/api/v1/devices/device-1").json()
    assert (known["name"], known["running_version"]) == ("web", "1"), "the service is what the device runs"
    assert case.status()["content"]["shown"][0]["title"] == "three"
    assert "content    idle: three, two\n" in case.agent._ask("status").replace("checking", "idle")


def test_files_come_through_the_gateway_once(programs):
    case = AgentCase(programs, poll=0.2, options={"content": {"directory": str(programs.path("screen"))}})
    try:
        gateway = case.stack.start_gateway()
        case.reconfigure({"": {"server": gateway.url}})
        case.publish(1)
        case.start()
        case.wait_committed(1)
        one = content(case, "one", size=400_000)
        rollout = roll_out(case, one)
        wait_shown(case, one)
        wait_until(lambda: state(case, rollout) == "completed")
        for path in (case.programs.path("screen") / "files").iterdir():
            path.unlink()
        before = gateway.metric("stratus_gateway_upstream_received_bytes_total")
        case.restart()
        wait_until(lambda: is_whole(case) == [one], what="the files to come back")
        again = gateway.metric("stratus_gateway_upstream_received_bytes_total") - before
        assert again < 100_000, "who lost its files is told again, and gets them from the cache"
    finally:
        case.stop_all()


def test_killed_anywhere_the_old_list_or_the_new_is_whole(case):
    case.start()
    case.wait_committed(1)
    lists = [[content(case, f"{name}{number}", size=60_000) for number in range(3)] for name in "ab"]
    rollout = roll_out(case, *lists[0])
    wait_shown(case, *lists[0])
    wait_until(lambda: state(case, rollout) == "completed")
    for turn in range(1, 4 if not LONG else 20):
        wanted, old = lists[turn % 2], lists[(turn + 1) % 2]
        rollout = roll_out(case, *wanted)
        for delay in (0.0, 0.01, 0.03, 0.1):
            wait_until(lambda: case.status()["content"]["state"] in ("planned", "fetching", "installed") or ids(case) == wanted)
            wait_until(lambda begin=time.monotonic(): time.monotonic() - begin >= delay)
            case.program.kill()
            assert is_whole(case) in (wanted, old)
            case.start()
            case.program.wait_ready()
        wait_shown(case, *wanted)
        wait_until(lambda: state(case, rollout) == "completed", what="what was changed to before the kill to be told")
        wait_until(lambda: {id for id, now in shown_by_server(case).items() if now} == set(wanted))


def test_an_expired_link_is_asked_for_again(programs):
    case = AgentCase(programs, poll=0.2, options={"content": {"directory": str(programs.path("screen"))}})
    try:
        refused = []

        def spoil(request):
            # The first two requests for a file find their link ended, as it is when a download took too long.
            if b"GET /api/v1/files/" in request and len(refused) < 2:
                refused.append(request)
                return request.replace(b"expires=1", b"expires=0")
            return request

        proxy = CountingProxy(case.server.address, edit=spoil)
        case.reconfigure({"": {"server": proxy.url()}})
        case.publish(1)
        case.start()
        case.wait_committed(1)
        one = content(case, "one")
        rollout = roll_out(case, one)
        wait_shown(case, one)
        wait_until(lambda: state(case, rollout) == "completed")
        assert len(refused) == 2
    finally:
        case.stop_all()


def test_too_large_a_list_fails_and_what_is_shown_stays(case):
    case.reconfigure({"content": {"limit": 100_000}})
    case.start()
    case.wait_committed(1)
    small, large = content(case, "small"), content(case, "large", size=200_000)
    first = roll_out(case, small)
    wait_shown(case, small)
    wait_until(lambda: state(case, first) == "completed")
    rollout = roll_out(case, large)
    wait_until(lambda: state(case, rollout) == "completed")
    device = case.server.http.get(f"/api/v1/rollouts/{rollout}/devices").json()["items"][0]
    assert device["state"] == "failed" and "are allowed" in device["cause"], device
    assert is_whole(case) == [small]


def test_who_demands_signatures_shows_nothing_else(programs):
    case = AgentCase(programs, poll=0.2, options={"content": {"directory": str(programs.path("screen")), "signed": True}})
    try:
        case.publish(1)
        case.start()
        case.wait_committed(1)
        first, second = content(case, "one"), content(case, "two")
        stranger, _ = case.stack.make_key(programs.path("others"))

        def ended(*contents):
            rollout = roll_out(case, *contents)
            devices = f"/api/v1/rollouts/{rollout}/devices"
            wait_until(lambda: state(case, rollout) == "completed", what=f"an end\n{case.describe()}")
            return case.server.http.get(devices).json()["items"][0]

        refused = ended(first)
        assert refused["state"] == "failed" and "sign" in refused["cause"], refused
        case.stack.stratus("sign", f"content:{first}", "--sign-key", stranger)
        refused = ended(first)
        assert refused["state"] == "failed" and ids(case) == [], refused
        case.stack.stratus("sign", f"content:{first}", "--sign-key", case.private)
        assert ended(first)["state"] == "success"
        wait_shown(case, first)
        refused = ended(first, second)  # all of them, or none
        assert refused["state"] == "failed" and "'two'" in refused["cause"] and is_whole(case) == [first], refused
        case.stack.stratus("sign", f"content:{second}", "--sign-key", case.private)
        assert ended(second, first)["state"] == "success"
        wait_shown(case, second, first)
    finally:
        case.stop_all()
