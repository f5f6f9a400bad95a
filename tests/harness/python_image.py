"""A real, large file tree made from this machine: Debian's Python 3.11 with its libraries and packages."""
import pathlib
import re
import shutil
import subprocess

STDLIB = pathlib.Path("/usr/lib/python3.11")
INTERPRETER = pathlib.Path("/usr/bin/python3.11")
# In this order, as long as there is room: packages first, then what the build needs anyway.
_FILLING = ("/usr/lib/python3/dist-packages", "/usr/share/cmake-3.25", "/usr/lib/llvm-14/lib/clang")


def python_tree(target, size):
    """Fills target with a Python that runs in a chroot, then with packages until a tar would have about `size` bytes.

    The files are the same each time on the same machine. Returns target, or None without Debian's Python.
    """
    target = pathlib.Path(target)
    if not INTERPRETER.exists() or not STDLIB.is_dir():
        return None
    target.mkdir(parents=True)
    used = 0

    def add(source):
        nonlocal used
        place = target / str(source).lstrip("/")
        if place.exists():
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, place)
        used += place.stat().st_size + 1023  # a header and padding

    add(INTERPRETER)
    for library in shared_libraries([INTERPRETER, *sorted((STDLIB / "lib-dynload").glob("*.so"))]):
        add(library)
    for path in sorted(STDLIB.rglob("*")):
        parts = path.relative_to(STDLIB).parts
        if path.is_file() and not parts[0].startswith("config-") and parts[0] != "test":
            add(path)
    for directory in _FILLING:
        for path in sorted(pathlib.Path(directory).rglob("*")):
            if used > size:
                break
            if path.is_file() and path.stat().st_size < size - used + (1 << 20):
                add(path)
    for name in ("dev", "proc", "sys", "tmp"):
        (target / name).mkdir(exist_ok=True)
    return target


# Loaded by our programs themselves when they first talk to somebody, so that ldd does not see it.
_LOADED_LATER = ("libcurl.so.4",)


def _loaded_later(program):
    names = [name for name in _LOADED_LATER if name.encode() in pathlib.Path(program).read_bytes()]
    cache = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout if names else ""
    return [pathlib.Path(re.search(rf"{re.escape(name)} .*=> (/\S+)", cache)[1]) for name in names]


def shared_libraries(programs):
    """Every shared library (loader included) that these ELF files load: as ldd sees it, and what they load later."""
    found = set()
    programs = list(programs)
    for program in list(programs):
        later = _loaded_later(program)
        programs += later
        found.update(str(library) for library in later)
    for program in programs:
        done = subprocess.run(["ldd", program], capture_output=True, text=True)
        found.update(re.findall(r"(/\S+)(?= \(0x)", done.stdout))
    return sorted(pathlib.Path(name) for name in found)
