"""A site as an operator has it: a server, a gateway with a broker, simulated devices behind both, and releases in every state.

`python3 tests/console/showcase.py` starts one and keeps it until Ctrl-C, for working on the console:
`STRATUS_SERVER=URL npm run dev` in web/ then shows the pages as they are being written.
"""
import json
import pathlib
import random
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent), str(pathlib.Path(__file__).resolve().parent)]
from harness import BIN, Programs, Stack, wait_until  # noqa: E402
from harness.identity import make_code  # noqa: E402
from harness.people import make_user  # noqa: E402
from harness.registry import Registry, digest_of  # noqa: E402
from harness.simulator import Simulation  # noqa: E402

from parts import push_content, push_firmware, png  # noqa: E402

PASSWORD = "a long enough secret"
REGIONS = {"seoul": "서울 · Seoul", "busan": "부산 · Busan", "jeju": "제주 · Jeju"}
GROUPS = {"pilot": "Pilot", "stores": "Stores", "stations": "Stations"}
IMAGE = "signage/player"

# What the devices are: 3/10 behind the gateway, some that do not bear version 2.1, some slow.
FLEETS = {
    "gateway": [("store-s", 6, "seoul", "stores", {})],
    "direct": [("pilot-", 2, "seoul", "pilot", {}),
               ("store-b", 4, "busan", "stores", {}),
               ("station-", 6, "busan", "stations", {}),
               ("station-j", 1, "jeju", "stations", {"fail_fraction": 1, "fail_version": "2.1", "fail_how": "failed"}),
               ("frail-", 1, "jeju", "stations", {"fail_fraction": 1, "fail_version": "2.1"})]}


class Site:
    """`scale`: 1 has 20 devices; the mix is the same at any size."""

    def __init__(self, stack, scale=1):
        self.stack, self.programs, self.scale = stack, stack.programs, scale
        self.case = Simulation(stack, IMAGE)
        self.server, self.http = self.case.server, self.case.server.http
        self.programs_of, self.sizes = {}, {}

    @property
    def devices(self):
        return sum(count for fleet in FLEETS.values() for _, count, *_ in fleet) * self.scale

    def people(self):
        make_user(self.server, "ann", "admin", password=PASSWORD)
        make_user(self.server, "minji.kim", "operator", password=PASSWORD)
        return {"name": "ann", "password": PASSWORD}

    def places(self):
        for kind, names in (("regions", REGIONS), ("groups", GROUPS)):
            for code, name in names.items():
                made = self.http.post(f"/api/v1/{kind}", json={"code": code, "name": name})
                assert made.status == 201, made

    def release(self, version, shared=700_000, own=60_000):
        """Two layers: one that all versions share, one of this version."""
        registry = Registry(self.http, IMAGE)
        manifest = registry.push_files([
            {"usr/lib/player.so": random.Random(1).randbytes(shared)},
            {"app/main.js": random.Random(version).randbytes(own), "app/VERSION": version.encode()}], version)
        done = self.http.put(f"/api/v1/releases/{urllib.parse.quote(IMAGE, safe='')}/versions/{version}", json={"digest": digest_of(manifest)})
        assert done.status == 200, done
        layers = [layer["size"] for layer in json.loads(manifest)["layers"]]
        self.sizes[version] = sum(layers), layers[-1]  # whole, and its own part

    def start_gateway(self):
        code = make_code(self.server, kind="gateway", device="gw-seoul", names=["localhost", "127.0.0.1"])
        self.gateway = self.stack.start_gateway(self.server.url.replace("http:", "https:"), self.server.ca, name="gw-seoul", options=[
            "--enrol-code", code, "--mqtt-listen", "127.0.0.1:0", "--mqtt-upstream", self.server.program.ready["mqtt"],
            "--status-interval", "1"])
        return self.gateway

    def start_devices(self, *options):
        """All fleets, enrolled and connected; those of the gateway know its address only."""
        for name, fleets in FLEETS.items():
            lines = []
            for prefix, count, region, group, more in fleets:
                count *= self.scale
                lines.append("[[fleet]]\n" + "\n".join(f"{key} = {json.dumps(value)}" for key, value in {
                    "prefix": prefix, "count": count, "region": region, "group": group, **more}.items()))
                self.case.enrol(count, "--prefix", prefix, "--region", region, "--group", group)
            file = self.programs.path(f"{name}.toml")
            file.write_text("\n".join(lines) + "\n")
            behind = ["--server", self.gateway.url, "--ca", self.gateway.ca, "--broker", self.gateway.program.ready["mqtt"]] if name == "gateway" else []
            self.programs_of[name] = self._run(name, file, behind, options)
        wait_until(lambda: self.http.get("/api/v1/overview").json()["devices"]["health"]["online"] >= self.devices, 120,
                   what="every device to be online")

    def _run(self, name, file, behind, options):
        words = {"--server": self.server.url, "--ca": self.server.ca, "--broker": self.server.program.ready["mqtt"],
                 "--identities": self.case.identities, "--token-file": self.server.token_file, "--image": IMAGE}
        words.update(zip(behind[::2], behind[1::2]))
        program = self.programs.start(f"sim-{name}", [
            BIN / "stratus-sim", "run", *(str(word) for pair in words.items() for word in pair), "--fleets", file,
            "--metrics-interval", "2", "--progress-interval", "0.3", *options])
        program.wait_ready(300)
        return program

    def rollout(self, version, **spec):
        return self.case.rollout(version, targets={"groups": list(GROUPS)}, **spec)

    def wait(self, rollout, *states, seconds=240):
        return self.case.wait_rollout(rollout, *states, seconds=seconds)

    def updated(self):
        """Version 2.0 everywhere; 2.1 in waves, halted by the third one's gate, resumed to its end."""
        for version in ("2.0", "2.1", "2.2"):
            self.release(version)
        first = self.rollout("2.0", title="Player 2.0")
        self.wait(first, "completed")
        second = self.rollout("2.1", title="Player 2.1: 봄맞이 화면", retries=0, waves=[
            {"groups": ["pilot"]}, {"groups": ["stores"]}, {"groups": ["stations"], "success_percent": 90, "failure_percent": 10}])
        self.wait(second, "paused", "completed")
        return {"done": first, "halted": second}

    def artifacts(self):
        parts = {"assets": ("assets.img", bytes(200_000)), "configuration": ("settings.img", b"volume=3")}
        firmware = [push_firmware(self.server, "panel/main", version, data=random.Random(version).randbytes(500_000), parts=also,
                                  file_name="panel.img", notes=f"## {version}\n\n- faster start\n- clock keeps its time")
                    for version, also in (("1.8.0", None), ("1.9.0", parts))]
        colours = {"Spring sale": (74, 139, 92), "여름 세일": (201, 103, 47), "New menu": (52, 92, 160)}
        content = [push_content(self.server, title, png(self.programs.path("c.png"), 800, 480, colour).read_bytes())
                   for title, colour in colours.items()]
        return {"firmware": firmware[-1], "content": content[0]}

    def schedule(self, title, days=1, **spec):
        """A rollout that starts tomorrow, or later."""
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + days * 86_400))
        return self.rollout("2.2", title=title, start_at=at, **spec)

    def fleet(self, prefix):
        return next(count for fleets in FLEETS.values() for name, count, *_ in fleets if name == prefix) * self.scale

    def world(self):
        """What journeys need to know of it, as it has to be after updated()."""
        return {"devices": self.devices, "direct": self.devices - self.fleet("store-s"), "wentBack": self.fleet("station-j") + self.fleet("frail-"),
                "failed": "frail-00001", "healthy": "pilot-00001", "next": f"{IMAGE}:2.2"}


def main():
    with Programs("stratus-site-") as programs:
        stack = Stack(programs, plain=False)
        site = Site(stack, int(sys.argv[1]) if len(sys.argv) > 1 else 12)
        user = site.people()
        site.places()
        site.start_gateway()
        started = time.monotonic()
        site.start_devices("--bandwidth", "400KiB", "--install-time", "0.5")
        print(f"{site.devices} devices after {time.monotonic() - started:.1f} s", flush=True)
        parts = site.artifacts()
        rollouts = site.updated()
        print(json.dumps({"url": site.server.url, "ca": str(site.server.ca), "token": str(site.server.token_file), "user": user, **parts,
                          **rollouts}), flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
