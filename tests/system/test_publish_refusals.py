"""`stratus publish` refuses hostile and damaged input, says why, and writes nothing outside."""
import json
import os
import pathlib
import sys
import tarfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import write_tree  # noqa: E402
from publishing import Publisher, read_blob, tar_bytes, write_blob, write_index, write_layout  # noqa: E402

FILE, LINK, HARD, DIRECTORY, DEVICE = (tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE)

HOSTILE = {
    "dot-dot": ([("../evil", FILE, "x")], "'..'"),
    "dot-dot inside": ([("a/../../evil", FILE, "x")], "'..'"),
    "absolute": ([("/etc/evil", FILE, "x")], "absolute"),
    "through a link": ([("l", LINK, "/tmp"), ("l/evil", FILE, "x")], "not a directory"),
    "through a relative link": ([("l", LINK, "../.."), ("l/evil", FILE, "x")], "not a directory"),
    "directory over a link": ([("l", LINK, "/tmp"), ("l/sub", DIRECTORY, "")], "not a directory"),
    "hard link outside": ([("h", HARD, "../../etc/passwd")], "'..'"),
    "absolute hard link": ([("h", HARD, "/etc/passwd")], "absolute"),
    "hard link to nothing": ([("h", HARD, "missing")], "is no file"),
    "hard link through a link": ([("l", LINK, "/etc"), ("h", HARD, "l/passwd")], "is no file"),
    "device": ([("sda", DEVICE, (8, 0))], "device node"),
    "whiteout of nothing": ([(".wh.", FILE, "")], "whiteout of nothing"),
    "whiteout of dot-dot": ([("a/.wh...", FILE, "")], "whiteout of nothing"),
    "root replaced": ([(".", LINK, "/")], "root directory"),
    "long name": ([("n" * 256, FILE, "x")], "255 bytes"),
    "deep": ([("d/" * 300 + "f", FILE, "x")], "levels"),
}


@pytest.fixture
def publisher(tmp_path):
    return Publisher(tmp_path)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archives_are_refused(publisher, tmp_path, name):
    members, words = HOSTILE[name]
    tar = tar_bytes(*members)
    (tmp_path / "hostile.tar").write_bytes(tar)
    write_layout(tmp_path / "hostile", [tar])
    before = {path for path in tmp_path.parent.rglob("*") if "evil" in path.name}
    for source in ("hostile.tar", "hostile"):
        error = publisher.refused("app:1", tmp_path / source)
        assert words in error, error
    assert {path for path in tmp_path.parent.rglob("*") if "evil" in path.name} == before
    assert not os.path.exists("/tmp/evil") and not os.path.exists("/etc/evil")


def test_a_layer_must_not_reach_through_a_link_of_a_layer_below(publisher, tmp_path):
    write_layout(tmp_path / "image", [tar_bytes(("l", LINK, "/tmp")), tar_bytes(("l/evil", FILE, "x"))])
    assert "layer 2" in publisher.refused("app:1", tmp_path / "image")


def damaged_layouts():
    def cut_layer(layout, manifest):
        blob = pathlib.Path(layout, "blobs/sha256", manifest["layers"][0]["digest"].split(":")[1])
        blob.write_bytes(blob.read_bytes()[:-700])
        return manifest

    def flip_layer(layout, manifest):
        blob = pathlib.Path(layout, "blobs/sha256", manifest["layers"][0]["digest"].split(":")[1])
        data = bytearray(blob.read_bytes())
        data[1000] ^= 1
        blob.write_bytes(data)
        return manifest

    def with_layer(**changes):
        def change(_, manifest):
            manifest["layers"][0].update(changes)
            return manifest
        return change

    def with_config(change):
        def apply(layout, manifest):
            config = json.loads(read_blob(layout, manifest["config"]["digest"]))
            change(config)
            manifest["config"].update(write_blob(layout, json.dumps(config).encode()))
            return manifest
        return apply

    def without_layers(_, manifest):
        return {**manifest, "layers": []}

    return {
        "truncated layer": (cut_layer, "layer 1"),
        "altered layer": (flip_layer, "layer 1"),
        "wrong size": (with_layer(size=5), "descriptor says 5"),
        "no digest": (with_layer(digest="sha256:12"), "layers[0].digest"),
        "foreign layer": (with_layer(mediaType="application/vnd.oci.image.layer.nondistributable.v1.tar"), "layer 1"),
        "encrypted layer": (with_layer(mediaType="application/vnd.oci.image.layer.v1.tar+encrypted"), "layer 1"),
        "layer from elsewhere": (with_layer(urls=["http://example.org/x"]), "urls"),
        "other diff id": (with_config(lambda c: c["rootfs"].update(diff_ids=["sha256:" + "0" * 64])), "diff_ids"),
        "missing diff id": (with_config(lambda c: c["rootfs"].update(diff_ids=[])), "0 layers"),
        "config without rootfs": (with_config(lambda c: c.pop("rootfs")), "rootfs"),
        "missing layers": (without_layers, "1 layers"),
    }


@pytest.mark.parametrize("name", damaged_layouts())
def test_damaged_images_are_refused(publisher, tmp_path, name):
    damage, words = damaged_layouts()[name]
    layout = tmp_path / "image"
    digest = write_layout(layout, [tar_bytes(("f", FILE, "x" * 2000))])
    write_index(layout, damage(layout, json.loads(read_blob(layout, digest))))
    error = publisher.refused("app:1", layout)
    assert words in error, error


def test_documents_with_two_readings_are_refused(publisher, tmp_path):
    layout = tmp_path / "image"
    write_layout(layout, [tar_bytes(("f", FILE, "x"))])
    index = (layout / "index.json").read_text()
    (layout / "index.json").write_text(index.replace('"schemaVersion": 2,', '"schemaVersion": 2, "schemaVersion": 2,'))
    assert "twice" in publisher.refused("app:1", layout)
    (layout / "index.json").write_text("[" * 100_000)
    assert "JSON" in publisher.refused("app:1", layout)


def test_bombs_are_refused(publisher, tmp_path):
    import gzip
    bomb = tmp_path / "bomb.tar.gz"
    header = bytearray(tar_bytes(("f", FILE, ""))[:512])
    header[124:136] = b"77777777777\0"  # 8 GiB of zeros
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    member = gzip.compress(bytes(1 << 26))
    with open(bomb, "wb") as out:
        out.write(gzip.compress(bytes(header)))
        for _ in range(40):
            out.write(member)
    assert "bomb" in publisher.refused("app:1", bomb)
    left = [path for path in tmp_path.iterdir() if path.name.startswith("stratus-")]
    assert left == []


def test_names_reserved_for_deletions_are_refused(publisher, tmp_path):
    assert ".wh." in publisher.refused("app:1", write_tree(tmp_path / "t", {"a/.wh.b": ""}))


def test_a_version_never_changes(publisher, tmp_path):
    publisher.publish("app:1", write_tree(tmp_path / "1", {"a": "1"}))
    error = publisher.refused("app:1", write_tree(tmp_path / "2", {"a": "2"}))
    assert "published with other contents" in error


def test_wrong_words_are_explained(publisher, tmp_path):
    tree = write_tree(tmp_path / "1", {"a": "1"})
    assert "lower-case" in publisher.refused("App:1", tree)
    assert "NAME:VERSION" in publisher.refused("app", tree)
    assert "there is no app:0" in publisher.refused("app:1", tree, "--against", "0")
    assert "UID:GID" in publisher.refused("app:1", tree, "--owner", "me")
    assert "NAME=value" in publisher.refused("app:1", tree, "--env", "A")
    assert "absolute" in publisher.refused("app:1", tree, "--workdir", "srv")
    (tmp_path / "junk").write_bytes(b"junk" * 1000)
    assert "not a tar archive" in publisher.refused("app:1", tmp_path / "junk")
    assert "private key" in publisher.refused("app:1", tree, "--sign-key", tmp_path / "junk")
