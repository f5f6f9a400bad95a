"""./dev demo --once keeps its promises and leaves nothing behind."""
import json
import os
import pathlib
import subprocess
import sys

import pytest

from harness import ROOT, wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="devices start confined processes, which needs root")
KINDS = ("full", "layers", "delta")
FIGURES = {"server_gateway_bytes", "gateway_device_bytes", "seconds_to_running", "downtime_ms"}


def leftovers(directory):
    """Processes, mounts and control groups that name the demo's directory or came from it."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "cmdline").read_text() + os.readlink(entry / "root") + os.readlink(entry / "cwd")
            except OSError:
                continue
            if str(directory) in text:
                found.append(text.replace("\0", " "))
    mounts = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
    return found + [line for line in mounts if str(directory) in line] + [str(p) for p in directory.iterdir()]


def run_demo(directory, *options, **keywords):
    return subprocess.Popen([sys.executable, ROOT / "tools" / "demo.py", *options], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            env=dict(os.environ, TMPDIR=str(directory)), **keywords)


def test_demo_measures_three_ways_and_returns_from_a_broken_version(tmp_path):
    scratch, report = tmp_path / "scratch", tmp_path / "demo.json"
    scratch.mkdir()
    demo = run_demo(scratch, "--once", "--json", report)
    try:
        output, _ = demo.communicate(timeout=400)
    finally:
        demo.kill()
    assert demo.returncode == 0, output
    figures = json.loads(report.read_text())
    for kind in KINDS:
        assert FIGURES <= set(figures[kind])
        assert figures[kind]["seconds_to_running"] > 0 and figures[kind]["downtime_ms"] >= 0
    upstream = {kind: figures[kind]["server_gateway_bytes"] for kind in KINDS}
    onward = {kind: figures[kind]["gateway_device_bytes"] for kind in KINDS}
    # 20 KB changed; the file they are in has 3.8 MB, the image 66.
    assert 20_000 < upstream["delta"] < 60_000
    assert 5 * upstream["delta"] < upstream["layers"]
    assert 5 * upstream["layers"] < upstream["full"]
    # Once per site: the second device costs nothing upstream. (Small things, like reports, do travel per device.)
    for kind in ("full", "layers"):
        assert upstream[kind] < 0.6 * onward[kind]
    assert figures["rollback"]["returned"] is True
    assert figures["rollback"]["seconds"] > 0
    assert figures["rollback"]["reason"]
    fleet = figures["fleet"]
    assert (fleet["devices"], fleet["updated"], fleet["returned"]) == (50, 47, 3)
    assert fleet["paused"] and fleet["cause"].startswith("gate of wave 1") and fleet["begun_beyond_the_pause"] == 0
    for words in ("full image", "changed layers", "delta", "server → gateway", "down-time"):
        assert words in output
    assert leftovers(scratch) == []


def test_interrupted_demo_leaves_nothing(tmp_path):
    demo = run_demo(tmp_path, start_new_session=True)
    try:
        # Interrupted in the middle, when devices run.
        wait_until(lambda: [p for p in tmp_path.glob("stratus-demo-*/logs/delta-*.log")] or
                   [p for p in tmp_path.glob("stratus-demo-*/logs/full-2.log")] or demo.poll() is not None, 240,
                   what="the demo to start its devices")
        assert demo.poll() is None, demo.stdout.read()
        os.killpg(demo.pid, 2)
        output, _ = demo.communicate(timeout=60)
    finally:
        demo.kill()
    assert "Stopping everything." in output
    assert leftovers(tmp_path) == []
