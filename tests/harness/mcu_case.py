"""An emulated microcontroller that is a device of the fleet: TCP/IP, TLS and MQTT of its own, a flash that survives.

Without pytest, so that the demo and benchmarks use it too; mcu_fleet.py has the fixtures.
"""
import json
import pathlib
import sqlite3
import subprocess
import threading

from . import mcu
from .identity import make_code
from .waiting import wait_until

import provision  # noqa: E402  mcu/ports/provision.py, by way of harness.mcu

PROVISION, IDENTITY = 0x3000, 0x6000


class FleetBoard:
    """Flash in a file; `lines` is what the console said since the last start."""

    def __init__(self, directory, boot):
        self.flash, self.boot, self.process = pathlib.Path(directory) / "flash.bin", boot, None
        self.flash.write_bytes(b"\xff" * mcu.FLASH_SIZE)
        self.lines, self.echo = [], None  # echo: called with each line as it comes

    write, read = mcu.Board.write, mcu.Board.read

    def install(self, image, slot=0):
        self.write(mcu.SLOTS[slot], pathlib.Path(image).read_bytes())

    def provision(self, **fields):
        self.write(PROVISION, provision.record("10.0.2.2", **fields))

    def start(self):
        self.process = subprocess.Popen(
            ["qemu-system-arm", "-machine", "mps2-an385,memory-backend=mps.ram", "-object",
             f"memory-backend-file,id=mps.ram,size=16M,mem-path={self.flash},share=on", "-kernel", str(self.boot),
             "-display", "none", "-monitor", "none", "-serial", "stdio", "-semihosting-config", "enable=on,target=native",
             "-nic", "user,model=lan9118"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.lines = []
        threading.Thread(target=self._listen, args=(self.process.stdout, self.lines), daemon=True).start()
        return self

    def _listen(self, stream, lines):
        for line in stream:
            lines.append(line.rstrip())
            if self.echo:
                self.echo(line.rstrip())

    def said(self, text):
        return any(text in line for line in self.lines)

    def wait_said(self, text, seconds=60):
        def heard():
            assert self.process.poll() is None or self.said(text), f"the board ended:\n{self}"
            return self.said(text)
        try:
            wait_until(heard, seconds, what=f"'{text}' on the console")
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self}") from None

    def stack(self):
        """Bytes of stack that the firmware said it needed since the last start."""
        return max((int(line.rsplit(" ", 1)[1]) for line in self.lines if line.startswith("app: stack ")), default=0)

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def __str__(self):
        return "\n".join(self.lines[-40:])


def port_of(url):
    return int(url.rsplit(":", 1)[1])


class Case:
    """Server with its broker, and one board that follows firmware/board."""

    def __init__(self, stack, boot, first, directory):
        self.stack = stack
        config = stack.programs.path("server.toml")
        config.write_text('identity = "required"\n')
        self.server = stack.start_server(options=["--mqtt-listen", "127.0.0.1:0", "--config", config])
        wait_until(lambda: self.server.metric("stratus_mqtt_connected") == 1, what="the server to reach its broker")
        self.board = FleetBoard(directory, boot)
        self.push("1.0.0", first)
        self.board.install(first)

    def provision(self, service=None, mqtt=None, name="mcu-1", **fields):
        """`service`: the server (default), a gateway, or a URL on the way to one."""
        url = getattr(service or self.server, "url", service)
        key = self.server.http.get("/api/v1/mcu-key").json()["key"]
        self.board.provision(https_port=port_of(url), mqtt_port=port_of(mqtt or self.server.program.ready["mqtt"]),
                             server_name="localhost", device=name, code=fields.pop("code", None) or make_code(self.server),
                             firmware="board", root=self.server.data / "ca" / "root.pem", assignment_key=bytes.fromhex(key),
                             poll_seconds=fields.pop("poll_seconds", 2), **fields)

    def push(self, version, image):
        return json.loads(self.stack.stratus("--json", "firmware", "push", f"board:{version}", image))

    def roll_out(self, version):
        made = self.server.http.post("/api/v1/rollouts", json={
            "contents": [{"name": "firmware/board", "version": version}], "targets": {"devices": ["mcu-1"]}})
        assert made.status == 201, made
        return made.json()["id"]

    def state_in(self, rollout):
        items = self.server.http.get(f"/api/v1/rollouts/{rollout}/devices").json()["items"]
        return items[0] if items else {}

    def wait_state(self, rollout, state, seconds=120):
        wait_until(lambda: self.state_in(rollout).get("state") == state, seconds,
                   what=f"the device to be {state}: {self.state_in(rollout)}\n{self.board}")
        return self.state_in(rollout)

    def rows(self, sql, *values):
        with sqlite3.connect(f"file:{self.server.data}/catalogue.db?mode=ro", uri=True) as database:
            return database.execute(sql, values).fetchall()
