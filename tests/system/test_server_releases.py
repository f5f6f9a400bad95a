"""Releases, targets and deltas of the server: what a device is told, and what comes before a target flips."""
import concurrent.futures
import gzip
import json
import random
import subprocess

import pytest
from harness import BIN, wait_until
from harness.registry import INDEX, LAYER, Registry, descriptor, digest_of, tar_of

DELTA = "application/vnd.stratus.delta.v1"
RANDOM = random.Random(7)
BIG = RANDOM.randbytes(300_000)
CHANGED = BIG[:150_000] + RANDOM.randbytes(200) + BIG[150_200:]


@pytest.fixture
def server(plain_stack):
    return plain_stack.start_server()


@pytest.fixture
def app(server):
    return Registry(server.http, "site/app")


RELEASES = "/api/v1/releases/site%2Fapp"


def register(server, version, manifest):
    return server.http.put(f"{RELEASES}/versions/{version}", json={"digest": digest_of(manifest)})


def deploy(server, version):
    """Deploys and waits; the finished operation."""
    begun = server.http.put(f"{RELEASES}/target", json={"version": version})
    assert begun.status == 202, begun
    location = begun.headers["Location"]
    return wait_until(lambda: (lambda o: o if o["state"] != "running" else None)(server.http.get(location).json()),
                      60, what="the deployment to end")


def ask(server, have=None, device="d1"):
    query = f"?device={device}" + (f"&have={digest_of(have).split(':')[1]}" if have else "")
    return server.http.get("/api/v1/next/site%2Fapp" + query, token=None)


def publish(server, app, version, layers, **options):
    manifest = app.push_files(layers, version, **options)
    assert register(server, version, manifest).status == 200
    return manifest


def test_a_device_is_told_the_target(server, app):
    assert ask(server).status == 404
    first = publish(server, app, "1", [{"bin/app": BIG}])
    assert ask(server).status == 404  # registered is not deployed
    assert deploy(server, "1")["state"] == "done"
    told = ask(server).json()
    assert (told["name"], told["version"], told["manifest"]) == ("site/app", "1", first.decode())
    assert digest_of(told["config"].encode()) in told["manifest"]
    assert "deltas" not in told and "delta_pending" not in told
    assert ask(server, first).status == 204
    assert server.http.get("/api/v1/next/site/app?device=d1", token=None).status == 200
    assert ask(server, b"an image that nobody knows").json()["version"] == "1"


@pytest.mark.parametrize("query", ["?have=x", "?have=" + "A" * 64, "?device=..%2Fx", "?device=" + "a" * 65])
def test_a_malformed_question_is_refused(server, app, query):
    publish(server, app, "1", [{"bin/app": b"x"}])
    deploy(server, "1")
    assert server.http.get("/api/v1/next/site%2Fapp" + query, token=None).status == 400


def test_deploying_makes_the_deltas_first(server, app):
    first = publish(server, app, "1", [{"bin/app": BIG}])
    deploy(server, "1")
    second = publish(server, app, "2", [{"bin/app": CHANGED}])
    operation = deploy(server, "2")
    assert operation["state"] == "done" and (operation["done"], operation["total"]) == (1, 1)
    told = ask(server, first).json()
    assert told["version"] == "2" and "delta_pending" not in told
    (delta,) = told["deltas"]
    assert delta["base"] == digest_of(first) and delta["size"] < 5_000
    recipe = server.http.get(app.path("blobs", delta["blob"]), token=None)
    assert recipe.status == 200 and len(recipe.body) == delta["size"]
    # The artifact is an ordinary referrer of the new image.
    (artifact,) = server.http.get(app.path("referrers", digest_of(second))).json()["manifests"]
    assert artifact["artifactType"] == DELTA
    assert artifact["annotations"] == {"vnd.stratus.delta.base": digest_of(first)}


def test_a_delta_makes_the_layer_that_was_pushed(server, app, programs):
    """gzip layers as podman and docker push them; applied by the `stratus` command to the old layer's tar."""
    files = {"bin/app": BIG, "etc/app.conf": b"answer = 42\n" * 50}
    gz = {"media_type": LAYER + "+gzip", "pack": lambda tar: gzip.compress(tar, mtime=0)}
    first = publish(server, app, "1", [files], **gz)
    deploy(server, "1")
    publish(server, app, "2", [{**files, "bin/app": CHANGED}], **gz)
    deploy(server, "2")
    (delta,) = ask(server, first).json()["deltas"]
    old, recipe, new = programs.path("old"), programs.path("recipe"), programs.path("new.tar")
    for path, data in files.items():
        (old / path).parent.mkdir(parents=True, exist_ok=True)
        (old / path).write_bytes(data)
    recipe.write_bytes(server.http.get(app.path("blobs", delta["blob"])).body)
    # Its base is layers with their tar headers, as devices keep them; files alone are refused with the way out.
    refused = subprocess.run([BIN / "stratus", "delta", "apply", old, recipe, new], stderr=subprocess.PIPE, text=True)
    assert refused.returncode != 0 and "name the layer's tar" in refused.stderr and not new.exists()
    old_tar = programs.path("old.tar")
    old_tar.write_bytes(tar_of(files))
    subprocess.run([BIN / "stratus", "delta", "apply", old_tar, recipe, new], check=True)
    assert digest_of(new.read_bytes()) == delta["diff_id"]


def test_a_delta_for_another_base_is_made_on_demand(server, app):
    old = publish(server, app, "1", [{"bin/app": BIG}])
    publish(server, app, "2", [{"bin/app": RANDOM.randbytes(1000)}])
    deploy(server, "2")
    new = publish(server, app, "3", [{"bin/app": CHANGED}])
    deploy(server, "3")
    # Nobody was known to run version 1: the answer is never an error, and the delta follows.
    assert ask(server, old).json()["version"] == "3"
    told = wait_until(lambda: (lambda t: t if "deltas" in t else None)(ask(server, old).json()), 30,
                      what="the delta on demand")
    assert told["deltas"][0]["size"] < 5_000 and "delta_pending" not in told
    assert told["manifest"] == new.decode()


def test_a_useless_delta_is_not_offered(server, app):
    """An empty layer, packed, is smaller than anything that could be said about it."""
    gz = {"media_type": LAYER + "+gzip", "pack": lambda tar: gzip.compress(tar, 9, mtime=0)}
    first = publish(server, app, "1", [{"bin/app": b"x"}], **gz)
    deploy(server, "1")
    publish(server, app, "2", [{}], **gz)
    deploy(server, "2")
    told = ask(server, first).json()
    assert "deltas" not in told and "delta_pending" not in told
    assert server.metric('stratus_delta_jobs_total{outcome="useless"}') == 1


def test_only_missing_layers_get_a_delta(server, app):
    base = {"lib/runtime": RANDOM.randbytes(50_000)}
    first = publish(server, app, "1", [base, {"bin/app": BIG}])
    deploy(server, "1")
    publish(server, app, "2", [base, {"bin/app": CHANGED}])
    deploy(server, "2")
    assert len(ask(server, first).json()["deltas"]) == 1


def test_deploying_does_not_wait_for_ever(plain_stack):
    server = plain_stack.start_server(config="deploy_wait_s = 0")
    app = Registry(server.http, "site/app")
    publish(server, app, "1", [{"bin/app": BIG * 4}])
    deploy(server, "1")
    publish(server, app, "2", [{"bin/app": CHANGED * 4}])
    operation = deploy(server, "2")
    assert operation["state"] == "done" and operation["done"] < operation["total"]
    assert "before" in operation["detail"]
    assert ask(server).json()["version"] == "2"


def test_the_newest_of_two_deployments_wins(server, app):
    """Version 2's delta takes long; while it is made, version 3 is asked for. Version 2 must not come after it."""
    big = RANDOM.randbytes(1_500_000)
    publish(server, app, "1", [{"bin/app": big}])
    deploy(server, "1")
    publish(server, app, "2", [{"bin/app": RANDOM.randbytes(1_500_000)}])
    publish(server, app, "3", [{"bin/app": b"small"}])
    older = server.http.put(f"{RELEASES}/target", json={"version": "2"}).headers["Location"]
    assert deploy(server, "3")["state"] == "done"
    ended = wait_until(lambda: (lambda o: o if o["state"] != "running" else None)(server.http.get(older).json()),
                       60, what="the older deployment to end")
    assert ended["state"] == "superseded" and "site/app:3 was deployed" in ended["detail"]
    assert ask(server).json()["version"] == "3"
    assert server.http.get(RELEASES).json()["target"]["version"] == "3"


def test_what_devices_claim_to_run_makes_no_jobs(server, app):
    """Only registered releases are bases: a manifest that lies in the repository is not enough."""
    publish(server, app, "1", [{"bin/app": CHANGED}])
    deploy(server, "1")
    pushed = [app.push_files([{"bin/app": BIG[:100_000 + number]}]) for number in range(4)]
    for number, manifest in enumerate(pushed):
        told = ask(server, manifest, device=f"d{number}").json()
        assert told["version"] == "1" and "delta_pending" not in told
    assert server.metric("stratus_delta_queue_jobs") == 0
    assert sum(server.metric(f'stratus_delta_jobs_total{{outcome="{outcome}"}}') for outcome in (
        "made", "useless", "failed", "refused")) == 0
    assert register(server, "0", pushed[0]).status == 200
    assert "delta_pending" in ask(server, pushed[0]).json()  # it is a release now


def test_what_a_release_needs_cannot_be_deleted(server, app):
    manifest = publish(server, app, "1", [{"bin/app": b"x"}])
    parts = json.loads(manifest)
    for blob in (parts["config"], parts["layers"][0]):
        refused = server.http.delete(app.path("blobs", blob["digest"]))
        assert refused.status == 403 and "remove the release first" in refused.json()["errors"][0]["message"]
    spare = app.push_blob(b"nobody needs this")
    assert server.http.delete(app.path("blobs", digest_of(b"nobody needs this"))).status == 202, spare
    assert deploy(server, "1")["state"] == "done"


def test_a_version_is_removed_or_deployed_but_never_both(server, app):
    """Requests of both kinds at the same time: whatever wins, the target is a version that exists."""
    publish(server, app, "1", [{"bin/app": b"x"}])
    deploy(server, "1")
    for turn in range(2, 8):
        publish(server, app, str(turn), [{"bin/app": b"y" * turn}])
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            removed = pool.submit(server.http.delete, f"{RELEASES}/versions/{turn}")
            deployed = pool.submit(server.http.put, f"{RELEASES}/target", json={"version": str(turn)})
            answers = removed.result().status, deployed.result()
        if answers[1].status == 202:
            location = answers[1].headers["Location"]
            wait_until(lambda: server.http.get(location).json()["state"] != "running", 60, what="the deployment to end")
        found = server.http.get(RELEASES).json()
        assert found["target"]["version"] in [entry["version"] for entry in found["versions"]], answers


def test_a_version_is_never_replaced(server, app):
    manifest = publish(server, app, "1", [{"bin/app": b"one"}])
    assert register(server, "1", manifest).status == 200
    other = app.push_files([{"bin/app": b"two"}])
    refused = register(server, "1", other)
    assert refused.status == 409 and refused.json()["code"] == "conflict"
    found = server.http.get(RELEASES).json()
    assert [entry["digest"] for entry in found["versions"]] == [digest_of(manifest)]


def test_what_devices_could_not_run_is_not_registered(server, app):
    not_there = server.http.put(f"{RELEASES}/versions/1", json={"digest": digest_of(b"x")})
    assert not_there.status == 404
    image = app.push_files([{"bin/app": b"x"}])
    index = ('{"schemaVersion":2,"mediaType":"%s","manifests":[%s]}' % (
        INDEX, str(descriptor("application/vnd.oci.image.manifest.v1+json", image)).replace("'", '"'))).encode()
    assert app.put_manifest(index, "multi", INDEX).status == 201
    refused = register(server, "1", index)
    assert refused.status == 400 and "index" in refused.json()["detail"]
    artifact = app.push_image(b"layer")  # its configuration is no image configuration
    assert register(server, "1", artifact).status == 400
    for version in ("..", "a%2Fb", "%20"):
        assert register(server, version, image).status == 400
    assert server.http.put("/api/v1/releases/..%2F..%2Fetc/versions/1", json={"digest": digest_of(image)}).status == 400


def test_a_release_cannot_be_deleted_by_the_registry(server, app):
    manifest = publish(server, app, "1", [{"bin/app": b"x"}])
    assert server.http.delete(app.path("manifests", digest_of(manifest))).status == 403
    assert server.http.delete(app.path("manifests/1")).status == 202  # the tag may go
    assert deploy(server, "1")["state"] == "done"
    assert server.http.delete(RELEASES + "/versions/1").status == 409  # it is the target
    publish(server, app, "2", [{"bin/app": b"y"}])
    deploy(server, "2")
    assert server.http.delete(RELEASES + "/versions/1", token=None).status == 401
    assert server.http.delete(RELEASES + "/versions/1").status == 204
    assert server.http.delete(RELEASES + "/versions/1").status == 404
    assert server.http.delete(app.path("manifests", digest_of(manifest))).status == 202


def test_a_server_killed_or_stopped_while_it_makes_a_delta(plain_stack, server, app):
    """Nothing half made is seen afterwards, and the next deployment makes it."""
    first = publish(server, app, "1", [{"bin/app": RANDOM.randbytes(4_000_000)}])
    deploy(server, "1")
    publish(server, app, "2", [{"bin/app": RANDOM.randbytes(4_000_000)}])
    for end in (lambda s: s.program.kill(), lambda s: s.program.stop()):
        begun = server.http.put(f"{RELEASES}/target", json={"version": "2"}).headers["Location"]
        wait_until(lambda: any((server.data / "scratch").rglob("*.tar")), what="the delta to begin")
        end(server)
        server = plain_stack.start_server()
        state = server.http.get(begun).json()["state"]
        assert state in ("failed", "done")
        assert ask(server).json()["version"] == ("2" if state == "done" else "1")
        assert not any((server.data / "scratch").rglob("*.tar"))
    assert deploy(server, "2")["state"] == "done"
    told = ask(server, first).json()
    assert told["version"] == "2" and "delta_pending" not in told


@pytest.mark.parametrize("method,path", [
    ("PUT", RELEASES + "/versions/1"), ("PUT", RELEASES + "/target"), ("POST", "/api/v1/gc")])
def test_steering_needs_the_token(server, method, path):
    assert server.http.request(method, path, token=None, body=b"{}").status == 401


def test_deploying_what_does_not_exist(server):
    assert server.http.put(f"{RELEASES}/target", json={"version": "1"}).status == 404
    assert server.http.put(f"{RELEASES}/target", json={}).status == 400
    assert server.http.get("/api/v1/operations/none").status == 404
    assert server.http.get(RELEASES).status == 404
    assert server.http.get("/api/v1/releases").json() == {"releases": []}


def test_releases_and_targets_survive_kill(plain_stack, server, app):
    first = publish(server, app, "1", [{"bin/app": BIG}])
    deploy(server, "1")
    publish(server, app, "2", [{"bin/app": CHANGED}])
    deploy(server, "2")
    server.program.kill()
    again = plain_stack.start_server()
    told = ask(again, first).json()
    assert told["version"] == "2" and len(told["deltas"]) == 1
    (entry,) = again.http.get("/api/v1/releases").json()["releases"]
    assert entry["target"]["version"] == "2"
    assert sorted(v["version"] for v in entry["versions"]) == ["1", "2"]
