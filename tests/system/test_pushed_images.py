"""Images that another client pushed: `stratus deploy --sign-key` registers and signs them, a device runs them."""
import shutil
import subprocess

import pytest

from harness import Programs, wait_until
from harness.agent_case import AgentCase


@pytest.fixture
def case(monkeypatch, tmp_path):
    if not shutil.which("skopeo"):
        pytest.skip("skopeo is not installed")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with Programs() as programs:
        yield AgentCase(programs)


def push(case, version):
    """What `podman push` and `skopeo copy` do: blobs, manifest, tag, and nothing of ours."""
    layout = case.programs.path(f"layout-{version}")
    words = ["publish", f"web:{version}", case.tree(version), "--to-layout", layout, "--entrypoint", "/bin/service"]
    for word in ("--version-file", "/etc/version", "--port", case.port):
        words.append(f"--cmd={word}")
    case.stack.stratus(*words)
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--dest-tls-verify=false", f"--dest-creds=any:{case.server.token}",
                    f"oci:{layout}:web:{version}", f"docker://{case.server.address}/web:{version}"],
                   check=True, capture_output=True, text=True)


def test_a_pushed_image_is_signed_and_runs(case):
    push(case, 1)
    assert case.server.http.get("/api/v1/releases/web").status == 404  # pushed is not registered
    told = case.stack.stratus("deploy", "web:1", "--sign-key", case.private)
    assert "web:1 is what devices run next" in told and "not signed" not in told
    case.start()
    case.wait_committed(1)
    case.wait_answer(1)
    push(case, 2)
    case.stack.stratus("deploy", "web:2", "--sign-key", case.private)
    case.wait_committed(2)
    case.wait_answer(2)


def test_a_pushed_image_without_a_signature_is_refused_until_it_has_one(case):
    push(case, 1)
    case.stack.stratus("deploy", "web:1", "--sign-key", case.private)
    case.start()
    case.wait_committed(1)
    push(case, 2)
    looked = case.stack.stratus("inspect", "web:2", check=False)
    assert looked.returncode == 3 and "`stratus deploy web:2 --sign-key" in looked.stderr
    refused = case.stack.stratus("deploy", "web:2", check=False)
    assert refused.returncode == 5 and "web:2 is not signed" in refused.stderr
    assert "not signed, devices will refuse it" in case.stack.stratus("deploy", "web:2", "--unsigned")
    wait_until(lambda: "not signed" in (case.status().get("reason") or ""), 30, what="the refusal")
    assert case.answer() == "1"
    case.stack.stratus("deploy", "web:2", "--sign-key", case.private)
    case.wait_committed(2, 60)


def test_an_older_version_comes_back_by_its_key_only(case):
    """Going back on purpose signs anew; without the key the device refuses what is older than what it ran."""
    for version in (1, 2):
        case.publish(version)
        if version == 1:
            case.start()
        case.wait_committed(version)
    refused = case.stack.stratus("deploy", "web:1", check=False)
    assert refused.returncode == 5 and "`stratus deploy web:1 --sign-key" in refused.stderr
    case.make_target(1)
    wait_until(lambda: case.status().get("reason"), 30, what="the refusal")
    assert case.answer() == "2"
    case.stack.stratus("deploy", "web:1", "--sign-key", case.private)
    case.wait_committed(1, 60)
