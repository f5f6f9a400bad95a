"""What a program leaves on the machine when it has ended: processes, namespaces, mounts, control groups.

The whole machine is looked at before and after. Other things may run meanwhile: a process counts when it came from us (the
test is made the parent of every orphan below it), a namespace when such a process or a mount holds it, a control group when
such a process was in it and nobody is any more.
"""
import os
import pathlib
import threading

from .processes import adopt_orphans, container_groups, descendants
from .waiting import wait_until

KINDS = ("mnt", "pid", "ipc", "uts", "user", "net")
GROUPS = pathlib.Path("/sys/fs/cgroup")


def _is_over(pid):
    """Gone, or a zombie that only waits for its parent to look."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
    except OSError:
        return True


def _words(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def namespaces():
    """{"mnt:[4026531841]": {pid, …}} of every process that can be seen."""
    held = {}
    for entry in os.listdir("/proc"):
        for kind in KINDS if entry.isdigit() else ():
            try:
                held.setdefault(os.readlink(f"/proc/{entry}/ns/{kind}"), set()).add(int(entry))
            except OSError:
                pass
    return held


def mounts():
    """{(point, root, type)}: root is "mnt:[…]" where a namespace is kept by a mount."""
    lines = [line.split() for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
    return {(words[4], words[3], words[words.index("-") + 1]) for words in lines}


def control_groups():
    """The groups that agents made, in every hierarchy."""
    return {group for place in (GROUPS, *GROUPS.glob("*")) for group in place.glob("stratus/*") if group.is_dir()}


def _is_empty(group):
    try:
        return (group / "cgroup.procs").read_text().strip() == ""
    except OSError:
        return False  # gone


def _below(pid):
    """descendants(), without looking at every process of the machine."""
    found = []
    try:
        for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
            for child in children.read_text().split():
                found += [int(child), *_below(child)]
    except OSError:
        pass  # it ended meanwhile
    return found


class Machine:
    """Remembers the machine as it is now; `leftovers` says what has come since and stayed. Used in a `with` statement."""

    def __init__(self):
        adopt_orphans()
        self._our_groups, self._ended = set(), threading.Event()
        self._follower = threading.Thread(target=self._follow, daemon=True)
        self._processes = set(descendants(os.getpid()))
        self._namespaces, self._mounts, self._groups = set(namespaces()), mounts(), control_groups()

    def __enter__(self):
        self._follower.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._follower.join()

    def _follow(self):
        """Who was in a control group is not written down anywhere once it is empty."""
        while not self._ended.wait(0.1):
            for pid in _below(os.getpid()):
                self._our_groups |= container_groups(pid)

    def _found(self, directory):
        ours = {pid for pid in descendants(os.getpid()) if pid not in self._processes and not _is_over(pid)}
        found = [f"process {pid}: {_words(pid)}" for pid in sorted(ours)]
        for name, pids in namespaces().items():
            if name not in self._namespaces and pids & ours:
                found.append(f"namespace {name}")
        for point, root, kind in mounts() - self._mounts:
            if str(directory) in point or root.split(":")[0] in KINDS:
                found.append(f"mount {point} ({kind} {root})")
        found += [f"control group {group}" for group in sorted(control_groups() - self._groups)
                  if f"/stratus/{group.name}" in self._our_groups and _is_empty(group)]
        return found + [f"file {path}" for path in pathlib.Path(directory).iterdir()]

    def leftovers(self, directory, seconds=20):
        """Lines for people, [] when nothing stayed. What is ending at this moment is given `seconds`."""
        try:
            wait_until(lambda: not self._found(directory), seconds)
        except TimeoutError:
            pass
        return self._found(directory)
