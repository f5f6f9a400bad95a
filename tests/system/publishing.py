"""What the publish tests share: running `stratus publish`, reading layouts, umoci's view of an image, hostile tars."""
import hashlib
import io
import json
import os
import pathlib
import shutil
import stat
import subprocess
import tarfile

from harness import BIN, Symlink, Whole, random_bytes, write_tree

LAYER_TAR = "application/vnd.oci.image.layer.v1.tar"


class Publisher:
    """Publishes into one OCI layout below `directory`, with a cache of its own."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.layout = self.directory / "layout"

    def run(self, *words, check=True, environment=None):
        done = subprocess.run([str(BIN / "stratus"), "--json", *[str(word) for word in words]], capture_output=True,
                              text=True, timeout=120, stdin=subprocess.DEVNULL,
                              env={**os.environ, "XDG_CACHE_HOME": str(self.directory / "cache"),
                                   "TMPDIR": str(self.directory), **(environment or {})})
        if check:
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)
        return done

    def publish(self, reference, path, *options, **more):
        return self.run("publish", reference, path, "--to-layout", self.layout, "--level", 3, *options, **more)

    def refused(self, reference, path, *options):
        """stderr of a publish that must fail and leave the layout without that version."""
        done = self.publish(reference, path, *options, check=False)
        assert done.returncode not in (0, -6, -11), done.stdout
        assert done.stdout == ""
        return done.stderr

    def manifest(self, digest):
        return json.loads(read_blob(self.layout, digest))


def read_blob(layout, digest):
    return (pathlib.Path(layout) / "blobs" / "sha256" / digest.split(":")[1]).read_bytes()


def write_blob(layout, data):
    digest = hashlib.sha256(data).hexdigest()
    blobs = pathlib.Path(layout) / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    (blobs / digest).write_bytes(data)
    return {"digest": f"sha256:{digest}", "size": len(data)}


def write_layout(layout, layers, config=None):
    """A layout with one image of these uncompressed layer tars; returns its manifest's digest."""
    layout = pathlib.Path(layout)
    descriptors = [{"mediaType": LAYER_TAR, **write_blob(layout, tar)} for tar in layers]
    config = {"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/x"]},
              "rootfs": {"type": "layers", "diff_ids": [one["digest"] for one in descriptors]}, **(config or {})}
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                           **write_blob(layout, json.dumps(config).encode())},
                "layers": descriptors}
    return write_index(layout, manifest)


def write_index(layout, manifest):
    entry = {"mediaType": manifest["mediaType"], **write_blob(layout, json.dumps(manifest).encode()),
             "annotations": {"org.opencontainers.image.ref.name": "image"}}
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return entry["digest"]


def skopeo(*words):
    done = subprocess.run(["skopeo", "--insecure-policy", "copy", *map(str, words)], capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr


def unpack_with_umoci(source, target, *options):
    """umoci's root file system of an image, given as skopeo names it ("oci:LAYOUT:TAG", "docker://…"; options are skopeo's).

    It is the very same image: Debian's umoci knows no zstd, so skopeo, which checks every digest, packs the layers anew with gzip.
    The configuration, which names what they unpack to, stays byte for byte.
    """
    loose, packed = pathlib.Path(f"{target}.dir"), pathlib.Path(f"{target}.oci")
    skopeo(*options, "--dest-decompress", source, f"dir:{loose}")
    skopeo(f"dir:{loose}", f"oci:{packed}:image")
    done = subprocess.run(["umoci", "unpack", "--image", f"{packed}:image", str(target)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return pathlib.Path(target) / "rootfs"


def config_digest(layout):
    """Of the one image of a layout."""
    index = json.loads((pathlib.Path(layout) / "index.json").read_text())
    return json.loads(read_blob(layout, index["manifests"][0]["digest"]))["config"]["digest"]


def first_tree(root):
    write_tree(root, {
        "bin/tool": Whole(random_bytes(1, 50_000), mode=0o4755), "bin/alias": Symlink("tool"), "etc/conf": "a=1\n",
        "etc/old": "to be removed", "var/cache/one": "1", "var/cache/two": "2", "var/cache/deep/three": "3",
        "kind/file-to-dir": "f", "kind/dir-to-file/x": "x", "kind/link-to-file": Symlink("nowhere"),
        "empty": None, "long/" + "n" * 120 + "/" + "m" * 200: "long", "same/" + "x" * 90: "same"})
    os.link(root / "etc/conf", root / "etc/conf.link")
    os.chown(root / "var", 33, 33)
    os.setxattr(root / "etc/conf", "user.note", b"v\0w")
    os.setxattr(root / "bin/tool", "security.capability", bytes.fromhex("0100000200040000000000000000000000000000"))
    os.mkfifo(root / "pipe")
    return root


def three_versions(directory):
    """Trees of which each changes what is hard to change: kinds, links, attributes, times, whole directories."""
    first = first_tree(directory / "1")
    second = directory / "2"
    subprocess.run(["cp", "-a", first, second], check=True)
    os.remove(second / "kind/link-to-file")
    shutil.rmtree(second / "var/cache")
    os.remove(second / "etc/old")
    os.remove(second / "kind/file-to-dir")
    shutil.rmtree(second / "kind/dir-to-file")
    write_tree(second, {"var/cache/new": "n", "etc/added": "a", "kind/link-to-file": "plain", "kind/file-to-dir/y": "y",
                        "kind/dir-to-file": "now a file"})
    os.link(second / "etc/added", second / "etc/added.link")
    os.chmod(second / "empty", 0o700)
    os.setxattr(second / "empty", "user.dir", b"1")
    os.utime(second / "bin/tool", ns=(1, 1_600_000_000_123_456_789))
    third = directory / "3"
    subprocess.run(["cp", "-a", second, third], check=True)
    os.remove(third / "etc/conf.link")
    shutil.rmtree(third / "var")
    shutil.rmtree(third / "kind/file-to-dir")
    os.symlink("empty", third / "kind/file-to-dir")
    return first, second, third


def full_listing(root, skip=()):
    """{path: everything a program could see}, the root itself as '.'; hard links as the first of their names. Names in the root
    that are in `skip` are left out."""
    root, listing, inodes = pathlib.Path(root), {}, {}
    paths = [root]
    for directory, names, files in os.walk(root):
        if pathlib.Path(directory) == root:
            names[:] = [name for name in names if name not in skip]
        paths += [pathlib.Path(directory, name) for name in names + files]
    for path in sorted(paths):
        is_root = path == root  # which may be a link, /proc/PID/root
        info, name = path.stat() if is_root else path.lstat(), str(path.relative_to(root))
        content = None
        if stat.S_ISLNK(info.st_mode):
            content = os.readlink(path)
        elif stat.S_ISREG(info.st_mode):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        attributes = {key: os.getxattr(path, key, follow_symlinks=is_root)
                      for key in os.listxattr(path, follow_symlinks=is_root) if key != "security.selinux"}
        first = inodes.setdefault((info.st_dev, info.st_ino), name)
        listing[name] = (oct(info.st_mode), info.st_uid, info.st_gid, info.st_mtime_ns, info.st_rdev, content, first,
                         attributes)
    return listing


def layer_members(publisher, layer):
    """[(name, type)] of one layer of a publish result."""
    data = subprocess.run(["zstd", "-dc"], input=read_blob(publisher.layout, layer["digest"]), stdout=subprocess.PIPE,
                          check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return [(member.name, member.type) for member in archive]


def tar_bytes(*members):
    """A tar of (name, type, target or data) as they stand, however hostile."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, kind, value in members:
            info = tarfile.TarInfo(name)
            info.type, info.mtime, info.mode = kind, 1_600_000_000, 0o644
            if kind == tarfile.REGTYPE:
                data = value.encode()
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
            elif kind in (tarfile.CHRTYPE, tarfile.BLKTYPE):
                info.devmajor, info.devminor = value
                archive.addfile(info)
            else:
                info.linkname = value
                archive.addfile(info)
    return buffer.getvalue()
