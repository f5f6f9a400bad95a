"""Pictures, firmware and content as people register them."""
import hashlib
import struct
import zlib


def png(path, width, height, colour):
    """A PNG of one colour with a black frame."""
    inner = b"\x00" + b"\x00\x00\x00" * 8 + bytes(colour) * (width - 16) + b"\x00\x00\x00" * 8
    frame = b"\x00" + b"\x00\x00\x00" * width
    rows = frame * 8 + inner * (height - 16) + frame * 8

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
    return path


def esp_image(path, size=200_000):
    """What Espressif's tools make for an ESP32-S3, as far as anybody looks."""
    head = bytearray(size)
    head[0:2] = b"\xe9\x06"
    struct.pack_into("<H", head, 12, 9)
    struct.pack_into("<I", head, 32, 0xABCD5432)
    head[48:54], head[80:85] = b"v1.2.3", b"panel"
    head[1000:1032] = hashlib.sha256(b"code").digest()
    path.write_bytes(head)
    return path


def upload(server, name, data):
    place = server.http.post("/api/v1/uploads", json={"file_name": name}).json()
    assert server.http.put(place["url"], body=data, token=None).status == 200
    return place["id"]


def push_firmware(server, name, version, data=b"firmware", file_name="a.bin", parts=None, **more):
    """`parts`: {kind: (file name, bytes)} of what a microcontroller takes with it."""
    if parts:
        more["components"] = [{"kind": kind, "upload": upload(server, *part)} for kind, part in parts.items()]
    made = server.http.post("/api/v1/firmware", json={"name": name, "version": version,
                                                      "upload": upload(server, file_name, data), **more})
    assert made.status == 201, made
    return made.json()["id"]


def push_content(server, title, picture, display=b"display", **more):
    made = server.http.post("/api/v1/content", json={"title": title, "original": upload(server, "a.png", picture),
                                                     "display": upload(server, "a.bin", display), **more})
    assert made.status == 201, made
    return made.json()["id"]
