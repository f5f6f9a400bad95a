"""The microcontroller client as a process of the host (stratus-mcu-device): images, releases and boards for tests."""
import hashlib
import subprocess

from .identity import make_code
from .mcu_releases import FirmwareCase
from .paths import BIN
from .waiting import wait_until

TOOL, DEVICE = BIN / "stratus-mcu-tool", BIN / "stratus-mcu-device"


def tool(*words):
    done = subprocess.run([str(TOOL), *map(str, words)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"stratus-mcu-tool {words}: {done.stderr}"
    return done.stdout.strip()


class Factory:
    """Makes signed images of one release key, which it makes too or is given; contents follow from the arguments."""

    def __init__(self, directory, model="host-board", key=None):
        self.directory, self.model = directory, model
        self.key = key or directory / "release.pem"
        if key is None:
            tool("key", self.key)
        self.public = tool("public", self.key)

    def sign(self, payload, version, counter, component="firmware", model=None):
        name = f"{component}-{version}-{counter}-{hashlib.sha256(payload).hexdigest()[:8]}"
        raw, image = self.directory / f"{name}.bin", self.directory / f"{name}.img"
        raw.write_bytes(payload)
        tool("image", "--component", component, "--key", self.key, "--model", model or self.model, "--version", version,
             "--counter", counter, raw, image)
        return image

    def firmware(self, version, counter, size=60_000, behaviour=""):
        noise = hashlib.shake_128(f"{version} {size}".encode()).digest(size)
        return self.sign((f"behaviour={behaviour}\n".encode() if behaviour else b"") + noise, version, counter)

    def assets(self, version, counter=1, **files):
        names = []
        for name, data in files.items():
            (self.directory / name).write_bytes(data)
            names.append(f"{name}={self.directory / name}")
        packed = self.directory / f"assets-{version}.bin"
        tool("assets", packed, *names)
        return self.sign(packed.read_bytes(), version, counter, "assets")


class HostCase(FirmwareCase):
    """Boards as processes."""

    def __init__(self, stack, factory):
        super().__init__(stack)
        self.factory = factory

    def start_board(self, image=None, name="mcu-1", service=None, again=False, url=None):
        """`url`: a way to the service's HTTPS."""
        service = service or self.server
        first = [] if again else ["--code", make_code(self.server), "--device", name]
        # A gateway does not hand the key out: it would have to be believed.
        pinned = [] if service is self.server else ["--assignment-key", self.assignment_key()]
        return self.stack.programs.start(name, [
            DEVICE, "--state", self.stack.programs.path(name), "--server", url or service.url, "--mqtt", service.program.ready["mqtt"],
            "--root", self.server.data / "ca" / "root.pem", "--firmware", "board", "--model", self.factory.model,
            "--release-key", self.factory.public, "--poll", "1", *pinned, *(["--install", image] if image else []), *first])

    @staticmethod
    def wait_said(board, text, seconds=60):
        def heard():
            assert board.running() or text in board.output, f"the board ended:\n{board.output[-2000:]}{board.log[-500:]}"
            return text in board.output
        wait_until(heard, seconds, what=f"'{text}'")
