"""Round trips with the clients that people have: skopeo, podman, buildah, umoci, curl."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess

import pytest
from harness.registry import digest_of


def run(*words, **options):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=180,
                          stdin=subprocess.DEVNULL, **options)
    assert done.returncode == 0, f"$ {' '.join(map(str, words))}\n{done.stdout}{done.stderr}"
    return done.stdout


def need(*tools):
    for tool in tools:
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")


@pytest.fixture
def layout(programs):
    """An OCI layout with one image of two layers, made by umoci."""
    need("umoci", "skopeo")
    root, path = programs.path("root/x").parent, programs.path("layout")
    (root / "app").write_bytes(os.urandom(200_000))
    (root / "etc").mkdir()
    (root / "etc/conf").write_text("a = 1\n")
    run("umoci", "init", "--layout", path)
    run("umoci", "new", "--image", f"{path}:v1")
    run("umoci", "insert", "--image", f"{path}:v1", root / "app", "/app")
    run("umoci", "insert", "--image", f"{path}:v1", root / "etc", "/etc")
    return path


def trusted(programs, server):
    """A directory for --cert-dir with the certificate of this server."""
    certificates = programs.path("certs.d/x").parent
    shutil.copy(server.ca, certificates / "ca.crt")
    return certificates


def blobs(layout):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in pathlib.Path(layout, "blobs/sha256").iterdir()}


@pytest.mark.parametrize("plain", [True, False], ids=["plain", "tls"])
def test_skopeo_copies_there_and_back(programs, stack, layout, plain):
    need("skopeo")
    stack.plain = plain
    server = stack.start_server()
    if plain:
        to, source = ["--dest-tls-verify=false"], ["--src-tls-verify=false"]
    else:
        certificates = trusted(programs, server)
        to, source = [f"--dest-cert-dir={certificates}"], [f"--src-cert-dir={certificates}"]
    remote = f"docker://{server.address}/site/app"
    run("skopeo", "copy", *to, f"--dest-creds=admin:{server.token}", f"oci:{layout}:v1", f"{remote}:v1")
    back = programs.path("back")
    run("skopeo", "copy", *source, f"{remote}:v1", f"oci:{back}:v1")
    pushed = {name for name in blobs(back)}
    assert all(name == content for name, content in blobs(back).items())
    assert pushed <= set(blobs(layout))
    # From registry to registry, other repository: the blobs are there already.
    run("skopeo", "copy", *to, *source, f"--dest-creds=admin:{server.token}", f"{remote}:v1",
        f"docker://{server.address}/site/copy:v1")
    assert server.http.get("/v2/site/copy/tags/list").json()["tags"] == ["v1"]


def test_skopeo_without_the_token_is_refused(stack, layout):
    need("skopeo")
    stack.plain = True
    server = stack.start_server()
    for login in ([], ["--dest-creds=admin:wrong"]):
        done = subprocess.run(["skopeo", "copy", "--dest-tls-verify=false", *login, f"oci:{layout}:v1",
                               f"docker://{server.address}/app:v1"], capture_output=True, text=True, timeout=60)
        assert done.returncode != 0
    assert server.http.get("/v2/_catalog").json()["repositories"] == []


def test_skopeo_lists_inspects_and_deletes(stack, layout):
    need("skopeo")
    stack.plain = True
    server = stack.start_server()
    remote, creds = f"docker://{server.address}/app", f"--creds=admin:{server.token}"
    run("skopeo", "copy", "--dest-tls-verify=false", f"--dest-creds=admin:{server.token}", f"oci:{layout}:v1",
        f"{remote}:v1")
    assert json.loads(run("skopeo", "list-tags", "--tls-verify=false", remote))["Tags"] == ["v1"]
    assert json.loads(run("skopeo", "inspect", "--tls-verify=false", f"{remote}:v1"))["Name"].endswith("/app")
    run("skopeo", "delete", "--tls-verify=false", creds, f"{remote}:v1")
    assert server.http.get("/v2/app/tags/list").json()["tags"] == []


def test_skopeo_pushes_dockers_format(stack, layout):
    need("skopeo")
    stack.plain = True
    server = stack.start_server()
    run("skopeo", "copy", "--format=v2s2", "--dest-tls-verify=false", f"--dest-creds=admin:{server.token}",
        f"oci:{layout}:v1", f"docker://{server.address}/app:docker")
    answer = server.http.get("/v2/app/manifests/docker")
    assert answer.headers["Content-Type"] == "application/vnd.docker.distribution.manifest.v2+json"
    registered = server.http.put("/api/v1/releases/app/versions/docker", json={"digest": digest_of(answer.body)})
    assert registered.status == 200, registered


@pytest.mark.parametrize("tool, plain", [("podman", True), ("podman", False), ("buildah", True)],
                         ids=["podman-plain", "podman-tls", "buildah-plain"])
def test_podman_and_buildah_push_and_pull(programs, stack, tool, plain):
    need(tool)
    stack.plain = plain
    server = stack.start_server()
    trust = "--tls-verify=false" if plain else f"--cert-dir={trusted(programs, server)}"
    storage = ["--storage-driver=vfs", f"--root={programs.path('storage')}", f"--runroot={programs.path('run')}"]
    root = programs.path("rootfs/bin/app")
    root.write_bytes(os.urandom(100_000))
    reference = f"{server.address}/site/{tool}:1"
    if tool == "podman":
        run("tar", "-C", root.parent.parent, "-cf", programs.path("root.tar"), ".")
        run("podman", *storage, "import", programs.path("root.tar"), reference)
    else:
        container = run("buildah", *storage, "from", "scratch").strip()
        run("buildah", *storage, "copy", container, root, "/bin/app")
        run("buildah", *storage, "commit", container, reference)
    if not plain:  # without the server's certificate nothing is sent
        refused = subprocess.run([tool, *storage, "push", f"--creds=admin:{server.token}", reference], capture_output=True,
                                 text=True, timeout=180, stdin=subprocess.DEVNULL)
        assert refused.returncode != 0 and "x509" in refused.stderr, refused.stderr
    run(tool, *storage, "push", trust, f"--creds=admin:{server.token}", reference)
    manifest = server.http.get(f"/v2/site/{tool}/manifests/1")
    assert manifest.status == 200
    # What was pushed can be released, and its layers are whole.
    assert server.http.put(f"/api/v1/releases/site%2F{tool}/versions/1",
                           json={"digest": digest_of(manifest.body)}).status == 200
    for layer in manifest.json()["layers"]:
        assert digest_of(server.http.get(f"/v2/site/{tool}/blobs/{layer['digest']}").body) == layer["digest"]
    run(tool, *storage, "rmi", "--all", "--force")
    run(tool, *storage, "pull", trust, reference)
    assert reference in run(tool, *storage, "images", "--format={{.Repository}}:{{.Tag}}" if tool == "podman"
                            else "--format={{.Name}}:{{.Tag}}")


def test_curl_pushes_and_resumes(programs, stack):
    need("curl")
    server = stack.start_server()  # TLS: curl trusts the file that the server made
    base = ["curl", "-sS", "--fail", "--cacert", str(server.ca), "-u", f"admin:{server.token}"]
    data = programs.path("blob")
    data.write_bytes(os.urandom(100_000))
    digest = digest_of(data.read_bytes())
    head = run(*base, "-X", "POST", "-D-", "-o", "/dev/null", f"{server.url}/v2/app/blobs/uploads/")
    location = [line.split(": ", 1)[1] for line in head.splitlines() if line.lower().startswith("location:")][0]
    run(*base, "-X", "PUT", "--data-binary", f"@{data}", f"{server.url}{location}?digest={digest}")
    part = programs.path("part")
    part.write_bytes(data.read_bytes()[:40_000])
    run(*base, "-C", "-", "-o", part, f"{server.url}/v2/app/blobs/{digest}")
    assert part.read_bytes() == data.read_bytes()
