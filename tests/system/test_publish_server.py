"""`stratus publish` against a real server: only what is missing travels, others can pull it, cuts are survived."""
import json
import os
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import CountingProxy, random_bytes, write_tree  # noqa: E402
from harness.artifacts import statements  # noqa: E402
from harness.registry import Registry, digest_of  # noqa: E402
from publishing import full_listing, unpack_with_umoci  # noqa: E402

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="umoci's unpack needs root")


@pytest.fixture
def published(stack, tmp_path, monkeypatch):
    """A started server with app:1 (400 KB in one file) and the tree it was made from."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    stack.start_server()
    stack.key, _ = stack.make_key(tmp_path / "keys")
    stack.tree = write_tree(tmp_path / "tree", {"big": random_bytes(1, 400_000), "d/a": "1", "d/b": "2", "gone": "g"})
    stack.first = publish(stack, "app:1")
    return stack


def publish(stack, reference, *options):
    return json.loads(stack.stratus("--json", "publish", reference, stack.tree, "--level", "3", "--sign-key", stack.key,
                                    "--cmd", "/big", *options))


@needs_root
def test_what_skopeo_pulls_is_the_tree(published, tmp_path):
    (published.tree / "gone").unlink()
    (published.tree / "d/a").write_text("changed")
    second = publish(published, "app:2")
    assert (second["sent_layers"], second["changed"] > 0, second["against"]) == (1, True, "1")
    certificates = tmp_path / "certificates"
    certificates.mkdir()
    shutil.copy(published.server.ca, certificates / "server.crt")
    rootfs = unpack_with_umoci(f"docker://{published.server.address}/app:2", tmp_path / "bundle", f"--src-cert-dir={certificates}")
    assert full_listing(rootfs) == full_listing(published.tree)


def test_a_lost_cache_costs_a_transfer_and_changes_nothing(published, tmp_path):
    (published.tree / "d/c").write_text("3")
    second = publish(published, "app:2")
    shutil.rmtree(tmp_path / "cache")
    (published.tree / "d/d").write_text("4")
    third = publish(published, "app:3")
    assert third["layers"][:2] == [{**layer, "new": False} for layer in second["layers"]]
    assert third["added"] == 1


def test_publishing_again_sends_nothing_and_signs_once(published):
    again = publish(published, "app:1")
    assert (again["digest"], again["sent_layers"]) == (published.first["digest"], 0)
    seen = json.loads(published.stratus("--json", "inspect", "app:1"))
    assert seen["signers"] == [published.first["key_id"]]
    assert seen["deployed"] is True
    assert [layer["digest"] for layer in seen["layers"]] == [layer["digest"] for layer in published.first["layers"]]


def signed(stack, reference):
    """What was signed about a version, by rising counter."""
    digest = json.loads(stack.stratus("--json", "inspect", reference))["digest"]
    return statements(stack.server.http, reference.split(":")[0], digest)


def test_each_release_counts_more_than_the_one_before(published):
    """Also when both are signed in the same second; an older one is signed anew only to be deployed again."""
    (published.tree / "d/a").write_text("2")
    publish(published, "app:2", "--no-deploy")
    (first,), (second,) = signed(published, "app:1"), signed(published, "app:2")
    assert first["version"] == "1" and second["version"] == "2"
    assert second["counter"] > first["counter"] > 1_700_000_000
    published.stratus("deploy", "app:2", "--sign-key", published.key)
    assert len(signed(published, "app:2")) == 1
    published.stratus("deploy", "app:1", "--sign-key", published.key)
    again = signed(published, "app:1")
    assert len(again) == 2 and again[1]["counter"] > second["counter"]
    offered = published.server.http.get("/api/v1/next/app?device=d1").json()["signatures"]
    assert [one["counter"] for one in offered] == [again[1]["counter"]]


def test_two_versions_of_the_same_contents(published):
    """One image, signed for each version: devices are offered the signature for the one that is deployed."""
    again = publish(published, "app:1b")
    assert again["digest"] == published.first["digest"]
    offered = published.server.http.get("/api/v1/next/app?device=d1").json()
    assert offered["version"] == "1b"
    (only,) = [one for one in signed(published, "app:1b") if one["version"] == "1b"]
    assert [one["counter"] for one in offered["signatures"]] == [only["counter"]]


def pushed_by_the_server(stack, version, environment):
    """What a hostile server would do: registers an image of its own as the newest version, signed by nobody."""
    app = Registry(stack.server.http, "app")
    manifest = json.loads(stack.server.http.get(f"/v2/app/manifests/{stack.first['digest']}").body)
    config = json.loads(stack.server.http.get(f"/v2/app/blobs/{manifest['config']['digest']}").body)
    config["config"].update({"Env": environment, "Entrypoint": ["/evil"]})
    body = json.dumps(config).encode()
    app.push_blob(body)
    manifest["config"].update(digest=digest_of(body), size=len(body))
    evil = json.dumps(manifest).encode()
    assert app.put_manifest(evil, version).status == 201
    assert stack.server.http.put(f"/api/v1/releases/app/versions/{version}", json={"digest": digest_of(evil)}).status == 200


def test_a_configuration_that_the_server_names_is_not_signed(published):
    pushed_by_the_server(published, "9", ["LD_PRELOAD=/evil.so"])
    (published.tree / "d/a").write_text("2")
    words = ["publish", "app:10", published.tree, "--level", "3", "--sign-key", published.key]
    refused = published.stratus(*words, check=False)
    assert refused.returncode == 4 and "app:9 is not signed by this key" in refused.stderr and "--entrypoint" in refused.stderr
    refused = published.stratus(*words, "--cmd", "/big", "--against", "9", check=False)
    assert refused.returncode == 4 and "--against none" in refused.stderr
    result = json.loads(published.stratus("--json", *words, "--cmd", "/big"))
    assert "against" not in result and "app:9" in result["passed_over"] and len(result["layers"]) == 1
    told = published.server.http.get("/api/v1/next/app?device=d1").json()
    config = json.loads(told["config"])["config"]
    assert told["version"] == "10" and config.get("Cmd") == ["/big"]
    assert "Entrypoint" not in config and "Env" not in config
    # Without a key nothing is vouched for, and everything is as convenient as before.
    (published.tree / "d/a").write_text("3")
    assert json.loads(published.stratus("--json", "publish", "app:11", published.tree, "--level", "3",
                                        "--against", "9", "--unsigned"))["against"] == "9"


def test_a_version_signed_as_another_is_no_base(published):
    """The server shows the signed app:1 as the newest version under a name that the key never signed."""
    assert published.server.http.put("/api/v1/releases/app/versions/7",
                                     json={"digest": published.first["digest"]}).status == 200
    (published.tree / "d/a").write_text("2")
    result = publish(published, "app:8")
    assert "app:7" in result["passed_over"] and "against" not in result


def test_publish_says_what_will_start(published):
    (published.tree / "d/a").write_text("2")
    os.chmod(published.tree / "big", 0o755)
    told = published.stratus("publish", "app:2", published.tree, "--level", "3", "--sign-key", published.key)
    assert "starts /big (as 1 does)" in told and "2 layers, 1 sent" in told
    (published.tree / "big").unlink()
    done = published.stratus("publish", "app:3", published.tree, "--level", "3", "--unsigned", check=False)
    assert done.returncode == 0
    assert "warning: app:3: there is no /big in the image (start settings of 2)" in done.stderr
    done = published.stratus("publish", "other:1", published.tree, "--level", "3", check=False)
    assert done.returncode == 0 and "nothing says what to start" in done.stderr and "1 layer, 1 sent" in done.stdout


def test_a_version_never_changes(published):
    (published.tree / "d/a").write_text("other")
    done = published.stratus("publish", "app:1", published.tree, check=False)
    assert done.returncode == 5 and "published with other contents" in done.stderr


def test_no_deploy_leaves_devices_alone(published):
    (published.tree / "d/a").write_text("2")
    publish(published, "app:2", "--no-deploy")
    releases = json.loads(published.stratus("--json", "releases", "app"))["releases"]
    assert [(line["version"], line["deployed"]) for line in releases] == [("2", False), ("1", True)]
    published.stratus("deploy", "app:2")
    releases = json.loads(published.stratus("--json", "releases", "app"))["releases"]
    assert [(line["version"], line["deployed"]) for line in releases] == [("2", True), ("1", False)]


def test_without_the_token_nothing_is_written(published, tmp_path):
    (published.tree / "d/a").write_text("2")
    wrong = tmp_path / "wrong.token"
    wrong.write_text("0" * 64)
    done = published.stratus("--token-file", wrong, "publish", "app:2", published.tree, "--level", "3", check=False)
    assert done.returncode == 4 and "token" in done.stderr
    releases = json.loads(published.stratus("--json", "releases", "app"))["releases"]
    assert [line["version"] for line in releases] == ["1"]


def test_errors_say_what_to_do(published, tmp_path):
    done = published.stratus("--server", "http://127.0.0.1:1", "releases", check=False)
    assert done.returncode == 1 and "127.0.0.1" in done.stderr
    assert published.stratus("deploy", "app:9", check=False).returncode == 3
    assert published.stratus("inspect", "nothing:1", check=False).returncode == 3


def test_an_upload_survives_cuts(plain_stack, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    plain_stack.start_server()
    plain_stack.key, _ = plain_stack.make_key(tmp_path / "keys")
    plain_stack.tree = write_tree(tmp_path / "tree", {"big": random_bytes(1, 40_000_000)})
    with CountingProxy(plain_stack.server.url) as proxy:
        proxy.cut_after(*[500] * 8)  # bytes of answers, which are small: every few requests one is lost
        result = publish(plain_stack, "app:1", "--server", proxy.url())
        assert proxy.cuts_done >= 4
        assert proxy.up < 3 * 40_000_000
    assert result["deployed"] is True
    seen = json.loads(plain_stack.stratus("--json", "inspect", "app:1"))
    assert seen["digest"] == result["digest"] and seen["signers"] == [result["key_id"]]
