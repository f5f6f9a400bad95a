"""T13: the agent is killed at its n-th system call of each kind, all through an update.

Afterwards the old or the new version runs once an agent is there again, never neither, and the state can be read at
once. The long form (STRATUS_LONG=1) takes every call instead of a selection.
"""
import collections
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest
from harness import BIN, AgentCase, Programs, wait_until
from harness.processes import descendants

LONG = bool(os.environ.get("STRATUS_LONG"))
# The short form takes one point a call, and several of those that make something durable.
MANY = {"fdatasync": 3, "rename": 3, "pwrite64": 2}
# What changes something outside the process, or waits for something; pure memory calls are left out.
CALLS = ("openat", "close", "read", "write", "pwrite64", "pread64", "fsync", "fdatasync", "syncfs", "rename", "renameat2",
         "unlink", "unlinkat", "mkdir", "mkdirat", "ftruncate", "fallocate", "flock", "clone3", "connect", "sendto", "sendmsg",
         "recvfrom", "epoll_wait", "poll", "pidfd_open", "pidfd_send_signal", "pidfd_getfd", "waitid", "fchownat", "fchmod",
         "fchown", "utimensat", "mknodat", "bind", "listen", "getdents64", "pipe2", "mount", "fsconfig", "move_mount",
         "pivot_root", "setns", "execve", "seccomp")


class Bench:
    """A device with version 1 as files, and a server that offers version 2."""

    def __init__(self, programs):
        self.case = AgentCase(programs, probation=0.05, poll=0.05)
        self.case.publish(1)
        self.case.start()
        self.case.wait_committed(1)
        self.case.stop_all()
        self.snapshot = programs.path("snapshot")
        self._copy(self.case.data, self.snapshot)
        self.case.publish(2)
        self.trace = programs.path("trace")

    @staticmethod
    def _copy(source, target):
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run(["cp", "-a", source, target], check=True)

    def reset(self):
        self._copy(self.snapshot, self.case.data)

    def end(self):
        """Everything of this device is gone, as after a power cut but for the disk."""
        for _, pid in self.case.service_pids():
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self.case.service_pids(), what="the services to end")

    def traced_agent(self, *options):
        command = ["strace", "-f", "-q", "-o", self.trace, *options]
        program = self.case.start(wrap=command)
        return program

    def agent_pid(self, program):
        """The agent below strace, or None once it is dead."""
        for pid in descendants(program.pid):
            try:
                if pathlib.Path("/proc", str(pid), "comm").read_text().strip() == "stratus-agent":
                    status = pathlib.Path("/proc", str(pid), "stat").read_text().rsplit(")", 1)[1].split()
                    if status[0] not in "ZX" and int(status[1]) == program.pid:
                        return pid
            except OSError:
                pass
        return None

    def counts(self):
        """How often each call is made by one undisturbed update."""
        self.reset()
        program = self.traced_agent(f"-etrace={','.join('?' + call for call in CALLS)}")
        self.case.wait_committed(2)
        os.kill(self.agent_pid(program), signal.SIGKILL)
        program.kill()
        self.end()
        # Counters of an injection are per thread, so the largest thread's count is the range.
        per_thread = collections.Counter()
        for line in self.trace.read_text(errors="replace").splitlines():
            match = re.match(r"(\d+)\s+(\w+)\(", line)
            if match:
                per_thread[match.group(1), match.group(2)] += 1
        counts = collections.Counter()
        for (_, call), count in per_thread.items():
            counts[call] = max(counts[call], count)
        return counts

    @staticmethod
    def at_rest(status):
        """Version 2 is committed, or was given up because its own process was what the kill hit."""
        return status["state"] == "idle" and (status["current"]["version"] == "2" or status["bad"])

    def kill_at(self, call, number):
        """True when the agent was killed there; False when it got through."""
        self.reset()
        program = self.traced_agent("-e", f"trace=?{call}", "-e", f"inject=?{call}:signal=KILL:when={number}")

        seen = False

        def over():
            # Before its exec the agent is not there yet; strace ends by itself when nothing is left to trace.
            nonlocal seen
            alive = self.agent_pid(program) is not None
            seen = seen or alive
            if not program.running() or (seen and not alive):
                return "killed"
            status = self.case.status()
            return "through" if self.at_rest(status) else None

        try:
            outcome = wait_until(over, seconds=3, interval=0.005)
        except TimeoutError:
            outcome = "through"  # counters are per process: every version that was started was hit in turn
        finally:
            pid = self.agent_pid(program)
            if pid:
                os.kill(pid, signal.SIGKILL)
            program.kill()  # the tracer lets go of what still runs
        # Readable at once, by whoever asks.
        status = self.case.status()
        assert (status["current"] or {}).get("version") in ("1", "2"), status
        return outcome == "killed"

    def check_recovery(self):
        """The next agent comes to rest with a committed version that answers."""
        program = self.case.start()
        status = self.case.wait_status(lambda s: "bad" in s and s["running"] and self.at_rest(s), what="the device to rest")
        version = status["current"]["version"]
        assert status["running"]["version"] == version
        self.case.wait_answer(version, seconds=5)
        versions = [version for version, _ in self.case.service_pids()]
        assert versions == [version], f"runs: {versions}"
        program.kill()
        self.end()


def selection(counts):
    for call in CALLS:
        total = counts[call]
        if not total:
            continue
        points = total if LONG else min(total, MANY.get(call, 1))
        # In the middle of each part: the first call of most kinds comes before the agent has begun.
        yield from ((call, 1 + (2 * i + 1) * total // (2 * points)) for i in range(points))


@pytest.mark.skipif(os.geteuid() != 0, reason="starting containers needs root")
def test_old_or_new_runs_after_a_kill_at_any_system_call():
    with Programs() as programs:
        bench = Bench(programs)
        counts = bench.counts()
        assert counts["fdatasync"] >= 6, f"the update was not seen: {counts}"
        killed, problems = 0, []
        points = list(selection(counts))
        for call, number in points:
            try:
                killed += bench.kill_at(call, number)
                bench.check_recovery()
            except (AssertionError, TimeoutError) as error:
                problems.append(f"{call} {number}: {error}")
                bench.case.program.kill()
                bench.end()
        print(json.dumps({"points": len(points), "killed": killed, "problems": len(problems)}))
        assert not problems, "\n".join(problems[:5])
        assert killed > len(points) / 2
