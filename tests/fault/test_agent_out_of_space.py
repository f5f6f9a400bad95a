"""T18: one call after another says that the disk is full, all through an update; and a disk that really is.

The old version goes on serving, nothing is blamed on the release, and once there is room the update is made.
"""
import collections
import contextlib
import os
import pathlib
import subprocess
import sys

import pytest
from harness import AgentCase, Programs, random_bytes, wait_until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from test_agent_killed_at_syscalls import LONG, Bench, middles  # noqa: E402

# What takes room on a disk, and how many points of each the short form takes.
CALLS = {"pwrite64": 2, "write": 2, "openat": 2, "mkdir": 1, "mkdirat": 1, "fsync": 1, "fdatasync": 2, "rename": 2, "renameat2": 1,
         "fallocate": 1, "ftruncate": 1, "linkat": 1, "symlink": 1, "symlinkat": 1, "mknodat": 1, "fsetxattr": 1, "syncfs": 1}
# All of these are made by an update to the tree of Bench.
SURE = set(CALLS) - {"renameat2", "symlink", "syncfs"}

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="starting containers needs root")


def refuse_at(bench, call, number):
    """Whether that call was refused; an update made without it says nothing."""
    bench.reset()
    program = bench.traced_agent("-e", f"trace=?{call}", "-e", f"inject=?{call}:error=ENOSPC:when={number}")
    with contextlib.suppress(TimeoutError):  # every child was hit in its turn; the check of what follows decides
        # It gets over it by itself, or stops with an error at its very start.
        wait_until(lambda: not program.running() or bench.at_rest(bench.case.status()), seconds=8, interval=0.1)
    bench.end_agent(program)
    return "(INJECTED)" in bench.traced()


def test_the_old_version_survives_enospc_at_any_call():
    with Programs() as programs:
        bench = Bench(programs)
        counts = bench.counts()
        assert SURE <= set(counts), f"not seen: {SURE - set(counts)}"
        problems, refused = [], collections.Counter()
        for call, few in CALLS.items():
            total = counts[call]
            for number in middles(total, total if LONG else min(total, few)):
                refused[call] += refuse_at(bench, call, number)
                try:
                    bench.check_recovery()
                except (AssertionError, TimeoutError) as error:
                    problems.append(f"{call} {number}: {error}")
                    bench.clear()
        assert not problems, "\n".join(problems[:5])
        assert not SURE - set(+refused), f"never refused: {SURE - set(+refused)}"


@pytest.fixture
def small_disk(programs):
    """A file system of 24 MB at the device's data directory."""
    directory = programs.path("device")
    directory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", directory], check=True)
    yield directory
    subprocess.run(["umount", "-l", directory], check=False)


def test_a_disk_that_is_too_small_is_known_before_the_first_byte(programs, small_disk):
    case = AgentCase(programs, data=small_disk)
    try:
        case.publish(1)
        case.start()
        case.wait_committed(1)
        (small_disk / "filler").write_bytes(b"x" * 18_000_000)
        case.publish(2, extra={"etc/big": random_bytes(1, 3_000_000)})
        status = case.wait_status(lambda s: s["state"] == "idle" and "bytes of disk" in s["reason"])
        assert status["current"]["version"] == "1" and status["bad"] == []
        assert list((small_disk / "partial").iterdir()) == []
        assert case.answer() == "1"
        (small_disk / "filler").unlink()
        case.wait_committed(2)
    finally:
        case.stop_all()


def test_a_layer_that_outgrows_the_disk_while_unpacking_leaves_the_old_version(programs, small_disk):
    case = AgentCase(programs, data=small_disk)
    try:
        case.publish(1)
        case.start()
        case.wait_committed(1)
        # Compresses to nearly nothing, so no estimate from the blob's size can know.
        case.publish(2, extra={"etc/big": b"stratus " * 5_000_000})
        status = case.wait_status(lambda s: s["state"] == "idle" and s["reason"])
        assert status["current"]["version"] == "1" and status["bad"] == []
        assert "space" in status["reason"] or "disk" in status["reason"]
        assert case.answer() == "1"
        assert not [p for p in (small_disk / "layers").iterdir() if p.suffix == ".tmp"]
        # What stands on the layer that does not fit cannot fit either; what runs does, and stays the way out.
        case.stack.stratus("deploy", "web:1", "--sign-key", case.private)
        case.wait_status(lambda s: s["state"] == "idle" and not s["candidate"])
        assert case.answer() == "1"
    finally:
        case.stop_all()


def test_what_another_version_left_behind_makes_room(programs, small_disk):
    case = AgentCase(programs, data=small_disk)
    try:
        case.publish(1)
        case.start()
        case.wait_committed(1, 60)
        # As a transfer of version 2 leaves it that gave up.
        left = small_disk / "partial" / ("ab" * 32)
        left.write_bytes(random_bytes(7, 12_000_000))
        left.with_name(left.name + ".mark").write_text("8388608 some-boot")
        case.publish(3, extra={"etc/big": random_bytes(1, 2_600_000)})
        case.wait_committed(3, 60)
        assert case.answer() == "3"
        assert list((small_disk / "partial").iterdir()) == []
    finally:
        case.stop_all()
