"""Emulated microcontrollers: a board in QEMU whose flash is a file, and a small HTTP server behind its serial line."""
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

FLASH_SIZE = 16 << 20
JOURNAL, SLOTS = 0x1000, (0x10000, 0x110000)


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


class Board:
    """An MPS2 AN385 whose flash survives QEMU."""

    def __init__(self, directory, boot, server):
        self.flash, self.boot, self.server = pathlib.Path(directory) / "flash.bin", boot, server
        self.flash.write_bytes(b"\xff" * FLASH_SIZE)

    def write(self, at, data):
        with self.flash.open("r+b") as file:
            file.seek(at)
            file.write(data)

    def read(self, at, size):
        with self.flash.open("rb") as file:
            file.seek(at)
            return file.read(size)

    def install(self, slot, image):
        self.write(SLOTS[slot], image)

    def start(self):
        return subprocess.Popen(
            ["qemu-system-arm", "-machine", "mps2-an385,memory-backend=mps.ram", "-object",
             f"memory-backend-file,id=mps.ram,size=16M,mem-path={self.flash},share=on", "-kernel", str(self.boot),
             "-display", "none", "-monitor", "none", "-serial", "stdio", "-chardev",
             f"socket,id=line,host=127.0.0.1,port={self.server.port},reconnect=1", "-serial", "chardev:line",
             "-semihosting-config", "enable=on,target=native", "-nic", "none"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

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
