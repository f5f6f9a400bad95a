"""Power cuts: the file system below the server is shut down without writing its log (ext4's shutdown ioctl on a loop
device), so everything that was not synced is lost for real. What was acknowledged must be there after mounting again."""
import os
import random
import threading

import pytest
from harness.lost_disk import LostDisk
from harness.registry import Registry, digest_of, manifest_of


@pytest.fixture
def disk(programs):
    return LostDisk(programs)


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
                    if disk.is_cut.is_set():
                        break
                    blobs[digest_of(blob)] = blob
                body, tag = manifest_of(b"{}", [layer]), f"v{count % 3}"
                tags.setdefault(tag, [None]).append(body)
                if app.put_manifest(body, tag).status != 201 or disk.is_cut.is_set():
                    break
                tags[tag] = [body]
                told = server.http.post("/api/v1/devices/d/reports", json={
                    "device": "d", "sequence": reports + 1, "name": "app", "state": "committed", "time_ms": count})
                if told.status != 204 or disk.is_cut.is_set():
                    break
                reports += 1
        except (OSError, AssertionError):
            pass  # a push that the cut refused
        timer.join()
        server.program.kill()
        disk.again()
    assert count > rounds and reports
    check(plain_stack.start_server(data=disk.mount / "data"))
