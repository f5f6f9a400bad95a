"""A disk that is full where nobody looks first: what `stratus` writes beside its output, and where the server makes its deltas."""
import contextlib
import json
import pathlib
import subprocess
import sys

import pytest
from harness import Stack, StratusFailed, random_bytes, wait_until, write_tree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from publishing import Publisher  # noqa: E402

MEGABYTE = 1 << 20


@pytest.fixture
def small_disk(programs):
    """A function that mounts a tmpfs of so many bytes, and its directory."""
    def mount(size):
        directory = programs.path("small", "x").parent
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", directory], check=False).returncode:
            pytest.skip("cannot mount a tmpfs here")
        return directory
    return mount


def taken(directory):
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def says_so(text):
    assert "No space left on device" in text or "no room" in text, text


def test_publishing_to_a_layout_on_a_full_disk(small_disk, tmp_path):
    disk = small_disk(4 * MEGABYTE)
    publisher = Publisher(disk)
    small, large = write_tree(tmp_path / "small", {"a": "x"}), write_tree(tmp_path / "large", {"a": random_bytes(1, 8 * MEGABYTE)})
    publisher.publish("app:1", small)
    index = (publisher.layout / "index.json").read_text()
    before = taken(disk)
    failed = publisher.publish("app:2", large, check=False)
    assert failed.returncode == 1 and failed.stdout == ""
    says_so(failed.stderr)
    assert (publisher.layout / "index.json").read_text() == index, "version 1 is what it was"
    assert taken(disk) <= before + 100_000, [str(path) for path in disk.rglob("*")]
    publisher.publish("app:3", write_tree(tmp_path / "third", {"a": "y"}))


def test_publishing_to_a_server_with_a_full_disk_at_home(plain_stack, small_disk, tmp_path):
    disk = small_disk(2 * MEGABYTE)
    plain_stack.start_server()
    large = write_tree(tmp_path / "large", {"a": random_bytes(1, 6 * MEGABYTE)})
    home = {"TMPDIR": str(disk), "XDG_CACHE_HOME": str(disk / "cache"), "HOME": str(disk)}
    done = plain_stack.stratus("publish", "app:1", large, "--unsigned", check=False, env=home)
    if done.returncode:  # either it needs the room and says so, or it can do without
        assert done.returncode == 1
        says_so(done.stderr)
        assert plain_stack.server.http.get("/api/v1/releases/app").status == 404
    assert taken(disk) < 100_000, [str(path) for path in disk.rglob("*")]
    plain_stack.stratus("publish", "app:2", large, "--unsigned")


def test_a_delta_that_does_not_fit_leaves_nothing_half(plain_stack, small_disk, tmp_path):
    disk = small_disk(MEGABYTE)
    old, new = write_tree(tmp_path / "old", {"a": "x"}), write_tree(tmp_path / "new", {"a": random_bytes(1, 3 * MEGABYTE)})
    for words in (("make", old, new, disk / "out.delta"), ("apply", old, tmp_path / "good.delta", disk / "out")):
        if words[0] == "apply":
            plain_stack.stratus("delta", "make", old, new, tmp_path / "good.delta")
        with pytest.raises(StratusFailed) as failed:
            plain_stack.stratus("delta", *words)
        assert failed.value.returncode == 1
        says_so(failed.value.stderr)
        assert taken(disk) == 0, [str(path) for path in disk.rglob("*")]


def test_a_version_is_deployed_though_its_delta_does_not_fit(programs, small_disk, tmp_path):
    """The layer is 12 MB of which 4 KB travel: there is room for the blob and not for the tar that deltas are made of."""
    disk = small_disk(8 * MEGABYTE)
    stack = Stack(programs, plain=True)
    server = stack.start_server(data=disk / "data")
    for version in (1, 2):
        tree = write_tree(tmp_path / str(version), {"zeros": bytes(12 * MEGABYTE + version), "version": f"{version}"})
        stack.stratus("publish", f"app:{version}", tree, "--unsigned")
        if version == 1:  # somebody runs it, so a delta is wanted
            digest = server.http.get("/v2/app/manifests/1", headers={"Accept": "*/*"}).headers["Docker-Content-Digest"]
            assert server.http.get(f"/api/v1/next/app?device=d&have={digest.split(':')[1]}").status == 204
    wait_until(lambda: server.http.get("/api/v1/releases/app").json()["target"]["version"] == "2", 60, what="version 2 to be the target")
    assert server.metric('stratus_delta_jobs_total{outcome="failed"}') >= 1, server.http.get("/metrics").body.decode()
    assert "No space left" in server.program.log
    told = json.loads(server.http.get(f"/api/v1/next/app?device=d&have={digest.split(':')[1]}").body)
    assert told["version"] == "2" and not told.get("deltas")
    # What was begun is gone, and there is room for the next version.
    assert taken(disk) < 4 * MEGABYTE
    stack.stratus("publish", "app:3", write_tree(tmp_path / "3", {"version": "3"}), "--unsigned")
    assert server.http.get("/healthz").status == 200


def test_a_full_server_says_so_and_takes_up_again_where_there_is_room(programs, small_disk, tmp_path):
    disk = small_disk(24 * MEGABYTE)
    stack = Stack(programs, plain=True)
    server = stack.start_server(data=disk / "data")
    first, second = (write_tree(tmp_path / name, {"version": name, "noise": random_bytes(2, 200_000)}) for name in "12")
    stack.stratus("publish", "app:1", first, "--unsigned")
    stack.stratus("publish", "app:2", second, "--unsigned", "--no-deploy")
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    # What needs room is refused with the reason, and nothing half of it is there. (A deployment is a line in a journal that
    # may have some left.)
    third = write_tree(tmp_path / "3", {"version": "3", "noise": random_bytes(3, 4 * MEGABYTE)})
    refused = stack.stratus("publish", "app:3", third, "--unsigned", check=False)
    deployed = stack.stratus("deploy", "app:2", "--unsigned", check=False)
    for done in (refused, deployed) if deployed.returncode else (refused,):
        assert done.returncode == 1 and ("No space left on device" in done.stderr or "disk is full" in done.stderr), done
    known, target = server.http.get("/api/v1/releases/app").json(), "1" if deployed.returncode else "2"
    assert known["target"]["version"] == target and {one["version"] for one in known["versions"]} == {"1", "2"}
    assert server.http.get("/api/v1/next/app?device=d").json()["version"] == target, "it serves what it has"
    filler.unlink()
    stack.stratus("deploy", "app:2", "--unsigned")
    stack.stratus("publish", "app:3", third, "--unsigned")
    wait_until(lambda: server.http.get("/api/v1/releases/app").json()["target"]["version"] == "3", 60, what="version 3 to be the target")
    assert server.http.get("/healthz").status == 200
