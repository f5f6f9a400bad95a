"""./dev demo: one update travels server -> gateway -> two devices, three ways, on this machine, over TLS.

Builds an image of about 66 MB (Python, its packages, a small web service), runs version 1 on the devices, publishes version 2
in which 20 KB changed, and measures how it arrives: as a full image, as the layer that changed, as a delta. Then a broken
version 3 goes out and the devices go back by themselves; then the gateway's own software is updated while it serves. At last a
fleet of 50 simulated devices enrols, and a rollout in two waves is paused by its first gate and resumed.
Bytes are counted by proxies on both links, every one of them, both ways; down-time by asking each service all the time.
With --mcu: the same for a microcontroller, emulated by QEMU (tools/demo/microcontroller.py); root is not needed.
"""
import argparse
import json
import os
import pathlib
import signal
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tools" / "demo")]
import image  # noqa: E402
import microcontroller  # noqa: E402
from harness import BIN, CountingProxy, Programs, Stack, free_port, wait_until  # noqa: E402
from harness.people import setup_code  # noqa: E402
from probe import Prober  # noqa: E402
from simulated import Fleet  # noqa: E402

DEVICES = 2
CONSOLE_USER, CONSOLE_PASSWORD = "demo", "stratus-demo-1"  # of a server that listens on loopback only


class Device:
    """An agent with its image's service on a port of its own."""

    def __init__(self, demo, site, name, image_name, deltas):
        self.demo, self.name, self.port = demo, name, free_port()
        self.agent = demo.stack.start_agent(
            image_name, site.device_url, demo.public_key, name, site.ca, poll=3600,
            update={"order": "start-first", "probation": "2s", "deltas": deltas},
            service={"listen": [f"127.0.0.1:{self.port}"]},
            health={"exec": image.CHECK, "interval": "50ms", "start_time": "5s", "retries": 2})
        self.prober = Prober("127.0.0.1", self.port)
        demo.probers.append(self.prober)

    def answers(self, version):
        body = self.prober.last_body
        return bool(body) and json.loads(body)["version"] == version

    def wait_for(self, version, seconds=60):
        wait_until(lambda: self.answers(version), seconds, what=f"{self.name} to serve version {version}", interval=0.002)

    def stop(self):
        self.prober.stop()
        self.agent.program.end_with_descendants()


class Site:
    """A gateway between two counting proxies."""

    def __init__(self, demo, name):
        self.demo, self.name = demo, name
        self.upstream = demo.proxy(demo.server.url)
        self.gateway = demo.stack.start_gateway(self.upstream.url("https"), demo.server.ca, name=name)
        self.ca = self.gateway.ca
        self._join_devices(self.gateway.url)

    def _join_devices(self, url):
        self.downstream = self.demo.proxy(url)
        self.device_url = self.downstream.url("https")

    def reset(self):
        self.upstream.reset()
        self.downstream.reset()

    def stop(self):
        self.gateway.program.end_with_descendants()


class UpdatedSite(Site):
    """The gateway itself is an image that an agent of its own runs and updates (requirement A8)."""

    def __init__(self, demo, name):
        self.demo, self.name, self.port = demo, name, free_port()
        self.upstream = demo.proxy(demo.server.url)
        self.store = demo.programs.path(f"{name}-store")
        self.store.mkdir()
        command = ["/usr/bin/stratus-gateway", "--upstream", self.upstream.url("https"), "--upstream-ca",
                   "/etc/stratus/server.pem", "--data", "/data", "--listen", f"127.0.0.1:{self.port}"]
        self.agent = demo.stack.start_agent(
            "gateway", demo.server.url, demo.public_key, name, demo.server.ca, poll=3600,
            update={"order": "stop-first", "probation": "1s"},
            service={"args": command,
                     "volumes": [f"{self.store}:/data", f"{demo.server.ca}:/etc/stratus/server.pem:ro"]},
            health={"tcp": f"127.0.0.1:{self.port}", "interval": "20ms"})
        self.ca = wait_until(lambda: next(iter((self.store / "tls").glob("*.pem")), None), 30,
                             what="the gateway's certificate")
        self.prober = Prober("127.0.0.1", self.port, "/healthz", self.ca, interval=0.01)
        demo.probers.append(self.prober)
        wait_until(lambda: self.prober.answers, 30, what="the gateway to serve")
        self._join_devices(f"https://127.0.0.1:{self.port}")


class Demo:
    def __init__(self, programs, quiet=False):
        self.programs, self.quiet = programs, quiet
        self.probers, self.step_started = [], None
        os.environ["XDG_CACHE_HOME"] = str(programs.path("cache"))
        self.stack = Stack(programs)

    def say(self, text=""):
        if not self.quiet:
            print(text, flush=True)

    def step(self, text):
        """Prints what begins now; done() adds how long it took."""
        self.step_started = time.monotonic()
        if not self.quiet:
            print(f"  {text} ", end="", flush=True)

    def done(self, text=""):
        if not self.quiet:
            print(f"… {time.monotonic() - self.step_started:.1f} s {text}".rstrip(), flush=True)

    def proxy(self, url):
        proxy = CountingProxy(url)
        self.programs.on_close(proxy.close)
        return proxy

    def publish(self, reference, tree, *options):
        self.stack.stratus("publish", reference, tree, "--sign-key", self.private_key, "--no-deploy", *options, timeout=900)

    def deploy(self, reference):
        started = time.monotonic()
        self.stack.stratus("deploy", reference, timeout=300)
        return time.monotonic() - started

    def close(self):
        for prober in self.probers:
            prober.stop()

    # The steps of the demo, in order.

    def prepare(self):
        self.step("build the images from this machine's packages")
        self.trees = image.shop(self.programs.path("images"))
        self.gateway_trees = image.gateway(self.programs.path("images"))
        self.done(f"({image.tree_size(self.trees['1']) / 1e6:.1f} MB)")
        self.step("start the server, make a release key")
        self.server = self.stack.start_server(options=["--mqtt-listen", "127.0.0.1:0"])
        self.private_key, self.public_key = self.stack.make_key()
        self.done()
        start = ["--entrypoint", image.COMMAND[0]]
        for word in image.COMMAND[1:]:
            start += [f"--cmd={word}"]
        for name in image.ENVIRONMENT:
            start += ["--env", name]
        self.step("publish version 1 of the shop, and the gateway's own software")
        # Version 1 is not measured, so its layer is packed quickly.
        self.publish("shop:1", self.trees["1"], "--level", "3", *start)
        self.publish("shop-full:1", self.trees["1"], "--level", "3", *start)
        self.publish("gateway:1", self.gateway_trees["1"], "--entrypoint", "/usr/bin/stratus-gateway")
        for name in ("shop:1", "shop-full:1", "gateway:1"):
            self.deploy(name)
        self.done()

    def install(self, site, prefix, image_name, deltas):
        devices = [Device(self, site, f"{prefix}-{number}", image_name, deltas) for number in range(1, DEVICES + 1)]
        for device in devices:
            device.wait_for("1", 120)
        for device in devices:
            self.stack.wait_reported(device.name, "1")
        return devices

    def update(self, site, devices, version):
        """Updates the devices to `version`, which is the target already; what that cost."""
        for device in devices:
            device.prober.reset()
        site.reset()
        started = time.monotonic()
        for device in devices:
            device.agent.check()
        for device in devices:
            device.wait_for(version)
        seconds = time.monotonic() - started
        for device in devices:
            self.stack.wait_reported(device.name, version)
        # Reports travel through the gateway's queue; the counting ends when all have arrived.
        return {"server_gateway_bytes": site.upstream.total, "gateway_device_bytes": site.downstream.total,
                "seconds_to_running": round(seconds, 3),
                "downtime_ms": max(device.prober.downtime_ms() for device in devices)}

    def roll_back(self, devices):
        """A broken version: how long until every device is known to be back, and why."""
        for device in devices:
            device.prober.reset()
        started = time.monotonic()
        for device in devices:
            device.agent.check()
        reports = [self.stack.wait_reported(device.name, "3", "rolled_back") for device in devices]
        seconds = time.monotonic() - started
        returned = all(report.get("running_version") == "2" for report in reports)
        for device in devices:
            device.wait_for("2", 10)
        return {"returned": returned, "seconds": round(seconds, 3), "reason": reports[0].get("reason", ""),
                "downtime_ms": max(device.prober.downtime_ms() for device in devices)}

    def update_gateway(self, site):
        site.prober.reset()
        started = time.monotonic()
        site.agent.check()
        self.stack.wait_reported(site.name, "2")
        return {"seconds": round(time.monotonic() - started, 3), "downtime_ms": site.prober.downtime_ms()}


def run(demo):
    figures = {}
    demo.prepare()

    demo.step("install version 1 on two devices behind each gateway")
    sites = {"full": Site(demo, "gateway-full"), "layers": Site(demo, "gateway-layers"), "delta": UpdatedSite(demo, "gateway-1")}
    devices = {"full": demo.install(sites["full"], "full", "shop-full", deltas=False),
               "layers": demo.install(sites["layers"], "layers", "shop", deltas=False),
               "delta": demo.install(sites["delta"], "device", "shop", deltas=True)}
    demo.done()

    demo.step("publish version 2 (20 KB changed) and deploy it")
    demo.publish("shop-full:2", demo.trees["2"], "--flatten", "--level", "9")
    demo.publish("shop:2", demo.trees["2"])
    demo.deploy("shop-full:2")
    figures["deploy_seconds"] = round(demo.deploy("shop:2"), 3)
    demo.done()

    for kind, name in (("full", "full image"), ("layers", "changed layers"), ("delta", "delta")):
        demo.step(f"update two devices: {name}")
        figures[kind] = demo.update(sites[kind], devices[kind], "2")
        demo.done()
        if kind != "delta":
            for device in devices[kind]:
                device.stop()
            sites[kind].stop()

    demo.step("send out a broken version 3")
    demo.publish("shop:3", demo.trees["3"])
    demo.deploy("shop:3")
    figures["rollback"] = demo.roll_back(devices["delta"])
    demo.done()

    demo.step("update the gateway's own software while it serves")
    demo.publish("gateway:2", demo.gateway_trees["2"])
    demo.deploy("gateway:2")
    figures["gateway"] = demo.update_gateway(sites["delta"])
    demo.done()
    figures["devices"] = DEVICES

    demo.say("  a fleet of simulated devices")
    figures["fleet"] = Fleet(demo).run()
    return figures, sites["delta"], devices["delta"]


def show(figures, image_bytes):
    print(f"""
One update of a {image_bytes / 1e6:.1f} MB image in which 20 KB changed, to {DEVICES} devices behind one gateway, over TLS:

                   server → gateway   gateway → {DEVICES} devices   request → running   down-time""")
    for kind, name in (("full", "full image"), ("layers", "changed layers"), ("delta", "delta")):
        row = figures[kind]
        print(f"  {name:<15} {row['server_gateway_bytes']:>15,} B {row['gateway_device_bytes']:>19,} B "
              f"{row['seconds_to_running']:>17.2f} s {row['downtime_ms']:>8.0f} ms")
    rollback, gateway, fleet = figures["rollback"], figures["gateway"], figures["fleet"]
    back = "went back to version 2 by themselves" if rollback["returned"] else "DID NOT GO BACK"
    print(f"""
  Bytes are all bytes on the link, both ways, TLS and reports included. A gateway fetches once for all its devices.
  A broken version 3 went out: both devices {back} within {rollback['seconds']:.1f} s
  (down-time {rollback['downtime_ms']:.0f} ms). Reason reported: {rollback['reason']}
  The gateway's own software was updated by the same agent in {gateway['seconds']:.1f} s, down-time {gateway['downtime_ms']:.0f} ms.
  A fleet of {fleet['devices']} simulated devices: the first wave failed its gate and the rollout paused by itself ({fleet['begun_beyond_the_pause']} devices
  beyond it had begun); resumed, {fleet['updated']} were updated, {fleet['returned']} had returned to what they ran before.""")


def add_console_user(server):
    """The first administrator, as the first visitor of the console would make it."""
    made = server.http.post("/api/v1/setup", token=None, json={
        "code": setup_code(server), "name": CONSOLE_USER, "password": CONSOLE_PASSWORD})
    if made.status != 201:
        raise RuntimeError(f"the first administrator: {made}")


def tell_what_next(demo, site, devices):
    server = demo.server
    add_console_user(server)
    # Until here devices asked when told to, so that nothing else was on the links. Restarting an agent leaves its service alone.
    for agent in (site.agent, *(device.agent for device in devices)):
        agent.program.stop()
        agent.config.write_text(agent.config.read_text().replace("poll = 3600", "poll = 2"))
        demo.stack.restart_agent(agent)
    print(f"""
Everything goes on running until Ctrl-C. The console, in a browser (the certificate is the demo's own: accept it):
  {server.url}/     sign in as {CONSOLE_USER} with the password {CONSOLE_PASSWORD}
In another terminal:
  export STRATUS_SERVER={server.url} STRATUS_CA={server.ca} STRATUS_TOKEN_FILE={server.token_file}
  {BIN}/stratus releases
  {BIN}/stratus devices
  curl http://127.0.0.1:{devices[0].port}/ http://127.0.0.1:{devices[1].port}/      # the shop on both devices
Change something and publish it; the devices ask every 2 seconds now:
  echo 4 > {demo.trees['2']}/srv/VERSION
  {BIN}/stratus publish shop:4 {demo.trees['2']} --sign-key {demo.private_key}
Or kill the server (kill -9 {server.program.pid}): the devices go on, and the gateway hands out what it has.
Logs: {demo.programs.directory}/logs""", flush=True)


def tell_about_board(demo, board):
    server = board.server
    add_console_user(server)
    print(f"""
Everything goes on running until Ctrl-C. The console, in a browser (the certificate is the demo's own: accept it):
  {server.url}/     sign in as {CONSOLE_USER} with the password {CONSOLE_PASSWORD}
In another terminal:
  export STRATUS_SERVER={server.url} STRATUS_CA={server.ca} STRATUS_TOKEN_FILE={server.token_file}
  {BIN}/stratus devices
Logs: {demo.programs.directory}/logs; the board's flash: {board.case.board.flash}""", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--once", action="store_true", help="end after the measurements instead of leaving the stack running")
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path, help="write the figures to FILE")
    parser.add_argument("--mcu", action="store_true", help="a Cortex-M3 board instead: enrols, reports, is updated, cancels, goes back")
    options = parser.parse_args()
    if os.environ.get("STRATUS_PARSE_ONLY"):  # ./dev asks first
        return 0
    if not options.mcu and os.geteuid() != 0:
        parser.error("devices start confined processes, which needs root: sudo ./dev demo")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a script's background job ignores SIGINT
        signal.signal(number, signal.default_int_handler)

    print("Stratus: one server, gateways, devices, all on this machine; a minute or two.\n", flush=True)
    figures = None
    with Programs("stratus-demo-") as programs:
        demo = Demo(programs)
        board = microcontroller.Microcontroller(demo) if options.mcu else None
        try:
            if board:
                figures = board.run()
                microcontroller.show(figures)
            else:
                figures, site, devices = run(demo)
                show(figures, image.tree_size(demo.trees["1"]))
            if options.json:
                options.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
            if not options.once:
                if board:
                    tell_about_board(demo, board)
                else:
                    tell_what_next(demo, site, devices)
                while True:
                    signal.pause()
        except KeyboardInterrupt:
            print("\nStopping everything.", flush=True)
            return 0 if figures else 130
        except Exception as error:
            print(f"\n\ndemo: {error}", file=sys.stderr)
            for program in programs.started:
                if not program.running() or program.log:
                    print(f"--- last words of {program.name}\n{program.log[-1500:]}", file=sys.stderr)
            return 1
        finally:
            demo.close()
            if board:
                board.close()
    if board:
        return 0 if microcontroller.is_good(figures) else 1
    good = figures["rollback"]["returned"] and figures["fleet"]["begun_beyond_the_pause"] == 0
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
