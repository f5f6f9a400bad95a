"""An emulated microcontroller that is a device of the fleet: TCP/IP, TLS and MQTT of its own, a flash that survives.

Without pytest, so that the demo and benchmarks use it too; mcu_fleet.py has the fixtures.
"""
import threading

from . import mcu
from .identity import make_code
from .mcu_releases import FirmwareCase
from .waiting import wait_until

import provision  # noqa: E402  mcu/ports/provision.py, by way of harness.mcu


class FleetBoard(mcu.Chip):
    """`lines` is what the console said since the last start."""

    def __init__(self, directory, boot, board):
        super().__init__(directory, boot, board)
        self.process, self.lines, self.echo = None, [], None  # echo: called with each line as it comes

    def provision(self, **fields):
        self.write(self.machine.provision, provision.record("10.0.2.2", **fields))

    def start(self):
        self.process = self.power_on(*self.machine.network)
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


class Case(FirmwareCase):
    """One board of the builder's kind, with `first` in its flash and released as 1.0.0."""

    def __init__(self, stack, builder, first, directory):
        super().__init__(stack)
        self.board = FleetBoard(directory, builder.boot(), builder.board)
        self.push("1.0.0", first)
        self.board.install(first)

    def provision(self, service=None, mqtt=None, name="mcu-1", **fields):
        """`service`: the server (default), a gateway, or a URL on the way to one."""
        url = getattr(service or self.server, "url", service)
        self.board.provision(https_port=port_of(url), mqtt_port=port_of(mqtt or self.server.program.ready["mqtt"]),
                             server_name="localhost", device=name, code=fields.pop("code", None) or make_code(self.server),
                             firmware="board", root=self.server.data / "ca" / "root.pem",
                             assignment_key=bytes.fromhex(self.assignment_key()), poll_seconds=fields.pop("poll_seconds", 2), **fields)

    def state_in(self, rollout):
        return next(iter(self.devices_of(rollout)), {})

    def wait_state(self, rollout, state, seconds=120):
        return self.wait_states(rollout, state, seconds, self.board)[0]

    def wait_online(self):
        """The first time, that is after it enrolled."""
        wait_until(lambda: self.rows("SELECT online FROM device_presence WHERE device = 'mcu-1'") == [(1,)], 120,
                   what=f"the device to be online\n{self.board}")
