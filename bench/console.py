"""The console in a real browser (Chromium, no GPU) while a rollout is watched.

live     the page of a rollout of which 10,000 devices change four times a second each (mark: 20 % of one core in the renderer), and of
         one with 100,000. Events have the format and the pace of stratus-server; a small program sends them, so that nothing else runs.
weight   what a browser fetches of the real server until a page stands (mark: 300 kB)

renderer: the whole process, of one core; main_thread and script are parts of it. hover_ms: from a movement of the pointer over the squares to
the frame that names the device, the slowest but two of twenty.
"""
import json
import os
import shutil
import subprocess
import sys

from harness import ROOT, Programs, Stack
from harness.people import PASSWORD, make_user

sys.path.append(str(ROOT / "tests" / "console"))
from browser import install  # noqa: E402

DESCRIPTION = "the console: 10,000 devices at 4 Hz, 100,000 tiles, bytes of the first page"
LIVE = [(10_000, 10_000), (100_000, 5_000)]
MARK_RENDERER, MARK_KB = 0.20, 300


def add_options(parser):
    parser.add_argument("--seconds", type=int, default=20, help="of watching, each (default 20)")
    parser.add_argument("--profile", action="store_true", help="also say where the time of scripts went (costs time itself)")
    parser.add_argument("--only", choices=["live", "weight"])


def run(options):
    problem = install()
    assert not problem, problem
    world = {"dist": str(ROOT / "web" / "dist"), "chromium": shutil.which("chromium"), "seconds": options.seconds,
             "playwright": str(ROOT / "tests" / "console" / "package.json"), "profile": options.profile,
             "live": [] if options.only == "weight" else [{"devices": devices, "perFlush": changes} for devices, changes in LIVE]}
    with Programs("stratus-console-") as programs:
        if options.only != "live":
            server = Stack(programs).start_server()
            make_user(server, "ann", "admin")
            world.update(server=server.url, user={"name": "ann", "password": PASSWORD})
        done = subprocess.run(["node", str(ROOT / "bench" / "browser" / "measure.mjs")], capture_output=True, text=True,
                              env=dict(os.environ, BENCH_WORLD=json.dumps(world)), timeout=600)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    result = json.loads(done.stdout)
    notes = [f"{row['devices']:,} devices: {line}" for row in result["live"] for line in row.pop("top", [])]
    for row in result["live"]:
        if row["devices"] == 10_000:
            notes.append(f"renderer {row['renderer']:.1%} of one core with 10,000 devices at 4 Hz (mark {MARK_RENDERER:.0%})")
    notes += [f"{page}: {one['kb']:.0f} kB in {one['requests']} requests (mark {MARK_KB})" for page, one in result["weight"].items()]
    return {"rows": result["live"] or [{"page": page, **one} for page, one in result["weight"].items()], "notes": notes, **result}
