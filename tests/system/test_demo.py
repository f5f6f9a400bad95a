"""./dev demo keeps its promises: its figures, what it says to try next, and nothing left when it ends."""
import json
import os
import re
import signal
import subprocess
import sys

import pytest

from harness import HttpClient, Machine, ROOT, wait_until
from harness.mcu_fleet import builder, needs_tools, one_board  # noqa: F401  fixtures

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="devices start confined processes, which needs root")
KINDS = ("full", "layers", "delta")
FIGURES = {"server_gateway_bytes", "gateway_device_bytes", "seconds_to_running", "downtime_ms"}


# Stands for what takes a minute; the rest of the program is the real one. The server is there to be left behind.
BEGIN_ONLY = """
import sys
sys.path.insert(0, {tools!r})
import demo
def begin(it):
    it.stack.start_server()
    it.trees = {{"1": it.programs.directory}}
    rows = {{kind: dict(server_gateway_bytes=1, gateway_device_bytes=1, seconds_to_running=1, downtime_ms=0) for kind in ("full", "layers", "delta")}}
    return dict(rows, rollback=dict(returned={returned}, seconds=1, reason="x", downtime_ms=0), gateway=dict(seconds=1, downtime_ms=1),
                fleet=dict(devices=1, updated=1, returned=0, begun_beyond_the_pause={beyond})), None, []
demo.run = begin
sys.exit(demo.main())
"""


@pytest.fixture
def machine():
    with Machine() as watched:
        yield watched


def run_demo(directory, *options, script=None, output=subprocess.PIPE):
    words = ["-c", script] if script else [ROOT / "tools" / "demo.py"]
    return subprocess.Popen([sys.executable, *words, *options], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                            text=True, env=dict(os.environ, TMPDIR=str(directory)), start_new_session=True)


def interrupt(demo):
    """Ctrl-C: the signal goes to everything that the terminal's command started."""
    os.killpg(demo.pid, signal.SIGINT)


def end(demo):
    """When a test fails in the middle, the demo cleans up after itself all the same."""
    if demo.poll() is None:
        interrupt(demo)
        try:
            demo.wait(60)
        except subprocess.TimeoutExpired:
            demo.kill()


def shell(script, home):
    done = subprocess.run(["bash", "-ec", script], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL,
                          env=dict(os.environ, HOME=str(home)))
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


def check_figures(figures):
    for kind in KINDS:
        assert FIGURES <= set(figures[kind])
        assert figures[kind]["seconds_to_running"] > 0 and figures[kind]["downtime_ms"] >= 0
    upstream = {kind: figures[kind]["server_gateway_bytes"] for kind in KINDS}
    onward = {kind: figures[kind]["gateway_device_bytes"] for kind in KINDS}
    # 20 KB changed; the file they are in has 3.8 MB, the image 66.
    assert 20_000 < upstream["delta"] < 60_000
    assert 5 * upstream["delta"] < upstream["layers"]
    assert 5 * upstream["layers"] < upstream["full"]
    # Once per site: the second device costs nothing upstream. (Small things, like reports and a new connection, do travel per
    # device; beside a delta they weigh something.)
    for kind in KINDS:
        assert upstream[kind] < (0.75 if kind == "delta" else 0.6) * onward[kind], kind
    assert figures["rollback"]["returned"] is True
    assert figures["rollback"]["seconds"] > 0
    assert figures["rollback"]["reason"]
    # The gateway's own software: stop-first, so it was away for a moment, and came back before its agent reported.
    assert 0 < figures["gateway"]["downtime_ms"] < 1000 * figures["gateway"]["seconds"]
    fleet = figures["fleet"]
    assert (fleet["devices"], fleet["updated"], fleet["returned"]) == (50, 47, 3)
    assert fleet["paused"] and fleet["cause"].startswith("gate of wave 1") and fleet["begun_beyond_the_pause"] == 0


def test_demo_measures_then_goes_on_and_what_it_suggests_works(tmp_path, machine):
    scratch, report, log = tmp_path / "scratch", tmp_path / "demo.json", tmp_path / "output"
    scratch.mkdir()
    with open(log, "w") as output:
        demo = run_demo(scratch, "--json", report, output=output)
    try:
        wait_until(lambda: "\nLogs: " in log.read_text() or demo.poll() is not None, 900, what="the demo to say what to try next")
        assert demo.poll() is None, log.read_text()
        told = log.read_text()
        for words in ("full image", "changed layers", "delta", "server → gateway", "down-time", "goes on running until Ctrl-C"):
            assert words in told
        check_figures(json.loads(report.read_text()))
        try_what_it_says(told.split("goes on running until Ctrl-C")[1], tmp_path)
        assert demo.poll() is None
        interrupt(demo)
        assert demo.wait(120) == 0, log.read_text()
    finally:
        end(demo)
    assert "Stopping everything." in log.read_text()
    assert machine.leftovers(scratch) == []


def try_what_it_says(told, home):
    """Every command that the demo prints, as it stands there."""
    lines = [line.strip() for line in told.splitlines() if line.startswith("  ")]
    [console], [export], [curl] = ([line for line in lines if line.startswith(word)] for word in ("https://", "export ", "curl "))
    change = [line for line in lines if line.startswith("echo 4 >") or " publish shop:4 " in line]
    lists = [line for line in lines if line.endswith(("stratus releases", "stratus devices"))]
    kill = re.search(r"\((kill -9 \d+)\)", told).group(1)
    assert len(change) == len(lists) == 2, told
    ca = re.search(r"STRATUS_CA=(\S+)", export).group(1)
    page = HttpClient(console.split("/     ")[0], ca).get("/")
    assert page.status == 200 and b"<html" in page.body
    releases, devices = (shell(f"{export}\n{line}", home) for line in lists)
    assert "shop:2" in releases and "device-1" in devices and "device-2" in devices
    versions = re.compile(r'"version": "(\d+)"')
    assert versions.findall(shell(curl, home)) == ["2", "2"]
    shell("\n".join([export, *change]), home)
    wait_until(lambda: versions.findall(shell(curl, home)) == ["4", "4"], 120, what="both devices to run version 4")
    shell(kill, home)
    assert versions.findall(shell(curl, home)) == ["4", "4"]


@pytest.mark.parametrize("returned, beyond, status", [(True, 0, 0), (False, 0, 1), (True, 2, 1)], ids=["well", "stayed", "leaked"])
def test_once_ends_by_itself_and_its_status_says_how(tmp_path, machine, returned, beyond, status):
    scratch, report = tmp_path / "scratch", tmp_path / "demo.json"
    scratch.mkdir()
    demo = run_demo(scratch, "--once", "--json", report,
                    script=BEGIN_ONLY.format(tools=str(ROOT / "tools"), returned=returned, beyond=beyond))
    try:
        output, _ = demo.communicate(timeout=120)
    finally:
        end(demo)
    assert demo.returncode == status, output
    assert set(json.loads(report.read_text())) >= {*KINDS, "rollback", "gateway", "fleet"}
    assert ("DID NOT GO BACK" in output) is not returned and "Ctrl-C" not in output
    assert machine.leftovers(scratch) == []


@needs_tools
@one_board
def test_demo_of_a_microcontroller(tmp_path, builder, machine):  # noqa: F811  `builder` says whether firmware can be built here
    scratch, report = tmp_path / "scratch", tmp_path / "demo.json"
    scratch.mkdir()
    demo = run_demo(scratch, "--mcu", "--once", "--json", report)
    try:
        output, _ = demo.communicate(timeout=900)
    finally:
        end(demo)
    assert demo.returncode == 0, output
    figures = json.loads(report.read_text())
    assert figures["kind"] == "mcu" and figures["cancel"]["cancelled"]
    assert 4 * figures["delta"]["gateway_device_bytes"] < figures["full"]["gateway_device_bytes"]
    assert figures["bad"]["returned"] and figures["bad"]["trials"] == 3 and "trial_failed" in figures["bad"]["reason"]
    assert machine.leftovers(scratch) == []


def test_interrupted_demo_leaves_nothing(tmp_path, machine):
    demo = run_demo(tmp_path)
    try:
        # Interrupted in the middle, when devices run.
        wait_until(lambda: [p for p in tmp_path.glob("stratus-demo-*/logs/delta-*.log")] or
                   [p for p in tmp_path.glob("stratus-demo-*/logs/full-2.log")] or demo.poll() is not None, 240,
                   what="the demo to start its devices")
        assert demo.poll() is None, demo.stdout.read()
        interrupt(demo)
        output, _ = demo.communicate(timeout=60)
    finally:
        end(demo)
    assert "Stopping everything." in output
    assert machine.leftovers(tmp_path) == []
