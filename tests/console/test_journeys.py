"""What people do in the console, in a real browser at the real programs (tests/console/journeys says each step)."""
import hashlib
import struct
import zlib

import pytest

from harness import write_tree
from harness.people import make_user

from browser import run_journey

HIT = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>'


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


def push_firmware(server, name, version, data=b"firmware", file_name="a.bin", **more):
    made = server.http.post("/api/v1/firmware", json={"name": name, "version": version,
                                                      "upload": upload(server, file_name, data), **more})
    assert made.status == 201, made
    return made.json()["id"]


def push_content(server, title, picture, display=b"display", **more):
    made = server.http.post("/api/v1/content", json={"title": title, "original": upload(server, "a.png", picture),
                                                     "display": upload(server, "a.bin", display), **more})
    assert made.status == 201, made
    return made.json()["id"]


def test_firmware_is_registered_found_and_withdrawn(server, ann, tmp_path):
    file = esp_image(tmp_path / "panel.bin")
    run_journey("firmware", server, user=ann, firmware=str(file), firmwareDigest=hashlib.sha256(file.read_bytes()).hexdigest())


def test_content_is_converted_previewed_and_deployed(server, ann, tmp_path):
    def display(title):
        one = next(item for item in server.http.get("/api/v1/content").json()["items"] if item["title"] == title)
        link = server.http.post(f"/api/v1/content/{one['id']}/link?file=display").json()
        data = server.http.get(link["url"], token=None).body
        return {"header": data[:12].hex(), "size": len(data)}

    run_journey("content", server, {"display": display}, user=ann, picture=str(png(tmp_path / "sale.png", 1000, 600, (201, 103, 47))))


def test_image_appears_and_shows_its_layers(stack, server, ann, tmp_path):
    key, _ = stack.make_key()
    tree = {"etc/app.conf": b"colour=blue\n", "usr/share/old.txt": b"old\n", "usr/bin/app": b"\x7fELF" + bytes(30_000)}

    def publish(version):
        if version == "1.1":
            tree.update({"etc/app.conf": b"colour=green\n", "usr/share/new.txt": b"new\n"})
            del tree["usr/share/old.txt"]
        stack.publish(f"site/app:{version}", write_tree(tmp_path / version, tree), key, ["/usr/bin/app"], ["--no-deploy"])
        return {}

    run_journey("images", server, {"publish": publish}, user=ann)


def test_role_without_permission_is_told_why(server):
    world = {}
    for role, roles in (("viewer", ["viewer"]), ("nobody", [])):
        make_user(server, role, *roles, password="a long enough secret")
        world[role] = {"name": role, "password": "a long enough secret"}
    run_journey("permissions", server, **world)


def test_page_goes_on_after_a_restart_of_the_server(stack, server, ann):
    def stop():
        server.program.stop()
        return {}

    def start():
        stack.start_server("server-again", data=server.data, listen=server.address)
        return {}

    def push(name, version):
        push_firmware(stack.server, name, version)
        return {}

    run_journey("restart", server, {"stop": stop, "start": start, "push": push}, user=ann)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_pages_of_releases_are_usable_and_hold_hostile_texts(stack, server, ann, tmp_path, language):
    picture = png(tmp_path / "a.png", 320, 200, (30, 120, 90)).read_bytes()
    firmware = push_firmware(server, "kiosk", "1.0.0", notes=f"# Notes {HIT}\n[x](javascript:window.hit=1)", file_name='a"><b>.bin')
    content = [push_content(server, f"{HIT} {number}", picture, description=HIT) for number in range(2)][0]
    for kind in ("regions", "groups"):
        assert server.http.post(f"/api/v1/{kind}", json={"code": "r1", "name": HIT, "tags": {"note": HIT[:128]}}).status == 201
    for number in range(3):
        assert server.http.post("/api/v1/devices", json={
            "id": f"panel-{number}", "label": HIT, "region": "r1", "group": "r1", "hardware": HIT, "location": HIT,
            "tags": {"note": HIT}}).status == 201
        body = {"device": f"panel-{number}", "sequence": 1, "name": "site/app", "state": "failed", "reason": HIT, "time_ms": 1}
        assert server.http.post(f"/api/v1/devices/panel-{number}/reports", json=body, token=None).status in (204, 400)
        sample = {"error": HIT, "message": HIT, "cpu": 12.5}
        server.http.post(f"/api/v1/devices/panel-{number}/data", json=sample, token=None)
    server.http.post("/api/v1/filters", json={"code": "f1", "name": HIT, "filter": "state=failed"})
    key, _ = stack.make_key()
    tree = {"etc/app.conf": b"a\n", f"usr/share/{HIT.replace('/', '|')}": b"x", "usr/bin/app": b"\x7fELF" + bytes(30_000)}
    stack.publish("site/app:1.0", write_tree(tmp_path / "tree", tree), key, ["/usr/bin/app"], ["--no-deploy"])
    pages = {"images": "/images", "image": "/images/site%2Fapp", "layers": "/images/site%2Fapp/1.0", "firmware": "/firmware",
             "firmware-item": f"/firmware/{firmware}", "register": "/firmware?dialog=register", "content": "/content",
             "content-item": f"/content/{content}", "converter": "/content?dialog=register", "not-found": "/nothing/here"}
    named = [path for name, path in pages.items() if name in ("image", "layers", "firmware-item", "content-item")]
    run_journey("everywhere", server, user=ann, language=language, pages=list(pages.values()), named=named, timeout=500)
