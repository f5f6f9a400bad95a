"""Hostile and broken input to the registry: refused with its reason, nothing kept, the server goes on."""
import json
import os
import pathlib
import socket

import pytest
from harness import Programs, Stack
from harness.registry import LAYER, MANIFEST, Registry, descriptor, digest_of, manifest_of

DESCRIPTOR = descriptor("application/vnd.oci.image.config.v1+json", b"{}")


@pytest.fixture(scope="module")
def server():
    with Programs() as programs:
        yield Stack(programs, plain=True).start_server()


@pytest.fixture
def app(server):
    registry = Registry(server.http, "bad/input")
    registry.push_blob(b"{}")
    return registry


@pytest.fixture(autouse=True)
def still_serving(server):
    yield
    assert server.program.running() and server.http.get("/healthz").status == 200


def files_of(server):
    return sorted(str(p.relative_to(server.data)) for p in (server.data / "repositories").rglob("*"))


def config(text):
    return ('{"schemaVersion":2,"config":%s,"layers":[]%s}' % (json.dumps(DESCRIPTOR), text)).encode()


@pytest.mark.parametrize("body", [
    b"", b"not json", b"[]", b"null", b"{}", b"\xff\xfe", b'{"schemaVersion":2}', b'{"schemaVersion":1,"layers":[]}',
    config(',"layers":[]'),                                          # a key twice
    config(',"config":{},"x":1'),                                    # another key twice
    config(',"x":' + "[" * 100_000 + "]" * 100_000),                 # absurd nesting
    config(',"manifests":[]'),                                       # image and index at once
    config(',"mediaType":"text/html"'),
    config(',"mediaType":"application/vnd.oci.image.index.v1+json"'),
    config(',"subject":{"digest":"sha256:x"}'),
    config(',"annotations":{"a":1}'),
    config(',"annotations":[]'),
    b'{"schemaVersion":2,"config":{},"layers":[]}',
    b'{"schemaVersion":2,"config":' + json.dumps({**DESCRIPTOR, "size": -1}).encode() + b',"layers":[]}',
    b'{"schemaVersion":2,"config":' + json.dumps({**DESCRIPTOR, "size": 10**30}).encode() + b',"layers":[]}',
    b'{"schemaVersion":2,"config":' + json.dumps({**DESCRIPTOR, "digest": "../../x"}).encode() + b',"layers":[]}',
    b'{"schemaVersion":2,"config":' + json.dumps({**DESCRIPTOR, "size": 3}).encode() + b',"layers":[]}',  # wrong length
    b'{"schemaVersion":2,"config":' + json.dumps({**DESCRIPTOR, "mediaType": ""}).encode() + b',"layers":[]}',
])
def test_a_hostile_manifest_is_refused(server, app, body):
    before = files_of(server)
    refused = app.put_manifest(body, "evil")
    assert refused.status == 400 and refused.json()["errors"][0]["code"] == "MANIFEST_INVALID", refused
    assert refused.json()["errors"][0]["message"]
    assert files_of(server) == before


@pytest.mark.parametrize("media_type", ["text/html", "application/json", "application/vnd.oci.artifact.manifest.v1+json",
                                        "application/vnd.docker.distribution.manifest.v1+prettyjws"])
def test_a_manifest_of_a_foreign_type_is_refused(app, media_type):
    body = json.dumps({"schemaVersion": 2, "config": DESCRIPTOR, "layers": []}).encode()
    assert app.put_manifest(body, "v1", media_type).status == 400


def test_a_manifest_sent_as_another_type_is_refused(app):
    body = manifest_of(b"{}", [])
    assert app.put_manifest(body, "v1", "application/vnd.docker.distribution.manifest.v2+json").status == 400


def test_an_oversized_manifest_is_refused(app):
    body = b'{"schemaVersion":2,"x":"' + b"x" * (4 << 20) + b'"}'
    refused = app.put_manifest(body, "huge")
    assert refused.status == 413


@pytest.mark.parametrize("name", ["..", "../..", "%2e%2e", "a%2f..%2f..%2fb", "A", "_blobs", "a//b", "a%00b", "a%0ab", ".a",
                                  "a" * 256, "a/_manifests/b", "%c0%ae%c0%ae"])
def test_names_cannot_leave_the_directory(server, app, name):
    before = files_of(server)
    for method, rest in (("GET", "tags/list"), ("POST", "blobs/uploads/"), ("PUT", "manifests/v1"),
                         ("DELETE", "manifests/v1"), ("GET", "blobs/" + digest_of(b"{}"))):
        answer = server.http.request(method, f"/v2/{name}/{rest}", body=b"{}" if method == "PUT" else None)
        assert answer.status in (400, 404), (method, rest, answer)
    assert files_of(server) == before


@pytest.mark.parametrize("tag", ["..", ".x", "-x", "a%2fb", "..%2f_manifests%2fx", "a%00", "a" * 129, "a%20b"])
def test_tags_cannot_leave_the_directory(server, app, tag):
    before = files_of(server)
    assert app.http.get(app.path("manifests", tag)).status in (400, 404)
    assert app.put_manifest(manifest_of(b"{}", []), tag).status in (400, 404)
    assert files_of(server) == before


@pytest.mark.parametrize("upload", ["..%2f..%2fadmin.token", ".tmp-1-1", "x", "0" * 31, "0" * 33, "A" * 32])
def test_upload_ids_cannot_leave_the_directory(app, upload):
    assert app.http.patch(app.path("blobs/uploads", upload), body=b"x").status == 404
    assert app.http.delete(app.path("blobs/uploads", upload)).status == 404


@pytest.mark.parametrize("field,status", [("5-9", 416), ("1-1", 416), ("x", 400), ("0-", 400), ("-5", 400), ("5-1", 400),
                                          ("0-99", 400), ("0-99999999999999999999", 400)])
def test_a_chunk_that_does_not_fit_is_refused(app, field, status):
    location = app.http.post(app.path("blobs/uploads/")).headers["Location"]
    assert app.http.patch(location, body=b"12345", headers={"Content-Range": field}).status == status
    assert app.http.get(location).headers["Range"] == "0-0"


def test_a_blob_cut_short_is_not_taken(server, app):
    """The peer announces more than it sends and goes away."""
    data = b"z" * 10_000
    head = (f"POST {app.path('blobs/uploads/')}?digest={digest_of(data)} HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {server.token}\r\nContent-Length: {len(data)}\r\n\r\n").encode()
    with socket.create_connection((app.http.host, app.http.port)) as peer:
        peer.sendall(head + data[:9_999])
        peer.shutdown(socket.SHUT_WR)
        while peer.recv(4096):
            pass
    assert app.http.head(app.path("blobs", digest_of(data))).status == 404
    assert [p.name for p in (server.data / "uploads").iterdir() if p.name.startswith(".tmp")] == []


def test_a_cut_chunk_can_be_continued(server, app):
    data = os.urandom(600_000)
    location = app.http.post(app.path("blobs/uploads/")).headers["Location"]
    head = (f"PATCH {location} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\n"
            f"Content-Length: {len(data)}\r\n\r\n").encode()
    with socket.create_connection((app.http.host, app.http.port)) as peer:
        peer.sendall(head + data[:500_000])
        peer.shutdown(socket.SHUT_WR)
        while peer.recv(4096):
            pass
    have = int(app.http.get(location).headers["Range"].split("-")[1]) + 1
    assert have == 500_000
    done = app.http.put(f"{location}?digest={digest_of(data)}", body=data[have:])
    assert done.status == 201


def test_two_requests_for_one_upload(app):
    """The second is refused while the first still sends; the first is not disturbed."""
    location = app.http.post(app.path("blobs/uploads/")).headers["Location"]
    connection = app.http.connect()
    connection.putrequest("PATCH", location)
    connection.putheader("Authorization", f"Bearer {app.http.token}")
    connection.putheader("Content-Length", "10")
    connection.endheaders(b"12345")
    try:
        refused = None
        for _ in range(200):  # until the first request has arrived
            refused = app.http.patch(location, body=b"", headers={"Content-Range": "7-7"})
            if refused.status == 409:
                break
        assert refused.status == 409
        connection.send(b"67890")
        answer = connection.getresponse()
        assert answer.status == 202 and answer.headers["Range"] == "0-9"
    finally:
        connection.close()


def test_a_damaged_blob_on_disk_is_seen_by_its_length(server, app):
    """What clients verify anyway by digest; the server must not serve beyond the file nor fail hard."""
    digest = app.push_blob(b"12345678")
    path = pathlib.Path(server.data, "blobs/sha256", digest[7:9], digest[7:])
    os.truncate(path, 3)
    assert app.http.get(app.path("blobs", digest)).body == b"123"
    assert app.put_manifest(json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": DESCRIPTOR,
                                        "layers": [descriptor(LAYER, b"12345678")]}).encode()).status == 400


def test_a_full_disk_is_said_and_survived(plain_stack):
    """A store on a file system of 3 MiB: the push is refused with 507, smaller ones go on."""
    import subprocess
    mount = plain_stack.programs.path("small/x").parent
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", mount], capture_output=True)
    if done.returncode:
        pytest.skip("cannot mount a tmpfs here")
    small = plain_stack.start_server(data=mount / "data")
    registry = Registry(small.http, "app")
    location = registry.http.post(registry.path("blobs/uploads/")).headers["Location"]
    refused = registry.http.patch(location, body=os.urandom(4 << 20))
    assert refused.status == 507, refused
    assert registry.http.delete(location).status == 204
    assert registry.push_blob(b"x" * 1000)
    small.program.stop()


def test_an_empty_body_in_pieces_ends_nothing(app):
    with socket.create_connection((app.http.host, app.http.port)) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in (b"POST /api/v1/enrol HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n",
                      b"0\r\n", b"\r", b"\n"):
            peer.sendall(piece)
            assert app.http.get("/healthz").status == 200  # by now the server has read the piece
        assert peer.recv(4096).startswith(b"HTTP/1.1 4")
