"""The cases of the OCI distribution specification 1.1, in the order of its conformance suite: pull, push, content
discovery, content management; beside them what the specification says in prose. No client but http.client."""
import base64
import json
import urllib.parse

import pytest
from harness import Programs, Stack
from harness.registry import EMPTY, INDEX, MANIFEST, Registry, descriptor, digest_of, manifest_of

UNKNOWN = digest_of(b"nobody has this")


@pytest.fixture(scope="module")
def server():
    with Programs() as programs:
        yield Stack(programs, plain=True).start_server()


@pytest.fixture
def repo(server, request):
    """A repository of the test's own."""
    name = "".join(c if c.isalnum() else "-" for c in request.node.name.lower()).strip("-")
    while "--" in name:
        name = name.replace("--", "-")
    return Registry(server.http, "conformance/" + name)


def errors(response):
    """The codes of an OCI error body; fails when it is not one."""
    found = json.loads(response.body)["errors"]
    assert all(set(error) >= {"code", "message"} for error in found)
    return [error["code"] for error in found]


# ------------------------------------------------------------------ end-1

def test_base_asks_for_a_login_and_knows_the_token(server):
    refused = server.http.get("/v2/", token=None)
    assert refused.status == 401 and refused.headers["WWW-Authenticate"] == 'Basic realm="stratus"'
    assert errors(refused) == ["UNAUTHORIZED"]
    assert server.http.get("/v2/").status == 200
    for user in ("admin", "", "anyone"):
        basic = base64.b64encode(f"{user}:{server.token}".encode()).decode()
        assert server.http.get("/v2/", token=None, headers={"Authorization": "Basic " + basic}).status == 200
    assert server.http.get("/v2/", token="0" * 64).status == 401


@pytest.mark.parametrize("method,path", [
    ("POST", "blobs/uploads/"), ("PUT", "manifests/x"), ("DELETE", "manifests/x"), ("DELETE", f"blobs/{UNKNOWN}"),
    ("PATCH", "blobs/uploads/" + "0" * 32), ("PUT", "blobs/uploads/" + "0" * 32), ("GET", "blobs/uploads/" + "0" * 32)])
def test_writing_needs_the_token(repo, method, path):
    assert repo.http.request(method, repo.path(path), token=None, body=b"x").status == 401


def test_reading_is_open_whatever_login_is_sent(repo):
    body = repo.push_image(b"layer", "v1")
    for headers in ({}, {"Authorization": "Basic Og=="}, {"Authorization": "Bearer wrong"}):
        assert repo.http.get(repo.path("manifests/v1"), token=None, headers=headers).body == body


# ------------------------------------------------------------------ pull: end-2, end-3

def test_pull_of_what_is_not_there(repo):
    for method in ("GET", "HEAD"):
        assert repo.http.request(method, repo.path("blobs", UNKNOWN)).status == 404
        assert repo.http.request(method, repo.path("manifests", UNKNOWN)).status == 404
        assert repo.http.request(method, repo.path("manifests/undefined")).status == 404
    assert errors(repo.http.get(repo.path("blobs", UNKNOWN))) == ["BLOB_UNKNOWN"]
    assert errors(repo.http.get(repo.path("manifests/undefined"))) == ["MANIFEST_UNKNOWN"]


def test_pull_of_blobs(repo):
    data = b"a blob" * 1000
    digest = repo.push_blob(data)
    head = repo.http.head(repo.path("blobs", digest))
    assert head.status == 200 and int(head.headers["Content-Length"]) == len(data)
    assert head.headers["Docker-Content-Digest"] == digest and head.body == b""
    assert repo.http.get(repo.path("blobs", digest)).body == data


@pytest.mark.parametrize("field,status,first,last", [
    ("bytes=0-0", 206, 0, 0), ("bytes=10-19", 206, 10, 19), ("bytes=90-", 206, 90, 99), ("bytes=-5", 206, 95, 99),
    ("bytes=90-1000", 206, 90, 99), ("bytes=100-", 416, None, None), ("bytes=500-600", 416, None, None),
    ("lines=1-2", 200, 0, 99), ("bytes=5-2", 200, 0, 99), ("bytes=0-1,5-6", 200, 0, 99)])
def test_pull_of_ranges(repo, field, status, first, last):
    data = bytes(range(100))
    digest = repo.push_blob(data)
    part = repo.http.get(repo.path("blobs", digest), headers={"Range": field})
    assert part.status == status
    if status == 206:
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/100"
    if status == 416:
        assert part.headers["Content-Range"] == "bytes */100"
    else:
        assert part.body == data[first:last + 1]


def test_pull_of_an_empty_blob(repo):
    digest = repo.push_blob(b"")
    assert repo.http.get(repo.path("blobs", digest)).body == b""
    assert repo.http.get(repo.path("blobs", digest), headers={"Range": "bytes=0-"}).status in (200, 416)


def test_pull_of_manifests_by_tag_and_digest(repo):
    body = repo.push_image(b"layer", "v1")
    for reference in ("v1", digest_of(body)):
        for method in ("GET", "HEAD"):
            answer = repo.http.request(method, repo.path("manifests", reference), headers={"Accept": MANIFEST})
            assert answer.status == 200 and answer.headers["Content-Type"] == MANIFEST
            assert answer.headers["Docker-Content-Digest"] == digest_of(body)
            assert int(answer.headers["Content-Length"]) == len(body)
            assert answer.body == (body if method == "GET" else b"")


@pytest.mark.parametrize("digest", ["sha256:totallywrong", "sha256:" + "A" * 64, "sha512:" + "a" * 128, "md5:x"])
def test_pull_by_a_digest_that_is_none(repo, digest):
    answer = repo.http.get(repo.path("blobs", digest))
    assert answer.status == 400 and errors(answer) == ["DIGEST_INVALID"]


# ------------------------------------------------------------------ push: end-4 … end-7, end-11, end-13, end-14

def test_push_monolithic_by_post_then_put(repo):
    begun = repo.http.post(repo.path("blobs/uploads/"))
    assert begun.status == 202 and begun.headers["Location"]
    done = repo.http.put(f"{begun.headers['Location']}?digest={digest_of(b'data')}", body=b"data",
                         headers={"Content-Type": "application/octet-stream"})
    assert done.status == 201
    assert repo.http.get(done.headers["Location"]).body == b"data"
    assert done.headers["Docker-Content-Digest"] == digest_of(b"data")


def test_push_monolithic_by_one_post(repo):
    done = repo.http.post(repo.path(f"blobs/uploads/?digest={digest_of(b'one post')}"), body=b"one post")
    assert done.status == 201
    assert repo.http.get(done.headers["Location"]).body == b"one post"


def test_push_in_chunks(repo):
    data = bytes(range(256)) * 300
    third = len(data) // 3
    location = repo.http.post(repo.path("blobs/uploads/")).headers["Location"]
    for first in (0, third):
        chunk = data[first:first + third]
        answer = repo.http.patch(location, body=chunk, headers={
            "Content-Type": "application/octet-stream", "Content-Range": f"{first}-{first + third - 1}"})
        assert answer.status == 202 and answer.headers["Range"] == f"0-{first + third - 1}"
        location = answer.headers["Location"]
        status = repo.http.get(location)
        assert status.status == 204 and status.headers["Range"] == f"0-{first + third - 1}"
        assert status.headers["Location"]
    out_of_order = repo.http.patch(location, body=b"x", headers={"Content-Range": "5-5"})
    assert out_of_order.status == 416 and out_of_order.headers["Range"] == f"0-{2 * third - 1}"
    done = repo.http.put(f"{location}?digest={digest_of(data)}", body=data[2 * third:],
                         headers={"Content-Range": f"{2 * third}-{len(data) - 1}"})
    assert done.status == 201
    assert repo.http.get(repo.path("blobs", digest_of(data))).body == data


def test_push_streamed_without_length(repo):
    location = repo.http.post(repo.path("blobs/uploads/")).headers["Location"]
    pieces = [b"a" * 100_000, b"b" * 100_000]
    answer = repo.http.patch(location, body=iter(pieces))  # http.client sends it chunked
    assert answer.status == 202
    assert repo.http.put(f"{location}?digest={digest_of(b''.join(pieces))}").status == 201


def test_push_cancelled(repo):
    location = repo.http.post(repo.path("blobs/uploads/")).headers["Location"]
    assert repo.http.patch(location, body=b"x").status == 202
    assert repo.http.delete(location).status == 204
    for answer in (repo.http.get(location), repo.http.patch(location, body=b"x"), repo.http.delete(location)):
        assert answer.status == 404 and errors(answer) == ["BLOB_UPLOAD_UNKNOWN"]


def test_push_to_the_upload_of_another_repository(repo, server):
    location = repo.http.post(repo.path("blobs/uploads/")).headers["Location"]
    elsewhere = "/v2/somebody/else/blobs/uploads/" + location.rsplit("/", 1)[1]
    assert server.http.patch(elsewhere, body=b"x").status == 404
    assert repo.http.get(location).status == 204


def test_push_with_the_wrong_digest(repo):
    location = repo.http.post(repo.path("blobs/uploads/")).headers["Location"]
    refused = repo.http.put(f"{location}?digest={UNKNOWN}", body=b"something else")
    assert refused.status == 400 and errors(refused) == ["DIGEST_INVALID"]
    assert repo.http.head(repo.path("blobs", UNKNOWN)).status == 404
    refused = repo.http.post(repo.path(f"blobs/uploads/?digest={UNKNOWN}"), body=b"something else")
    assert refused.status == 400 and errors(refused) == ["DIGEST_INVALID"]


@pytest.mark.parametrize("query", ["", "?digest=", "?digest=sha256:x"])
def test_push_finished_without_a_digest(repo, query):
    location = repo.http.post(repo.path("blobs/uploads/")).headers["Location"]
    assert repo.http.put(location + query, body=b"x").status == 400
    assert repo.http.get(location).status == 204  # nothing was lost


def test_push_mounted_from_another_repository(repo, server):
    other = Registry(server.http, repo.name + "/other")
    digest = other.push_blob(b"mounted")
    source = urllib.parse.quote(other.name, safe="")
    done = repo.http.post(repo.path(f"blobs/uploads/?mount={digest}&from={source}"))
    assert done.status == 201 and done.headers["Location"].endswith(digest)
    assert repo.http.get(done.headers["Location"]).body == b"mounted"


@pytest.mark.parametrize("query", [f"?mount={UNKNOWN}&from=conformance%2Fnobody", f"?mount={UNKNOWN}",
                                   f"?mount={UNKNOWN}&from=..%2F.."])
def test_push_whose_mount_misses_becomes_an_upload(repo, query):
    begun = repo.http.post(repo.path("blobs/uploads/" + query))
    assert begun.status == 202
    assert repo.http.put(f"{begun.headers['Location']}?digest={digest_of(b'x')}", body=b"x").status == 201


def test_push_of_manifests(repo):
    body = repo.push_image(b"layer", "v1")
    again = repo.put_manifest(body, "v2")
    assert again.status == 201 and again.headers["Docker-Content-Digest"] == digest_of(body)
    assert repo.http.get(again.headers["Location"]).body == body
    assert repo.put_manifest(body).status == 201
    assert repo.put_manifest(body, UNKNOWN).status == 400


def test_push_of_a_manifest_without_layers(repo):
    repo.push_blob(b"{}")
    assert repo.put_manifest(manifest_of(b"{}", []), "empty").status == 201


def test_push_of_a_manifest_whose_blobs_are_missing(repo):
    repo.push_blob(b"{}")
    refused = repo.put_manifest(manifest_of(b"{}", [b"never pushed"]), "v1")
    assert refused.status == 404 and errors(refused) == ["MANIFEST_BLOB_UNKNOWN"]
    assert repo.http.get(repo.path("manifests/v1")).status == 404


def test_push_of_an_index(repo):
    images = [repo.push_image(text) for text in (b"arm64", b"amd64")]
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX,
                        "manifests": [descriptor(MANIFEST, image) for image in images]}).encode()
    assert repo.put_manifest(index, "multi", INDEX).status == 201
    answer = repo.http.get(repo.path("manifests/multi"))
    assert answer.body == index and answer.headers["Content-Type"] == INDEX
    incomplete = json.dumps({"schemaVersion": 2, "mediaType": INDEX,
                             "manifests": [descriptor(MANIFEST, b"not here")]}).encode()
    refused = repo.put_manifest(incomplete, "multi", INDEX)
    assert refused.status == 404 and errors(refused) == ["MANIFEST_BLOB_UNKNOWN"]


@pytest.mark.parametrize("media_type", ["application/vnd.docker.distribution.manifest.v2+json"])
def test_push_of_docker_manifests(repo, media_type):
    for blob in (b"{}", b"layer"):
        repo.push_blob(blob)
    body = json.dumps({
        "schemaVersion": 2, "mediaType": media_type,
        "config": descriptor("application/vnd.docker.container.image.v1+json", b"{}"),
        "layers": [descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip", b"layer")]}).encode()
    assert repo.put_manifest(body, "v1", media_type).status == 201
    assert repo.http.get(repo.path("manifests/v1")).headers["Content-Type"] == media_type


# ------------------------------------------------------------------ content discovery: end-8, end-12

def test_tags_are_listed_in_pages(repo):
    missing = repo.http.get(repo.path("tags/list"))
    assert missing.status == 404 and errors(missing) == ["NAME_UNKNOWN"]
    body = repo.push_image(b"layer")
    tags = sorted(f"test{i}" for i in range(12)) + ["v1"]
    for tag in reversed(tags):
        assert repo.put_manifest(body, tag).status == 201
    assert repo.http.get(repo.path("tags/list")).json() == {"name": repo.name, "tags": tags}
    assert repo.http.get(repo.path("tags/list?n=0")).json()["tags"] == []
    seen, path = [], repo.path("tags/list?n=5")
    while path:
        page = repo.http.get(path)
        assert len(page.json()["tags"]) <= 5
        seen += page.json()["tags"]
        link = page.headers["Link"]
        path = link[1:link.index(">")] if link else None
        assert not link or link.endswith('rel="next"')
    assert seen == tags
    assert repo.http.get(repo.path(f"tags/list?last={tags[10]}")).json()["tags"] == tags[11:]
    assert repo.http.get(repo.path("tags/list?n=x")).status == 400


def test_referrers(repo):
    subject = repo.push_image(b"image", "v1")
    subject_descriptor = descriptor(MANIFEST, subject)
    for blob in (b"{}", b"artifact"):
        repo.push_blob(blob)

    def artifact(kind, **more):
        config = {"config_type": EMPTY}
        body = manifest_of(b"{}", [b"artifact"], **config, subject=subject_descriptor, **more)
        pushed = repo.put_manifest(body)
        assert pushed.status == 201 and pushed.headers["OCI-Subject"] == digest_of(subject)
        return {**descriptor(MANIFEST, body), "artifactType": kind, **({"annotations": more["annotations"]}
                                                                      if "annotations" in more else {})}

    first = artifact("application/x.a", artifactType="application/x.a", annotations={"key": "value"})
    second = artifact("application/x.b", artifactType="application/x.b")
    by_config = manifest_of(b"{}", [], config_type="application/x.config", subject=subject_descriptor)
    assert repo.put_manifest(by_config).headers["OCI-Subject"] == digest_of(subject)
    third = {**descriptor(MANIFEST, by_config), "artifactType": "application/x.config"}
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "subject": subject_descriptor,
                        "artifactType": "application/x.index"}).encode()
    assert repo.put_manifest(index, media_type=INDEX).headers["OCI-Subject"] == digest_of(subject)
    fourth = {**descriptor(INDEX, index), "artifactType": "application/x.index"}

    def listed(query=""):
        answer = repo.http.get(repo.path("referrers", digest_of(subject) + query))
        assert answer.status == 200 and answer.headers["Content-Type"] == INDEX
        assert answer.json()["schemaVersion"] == 2 and answer.json()["mediaType"] == INDEX
        return answer, sorted(answer.json()["manifests"], key=lambda entry: entry["digest"])

    answer, found = listed()
    assert found == sorted([first, second, third, fourth], key=lambda entry: entry["digest"])
    assert "OCI-Filters-Applied" not in answer.headers
    answer, found = listed("?artifactType=application%2Fx.b")
    assert found == [second] and answer.headers["OCI-Filters-Applied"] == "artifactType"
    assert listed("?artifactType=nothing")[1] == []
    assert repo.http.delete(repo.path("manifests", first["digest"])).status == 202
    assert listed()[1] == sorted([second, third, fourth], key=lambda entry: entry["digest"])


def test_referrers_of_what_is_not_there(repo):
    answer = repo.http.get(repo.path("referrers", UNKNOWN))
    assert answer.status == 200 and answer.json()["manifests"] == []
    assert repo.http.get(repo.path("referrers/latest")).status == 400
    # A subject may come later than what refers to it.
    repo.push_blob(b"{}")
    early = manifest_of(b"{}", [], subject=descriptor(MANIFEST, b"later"))
    assert repo.put_manifest(early).headers["OCI-Subject"] == digest_of(b"later")
    assert len(repo.http.get(repo.path("referrers", digest_of(b"later"))).json()["manifests"]) == 1


def test_repositories_are_listed(repo, server):
    repo.push_image(b"layer", "v1")
    names = server.http.get("/v2/_catalog").json()["repositories"]
    assert repo.name in names and names == sorted(names)
    page = server.http.get("/v2/_catalog?n=1")
    assert len(page.json()["repositories"]) == 1


# ------------------------------------------------------------------ content management: end-9, end-10

def test_deleting_a_tag_leaves_the_manifest(repo):
    body = repo.push_image(b"layer", "v1")
    assert repo.http.delete(repo.path("manifests/v1")).status == 202
    assert repo.http.get(repo.path("manifests/v1")).status == 404
    assert repo.http.get(repo.path("manifests", digest_of(body))).status == 200
    assert repo.http.get(repo.path("tags/list")).json()["tags"] == []
    assert repo.http.delete(repo.path("manifests/v1")).status == 404


def test_deleting_a_manifest_takes_its_tags(repo):
    body = repo.push_image(b"layer", "v1")
    assert repo.http.delete(repo.path("manifests", digest_of(body))).status == 202
    for reference in ("v1", digest_of(body)):
        assert repo.http.get(repo.path("manifests", reference)).status == 404
    assert repo.http.delete(repo.path("manifests", digest_of(body))).status == 404


def test_deleting_a_blob_concerns_one_repository(repo, server):
    other = Registry(server.http, repo.name + "/other")
    digest = repo.push_blob(b"shared")
    other.push_blob(b"shared")
    assert repo.http.delete(repo.path("blobs", digest)).status == 202
    assert repo.http.get(repo.path("blobs", digest)).status == 404
    assert other.http.get(other.path("blobs", digest)).body == b"shared"
    assert repo.http.delete(repo.path("blobs", digest)).status == 404


@pytest.mark.parametrize("method,path", [
    ("POST", "manifests/v1"), ("PATCH", "manifests/v1"), ("PUT", "tags/list"), ("PUT", f"blobs/{UNKNOWN}"),
    ("DELETE", "tags/list"), ("GET", "blobs/uploads/")])
def test_methods_that_make_no_sense(repo, method, path):
    answer = repo.http.request(method, repo.path(path), body=b"")
    assert answer.status == 405 and errors(answer) == ["UNSUPPORTED"]
