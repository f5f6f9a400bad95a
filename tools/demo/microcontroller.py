"""./dev demo --mcu: a microcontroller (Cortex-M3, emulated by QEMU) as a device of the fleet, behind a gateway, over mutual TLS.

It enrols with a one-time code, reports, takes a whole image, then a patch, gives an update up when told to, and goes back by itself
from firmware that crashes. What the board says on its serial line is shown as it says it; bytes are counted on both links.
"""
import json
import time

from harness import CountingProxy, mcu, wait_until
from harness.mcu_case import Case
from harness.mcu_gateway import start_gateway_for_devices


class Microcontroller:
    def __init__(self, demo):
        self.demo, self.say, self.programs, self.stack = demo, demo.say, demo.programs, demo.stack
        self.figures = {}

    def run(self):
        """What it came to, for the JSON."""
        try:
            self._build()
            self._enrol()
            self._update("full", "1.0.0", "a whole image: what it runs was never released, so there is no patch from it")
            self.case.push("1.0.1", self.builder.app("1.0.1", 1, fleet=True))
            self._update("delta", "1.0.1", "a small change: the server makes a patch from what the board runs")
            self._cancel()
            self._return()
        except mcu.build.sources.Unreachable as error:
            raise RuntimeError(f"lwIP and BearSSL, which the firmware needs, cannot be had: {error}") from None
        return self.figures

    @property
    def server(self):
        return self.case.server

    def close(self):
        if hasattr(self, "case"):
            self.case.board.kill()

    def _build(self):
        self.demo.step("build boot loader and firmware with clang, lwIP and BearSSL")
        self.builder = mcu.build.Builder(self.programs.path("firmware"))
        first, running = self.builder.app("1.0.0", 1, fleet=True), self.builder.app("0.9.0", 1, fleet=True)
        self.figures["image_bytes"] = first.stat().st_size
        self.demo.done(f"({first.stat().st_size / 1024:.0f} KiB with TCP/IP and TLS)")
        self.demo.step("start server, broker and gateway; firmware 0.9.0 in the board's flash")
        directory = self.programs.path("board")
        directory.mkdir()
        self.case = Case(self.stack, self.builder, first, directory)
        self.case.board.install(running)
        self.case.board.echo = lambda line: self.say(f"      board │ {line}")
        gateway, upstream = start_gateway_for_devices(self.stack, self.server, "gateway-1")
        self.links = {"server_gateway_bytes": upstream,
                      "gateway_device_bytes": [self._proxy(gateway.url), self._proxy(gateway.program.ready["mqtt"])]}
        https, mqtt = self.links["gateway_device_bytes"]
        self.case.provision(https.url("https"), mqtt.url("mqtts"))
        self.demo.done()

    def _proxy(self, url):
        proxy = CountingProxy(url)
        self.programs.on_close(proxy.close)
        return proxy

    def _counted(self):
        return {name: sum(proxy.total for proxy in proxies) for name, proxies in self.links.items()}

    def _rows(self, what, wanted):
        return wait_until(lambda: self.case.rows(wanted), 120, what=f"{what}\n{self.case.board}")

    def _enrol(self):
        self.say("  power on: it makes a key of its own and enrols with its one-time code")
        began = time.monotonic()
        self.case.board.start().wait_said("app: enrol, ok", 120)
        self._rows("it to be online", "SELECT 1 FROM device_presence WHERE device = 'mcu-1' AND online = 1")
        self.figures["seconds_to_online"] = round(time.monotonic() - began, 3)
        (status,) = self._rows("its status", "SELECT kind FROM measurements WHERE device = 'mcu-1' AND kind = 'status/system'")[0]
        device = wait_until(lambda: self._shown("mcu"), 30, what="the fleet to know what it is")
        self.figures["kind"] = device["kind"]
        self.say(f"    online after {self.figures['seconds_to_online']:.1f} s; in the fleet: mcu-1, kind {device['kind']}, {status} each minute")

    def _shown(self, kind):
        device = self.server.http.get("/api/v1/devices/mcu-1").json()
        return device if device.get("kind") == kind else None

    def _update(self, name, version, why):
        self.say(f"  version {version}, {why}")
        before, began = self._counted(), time.monotonic()
        done = self.case.wait_state(self.case.roll_out(version), "success")
        seconds = time.monotonic() - began
        spent = {link: count - before[link] for link, count in self._counted().items()}
        self.figures[name] = {"seconds": round(seconds, 3), **spent}
        self.say(f"    {done['state']} after {seconds:.1f} s: {spent['gateway_device_bytes']:,} bytes gateway → board, "
                 f"{spent['server_gateway_bytes']:,} server → gateway, TLS, MQTT and reports included")

    def _cancel(self):
        self.say("  version 2.0.0 carries 900 KB, and the operator changes his mind")
        self.case.push("2.0.0", self.builder.app("2.0.0", 2, padding=900_000, fleet=True))
        rollout = self.case.roll_out("2.0.0")
        fetching = "SELECT body FROM device_progress WHERE device = 'mcu-1' AND body LIKE '%\"fetching\"%' AND body LIKE '%\"percent\"%'"
        reached = json.loads(wait_until(lambda: self.case.rows(fetching), 120, what="it to fetch", interval=0.02)[0][0]).get("percent")
        answer = self.server.http.post(f"/api/v1/rollouts/{rollout}/abort", json={})
        if answer.status >= 300:
            raise RuntimeError(f"abort: {answer}")
        self.case.board.wait_said("idle, cancelled")
        self.figures["cancel"] = {"cancelled": not self.case.board.said("version 2.0.0"), "seen_percent": reached}
        self.say(f"    aborted while it was fetching ({reached} % seen): it goes on running 1.0.1")

    def _return(self):
        self.say("  version 3.0.0 crashes as soon as it starts")
        self.case.push("3.0.0", self.builder.app("3.0.0", 3, behaviour=1, fleet=True))
        began, before = time.monotonic(), len(self.case.board.lines)
        told = self.case.wait_state(self.case.roll_out("3.0.0"), "rolled_back")
        lines = self.case.board.lines[before:]
        trials = sum(line.startswith("boot: slot") and line.endswith(", trial") for line in lines)
        back = next((line for line in reversed(lines) if line.startswith("app: version")), "")
        self.figures["bad"] = {"returned": "1.0.1" in back, "trials": trials, "seconds": round(time.monotonic() - began, 3),
                               "reason": told.get("cause", ""), "stack_bytes": self.case.board.stack()}
        self.say(f"    tried {trials} times, went back to 1.0.1 by itself and said why: {told.get('cause', '')}")


def show(figures):
    full, delta, bad = figures["full"], figures["delta"], figures["bad"]
    print(f"""
A Cortex-M3 with a firmware of {figures['image_bytes']:,} bytes, over mutual TLS behind a gateway:

                 server → gateway   gateway → board   order → confirmed
  whole image   {full['server_gateway_bytes']:>16,} B {full['gateway_device_bytes']:>15,} B {full['seconds']:>17.2f} s
  patch         {delta['server_gateway_bytes']:>16,} B {delta['gateway_device_bytes']:>15,} B {delta['seconds']:>17.2f} s

  A crashing version was tried {bad['trials']} times and given up: {'back to what ran before' if bad['returned'] else 'DID NOT GO BACK'} after {bad['seconds']:.1f} s.""")


def is_good(figures):
    return figures["kind"] == "mcu" and figures["cancel"]["cancelled"] and figures["bad"]["returned"] and \
        figures["delta"]["gateway_device_bytes"] < figures["full"]["gateway_device_bytes"]
