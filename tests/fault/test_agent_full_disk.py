"""A disk on which something takes every byte and every inode as soon as it is free, while a version is on trial.

The way back needs no disk: the old version runs again, is kept running, and the server hears of it.
"""
import os
import signal
import struct
import subprocess
import threading
import time

import pytest
from harness import AgentCase, CountingProxy, random_bytes, wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="starting containers needs root")


class Eater:
    """Fills a directory's file system and keeps it full until stop()."""

    def __init__(self, directory):
        self.directory, self.ended, self.made = directory, threading.Event(), 0
        self.full = threading.Event()
        self.thread = threading.Thread(target=self._eat, daemon=True)
        self.thread.start()
        assert self.full.wait(60)

    def _take_inode(self):
        try:
            os.close(os.open(self.directory / f"eaten-{self.made}", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except OSError:
            return False
        self.made += 1
        return True

    def _eat(self):
        with open(self.directory / "eaten", "wb", buffering=0) as file:
            while not self.ended.is_set():
                try:
                    file.write(b"x" * 4096)
                    continue
                except OSError:
                    pass
                if not self._take_inode():
                    self.full.set()
                    time.sleep(0.002)  # so that the programs get on on a small machine

    def stop(self):
        self.ended.set()
        self.thread.join()
        for path in self.directory.glob("eaten*"):
            path.unlink()


@pytest.fixture
def disk(programs):
    directory = programs.path("device")
    directory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,nr_inodes=2000", "none", directory], check=True)
    yield directory
    subprocess.run(["umount", "-l", directory], check=False)


def bring_to_probation(programs, disk, order):
    case = AgentCase(programs, data=disk, order=order, probation=0.1)
    case.publish(1)
    case.start()
    case.wait_committed(1, 60)
    case.program.kill()
    case.reconfigure({"update": {"probation": 600}})
    case.start()
    case.publish(2)
    case.wait_status(lambda s: s["state"] == "probation" and s["running"] and s["running"]["version"] == "2", 60)
    return case


def kill_service(case, version):
    victims = [pid for running, pid in case.service_pids() if running == str(version)]
    assert victims
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    return victims


def wait_replaced(case, victims, seconds=60):
    """Version 1 runs, as another process than those."""
    def look():
        others = [pid for version, pid in case.service_pids() if version == "1" and pid not in victims]
        return others and case.answer() == "1"
    return wait_until(look, seconds, what=f"version 1 to run again\n{case.describe()}")


@pytest.mark.parametrize("order", ["stop-first", "start-first"])
def test_the_old_version_returns_and_is_kept_on_a_disk_that_stays_full(programs, disk, order):
    case = bring_to_probation(programs, disk, order)
    eater = Eater(disk)
    try:
        kill_service(case, 2)
        wait_replaced(case, [])
        # The report went out of memory, so the device is free for the next update.
        case.wait_report("rolled_back", 2, 60)
        case.wait_status(lambda s: s["state"] == "idle" and s["current"]["version"] == "1" and s["bad"], 60)
        wait_replaced(case, kill_service(case, 1))
        # The next agent finds it by the note that the disk had no room for.
        [(_, pid)] = case.service_pids()
        case.restart()
        status = case.wait_status(lambda s: s["running"], 60)
        assert status["pid"] == pid and status["running"]["version"] == "1"
        eater.stop()
        case.program.kill()
        case.reconfigure({"update": {"probation": 0.1}})
        case.start()
        case.publish(3)
        case.wait_committed(3, 60)
        assert case.answer() == "3"
        assert list(case.spare_records.glob("*")) == []
    finally:
        eater.stop()
        case.stop_all()


def test_the_old_version_is_kept_while_nobody_takes_the_report(programs, disk):
    case = bring_to_probation(programs, disk, "stop-first")
    address = case.server.address
    case.server.program.stop()
    eater = Eater(disk)
    try:
        kill_service(case, 2)
        wait_replaced(case, [])
        status = case.wait_status(lambda s: s["state"] == "rolled_back" and s["running"], 60)
        assert status["running"]["version"] == "1"
        wait_replaced(case, kill_service(case, 1))
        assert case.status()["state"] == "rolled_back", "what is not told yet is not forgotten"
        case.server = case.stack.start_server("server-again", data=case.server.data, listen=address)
        case.wait_report("rolled_back", 2, 60)
        case.wait_status(lambda s: s["state"] == "idle", 60)
    finally:
        eater.stop()
        case.stop_all()


def test_a_disk_that_fills_up_while_a_version_is_fetched_and_stays_full(programs, disk):
    case = AgentCase(programs, data=disk, probation=0.1)
    with CountingProxy(case.server.url) as link:
        programs.on_close(case.stop_all)
        case.reconfigure({"": {"server": link.url()}})
        case.publish(1)
        case.start()
        case.wait_committed(1, 60)
        link.rate = 400_000
        case.publish(2, extra={"etc/big": random_bytes(1, 4_000_000)}, options=("--against", "none"))
        partial = disk / "partial"
        wait_until(lambda: any(path.stat().st_size > 300_000 for path in partial.iterdir()), 60, what="a part of version 2 to come")
        eater = Eater(disk)
        link.rate = None
        try:
            # What came is given back, so that there is room for the journal: the eater may have it.
            status = case.wait_status(lambda s: s["state"] == "idle" and s["last"] == "failed", 120)
            assert "space" in status["reason"] or "disk" in status["reason"], status["reason"]
            assert status["current"]["version"] == "1" and status["bad"] == []
            wait_replaced(case, kill_service(case, 1))
        finally:
            eater.stop()
        case.agent.check()
        case.wait_committed(2, 120)
        assert case.answer() == "2"


def pad_journal(path, limit=256 * 1024):
    """Repeats the last record until one more would make the agent write a fresh file."""
    data = path.read_bytes()
    at = last = 18
    while at + 8 <= len(data):
        length = struct.unpack_from("<I", data, at)[0]
        if length == 0 or at + 8 + length > len(data):
            break
        last, at = at, at + 8 + length
    record = data[last:at]
    copies = (limit - 300 - at) // len(record)
    with open(path, "r+b") as file:  # in place: the room that is held for it stays
        file.seek(at)
        file.write(record * copies)


def test_a_journal_due_for_its_rewriting_does_not_stop_the_return(programs, disk):
    case = bring_to_probation(programs, disk, "stop-first")
    case.program.kill()
    pad_journal(disk / "journal")
    case.start()
    case.wait_status(lambda s: s["state"] == "probation" and s["running"], 60)
    eater = Eater(disk)
    try:
        kill_service(case, 2)
        wait_replaced(case, [])
        case.wait_report("rolled_back", 2, 60)
        case.wait_status(lambda s: s["state"] == "idle" and s["current"]["version"] == "1", 60)
    finally:
        eater.stop()
        case.stop_all()
