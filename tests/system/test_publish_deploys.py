"""What `stratus publish` and `deploy` do not make the target because devices would refuse it, and what they say."""
import json
import os
import pathlib
import subprocess

import pytest

from harness import random_bytes, write_tree


@pytest.fixture
def shop(stack, tmp_path, monkeypatch):
    """A server, a key, and app:1 signed by it and deployed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    stack.start_server()
    stack.key, _ = stack.make_key(tmp_path / "keys")
    stack.tree = write_tree(tmp_path / "tree", {"a": "1"})
    publish(stack, "app:1", "--sign-key", stack.key)
    return stack


def publish(stack, reference, *options, status=0):
    done = stack.stratus("--json", "publish", reference, stack.tree, "--level", "3", "--cmd", "/a", *options, check=False)
    assert done.returncode == status, done.stderr
    return {**json.loads(done.stdout), "stderr": done.stderr}


def target(stack):
    return stack.server.http.get("/api/v1/releases/app").json()["target"]["version"]


def test_going_back_needs_the_key(shop):
    (shop.tree / "a").write_text("2")
    publish(shop, "app:2", "--sign-key", shop.key)
    refused = shop.stratus("deploy", "app:1", check=False)
    assert refused.returncode == 5 and "`stratus deploy app:1 --sign-key" in refused.stderr
    refused = shop.stratus("deploy", "app:1", "--unsigned", check=False)  # it is signed, too early
    assert refused.returncode == 5 and target(shop) == "2"
    shop.stratus("deploy", "app:1", "--sign-key", shop.key)
    assert target(shop) == "1"


def test_a_signature_names_its_version(shop):
    second = publish(shop, "app:5", status=5)
    assert not second["deployed"] and "signed as app:1" in second["detail"] and target(shop) == "1"
    told = shop.stratus("inspect", "app:5")
    assert "not as this version" in told and "as app:1" in told
    refused = shop.stratus("deploy", "app:5", check=False)
    assert refused.returncode == 5 and "signed as app:1" in refused.stderr
    shop.stratus("deploy", "app:5", "--sign-key", shop.key)
    assert target(shop) == "5"
    assert len(json.loads(shop.stratus("--json", "inspect", "app:5"))["signers"]) == 1


def test_an_unsigned_version_does_not_follow_a_signed_one_by_itself(shop):
    (shop.tree / "a").write_text("2")
    result = publish(shop, "app:2", status=5)  # a pipeline that forgot its key must not go on
    assert "published, but not deployed" in result["stderr"] and "`stratus deploy app:2 --sign-key" in result["stderr"]
    assert not result["deployed"] and target(shop) == "1"
    assert not publish(shop, "app:2", "--no-deploy")["deployed"]
    assert shop.stratus("deploy", "app:2", check=False).returncode == 5
    assert publish(shop, "app:2", "--unsigned")["deployed"] is True
    assert target(shop) == "2"
    (shop.tree / "a").write_text("3")
    assert publish(shop, "app:3")["deployed"] is True  # trials go on as trials


def put_target(shop, **body):
    return shop.server.http.put("/api/v1/releases/app/target", json=body)


def start_rollout(shop, path="", **more):
    body = {"title": "t", "contents": [{"name": "app", "version": "2"}], "targets": {"devices": ["d"]}, **more}
    return shop.server.http.post(f"/api/v1/rollouts{path}", json=body)


def test_the_interface_and_rollouts_refuse_what_deploy_refuses(shop):
    device = shop.server.http.post("/api/v1/devices", json={"id": "d"})
    assert device.status == 201, device.body
    (shop.tree / "a").write_text("2")
    publish(shop, "app:2", "--no-deploy")
    for refused in (put_target(shop, version="2"), start_rollout(shop), start_rollout(shop, "/dry-run")):
        problem = refused.json()
        assert refused.status == 409 and problem["code"] == "unsigned", problem
        assert "app:2 is not signed" in problem["detail"] and "app:2 --sign-key" in problem["detail"]
    asked = shop.stratus("rollout", "create", "app:2", "--device", "d", check=False)
    assert asked.returncode == 5 and "`stratus sign app:2 --sign-key" in asked.stderr
    assert start_rollout(shop, "/dry-run", unsigned=True).status == 200
    shop.stratus("rollout", "create", "app:2", "--device", "d", "--unsigned", "--draft")
    # Signed, it is welcome; then the version before it is too old, and nothing waives that.
    shop.stratus("sign", "app:2", "--sign-key", shop.key)
    assert start_rollout(shop, draft=True).status == 201 and target(shop) == "1"
    shop.stratus("deploy", "app:2")
    refused = put_target(shop, version="1", unsigned=True)
    assert refused.status == 409 and refused.json()["code"] == "signed_earlier"
    shop.stratus("sign", "app:1", "--sign-key", shop.key)
    assert put_target(shop, version="1").status == 202


def test_a_draft_is_judged_again_when_it_is_let_run(shop):
    assert shop.server.http.post("/api/v1/devices", json={"id": "d"}).status == 201
    (shop.tree / "a").write_text("2")
    publish(shop, "app:2", "--no-deploy", "--sign-key", shop.key)
    draft, waiting = start_rollout(shop, draft=True), start_rollout(shop, approval=True)
    assert (draft.json()["state"], waiting.json()["state"]) == ("draft", "approval")
    (shop.tree / "a").write_text("3")
    publish(shop, "app:3", "--sign-key", shop.key)

    def order(made, word):
        answer = shop.server.http.post(f"/api/v1/rollouts/{made.json()['id']}/{word}", json={})
        return answer.status, answer.json().get("code"), shop.server.http.get(f"/api/v1/rollouts/{made.json()['id']}").json()["state"]

    assert order(draft, "submit") == (409, "signed_earlier", "draft")
    assert order(waiting, "approve") == (409, "signed_earlier", "approval")
    shop.stratus("sign", "app:2", "--sign-key", shop.key)
    assert order(waiting, "approve")[1:] == ("denied", "approval"), "by somebody else"
    assert order(draft, "submit")[::2] in ((200, "scheduled"), (200, "running"))


def test_a_draft_may_stay_unsigned_where_that_was_said(shop):
    assert shop.server.http.post("/api/v1/devices", json={"id": "d"}).status == 201
    (shop.tree / "a").write_text("2")
    publish(shop, "app:2", "--no-deploy")
    draft = start_rollout(shop, draft=True, unsigned=True).json()
    assert draft["spec"]["unsigned"] is True
    assert shop.server.http.post(f"/api/v1/rollouts/{draft['id']}/submit", json={}).status == 200


def test_publishing_a_signed_version_again_changes_nothing(shop):
    again = publish(shop, "app:1")
    assert again["existed"] and again["deployed"] and len(again["key_id"]) > 12 and again["stderr"].count("not signed") == 0
    (shop.tree / "a").write_text("2")
    publish(shop, "app:2", "--sign-key", shop.key)
    publish(shop, "app:3", "--sign-key", shop.key)
    again = publish(shop, "app:2")
    assert again["existed"] and not again["deployed"] and "`stratus deploy app:2`" in again["detail"]
    assert target(shop) == "3"


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_full_server_is_an_error_at_once(stack, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    disk = pathlib.Path(stack.programs.path("small"))
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", disk], check=True)
    try:
        stack.start_server(data=disk)
        tree = write_tree(tmp_path / "tree", {"big": random_bytes(1, 4_000_000)})
        done = stack.stratus("publish", "app:1", tree, "--level", "3", "--cmd", "/big", check=False)
        assert done.returncode == 1 and "the server's disk is full" in done.stderr and "`stratus gc`" in done.stderr
        assert stack.server.program.log.count("no space for what is pushed") == 1
        assert list((disk / "uploads").iterdir()) == []
        small = write_tree(tmp_path / "small", {"a": "1"})
        stack.stratus("publish", "app:1", small, "--level", "3", "--cmd", "/a")  # what did not fit is gone again
    finally:
        stack.server.program.kill()
        subprocess.run(["umount", "-l", disk], check=False)
