"""Firmware and files for tests, put on a server as people put them."""
import hashlib
import random


def upload(http, data, name):
    """The id of the upload, to be named when firmware or content is added."""
    begun = http.post("/api/v1/uploads", json={"file_name": name}).json()
    sent = http.put(begun["url"], body=data, token=None)
    assert sent.status == 200, sent
    return begun["id"]


def add_firmware(http, version, size=200_000):
    """firmware/board of this version, the same bytes each time."""
    data = random.Random(version).randbytes(size)
    made = http.post("/api/v1/firmware", json={"name": "board", "version": version, "upload": upload(http, data, "board.bin")})
    assert made.status == 201, made
    assert made.json()["digest"] == "sha256:" + hashlib.sha256(data).hexdigest()
    return made.json()
