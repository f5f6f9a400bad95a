"""The identity that a microcontroller keeps in its flash (docs/formats/mcu-image.md)."""
import pathlib
import struct
import zlib

from .proxy import CountingProxy

HEAD = 120


class FlashFile:
    """The flash of a board that is a process, as far as a test touches it."""

    def __init__(self, path):
        self.path = pathlib.Path(path)

    def read(self, at, size):
        with self.path.open("rb") as file:
            file.seek(at)
            return file.read(size)

    def write(self, at, data):
        with self.path.open("r+b") as file:
            file.seek(at)
            file.write(data)


def key_at(flash, at):
    """The private key of the identity whose sector begins there."""
    head = flash.read(at, HEAD)
    assert head[:4] == b"SID1", "there is no identity"
    return head[80:112]


def make_renewal_due(flash, at):
    """`flash`: has read(at, size) and write(at, data). Answers the key that it has."""
    head = bytearray(flash.read(at, HEAD))
    struct.pack_into("<I", head, 12, 1_700_000_000)
    struct.pack_into("<I", head, 116, zlib.crc32(head[:116]))
    flash.write(at, head)
    return key_at(flash, at)


def link_that_loses_renewals(case, times, device="mcu-1"):
    """A link to the server that breaks when that has issued another certificate to the device, so often: its answer is lost."""
    lost = []

    def loses():
        return len(lost) < times and len(certificates(case, device)) > 1 + len(lost) and not lost.append(True)

    link = CountingProxy(case.server.url, cut_if=loses)
    case.stack.programs.on_close(link.close)
    return link


def certificates(case, device="mcu-1"):
    """Ids of the keys of all certificates that it was ever issued."""
    return [key for (key,) in case.rows("SELECT key_id FROM certificates WHERE device = ?", device)]
