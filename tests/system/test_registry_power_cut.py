"""Power cuts: the file system below the server is shut down without writing its log (ext4's shutdown ioctl on a loop
device), so everything that was not synced is lost for real. What was acknowledged must be there after mounting again."""
import fcntl
import os
import random
import shutil
import struct
import subprocess
import threading

import pytest
from harness.registry import Registry, digest_of, manifest_of

EXT4_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32)
NO_LOG_FLUSH = struct.pack("I", 2)


class LostDisk:
    """An ext4 file system in a file; cut() loses what was not synced."""

    def __init__(self, programs):
        self.image, self.mount = programs.path("disk.img"), programs.path("disk/x").parent
        with open(self.image, "wb") as image:
            image.truncate(96 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", self.image], check=True, capture_output=True)
        self.attach()

    def attach(self):
        subprocess.run(["mount", "-o", "loop", self.image, self.mount], check=True, capture_output=True)

    def cut(self):
        descriptor = os.open(self.mount, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN, NO_LOG_FLUSH)
        finally:
            os.close(descriptor)

    def detach(self):
        subprocess.run(["umount", self.mount], check=True, capture_output=True)


@pytest.fixture
def disk(programs):
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        pytest.skip("needs root and mkfs.ext4")
    try:
        return LostDisk(programs)
    except subprocess.CalledProcessError:
        pytest.skip("cannot mount a loop device here")


def test_acknowledged_pushes_and_reports_survive_power_cuts(plain_stack, disk):
    rounds = 40 if os.environ.get("STRATUS_LONG") else 6
    chance = random.Random(42)
    count, tags, blobs, reports = 0, {}, {}, 0

    def check(server):
        app = Registry(server.http, "cut/app")
        for digest, blob in blobs.items():
            assert app.http.get(app.path("blobs", digest)).body == blob
        for tag, candidates in tags.items():
            answer = app.http.get(app.path("manifests", tag))
            if answer.status == 404:
                assert candidates[0] is None, f"{tag} was acknowledged and is gone"
            else:
                assert answer.body in candidates
        if reports:
            kept = server.http.get("/api/v1/devices/d/reports?limit=1000").json()["reports"]
            assert {entry["report"]["sequence"] for entry in kept} >= set(range(1, reports + 1))

    for _ in range(rounds):
        server = plain_stack.start_server(data=disk.mount / "data")
        check(server)
        timer = threading.Timer(chance.uniform(0.05, 0.6), disk.cut)
        timer.start()
        app = Registry(server.http, "cut/app")
        try:
            while timer.is_alive() or server.http.get("/healthz").status == 200:
                count += 1
                layer = f"layer {count}".encode() * 100
                for blob in (b"{}", layer):
                    app.push_blob(blob)
                    blobs[digest_of(blob)] = blob
                body, tag = manifest_of(b"{}", [layer]), f"v{count % 3}"
                tags.setdefault(tag, [None]).append(body)
                if app.put_manifest(body, tag).status != 201:
                    break
                tags[tag] = [body]
                told = server.http.post("/api/v1/devices/d/reports", json={
                    "device": "d", "sequence": reports + 1, "name": "app", "state": "committed", "time_ms": count})
                if told.status != 204:
                    break
                reports += 1
        except (OSError, AssertionError):
            pass  # a push that the cut refused
        timer.join()
        server.program.kill()
        disk.detach()
        disk.attach()
    assert count > rounds and reports
    check(plain_stack.start_server(data=disk.mount / "data"))
