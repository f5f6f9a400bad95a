"""Firmware by a plug-in: a pair of file slots, its health check, the automatic return, power cuts."""
import json
import os
import subprocess
import time

import pytest
from harness import AgentCase, wait_until
from harness.paths import ROOT
from harness.proxy import CountingProxy

LONG = bool(os.environ.get("STRATUS_LONG"))
PLUGIN = ROOT / "examples" / "firmware-plugin" / "ab-file-slots"
# Well unless the firmware says otherwise; notes each look.
CHECK = """#!/bin/sh
cd "$(dirname "$0")"
if grep -q "unwell firmware" current; then echo "the board does not answer"; exit 1; fi
"""


class Board(AgentCase):
    def __init__(self, programs, **options):
        self.slots = programs.path("board")
        self.slots.mkdir()
        check = self.slots / "check"
        check.write_text(CHECK)
        check.chmod(0o755)
        super().__init__(programs, poll=0.2, options={"firmware.board": {
            "program": [str(PLUGIN), str(self.slots)], "probation": 0.3, "interval": 0.05, "start_time": 1, **options}})
        self.publish(1)

    def push(self, version, data, sign=True):
        file = self.programs.path(f"board-{version}.bin")
        file.write_bytes(data)
        key = ["--sign-key", self.private] if sign else []
        return json.loads(self.stack.stratus("--json", "firmware", "push", f"board:{version}", file, *key))

    def roll_out(self, version, **spec):
        made = self.server.http.post("/api/v1/rollouts", json={
            "contents": [{"name": "firmware/board", "version": version}], "targets": {"devices": ["device-1"]}, **spec})
        assert made.status == 201, made
        return made.json()["id"]

    def device_in(self, rollout):
        return self.server.http.get(f"/api/v1/rollouts/{rollout}/devices").json()["items"][0]

    def wait_end(self, rollout, state, seconds=30):
        wait_until(lambda: self.device_in(rollout)["state"] == state, seconds,
                   what=f"the device to be {state}\n{self.device_in(rollout)}\n{self.describe()}")
        return self.device_in(rollout)

    def runs(self):
        current = self.slots / "current"
        return current.read_bytes() if current.exists() else None

    def firmware(self):
        return self.status()["firmware"]["board"]


@pytest.fixture
def board(programs):
    board = Board(programs)
    yield board
    board.stop_all()


def test_firmware_is_installed_watched_and_confirmed(board):
    board.start()
    board.wait_committed(1)
    told = board.push("1.0", b"first" * 10_000)
    board.wait_end(board.roll_out("1.0"), "success")
    assert board.runs() == b"first" * 10_000 and not (board.slots / "pending").exists()
    board.push("1.1", b"second" * 10_000)
    board.wait_end(board.roll_out("1.1"), "success")
    assert board.runs() == b"second" * 10_000 and (board.slots / "slot-a").exists()
    now = board.firmware()
    assert (now["current"]["version"], now["previous"]["version"], now["last"]) == ("1.1", "1.0", "committed")
    assert now["previous"]["manifest"] == told["manifest"]
    known = board.server.http.get("/api/v1/devices/device-1").json()
    assert known["name"] == "web", "the image is what the device runs"
    said = board.agent._ask("status")
    assert "firmware   board idle: 1.1 (sha256:" in said.replace("checking", "idle"), said
    kept = {path.name for path in (board.data / "firmware" / "board").iterdir()}
    assert not any(name.endswith((".bin", ".partial")) for name in kept), kept


def test_firmware_that_is_not_well_goes_back_and_is_not_tried_again(board):
    board.start()
    board.wait_committed(1)
    board.push("1.0", b"good" * 1000)
    board.wait_end(board.roll_out("1.0"), "success")
    board.push("2.0", b"unwell firmware" * 1000)
    ended = board.wait_end(board.roll_out("2.0"), "rolled_back")
    assert "the board does not answer" in ended["cause"], ended
    assert board.runs() == b"good" * 1000 and not (board.slots / "pending").exists()
    assert board.firmware()["current"]["version"] == "1.0"


def test_an_older_firmware_is_refused_without_the_journal(board):
    board.start()
    board.wait_committed(1)
    board.push("1.0", b"first" * 1000)
    board.wait_end(board.roll_out("1.0"), "success")
    board.push("1.1", b"second" * 1000)
    board.wait_end(board.roll_out("1.1"), "success")
    board.program.kill()
    (board.data / "firmware" / "board" / "journal").write_bytes(b"\0" * 300)
    board.start()
    ended = board.wait_end(board.roll_out("1.0"), "failed", 60)
    assert "older than what ran here" in ended["cause"], ended
    assert board.runs() == b"second" * 1000


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_what_another_firmware_left_behind_makes_room(board):
    board.data.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", board.data], check=True)
    try:
        board.start()
        board.wait_committed(1)
        kept = board.data / "firmware" / "board"
        for ending in (".partial", ".partial.mark", ".bin"):
            (kept / ("ab" * 32 + ending)).write_bytes(b"x" * 6_000_000)
        board.push("1.0", os.urandom(8_000_000))
        board.wait_end(board.roll_out("1.0"), "success", 60)
        assert not list(kept.glob("abab*"))
    finally:
        board.stop_all()
        subprocess.run(["umount", "-l", board.data], check=False)


def test_without_a_signature_nothing_is_installed(board):
    board.start()
    board.wait_committed(1)
    board.push("1.0", b"unsigned", sign=False)
    ended = board.wait_end(board.roll_out("1.0"), "failed")
    assert "sign" in ended["cause"] and board.runs() is None, ended


def test_a_download_goes_on_after_a_kill(programs):
    board = Board(programs)
    try:
        proxy = CountingProxy(board.server.address, rate=4_000_000)
        board.reconfigure({"": {"server": proxy.url()}})
        board.start()
        board.wait_committed(1)
        data = os.urandom(6_000_000)
        board.push("1.0", data)
        before = proxy.snapshot()["down"]
        rollout = board.roll_out("1.0")
        wait_until(lambda: board.firmware()["transfer"]["bytes"] > 2_000_000, what="a part to have come")
        now = board.firmware()["transfer"]
        assert now["total"] == 6_000_000 and 0 < now["percent"] < 100 and now["speed"] > 0 and now["eta_s"] > 0, now
        board.restart()
        board.wait_end(rollout, "success")
        assert board.runs() == data
        assert proxy.snapshot()["down"] - before < 6_000_000 * 1.25, "what had come was not fetched again"
    finally:
        board.stop_all()


def test_killed_anywhere_one_whole_firmware_runs(board):
    board.start()
    board.wait_committed(1)
    whole = {f"{number}.0": f"version {number} ".encode() * 20_000 for number in range(1, 5 if not LONG else 30)}
    board.push("1.0", whole["1.0"])
    board.wait_end(board.roll_out("1.0"), "success")
    # At most two kills an update: at the third the agent takes it for a firmware that ends it, and goes back.
    moments = [(0.0, 0.02), (0.05, 0.25), (0.1, 0.15), (0.02, 0.4)]
    for number, (version, data) in enumerate(list(whole.items())[1:]):
        board.push(version, data)
        rollout = board.roll_out(version)
        for delay in moments[number % len(moments)]:
            wait_until(lambda: board.firmware()["state"] not in ("idle", "checking")
                       or board.device_in(rollout)["state"] == "success")
            wait_until(lambda begin=time.monotonic(): time.monotonic() - begin >= delay)
            board.program.kill()
            assert board.runs() in whole.values()
            board.start()
            board.program.wait_ready()
        board.wait_end(rollout, "success")
        assert board.runs() == data


def test_a_cancelled_firmware_leaves_what_runs(programs):
    board = Board(programs)
    try:
        proxy = CountingProxy(board.server.address, rate=300_000)
        board.reconfigure({"": {"server": proxy.url()}})
        board.start()
        board.wait_committed(1)
        board.push("1.0", os.urandom(3_000_000))
        rollout = board.roll_out("1.0")
        wait_until(lambda: board.firmware()["state"] == "fetching" and board.firmware()["transfer"]["bytes"] > 0)
        board.agent._ask("cancel")
        board.wait_end(rollout, "cancelled")
        wait_until(lambda: board.firmware()["state"] == "idle")
        assert board.runs() is None and board.firmware()["last"] == "cancelled"
    finally:
        board.stop_all()
