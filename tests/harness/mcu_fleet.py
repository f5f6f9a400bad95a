"""An emulated microcontroller that is a device of the fleet: TCP/IP, TLS and MQTT of its own, a flash that survives."""
import pathlib
import subprocess
import threading

from . import mcu
from .waiting import wait_until

import provision  # noqa: E402  mcu/ports/provision.py, by way of harness.mcu

PROVISION, IDENTITY = 0x3000, 0x6000


class FleetBoard:
    """Flash in a file; `lines` is what the console said since the last start."""

    def __init__(self, directory, boot):
        self.flash, self.boot, self.process = pathlib.Path(directory) / "flash.bin", boot, None
        self.flash.write_bytes(b"\xff" * mcu.FLASH_SIZE)
        self.lines = []

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

    @staticmethod
    def _listen(stream, lines):
        for line in stream:
            lines.append(line.rstrip())

    def said(self, text):
        return any(text in line for line in self.lines)

    def wait_said(self, text, seconds=60):
        def heard():
            assert self.process.poll() is None or self.said(text), f"the board ended:\n{self}"
            return self.said(text)
        wait_until(heard, seconds, what=f"'{text}' on the console:\n{self}")

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def __str__(self):
        return "\n".join(self.lines[-40:])
