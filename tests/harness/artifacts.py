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


def add_content(http, title, size=2_000):
    """Content with a picture and a binary of its own."""
    made = http.post("/api/v1/content", json={
        "title": title, "original": upload(http, b"\x89PNG " + title.encode() * size, f"{title}.png"),
        "display": upload(http, title.encode() * size, f"{title}.bin")})
    assert made.status == 201, made
    return made.json()


def statements(http, name, manifest):
    """What was signed about a manifest of this name, by rising counter."""
    found = []
    for one in http.get(f"/v2/{name}/referrers/{manifest}").json()["manifests"]:
        if one["artifactType"] == "application/vnd.stratus.signature.v1":
            layer = http.get(f"/v2/{name}/manifests/{one['digest']}").json()["layers"][0]
            found.append(http.get(f"/v2/{name}/blobs/{layer['digest']}").json()["optional"])
    return sorted(found, key=lambda optional: optional["counter"])
