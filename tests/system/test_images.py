"""Images as people look at them: layers, files, differences, who uses them; every answer as api/openapi.yaml says."""
import pytest
from harness import wait_until
from harness.fleet import Device
from harness.openapi import CheckedClient
from harness.registry import Registry, digest_of

IMAGE = "/api/v1/images/site%2Fapp"


@pytest.fixture
def client(plain_stack):
    server = plain_stack.start_server()
    app = Registry(server.http, "site/app")
    base = {f"lib/{number:03}": b"x" * number for number in range(1, 40)}
    client = CheckedClient(server.http)
    client.digests = {}
    for version, layers in (("1", [base, {"bin/app": b"one", "etc/old": b"gone"}]),
                            ("2", [base, {"bin/app": b"two, longer", "etc/new": b"new"}])):
        client.digests[version] = digest_of(app.push_files(layers, version))
        client.put(f"/api/v1/releases/site%2Fapp/versions/{version}", json={"digest": client.digests[version]})
    Registry(server.http, "only/pushed").push_files([{"a": b"b"}], "latest")
    client.server = server
    return client


def test_images_with_their_versions_and_uses(client):
    device = Device(client.server, "d1", "site/app")
    device.told = ("1", client.digests["1"])
    assert device.report("committed") == 204
    first, second = client.get("/api/v1/images").json()["items"]
    assert (first["name"], first["versions"]) == ("only/pushed", 0)
    assert (second["name"], second["versions"], second["devices"]) == ("site/app", 2, 1)
    assert second["newest"]["version"] == "2" and second["stored_bytes"] < second["full_bytes"]
    page = client.get("/api/v1/images?limit=1").json()
    assert [one["name"] for one in client.get(f"/api/v1/images?cursor={page['next']}").json()["items"]] == ["site/app"]
    shown = client.get(IMAGE).json()
    assert [(one["version"], one["devices"]) for one in shown["versions"]] == [("2", 0), ("1", 1)]
    assert all(0 < one["unique_bytes"] < one["bytes"] for one in shown["versions"]), "the base is shared"
    assert {one["tag"] for one in shown["tags"]} == {"1", "2"}
    assert client.get("/api/v1/images/only%2Fpushed").json()["tags"][0]["tag"] == "latest"
    assert client.get("/api/v1/images/nothing").status == 404


def test_layers_name_who_has_them(client):
    base, own = client.get(f"{IMAGE}/versions/2/layers").json()["items"]
    assert (base["shared_with"], own["shared_with"]) == (["1"], [])
    assert client.get(f"{IMAGE}/versions/9/layers").status == 404


def test_files_of_a_layer_page_by_page(client):
    base = client.get(f"{IMAGE}/versions/1/layers").json()["items"][0]
    path = f"{IMAGE}/versions/1/layers/{base['digest']}/files"
    whole = client.get(path).json()
    files = [one for one in whole["items"] if one["kind"] == "file"]
    assert len(files) == 39 and all(one["change"] == "added" for one in whole["items"])
    assert sum(one["size"] for one in files) == whole["sums"]["added"]["bytes"] == sum(range(1, 40))
    seen, query = [], "?limit=7"
    while query:
        page = client.get(path + query).json()
        seen += page["items"]
        query = f"?limit=7&cursor={page['next']}" if "next" in page else None
    assert seen == whole["items"]
    assert [one["path"] for one in client.get(f"{path}?under=/lib/003").json()["items"]] == ["/lib/003"]
    for query, status in (("?cursor=x", 400), ("?limit=0", 200)):
        assert client.get(path + query).status == status
    assert client.get(path.replace(base["digest"], "sha256:" + "0" * 64)).status == 404
    assert client.get(path.replace(base["digest"], "rubbish")).status == 400


def test_what_two_versions_differ_in(client):
    diff = client.get(f"{IMAGE}/diff?from=1&to=2").json()
    changes = {one["path"]: one["change"] for one in diff["items"]}
    assert {"/bin/app": "changed", "/etc/old": "removed", "/etc/new": "added"}.items() <= changes.items()
    assert not any(path.startswith("/lib") for path in changes)
    assert [one["change"] for one in diff["layers"]] == ["shared", "added", "removed"]
    assert diff["layer_bytes"]["shared"] > 0 and diff["sums"]["changed"]["paths"] >= 1
    only = client.get(f"{IMAGE}/diff?from=1&to=2&change=removed").json()["items"]
    assert [one["path"] for one in only] == ["/etc/old"]
    assert client.get(f"{IMAGE}/diff?from=2&to=2").json()["items"] == []
    for query in ("", "?from=1", "?from=1&to=2&cursor=x"):
        assert client.get(f"{IMAGE}/diff{query}").status == 400
    assert client.get(f"{IMAGE}/diff?from=1&to=9").status == 404


def test_a_restart_keeps_the_indexes(client, plain_stack):
    before = client.get(f"{IMAGE}/diff?from=1&to=2").body
    client.server.program.kill()
    again = plain_stack.start_server(name="again", data=client.server.data)
    after = wait_until(lambda: again.http.get(f"{IMAGE}/diff?from=1&to=2"), 20, what="the server")
    assert after.status == 200 and after.body == before
