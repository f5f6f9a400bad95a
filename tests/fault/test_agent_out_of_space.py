"""T18: one call after another says that the disk is full, all through an update; and a disk that really is.

The old version goes on serving, nothing is blamed on the release, and once there is room the update is made.
"""
import os
import pathlib
import subprocess
import sys

import pytest
from harness import AgentCase, Programs, random_bytes, wait_until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from test_agent_killed_at_syscalls import LONG, Bench  # noqa: E402

CALLS = ("pwrite64", "write", "openat", "mkdir", "mkdirat", "fsync", "fdatasync", "rename", "fallocate")
POINTS_PER_CALL = 1_000_000 if LONG else 2

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="starting containers needs root")


def end_agent(bench, program):
    pid = bench.agent_pid(program)
    if pid:
        os.kill(pid, 9)
    program.kill()


def test_the_old_version_survives_enospc_at_any_call():
    with Programs() as programs:
        bench = Bench(programs)
        counts = bench.counts()
        problems, points = [], 0
        for call in CALLS:
            total = counts[call]
            for i in range(min(total, POINTS_PER_CALL)):
                number = 1 + i * total // min(total, POINTS_PER_CALL)
                points += 1
                bench.reset()
                program = bench.traced_agent("-e", f"trace=?{call}", "-e",
                                             f"inject=?{call}:error=ENOSPC:when={number}")
                try:
                    # It gets over it by itself, or stops with an error at its very start.
                    wait_until(lambda: not program.running() or bench.at_rest(bench.case.status()), seconds=8)
                except TimeoutError:
                    pass  # every child was hit in its turn; the check below decides
                finally:
                    end_agent(bench, program)
                try:
                    bench.check_recovery()
                except (AssertionError, TimeoutError) as error:
                    problems.append(f"{call} {number}: {error}")
                    bench.case.program.kill()
                    bench.end()
        assert points >= 12
        assert not problems, "\n".join(problems[:5])


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
