"""`stratus publish`: a layer holds what changed, the image is what umoci makes of it, the same input the same digest."""
import io
import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tarfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import Symlink, random_bytes, write_tree  # noqa: E402
from publishing import Publisher, config_digest, full_listing, layer_members, read_blob, skopeo, tar_bytes, three_versions, unpack_with_umoci, write_layout  # noqa: E402

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="owners, devices and umoci's unpack need root")


@pytest.fixture
def publisher(tmp_path):
    return Publisher(tmp_path)


@needs_root
def test_every_version_is_what_umoci_unpacks(publisher, tmp_path):
    for number, tree in enumerate(three_versions(tmp_path), 1):
        result = publisher.publish(f"app:{number}", tree)
        assert len(result["layers"]) == number
        rootfs = unpack_with_umoci(f"oci:{publisher.layout}:app:{number}", tmp_path / f"bundle{number}")
        assert full_listing(rootfs) == full_listing(tree)
        assert config_digest(f"{tmp_path / f'bundle{number}'}.oci") == publisher.manifest(result["digest"])["config"]["digest"]


@needs_root
def test_a_layer_holds_only_the_change(publisher, tmp_path):
    first = write_tree(tmp_path / "1", {"a/x": "1", "a/y": "2", "b/one": "1", "b/two": "2", "c": "c", "big": "z" * 9999})
    publisher.publish("app:1", first)
    second = tmp_path / "2"
    subprocess.run(["cp", "-a", first, second], check=True)
    (second / "a/x").write_text("changed")
    (second / "c").unlink()
    shutil.rmtree(second / "b")
    write_tree(second, {"b/three": "3"})
    result = publisher.publish("app:2", second)
    assert layer_members(publisher, result["layers"][1]) == [
        (".", tarfile.DIRTYPE), ("a", tarfile.DIRTYPE), ("a/x", tarfile.REGTYPE), ("b", tarfile.DIRTYPE),
        ("b/.wh..wh..opq", tarfile.REGTYPE), ("b/three", tarfile.REGTYPE), (".wh.c", tarfile.REGTYPE)]
    assert (result["added"], result["removed"]) == (1, 3)


def test_the_same_input_gives_the_same_digest_anywhere(publisher, tmp_path):
    first = write_tree(tmp_path / "1", {"a": random_bytes(1, 300_000), "b/c": "x"})
    other = Publisher(tmp_path / "other")
    other.directory.mkdir()
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-a", first, copy], check=True)
    os.utime(first, ns=(1, 5)), os.utime(copy, ns=(1, 5))
    once = publisher.publish("app:1", first, "--cmd", "/a")
    assert other.publish("app:1", copy, "--cmd", "/a")["digest"] == once["digest"]
    assert publisher.publish("app:1", first, "--cmd", "/a")["sent_layers"] == 0
    config = json.loads(read_blob(publisher.layout, publisher.manifest(once["digest"])["config"]["digest"]))
    newest = max((first / name).stat().st_mtime_ns for name in ("a", "b/c")) // 10**9
    assert config["created"] == subprocess.run(["date", "-u", "-d", f"@{newest}", "+%Y-%m-%dT%H:%M:%SZ"], check=True,
                                               capture_output=True, text=True).stdout.strip()
    dated = Publisher(tmp_path / "dated")
    dated.directory.mkdir()
    result = dated.publish("app:1", first, environment={"SOURCE_DATE_EPOCH": "86400"})
    config = json.loads(read_blob(dated.layout, dated.manifest(result["digest"])["config"]["digest"]))
    assert config["created"] == "1970-01-02T00:00:00Z"


def test_an_unchanged_tree_is_the_same_image(publisher, tmp_path):
    tree = write_tree(tmp_path / "1", {"a": "x"})
    once = publisher.publish("app:1", tree)
    again = publisher.publish("app:2", tree)
    assert (again["digest"], again["sent_layers"]) == (once["digest"], 0)


def test_only_times_changed_is_no_change_when_asked(publisher, tmp_path):
    tree = write_tree(tmp_path / "1", {"a": "x"})
    once = publisher.publish("app:1", tree)
    os.utime(tree / "a", (5, 5))
    assert publisher.publish("app:2", tree, "--ignore-times")["digest"] == once["digest"]
    assert len(publisher.publish("app:3", tree)["layers"]) == 2


def test_a_tar_gives_the_same_tree_as_its_directory(publisher, tmp_path):
    tree = write_tree(tmp_path / "1", {"d/a": "x", "d/l": Symlink("a"), "d/" + "n" * 150: "long"})
    os.link(tree / "d/a", tree / "d/h")
    once = publisher.publish("app:1", tree)
    for option, name in (("", "t.tar"), ("--gzip", "t.tar.gz"), ("--zstd", "t.tar.zst")):
        subprocess.run(["tar", "--format=pax", "--numeric-owner", *([option] if option else []), "-cf", tmp_path / name,
                        "-C", tree, "."], check=True)
        assert publisher.publish(f"app:{name}", tmp_path / name)["digest"] == once["digest"]


def test_too_many_layers_become_one(publisher, tmp_path):
    tree = write_tree(tmp_path / "1", {"keep": "k"})
    for number in range(1, 5):
        write_tree(tree, {f"f{number}": str(number)})
        result = publisher.publish(f"app:{number}", tree, "--max-layers", 3)
        assert len(result["layers"]) == (number if number < 4 else 1)
    assert result["flattened"] and result["added"] == 1
    names = [name for name, _ in layer_members(publisher, result["layers"][0])]
    assert names == [".", "f1", "f2", "f3", "f4", "keep"]


def test_start_settings_come_from_the_older_version(publisher, tmp_path):
    tree = write_tree(tmp_path / "1", {"a": "x"})

    def config_of(result):
        return json.loads(read_blob(publisher.layout, publisher.manifest(result["digest"])["config"]["digest"]))["config"]

    publisher.publish("app:1", tree, "--entrypoint", "/a", "--cmd", "--port", "--cmd", "80", "--env", "A=1", "--env", "B=2",
                      "--user", "7:8", "--workdir", "/srv", "--stop-signal", "SIGINT", "--health-cmd", "true")
    write_tree(tree, {"b": "y"})
    config = config_of(publisher.publish("app:2", tree, "--env", "A=3"))
    assert config["Entrypoint"] == ["/a"] and config["Cmd"] == ["--port", "80"]
    assert sorted(config["Env"]) == ["A=3", "B=2"]
    assert (config["User"], config["WorkingDir"], config["StopSignal"]) == ("7:8", "/srv", "SIGINT")
    assert config["Healthcheck"] == {"Test": ["CMD-SHELL", "true"]}
    write_tree(tree, {"c": "z"})
    config = config_of(publisher.publish("app:3", tree, "--entrypoint", "/b", "--health-cmd", "none"))
    assert config["Entrypoint"] == ["/b"] and "Cmd" not in config and "Healthcheck" not in config


@needs_root
def test_an_image_built_elsewhere_keeps_its_layers(publisher, tmp_path):
    layers = [tar_bytes(("d", tarfile.DIRTYPE, ""), ("d/a", tarfile.REGTYPE, "1"), ("d/b", tarfile.REGTYPE, "2")),
              tar_bytes(("d/.wh.a", tarfile.REGTYPE, ""), ("e", tarfile.REGTYPE, "3"))]
    digest = write_layout(tmp_path / "elsewhere", layers)
    result = publisher.publish("app:1", tmp_path / "elsewhere")
    assert result["digest"] == digest
    assert [layer["diff_id"] for layer in result["layers"]] == [layer["digest"] for layer in result["layers"]]
    # A directory is laid upon it like upon any other version.
    rootfs = unpack_with_umoci(f"oci:{publisher.layout}:app:1", tmp_path / "bundle")
    (rootfs / "e").write_text("changed")
    on_top = publisher.publish("app:2", rootfs)
    assert len(on_top["layers"]) == 3
    assert "e" in [name for name, _ in layer_members(publisher, on_top["layers"][2])]
    flat = publisher.publish("app:3", tmp_path / "elsewhere", "--flatten")
    assert [name for name, _ in layer_members(publisher, flat["layers"][0])] == ["d", "d/b", "e"]


@needs_root
def test_layers_that_umoci_inserted_are_taken(publisher, tmp_path):
    """`umoci insert` ends a layer's tar with the last file's bytes: no padding, no zero blocks."""
    write_layout(tmp_path / "elsewhere", [tar_bytes(("a", tarfile.REGTYPE, "1"))])
    (tmp_path / "file").write_text("five!")
    run = {"check": True, "capture_output": True, "cwd": tmp_path}
    subprocess.run(["umoci", "insert", "--image", "elsewhere:image", "file", "/etc/file"], **run)
    result = publisher.publish("app:1", tmp_path / "elsewhere")
    assert len(result["layers"]) == 2
    rootfs = unpack_with_umoci(f"oci:{publisher.layout}:app:1", tmp_path / "bundle")
    assert (rootfs / "etc/file").read_text() == "five!"


def test_skopeo_reads_what_we_made_and_the_other_way_round(publisher, tmp_path):
    tree = write_tree(tmp_path / "1", {"a": "x"})
    result = publisher.publish("app:1", tree, "--cmd", "/a")
    target = tmp_path / "copy"
    skopeo(f"oci:{publisher.layout}:app:1", f"oci:{target}:app:1")
    raw = subprocess.run(["skopeo", "inspect", "--raw", f"oci:{target}:app:1"], check=True, capture_output=True).stdout
    assert raw == read_blob(publisher.layout, result["digest"])
    # And what skopeo compressed anew (gzip) is read again, with the same contents.
    skopeo("--dest-decompress", f"oci:{publisher.layout}:app:1", f"dir:{tmp_path / 'dir'}")
    skopeo(f"dir:{tmp_path / 'dir'}", f"oci:{tmp_path / 'again'}:x")
    raw = subprocess.run(["skopeo", "inspect", "--raw", f"oci:{tmp_path / 'again'}:x"], check=True, capture_output=True).stdout
    assert [layer["mediaType"].rsplit("+")[-1] for layer in json.loads(raw)["layers"]] == ["gzip"]
    again = publisher.publish("other:1", tmp_path / "again")
    assert again["layers"][0]["diff_id"] == result["layers"][0]["diff_id"]


@needs_root
def test_device_nodes_are_refused_or_kept(publisher, tmp_path):
    tree = write_tree(tmp_path / "1", {"dev": None})
    os.mknod(tree / "dev/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    assert "'dev/null' is a device node" in publisher.refused("app:1", tree)
    result = publisher.publish("app:1", tree, "--devices", "keep")
    rootfs = unpack_with_umoci(f"oci:{publisher.layout}:app:1", tmp_path / "bundle")
    assert full_listing(rootfs) == full_listing(tree)


def test_owner_can_be_set(publisher, tmp_path):
    tree = write_tree(tmp_path / "1", {"a": "x"})
    result = publisher.publish("app:1", tree, "--owner", "12:34")
    data = subprocess.run(["zstd", "-dc"], input=read_blob(publisher.layout, result["layers"][0]["digest"]),
                          stdout=subprocess.PIPE, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert {(member.uid, member.gid) for member in archive} == {(12, 34)}
