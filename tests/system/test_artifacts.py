"""Firmware and display content: signed addresses, digests, duplicates, lists, and the collector."""
import hashlib
import re
import subprocess
import threading

import pytest
from harness import BIN
from harness.registry import digest_of

FILE = bytes(range(256)) * 3000


@pytest.fixture
def server(plain_stack):
    return plain_stack.start_server()


def begin(server, name="board.bin"):
    answer = server.http.post("/api/v1/uploads", json={"file_name": name})
    assert answer.status == 201, answer
    return answer.json()


def upload(server, data=FILE, name="board.bin"):
    """The id of an upload whose file has come; only its address says who may send it."""
    begun = begin(server, name)
    sent = server.http.put(begun["url"], body=data, token=None)
    assert (sent.status, sent.json()["digest"], sent.json()["size"]) == (200, digest_of(data), len(data))
    return begun["id"]


def add(server, version="1.0", name="board", data=FILE, file_name=None, **more):
    return server.http.post("/api/v1/firmware", json={
        "name": name, "version": version, "upload": upload(server, data, file_name or f"{name}.bin"), **more})


def fetch(server, firmware_id, **options):
    link = server.http.post(f"/api/v1/firmware/{firmware_id}/link").json()
    return link, server.http.get(link["url"], token=None, **options)


def test_firmware_from_file_to_download(server):
    made = add(server, notes="Fixes the clock\nand more", classes=["esp32s3", "esp32"])
    assert made.status == 201
    told = made.json()
    assert made.headers["Location"] == f"/api/v1/firmware/{told['id']}"
    assert (told["digest"], told["size"], told["file_name"]) == (digest_of(FILE), len(FILE), "board.bin")
    assert told["classes"] == ["esp32s3", "esp32"] and re.fullmatch(r"[0-9-]{10}T[0-9:.]+Z", told["created_at"])
    assert server.http.get(made.headers["Location"]).json() == told
    link, got = fetch(server, told["id"])
    assert got.body == FILE and link["digest"] == digest_of(FILE)
    assert "attachment" in got.headers["Content-Disposition"] and got.headers["X-Content-Type-Options"] == "nosniff"
    part = server.http.get(link["url"], token=None, headers={"Range": "bytes=100-199"})
    assert (part.status, part.body) == (206, FILE[100:200])
    # Devices and gateways see an ordinary OCI artifact.
    manifest = server.http.get("/v2/firmware/board/manifests/1.0")
    assert manifest.status == 200 and digest_of(manifest.body) == told["manifest"]
    assert manifest.json()["artifactType"] == "application/vnd.stratus.firmware.v1"
    assert server.http.get(f"/v2/firmware/board/blobs/{told['digest']}").body == FILE


def test_nothing_is_registered_without_its_file(server):
    begun = begin(server)
    refused = server.http.post("/api/v1/firmware", json={"name": "b", "version": "1", "upload": begun["id"]})
    assert (refused.status, refused.json()["code"]) == (409, "upload_incomplete")
    assert server.http.post("/api/v1/firmware", json={"name": "b", "version": "1", "upload": "none"}).status == 404
    assert server.http.put(begun["url"], body=b"", token=None).status == 400
    assert server.http.get("/api/v1/firmware").json()["items"] == []


def test_a_cut_upload_leaves_nothing_and_can_be_sent_again(server):
    begun = begin(server)
    connection = server.http.connect()
    path = "/" + begun["url"].split("/", 3)[3]
    connection.putrequest("PUT", path)
    connection.putheader("Content-Length", str(len(FILE)))
    connection.endheaders()
    connection.send(FILE[:100_000])
    connection.close()
    assert server.http.put(begun["url"], body=FILE, token=None).status == 200
    # Again, because the answer was lost; but not with other bytes.
    assert server.http.put(begun["url"], body=FILE, token=None).status == 200
    other = server.http.put(begun["url"], body=FILE + b"x", token=None)
    assert (other.status, other.json()["code"]) == (409, "upload_finished")


@pytest.mark.parametrize("spoil", [
    lambda url: url.replace("/uploads/", "/uploads/X"), lambda url: url[:-1] + ("A" if url[-1] != "A" else "B"),
    lambda url: re.sub(r"expires=\d+", "expires=9999999999", url), lambda url: url.split("?")[0],
    lambda url: re.sub(r"expires=\d+", "expires=1", url)])
def test_an_address_holds_for_what_it_was_made_for(server, spoil):
    refused = server.http.put(spoil(begin(server)["url"]), body=FILE, token=None)
    assert (refused.status, refused.json()["code"]) == (403, "link_invalid")


def test_download_addresses_serve_one_file_of_one_repository(server):
    first, second = add(server).json(), add(server, name="other", data=b"other bytes").json()
    link, _ = fetch(server, first["id"])
    for wrong in (link["url"].replace(first["digest"], second["digest"]), link["url"].replace("board.bin", "x.html"),
                  link["url"].replace("/firmware/board", "/firmware/other")):
        assert server.http.get(wrong, token=None).status == 403
    assert server.http.put(link["url"], body=b"x", token=None).status in (403, 405)


def test_versions_are_never_replaced(server):
    assert add(server).status == 201
    again = add(server, data=b"else", file_name="else.bin")
    assert (again.status, again.json()["code"]) == (409, "duplicate_version")
    same_file = add(server, name="another", file_name="board.bin")
    assert (same_file.status, same_file.json()["code"]) == (409, "duplicate_file")
    assert server.http.get("/v2/firmware/board/manifests/1.0").json()["layers"][0]["digest"] == digest_of(FILE)


def test_one_of_many_simultaneous_registrations_wins(server):
    ids = [upload(server, FILE + bytes([i]), f"f{i}.bin") for i in range(8)]
    answers = []

    def register(upload_id):
        answers.append(server.http.post("/api/v1/firmware", json={"name": "race", "version": "1", "upload": upload_id}))

    threads = [threading.Thread(target=register, args=(upload_id,)) for upload_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers) == [201] + [409] * 7
    (winner,) = [answer.json() for answer in answers if answer.status == 201]
    assert digest_of(server.http.get("/v2/firmware/race/manifests/1").body) == winner["manifest"]


def test_lists_search_sort_and_page(server):
    for i in range(7):
        assert add(server, version=f"1.{i}", notes="clock 100%" if i == 3 else "", data=bytes([i]) * 10).status == 201
    newest = server.http.get("/api/v1/firmware?limit=3").json()
    assert [item["version"] for item in newest["items"]] == ["1.6", "1.5", "1.4"]
    rest = server.http.get(f"/api/v1/firmware?limit=10&cursor={newest['next']}").json()
    assert [item["version"] for item in rest["items"]] == ["1.3", "1.2", "1.1", "1.0"] and "next" not in rest
    assert server.http.get(f"/api/v1/firmware?sort=name&cursor={newest['next']}").status == 400
    assert [item["version"] for item in server.http.get("/api/v1/firmware?search=CLOCK%20100%25").json()["items"]] == ["1.3"]
    assert server.http.get("/api/v1/firmware?sort=size").status == 400


def test_changes_name_the_version_they_change(server):
    made = add(server)
    where = made.headers["Location"]
    etag = made.headers["ETag"]
    assert server.http.patch(where, json={"notes": "x"}).status == 428
    changed = server.http.patch(where, json={"notes": "새 메모", "classes": []}, headers={"If-Match": etag})
    assert changed.status == 200 and changed.json()["notes"] == "새 메모" and changed.headers["ETag"] != etag
    assert server.http.patch(where, json={"notes": "y"}, headers={"If-Match": etag}).status == 412
    assert server.http.get(where, headers={"If-None-Match": changed.headers["ETag"]}).status == 304


@pytest.mark.parametrize("body", [
    {"name": "Board", "version": "1"}, {"name": "../x", "version": "1"}, {"name": "b", "version": "a b"},
    {"name": "b", "version": "1", "classes": ["a b"]}, {"name": "b", "version": "1", "notes": 7}, {"version": "1"}])
def test_bad_descriptions_are_refused(server, body):
    refused = server.http.post("/api/v1/firmware", json={"upload": upload(server), **body})
    assert refused.status == 400 and refused.json()["detail"]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "x" * 256, "a\nb"])
def test_bad_file_names_are_refused(server, name):
    assert server.http.post("/api/v1/uploads", json={"file_name": name}).status == 400


def test_strangers_may_not(server):
    for method, path in (("POST", "/api/v1/uploads"), ("POST", "/api/v1/firmware"), ("POST", "/api/v1/content")):
        assert server.http.request(method, path, json={}, token=None).status == 401


def test_the_collector_keeps_what_is_described(plain_stack):
    server = plain_stack.start_server()
    kept = add(server).json()
    gone = add(server, version="2.0", data=b"to be removed" * 100).json()
    assert server.http.delete(f"/api/v1/firmware/{gone['id']}").status == 204
    assert server.http.get("/v2/firmware/board/manifests/2.0").status == 404
    assert server.http.post("/api/v1/gc").status == 200
    assert fetch(server, kept["id"])[1].body == FILE


def test_content_has_a_picture_and_a_binary(server):
    picture, binary = upload(server, b"\x89PNG" + FILE, "spring.png"), upload(server, FILE[:5000], "spring.bin")
    made = server.http.post("/api/v1/content", json={"title": "봄 할인", "original": picture, "display": binary})
    assert made.status == 201
    told = made.json()
    for which, data, kind in (("original", b"\x89PNG" + FILE, "image/png"), ("display", FILE[:5000], "application/octet-stream")):
        link = server.http.post(f"/api/v1/content/{told['id']}/link?file={which}").json()
        got = server.http.get(link["url"], token=None)
        assert got.body == data and got.headers["Content-Type"] == kind
    twin = server.http.post("/api/v1/content", json={"title": "봄 할인", "original": picture, "display": binary})
    assert (twin.status, twin.json()["code"]) == (409, "duplicate_title")
    other = server.http.post("/api/v1/content", json={"title": "여름", "original": picture, "display": binary}).json()
    assert other["manifest"] != told["manifest"]
    assert server.http.delete(f"/api/v1/content/{other['id']}").status == 204
    assert [item["title"] for item in server.http.get("/api/v1/content?search=할인".replace("할인", "%ED%95%A0")).json()["items"]] == ["봄 할인"]


def test_the_routes_of_the_source_answer(server):
    """C15: the same by file name and version."""
    asked = server.http.post("/api/s3/presigned_upload", json={"version": "3", "fileName": "fw.bin"}).json()
    body = {"version": "3", "fileName": "fw.bin", "releaseNote": "three", "path": asked["path"]}
    assert server.http.post("/api/firmwares/metadata", json=body).status == 409  # not before the upload
    assert server.http.put(asked["url"], body=FILE, token=None).status == 200
    assert server.http.post("/api/firmwares/metadata", json={**body, "path": "3/other"}).status == 400
    made = server.http.post("/api/firmwares/metadata", json=body)
    assert made.status == 201
    told = made.json()
    assert (told["fileHash"], told["fileSize"], told["releaseNote"]) == (hashlib.sha256(FILE).hexdigest(), len(FILE), "three")
    assert server.http.get("/api/firmwares/metadata").json() == [told]
    assert server.http.get(f"/api/firmware/{told['id']}").json()["digest"] == digest_of(FILE)
    assert server.http.post("/api/s3/presigned_upload", json={"version": "3", "fileName": "fw.bin"}).status == 409
    link = server.http.get("/api/s3/presigned_download?version=3&fileName=fw.bin").json()
    assert server.http.get(link["url"], token=None).body == FILE


def test_descriptions_survive_kill(plain_stack):
    server = plain_stack.start_server()
    made = add(server).json()
    begun = begin(server, "later.bin")
    server.program.kill()
    server = plain_stack.start_server()
    assert server.http.get(f"/api/v1/firmware/{made['id']}").json() == made
    assert fetch(server, made["id"])[1].body == FILE
    # The address still holds, by its path: the port is another one.
    assert server.http.put(begun["url"], body=b"late", token=None).status == 200


def test_the_command(server, programs, tmp_path):
    image, out = tmp_path / "board.bin", tmp_path / "out.bin"
    image.write_bytes(FILE)
    token = tmp_path / "token"
    token.write_text(server.http.token)

    def stratus(*arguments):
        return subprocess.run([BIN / "stratus", "--server", server.url, "--token-file", token, *arguments],
                              capture_output=True, text=True)

    pushed = stratus("firmware", "push", "board:1.4", image, "--notes", "clock", "--class", "esp32", "--json")
    assert pushed.returncode == 0, pushed.stderr
    assert f'"digest":"{digest_of(FILE)}"' in pushed.stdout
    again = stratus("firmware", "push", "board:1.4", image)
    assert again.returncode == 5 and "has a version 1.4 already" in again.stderr
    listed = stratus("firmware", "list", "--search", "clock").stdout
    assert "board" in listed and "1.4" in listed
    firmware_id = listed.split()[0]
    assert stratus("firmware", "download", firmware_id, out).returncode == 0 and out.read_bytes() == FILE
    assert stratus("firmware", "download", firmware_id, out).returncode != 0
    assert list(tmp_path.glob("*.partial")) == []
    assert stratus("content", "push", "Sale", "--original", image, "--display", image).returncode == 0
    assert "Sale" in stratus("content", "list").stdout
    assert stratus("firmware", "remove", firmware_id).returncode == 0
    assert stratus("firmware", "show", firmware_id).returncode == 3
