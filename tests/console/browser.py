"""Runs the journeys of tests/console/journeys in Debian's Chromium against programs that a test started."""
import json
import os
import pathlib
import shutil
import subprocess
import threading

from harness import ROOT

HERE = pathlib.Path(__file__).resolve().parent
PICTURES = ROOT / "docs" / "images"


def install():
    """What package-lock.json pins, when it is not there; the reason why it cannot be, or nothing."""
    lock, stamp = HERE / "package-lock.json", HERE / "node_modules" / ".package-lock.json"
    if stamp.exists() and stamp.stat().st_mtime >= lock.stat().st_mtime:
        return ""
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--prefix", str(HERE)], cwd=HERE, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    return f"npm ci: {(done.stdout + done.stderr)[-3000:]}" if done.returncode else ""


class JourneyFailed(AssertionError):
    pass


class SharedBrowser:
    """One Chromium for the journeys of a test run; each has windows and a session of its own in it."""

    def __init__(self):
        self.process = None

    def address(self, chromium):
        """Of the browser, which is started when there is none (any more)."""
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(["node", str(HERE / "browser_server.mjs"), chromium], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, text=True, start_new_session=True)
            self.where = self.process.stdout.readline().strip()
            assert self.where.startswith("ws://"), f"no browser: {self.where}"
        return self.where

    def close(self):
        if self.process is None:
            return
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.process.wait()
        self.process.stdout.close()


shared = SharedBrowser()


def run_journey(name, server, answers=None, timeout=900, user=None, **world):
    """Runs journeys/NAME.mjs. `answers`: what a journey may ask for, {what: function of its values}.

    Answers what the journey said, and fails with it. STRATUS_SCREENSHOTS=1 has it write pictures to docs/images.
    """
    chromium = shutil.which("chromium")
    assert chromium, "chromium is missing: ./dev setup test"
    world.update(url=server.url, chromium=chromium, browser=shared.address(chromium), user=user or {}, failures=os.environ.get("STRATUS_FAILURES", ""),
                 pictures=str(PICTURES) if os.environ.get("STRATUS_SCREENSHOTS") == "1" else "")
    process = subprocess.Popen(["node", str(HERE / "journeys" / f"{name}.mjs")], stdin=subprocess.PIPE, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
                               env=dict(os.environ, STRATUS_WORLD=json.dumps(world)))
    end = threading.Timer(timeout, lambda: os.killpg(process.pid, 9))
    end.start()
    said = []
    try:
        for line in process.stdout:
            if line.startswith("ASK "):
                wish = json.loads(line[4:])
                answer = (answers or {})[wish.pop("what")](**wish)
                process.stdin.write(json.dumps(answer) + "\n")
                process.stdin.flush()
            else:
                said.append(line)
        code = process.wait()
    finally:
        end.cancel()
        if process.poll() is None:
            os.killpg(process.pid, 9)
            process.wait()
        process.stdin.close()
        process.stdout.close()
    if code:
        raise JourneyFailed(f"journey {name} ended with {code}\n{''.join(said)}")
    return "".join(said)
