"""Garbage collection: removes what nothing needs, and never what a tag, a release or a transfer needs."""
import concurrent.futures
import os
import threading
import time

import pytest
from harness import wait_until
from harness.registry import MANIFEST, Registry, descriptor, digest_of, manifest_of


@pytest.fixture
def start(programs, plain_stack):
    def start_server(grace=0, upload_grace=0):
        config = programs.path("server.toml")
        config.write_text(f"garbage_grace_s = {grace}\nupload_grace_s = {upload_grace}\n")
        return plain_stack.start_server(options=["--config", config])
    return start_server


def collect(server, query=""):
    answer = server.http.post("/api/v1/gc" + query)
    assert answer.status == 200, answer
    return answer.json()


def blob_is_there(app, data):
    return app.http.head(app.path("blobs", digest_of(data))).status == 200


def test_only_what_nothing_needs_goes(start):
    server = start()
    app = Registry(server.http, "app")
    tagged = app.push_image(b"tagged", "v1")
    app.push_blob(b"signature")
    signature = manifest_of(b"{}", [b"signature"], subject=descriptor(MANIFEST, tagged))
    assert app.put_manifest(signature).status == 201
    untagged = app.push_image(b"untagged")
    released = app.push_files([{"bin/app": b"released"}])
    assert server.http.put("/api/v1/releases/app/versions/1", json={"digest": digest_of(released)}).status == 200
    app.push_blob(b"orphan")
    upload = app.http.post(app.path("blobs/uploads/")).headers["Location"]
    assert app.http.patch(upload, body=b"half").status == 202

    dry = collect(server, "?dry_run=1")
    assert dry["dry_run"] and (dry["manifests"], dry["blobs"]) == (1, 3)  # its manifest and layer, the orphan
    assert dry["bytes"] == len(untagged) + len(b"untagged") + len(b"orphan") + dry["uploads"] * len(b"half")

    done = collect(server)
    assert not done["dry_run"] and (done["manifests"], done["blobs"]) == (1, 3)
    assert not (server.data / "blobs/sha256" / digest_of(b"orphan")[7:9] / digest_of(b"orphan")[7:]).exists()
    assert not blob_is_there(app, b"orphan") and not blob_is_there(app, b"untagged")
    assert blob_is_there(app, b"tagged") and blob_is_there(app, b"signature")
    for manifest in (tagged, signature, released):
        assert app.http.get(app.path("manifests", digest_of(manifest))).body == manifest
    assert app.http.get(upload).status == 204  # its writer is open: a client may be about to go on
    assert collect(server)["blobs"] == 0


def test_an_upload_that_nobody_continues_goes(start, plain_stack):
    server = start()
    app = Registry(server.http, "app")
    upload = app.http.post(app.path("blobs/uploads/")).headers["Location"]
    assert app.http.patch(upload, body=b"half").status == 202
    server.program.kill()
    server = start()
    assert collect(server)["uploads"] == 1
    assert server.http.get(upload).status == 404


def test_the_grace_time_protects_a_push_that_is_not_finished(start):
    server = start(grace=3600)
    app = Registry(server.http, "app")
    app.push_blob(b"first half of a push")
    app.push_image(b"untagged")
    assert collect(server)["blobs"] == 0
    assert blob_is_there(app, b"first half of a push")


def test_deltas_and_signatures_live_as_long_as_their_image(start):
    server = start()
    app = Registry(server.http, "app")
    image = app.push_image(b"image", "v1")
    app.push_blob(b"delta")
    delta = manifest_of(b"{}", [b"delta"], subject=descriptor(MANIFEST, image))
    assert app.put_manifest(delta).status == 201
    assert collect(server)["blobs"] == 0
    assert app.http.delete(app.path("manifests/v1")).status == 202
    assert collect(server)["manifests"] == 2
    assert not blob_is_there(app, b"delta")


def age(server, data, hours=5):
    """As if nobody had used the blob for so long."""
    name = digest_of(data).removeprefix("sha256:")
    then = time.time() - hours * 3600
    os.utime(server.data / "blobs/sha256" / name[:2] / name, (then, then))


def part(app, data, first, last=""):
    return app.http.get(app.path("blobs", digest_of(data)), headers={"Range": f"bytes={first}-{last}"})


def test_what_is_being_read_stays_for_those_who_come_back_for_the_rest(start):
    server = start(grace=60)
    app = Registry(server.http, "app")
    data = b"0123456789" * 3_000_000  # more than the kernel keeps on its way
    app.push_blob(data)
    connection = app.http.connect()
    connection.request("GET", app.path("blobs", digest_of(data)))
    answer = connection.getresponse()
    first = answer.read(1000)
    age(server, data)  # the transfer has been going on for that long
    assert collect(server, "?dry_run=1")["blobs"] == 0
    assert collect(server)["blobs"] == 0
    assert blob_is_there(app, data)
    age(server, data)
    answer.close()
    connection.close()
    # The server notices that the link is cut; from then on the grace time counts.
    name = digest_of(data).removeprefix("sha256:")
    blob = server.data / "blobs/sha256" / name[:2] / name
    wait_until(lambda: time.time() - blob.stat().st_mtime < 3600, 60, what="the end of the transfer to be noted")
    assert collect(server)["blobs"] == 0
    rest = part(app, data, 1000)
    assert rest.status == 206 and first + rest.body == data
    age(server, data)
    assert collect(server)["blobs"] == 1, "nobody reads it, nobody has for long: garbage at last"
    assert part(app, data, 1000).status == 404


def test_a_part_that_was_fetched_keeps_the_rest_for_the_grace_time(start):
    server = start(grace=60)
    app = Registry(server.http, "app")
    for data in (b"asked for" * 1000, b"forgotten" * 1000):
        app.push_blob(data)
        age(server, data)
    assert part(app, b"asked for" * 1000, 0, 0).body == b"a"
    assert collect(server)["blobs"] == 1
    assert part(app, b"asked for" * 1000, 1).body == (b"asked for" * 1000)[1:]
    assert part(app, b"forgotten" * 1000, 1).status == 404


def test_without_a_grace_time_a_running_download_is_not_cut_either(start):
    server = start()
    app = Registry(server.http, "app")
    data = b"0123456789" * 3_000_000
    app.push_blob(data)
    connection = app.http.connect()
    connection.request("GET", app.path("blobs", digest_of(data)))
    answer = connection.getresponse()
    first = answer.read(1000)
    assert collect(server)["blobs"] == 0
    assert first + answer.read() == data
    connection.close()
    wait_until(lambda: collect(server)["blobs"] == 1, what="it to be garbage when it has been read")


def test_pushes_and_pulls_beside_collections(start):
    """Four clients push, tag and read back while garbage is collected without pause."""
    server = start(grace=30)
    stop, collected = threading.Event(), []

    def collector():
        while not stop.is_set():
            answer = server.http.post("/api/v1/gc")
            assert answer.status in (200, 409), answer
            collected.append(answer.status)

    def client(number):
        app = Registry(server.http, f"busy/{number}")
        for count in range(15):
            layer = f"{number} {count}".encode() * 100
            body = app.push_image(layer, "latest")
            assert app.http.get(app.path("manifests/latest")).body == body
            assert app.http.get(app.path("blobs", digest_of(layer))).body == layer
        return app, layer, body

    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        running = pool.submit(collector)
        try:
            results = [future.result(120) for future in [pool.submit(client, number) for number in range(4)]]
        finally:
            stop.set()
        running.result(60)
    assert 200 in collected
    for app, layer, body in results:
        assert app.http.get(app.path("manifests/latest")).body == body
        assert app.http.get(app.path("blobs", digest_of(layer))).body == layer


def test_two_collections_at_once_are_one(start):
    server = start()
    app = Registry(server.http, "app")
    for number in range(30):
        app.push_blob(f"garbage {number}".encode())
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: server.http.post("/api/v1/gc"), range(4)))
    assert {answer.status for answer in answers} <= {200, 409}
    assert sum(answer.json()["blobs"] for answer in answers if answer.status == 200) == 30
    wait_until(lambda: collect(server)["blobs"] == 0)
