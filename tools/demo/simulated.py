"""The demo's fleet: 50 simulated devices, a rollout in two waves of which the first fails its gate, is paused and resumed."""
import random
import sys
import time

from harness.simulator import Simulation

FLEETS = """
[[fleet]]                 # the first wave: a test group, in which three devices do not bear the new version
prefix = "test-"
count = 7
group = "test"
[[fleet]]
prefix = "frail-"
count = 3
group = "test"
fail_fraction = 1
fail_version = "2"
[[fleet]]
prefix = "shop-"
count = 40
group = "shops"
"""
DEVICES, TEST_GROUP, FRAIL = 50, 10, 3
BAR = 40


class Fleet:
    def __init__(self, demo):
        self.demo, self.case = demo, Simulation.beside(demo.stack, demo.server, "sign")
        self.http = demo.server.http

    def start(self):
        """Enrols and connects the devices; seconds until all are there."""
        for code in ("test", "shops"):
            made = self.http.post("/api/v1/groups", json={"code": code, "name": code})
            assert made.status == 201, made
        fleets = self.demo.programs.path("fleets.toml")
        fleets.write_text(FLEETS)
        self.case.release("1", random.Random(1).randbytes(300_000))
        started = time.monotonic()
        # Slow links, so that there is something to see.
        self.devices = self.case.start(None, "--fleets", fleets, "--bandwidth", "200KiB", "--progress-interval", "0.3",
                                       "--metrics-interval", "5")
        return time.monotonic() - started

    def watch(self, rollout, state, seconds=90):
        """Shows how far it is, several times a second, until the rollout is in that state and nothing is under way."""
        shown_at, last, live = 0, "", sys.stdout.isatty() and not self.demo.quiet
        deadline = time.monotonic() + seconds
        while True:
            shown = self.case.show(rollout)
            counts = shown["counts"]
            good, bad = counts["success"], counts["failed"] + counts["rolled_back"] + counts["timeout"]
            busy = counts["downloading"] + counts["installing"] + counts["requested"]
            over = shown["state"] == state and busy == 0  # what was told before a pause goes on to its end
            if over or time.monotonic() - shown_at > (0.2 if live else 1):
                shown_at = time.monotonic()
                bar = ("█" * (BAR * good // DEVICES) + "x" * -(-BAR * bad // DEVICES) + "▒" * (BAR * busy // DEVICES)).ljust(BAR, "·")[:BAR]
                line = f"    {bar} {good:>2} updated, {bad} returned, {busy:>2} under way, {counts['waiting']:>2} waiting: {shown['state']}"
                if not self.demo.quiet and (line != last or over):
                    last = line
                    print(("\r\033[K" if live else "") + line, end="" if live and not over else "\n", flush=True)
            if over:
                return shown
            if time.monotonic() > deadline:
                raise TimeoutError(f"the rollout is {shown['state']} after {seconds} s")
            time.sleep(0.1)

    def run(self):
        """What it came to: for the JSON."""
        figures = {"devices": DEVICES, "seconds_to_enrol_and_connect": round(self.start(), 3)}
        self.demo.say(f"    {DEVICES} devices enrolled with one-time codes and connected in {figures['seconds_to_enrol_and_connect']:.1f} s")
        self.demo.say("    version 1 to everybody:")
        first = self.case.rollout("1", targets={"groups": ["test", "shops"]}, title="sign 1")
        self.watch(first, "completed")
        self.case.release("2", random.Random(2).randbytes(300_000))
        waves = [{"groups": ["test"], "success_percent": 90, "failure_percent": 10}, {"groups": ["shops"], "success_percent": 90, "failure_percent": 10}]
        self.demo.say("    version 2 in two waves: the test group of 10, then 40 shops; the gate allows 10 % of a wave to fail:")
        started = time.monotonic()
        second = self.case.rollout("2", targets={"groups": ["test", "shops"]}, waves=waves, title="sign 2", expires_s=600)
        paused = self.watch(second, "paused")
        beyond = sum(state not in ("waiting", "cancelled") for device, state in self.states(second).items() if device.startswith("shop-"))
        self.demo.say(f"    paused by itself: {paused['cause']}; of the shops {beyond} have begun\n    resumed by the operator:")
        resumed = self.http.post(f"/api/v1/rollouts/{second}/resume", json={})
        assert resumed.status == 200, resumed
        done = self.watch(second, "completed")
        figures.update(paused=True, cause=paused["cause"], begun_beyond_the_pause=beyond, updated=done["counts"]["success"],
                       returned=done["counts"]["rolled_back"], seconds=round(time.monotonic() - started, 3))
        return figures

    def states(self, rollout):
        listed = self.http.get(f"/api/v1/rollouts/{rollout}/devices?limit=1000").json()["items"]
        return {one["device"]: one["state"] for one in listed}
