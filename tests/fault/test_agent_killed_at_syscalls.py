"""T13: the agent is killed at its n-th system call of each kind, all through an update.

Three updates: stop-first over plain HTTP, start-first over TLS, and one to a version that crashes, which the agent takes
back. Which calls there are is not written down here: an undisturbed run of each under strace tells, and all count that
change something outside the agent's own memory or wait for something (UNTOLD names the others).

After a kill the state can be read at once, and **once an agent is there again** the old or the new version runs, never
neither. Until then a stop-first swap that was cut short between the two runs neither: whoever starts agents (systemd, say:
packaging/systemd) must start it again.

Each point must be hit: in the agent, or in what is to become the service, which the agent then has to notice. The short
form spreads the calls over the three updates; the long form (STRATUS_LONG=1) takes every call of each that is a step of it.
"""
import collections
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest
from harness import AgentCase, HardLink, Programs, Symlink, Whole, wait_until
from harness.processes import descendants

LONG = bool(os.environ.get("STRATUS_LONG"))
# The short form takes one point a call, and several in each update of those that make something durable.
MANY = {"fdatasync": 2, "rename": 2}
# Memory, signals masks, timers and questions: a kill there is a kill at the call before or after.
UNTOLD = {"access", "arch_prctl", "brk", "epoll_create1", "epoll_ctl", "eventfd2", "exit", "exit_group", "fcntl", "fgetxattr", "fstat",
          "futex", "getegid", "geteuid", "getgid", "getpeername", "getpid", "getrandom", "getsockname", "getsockopt", "gettid", "getuid",
          "ioctl", "lseek", "lstat", "madvise", "mmap", "mprotect", "mremap", "munmap", "newfstatat", "prlimit64", "readlink", "readlinkat",
          "restart_syscall", "rseq", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_getaffinity", "sched_yield", "set_robust_list",
          "set_tid_address", "setsockopt", "stat", "statfs", "statx", "sysinfo", "timerfd_create", "timerfd_settime", "umask", "uname"}
# What changes the process itself and goes with it. Only the long form takes them.
PRIVATE = {"capset", "chdir", "close_range", "dup2", "getdents64", "listen", "memfd_create", "pidfd_getfd", "pidfd_open", "pipe2",
           "setfsgid", "setfsuid", "setgroups", "setresgid", "setresuid", "setsid", "socketpair"}
# How often these are made depends on how long things take: the agent polls, and is asked how it is. Their number is no place in
# the update, and the last of them may not come up: the long form takes some of the first half.
TIMED = {"accept", "accept4", "clone3", "close", "close_range", "connect", "dup2", "epoll_wait", "getdents64", "openat", "poll", "ppoll",
         "prctl", "pread64", "read", "recvfrom", "sendto", "setfsgid", "setfsuid", "socket", "write"}
# What an update to the tree below cannot do without. A list that comes from a run is worth something only if these are in it.
SURE = {"clone3", "connect", "execve", "fallocate", "fdatasync", "flock", "fsconfig", "fsetxattr", "fsmount", "fsopen", "fsync", "ftruncate",
        "linkat", "mkdir", "mkdirat", "mknodat", "mount", "mount_setattr", "move_mount", "open_tree", "openat", "pidfd_open", "pivot_root", "prctl",
        "pwrite64", "rename", "seccomp", "sendto", "setns", "socket", "symlinkat", "umount2", "unlink", "unlinkat", "utimensat", "write"}
HIT = "+++ killed by SIGKILL +++"
CAPABILITY = bytes.fromhex("0100000200040000000000000000000000000000")  # cap_net_bind_service, permitted


class Bench:
    """A device with version 1 as files, and a server that offers version 2, which adds, changes, links and removes."""

    def __init__(self, programs, order="stop-first", plain=True, broken=False):
        self.broken = broken
        self.case = AgentCase(programs, order=order, probation=0.05, poll=0.05, plain=plain)
        self.case.publish(1, extra={"etc/gone": "x"})
        self.case.start()
        self.case.wait_committed(1, 60)
        self.case.stop_all()
        self.snapshot = programs.path("snapshot")
        self._copy(self.case.data, self.snapshot)
        self.case.publish(2, *(["--crash-on-start"] if broken else []), extra={
            "etc/again": HardLink("etc/version"), "etc/link": Symlink("version"),
            "etc/tool": Whole(b"#!/bin/false\n", 0o755, {"security.capability": CAPABILITY})})
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
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self.case.service_pids(), what="the services to end")

    def traced_agent(self, *options):
        self.trace.unlink(missing_ok=True)
        return self.case.start(wrap=["strace", "-f", "-q", "-o", self.trace, *options])

    def traced(self):
        return self.trace.read_text(errors="replace") if self.trace.exists() else ""

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

    def end_agent(self, program):
        """Kills the agent, if it is still there, and its tracer, which lets go of what still runs."""
        pid = self.agent_pid(program)
        if pid:
            os.kill(pid, signal.SIGKILL)
        program.kill()

    def counts(self):
        """How often each call is made by one undisturbed update."""
        self.reset()
        program = self.traced_agent()
        self.case.wait_status(self.at_rest, 60, what="the undisturbed update")
        self.end_agent(program)
        self.end()
        # Counters of an injection are per thread, so the largest thread's count is the range.
        per_thread = collections.Counter()
        for line in self.traced().splitlines():
            match = re.match(r"(\d+)\s+(\w+)\(", line)
            if match and match.group(2) not in UNTOLD:
                per_thread[match.group(1), match.group(2)] += 1
        counts = collections.Counter()
        for (_, call), count in per_thread.items():
            counts[call] = max(counts[call], count)
        return counts

    def at_rest(self, status):
        """Version 2 is committed, or was given up: because it is broken, or its own process was what the kill hit."""
        if status["state"] != "idle" or not status["current"]:
            return False
        return bool(status["bad"]) or (not self.broken and status["current"]["version"] == "2")

    def kill_at(self, call, number):
        """Whether the agent, or a child of its, was killed there; else the update went by."""
        self.reset()
        program = self.traced_agent("-e", f"trace=?{call}", "-e", f"inject=?{call}:signal=KILL:when={number}")
        seen, looks, since_hit = False, 0, 0

        def over():
            # Before its exec the agent is not there yet; strace ends by itself when nothing is left to trace.
            nonlocal seen, looks, since_hit
            alive = self.agent_pid(program) is not None
            seen, looks, since_hit = seen or alive, looks + 1, since_hit + (HIT in self.traced())
            if not program.running() or (seen and not alive):
                return True
            # A child was hit: some time for the agent to notice. Each version that it starts is hit in its turn, so it may
            # never come to rest. Asking is a program of its own, so not at each look.
            return since_hit > 30 or (looks % 20 == 0 and self.at_rest(self.case.status()))

        with contextlib.suppress(TimeoutError):
            wait_until(over, seconds=20, interval=0.01)
        hit = HIT in self.traced() or not program.running()
        self.end_agent(program)
        # Readable at once, by whoever asks.
        status = self.case.status()
        assert (status["current"] or {}).get("version") in (("1",) if self.broken else ("1", "2")), status
        return hit

    def check_recovery(self):
        """The next agent comes to rest with a committed version that answers."""
        program = self.case.start()
        status = self.case.wait_status(lambda s: "bad" in s and s["running"] and self.at_rest(s), what="the device to rest")
        version = status["current"]["version"]
        assert status["running"]["version"] == version and (version == "1" or not self.broken)
        self.case.wait_answer(version, seconds=20)
        versions = [version for version, _ in self.case.service_pids()]
        assert versions == [version], f"runs: {versions}"
        program.kill()
        self.end()

    def clear(self):
        """After a point that went wrong."""
        self.case.program.kill()
        self.end()


def middles(total, points):
    """Numbers in the middle of each part: the first call of most kinds comes before the agent has begun."""
    return sorted({1 + (2 * i + 1) * total // (2 * points) for i in range(points)})


def selection(counts):
    """(index of the update, call, number): of every call that any of the updates makes."""
    for index, call in enumerate(sorted(set().union(*counts) - (set() if LONG else PRIVATE))):
        those = [which for which, made in enumerate(counts) if made[call]]
        for which in those if LONG or call in MANY else [those[index % len(those)]]:
            total = counts[which][call]
            if not LONG:
                numbers = middles(total, min(total, MANY.get(call, 1)))
            elif call in TIMED:
                numbers = middles(-(-total // 2), min(-(-total // 2), 10))
            else:
                numbers = range(1, total + 1)
            for number in numbers:
                yield which, call, number


def kill_and_recover(bench, call, number):
    """Whether it was hit. A number that did not come up is tried lower down, to the first; not that of a step in the long form."""
    while True:
        hit = bench.kill_at(call, number)
        bench.check_recovery()
        if hit or number == 1 or (LONG and call not in TIMED):
            return hit
        number = number // 2


class Sweep:
    """The points of one device, one after the other."""

    def __init__(self, bench, points):
        self.bench, self.points, self.hits, self.missed, self.problems = bench, points, 0, [], []

    def run(self):
        for which, call, number in self.points:
            try:
                if kill_and_recover(self.bench, call, number):
                    self.hits += 1
                else:
                    self.missed.append((which, call, number))
            except (AssertionError, TimeoutError) as error:
                self.problems.append(f"update {which}, {call} {number}: {error}")
                self.bench.clear()

    def run_to_its_end(self):
        """Whatever goes wrong with the test itself is told with the rest, once the others have ended."""
        try:
            self.run()
        except Exception as error:  # noqa: BLE001
            self.problems.append(f"the sweep itself ended: {error!r}")


UPDATES = ({"order": "stop-first"}, {"order": "start-first", "plain": False}, {"broken": True})
# Devices that go through the same update side by side: they wait most of the time.
BESIDE = 2 if LONG else 1


@pytest.mark.skipif(os.geteuid() != 0, reason="starting containers needs root")
def test_old_or_new_runs_after_a_kill_at_any_system_call():
    with contextlib.ExitStack() as stack:
        benches = [[Bench(stack.enter_context(Programs()), **how) for _ in range(BESIDE)] for how in UPDATES]
        counts = [same[0].counts() for same in benches]
        assert not SURE - set().union(*counts), f"not seen: {SURE - set().union(*counts)}"
        points = list(selection(counts))
        print(json.dumps({"points": len(points)}), flush=True)
        sweeps = [Sweep(bench, [point for point in points if point[0] == which][part::BESIDE])
                  for which, same in enumerate(benches) for part, bench in enumerate(same)]
        with concurrent.futures.ThreadPoolExecutor(len(sweeps)) as side_by_side:
            for sweep in sweeps:
                side_by_side.submit(sweep.run_to_its_end)
        missed = [point for sweep in sweeps for point in sweep.missed]
        problems = [problem for sweep in sweeps for problem in sweep.problems]
        print(json.dumps({"calls": len(set().union(*counts)), "points": len(points), "killed": sum(sweep.hits for sweep in sweeps),
                          "missed": missed, "problems": len(problems)}))
        assert not problems, "\n".join(problems[:5])
        assert not missed, "these kills never came to be"
