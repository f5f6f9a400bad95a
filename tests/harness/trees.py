"""Small directory trees, the same bytes every time."""
import hashlib
import os
import pathlib
import random
import stat


class Symlink(str):
    """write_tree value: a symbolic link to this target."""


class HardLink(str):
    """write_tree value: another name of the file at this path, which was named before."""


class Whole(bytes):
    """write_tree value: these bytes with a mode and extended attributes: Whole(b"...", mode=0o755)."""

    def __new__(cls, data, mode=0o644, attributes=None):
        made = super().__new__(cls, data)
        made.mode, made.attributes = mode, attributes or {}
        return made


def random_bytes(seed, size):
    """Incompressible and repeatable."""
    return random.Random(seed).randbytes(size)


def write_tree(root, entries):
    """entries: {"path": bytes | str | Whole | Symlink | HardLink | None}; None makes a directory. Returns root."""
    root = pathlib.Path(root)
    root.mkdir(parents=True, exist_ok=True)
    for name, content in entries.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.mkdir(exist_ok=True)
        elif isinstance(content, Symlink):
            path.symlink_to(content)
        elif isinstance(content, HardLink):
            path.hardlink_to(root / content)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            path.chmod(getattr(content, "mode", 0o644))
            for key, value in getattr(content, "attributes", {}).items():
                os.setxattr(path, key, value)
    return root


def tree_listing(root, skip=()):
    """{path: (kind, mode, owner, content digest | link target | None)} of everything below root, to compare two trees.

    `skip` names directories at the top that are not looked into (of a container's root: proc, sys).
    Times and hard links are left out; compare those where they matter.
    """
    root, listing = pathlib.Path(root), {}
    for directory, names, files in os.walk(root):
        if pathlib.Path(directory) == root:
            names[:] = [name for name in names if name not in skip]
        for name in names + files:
            path = pathlib.Path(directory, name)
            info = path.lstat()
            content = None
            if stat.S_ISLNK(info.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(info.st_mode):
                content = hashlib.sha256(path.read_bytes()).hexdigest()
            listing[str(path.relative_to(root))] = (
                stat.S_IFMT(info.st_mode), stat.S_IMODE(info.st_mode), (info.st_uid, info.st_gid), content)
    return listing
