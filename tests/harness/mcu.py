"""Emulated microcontrollers: boards in QEMU whose flash is a file, and a small HTTP server behind a serial line."""
import dataclasses
import hashlib
import http.server
import pathlib
import re
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "mcu" / "ports"))
import build  # noqa: E402  mcu/ports/build.py


@dataclasses.dataclass(frozen=True)
class Machine:
    """How QEMU emulates a board, and where things lie in its flash (mcu/ports/BOARD/board.hpp)."""
    emulator: str
    package: str      # of Debian, that has the emulator
    options: tuple    # {boot} and {flash} stand for the files
    network: tuple    # the host at 10.0.2.2
    flash_size: int
    sector: int
    slots: tuple
    provision: int
    identity: int     # two sectors

    def command(self, boot, flash):
        return [self.emulator, *(word.format(boot=boot, flash=flash) for word in self.options), "-display", "none", "-monitor", "none",
                "-serial", "stdio"]


MACHINES = {
    "mps2_an385": Machine(
        "qemu-system-arm", "qemu-system-arm",
        ("-machine", "mps2-an385,memory-backend=mps.ram", "-object", "memory-backend-file,id=mps.ram,size=16M,mem-path={flash},share=on",
         "-kernel", "{boot}", "-semihosting-config", "enable=on,target=native"),
        ("-nic", "user,model=lan9118"),
        flash_size=16 << 20, sector=4096, slots=(0x10000, 0x110000), provision=0x3000, identity=0x6000),
    # Only the process is ever killed: what it wrote is then with the kernel.
    "riscv_virt": Machine(
        "qemu-system-riscv32", "qemu-system-misc",
        ("-machine", "virt", "-m", "16M", "-bios", "none", "-drive", "if=pflash,unit=0,format=raw,readonly=on,file={boot}",
         "-drive", "if=pflash,unit=1,format=raw,cache=unsafe,file={flash}", "-global", "virtio-mmio.force-legacy=false"),
        ("-netdev", "user,id=net", "-device", "virtio-net-device,netdev=net"),
        flash_size=32 << 20, sector=256 << 10, slots=(0x200000, 0x300000), provision=0, identity=0x140000),
}


class BlobServer:
    """Serves one device manifest and blobs by digest, with Range; can misbehave as told."""

    def __init__(self):
        self.manifest, self.blobs, self.requests = b"", {}, []
        self.cut_after = None      # close the connection in the middle, once, after so many body bytes
        self.ignore_range = False
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def add(self, data):
        self.blobs[hashlib.sha256(data).hexdigest()] = data

    def answer(self, request):
        asked = request.headers.get("Range")
        self.requests.append((request.path, asked))
        body = self.manifest if request.path.startswith("/mcu/v1/next") else self.blobs.get(request.path[-64:])
        if body is None:
            request.send_response(404)
            request.send_header("Content-Length", "0")
            return request.end_headers()
        status, extra = 200, None
        if asked and not self.ignore_range:
            first, last = map(int, re.match(r"bytes=(\d+)-(\d+)$", asked).groups())
            extra = f"bytes {first}-{min(last, len(body) - 1)}/{len(body)}"
            status, body = 206, body[first:last + 1]
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        if extra:
            request.send_header("Content-Range", extra)
        request.end_headers()
        if self.cut_after is not None and request.path.startswith("/v2/"):
            if len(body) > self.cut_after:
                body, self.cut_after, request.close_connection = body[:self.cut_after], None, True
            else:
                self.cut_after -= len(body)
        request.wfile.write(body)

    def fetched(self, data):
        """Ranges asked of this blob, in order, as (first, last)."""
        name = hashlib.sha256(data).hexdigest()
        return [tuple(map(int, r[6:].split("-"))) for path, r in self.requests if path.endswith(name) and r]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Chip:
    """A board whose flash survives QEMU."""

    def __init__(self, directory, boot, board="mps2_an385"):
        self.flash, self.boot, self.machine = pathlib.Path(directory) / "flash.bin", boot, MACHINES[board]
        with self.flash.open("wb") as file:
            for _ in range(self.machine.flash_size >> 20):
                file.write(b"\xff" * (1 << 20))

    def write(self, at, data):
        with self.flash.open("r+b") as file:
            file.seek(at)
            file.write(data)

    def read(self, at, size):
        with self.flash.open("rb") as file:
            file.seek(at)
            return file.read(size)

    def install(self, image, slot=0):
        """`image`: a file, or its bytes."""
        self.write(self.machine.slots[slot], image if isinstance(image, (bytes, bytearray)) else pathlib.Path(image).read_bytes())

    def power_on(self, *options):
        return subprocess.Popen([*self.machine.command(self.boot, self.flash), *options], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


class Board(Chip):
    """An MPS2 AN385 with the small example: HTTP over its second serial line."""

    def __init__(self, directory, boot, server):
        super().__init__(directory, boot)
        self.server = server

    def start(self):
        return self.power_on("-chardev", f"socket,id=line,host=127.0.0.1,port={self.server.port},reconnect=1", "-serial", "chardev:line",
                             "-nic", "none")

    def run(self, timeout=60):
        """Runs until the firmware ends; (lines on the console, exit status)."""
        process = self.start()
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
            raise AssertionError(f"the board did not come to an end:\n{output[-2000:]}") from None
        return output.splitlines(), process.returncode
