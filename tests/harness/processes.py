"""Starts programs and makes sure that nothing of them stays: processes, mounts, temporary files.

Each program gets its own session; the harness makes itself a subreaper, so a grandchild that outlives its
parent (a container's process, for one) becomes our child and is ended too.
"""
import ctypes
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from .waiting import wait_until

_PR_SET_CHILD_SUBREAPER = 36


class ProgramError(RuntimeError):
    """A program did not start, or ended when it should not have; the text carries its log."""


def adopt_orphans():
    """Whatever loses its parent below this process becomes this process's child."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _parents():
    """{pid: parent pid} of every process that can be seen."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = pathlib.Path("/proc", entry, "stat").read_text().rsplit(")", 1)[1].split()
                parents[int(entry)] = int(fields[1])
            except (OSError, IndexError):
                pass
    return parents


def descendants(pid):
    """Every process below pid, parents first."""
    parents, found = _parents(), [pid]
    for ancestor in found:
        found += [child for child, parent in parents.items() if parent == ancestor]
    return found[1:]


def _send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def mounts_below(directory):
    """Mount points at or below directory, deepest first."""
    prefix, points = str(directory).rstrip("/"), []
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        point = line.split()[4].encode().decode("unicode_escape")
        if point == prefix or point.startswith(prefix + "/"):
            points.append(point)
    return sorted(points, key=len, reverse=True)


def container_groups(pid):
    """Names of the control groups that an agent made for this process, "/stratus/INSTANCE"."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except OSError:
        return set()
    return {line.split(":", 2)[2] for line in lines if line.split(":", 2)[2].startswith("/stratus/")}


def remove_groups(names):
    """Removes control groups whose processes are gone, in every hierarchy."""
    mounts = pathlib.Path("/sys/fs/cgroup")
    for name in names:
        for hierarchy in (mounts, *mounts.glob("*")):
            try:
                os.rmdir(str(hierarchy) + name)
            except OSError:
                pass


_GROUP_REST = 300  # seconds, after which no agent is still about to put a process into what it made


def sweep_groups():
    """Removes containers' control groups that nobody will: of agents that were killed with their service, of tests that were
    killed. rmdir refuses one with a process in it; of the others only those go that nobody made just now."""
    mounts = pathlib.Path("/sys/fs/cgroup")
    for group in (*mounts.glob("stratus/*/"), *mounts.glob("*/stratus/*/")):
        try:
            if time.time() - group.stat().st_mtime > _GROUP_REST:
                group.rmdir()
        except OSError:
            pass


class Program:
    """One running program. `log` is its stderr, `output` its stdout, both kept as files."""

    def __init__(self, name, argv, directory, env=None, cwd=None):
        self.name, self.argv = name, [str(word) for word in argv]
        directory.mkdir(parents=True, exist_ok=True)
        self.log_path, self.output_path = directory / f"{name}.log", directory / f"{name}.out"
        self._output_start = self.output_path.stat().st_size if self.output_path.exists() else 0
        with open(self.log_path, "ab") as log, open(self.output_path, "ab") as output:
            self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=output, stderr=log, cwd=cwd,
                                            env={**os.environ, **(env or {})}, start_new_session=True)
        self.started = time.monotonic()
        self.ready = None
        self.groups = set()  # control groups of what it left running

    @property
    def pid(self):
        return self.process.pid

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")

    @property
    def output(self):
        with open(self.output_path, "rb") as stream:
            stream.seek(self._output_start)
            return stream.read().decode(errors="replace")

    def running(self):
        return self.process.poll() is None

    def wait_ready(self, seconds=20):
        """The JSON object of the ready line. A program that ends instead raises with its log."""
        def line():
            ended = not self.running()  # asked first: what it said last counts
            for text in self.output.splitlines(keepends=True):
                if text.startswith("{") and text.endswith("\n") and json.loads(text).get("ready"):
                    return json.loads(text)
            return {} if ended else None

        deadline = time.monotonic() + seconds
        found = None
        while found is None and time.monotonic() < deadline:
            found = line()
            if found is None:
                time.sleep(0.005)
        if not found:
            state = "still runs without" if self.running() else f"ended with {self.process.returncode} before"
            raise ProgramError(f"{self.name} {state} its ready line after {seconds} s\n{self.describe()}")
        self.ready = found
        return found

    def stop(self, seconds=10):
        """SIGTERM, bounded wait, exit status. Raises when the program does not stop by itself."""
        _send(self.pid, signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ProgramError(f"{self.name} did not stop within {seconds} s of SIGTERM\n{self.describe()}") from None

    def kill(self):
        """SIGKILL to the program alone, as a crash would (what it started may live on)."""
        _send(self.pid, signal.SIGKILL)
        return self.process.wait(10)

    def end_with_descendants(self):
        """Asks politely, then ends the program and all below it. Never raises."""
        end_all([self])

    def describe(self, limit=6000):
        return (f"$ {' '.join(self.argv)}\n--- {self.name} stdout\n{self.output[-limit:]}"
                f"\n--- {self.name} stderr\n{self.log[-limit:]}")


def end_all(programs, seconds=5):
    """Asks all of them to end at once, waits for them together, then ends what is left of them and all below them.

    Whoever waits for another (an agent for its gateway, a gateway for its server) is asked at the same time, so
    this takes as long as the slowest of them and not as long as all together. Never raises.
    """
    running = [program for program in programs if program.running()]
    below = {program: descendants(program.pid) for program in running}
    for program in running:
        _send(program.pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    for program in running:
        try:
            program.process.wait(max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            below[program] = descendants(program.pid)
            _send(program.pid, signal.SIGKILL)
            program.process.wait(10)
    for program, pids in below.items():
        for pid in pids:  # still there means that the parent is ours now, so the number cannot have been reused
            if _parents().get(pid) in (os.getpid(), *pids):
                program.groups |= container_groups(pid)
                _send(pid, signal.SIGKILL)


class Programs:
    """Owns a temporary directory and every program started in it; `with Programs() as programs: …`.

    Several may be open at once, in threads too; orphans are then ended by the last one that closes. They do not wait for one that
    is `lasting`, which must be open before the others. `below`: where its directory is to be.
    """

    _open_lock, _open = threading.Lock(), 0

    def __init__(self, prefix="stratus-", lasting=False, below=None):
        adopt_orphans()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=below))
        self.started = []
        self._closers = []
        self._is_open = not lasting
        with Programs._open_lock:
            Programs._open += self._is_open
        self._children_before = {pid for pid, parent in _parents().items() if parent == os.getpid()}

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close()

    def start(self, name, argv, env=None, cwd=None):
        program = Program(name, argv, self.directory / "logs", env, cwd)
        self.started.append(program)
        return program

    def on_close(self, action):
        """Runs action at the end, after the programs have ended (proxies, for one)."""
        self._closers.append(action)
        return action

    def path(self, *parts):
        """A path in the temporary directory; its parent exists afterwards."""
        path = self.directory.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def describe(self):
        return "\n".join(program.describe() for program in self.started)

    def close(self):
        """Idempotent. A second Ctrl-C meanwhile does not interrupt it."""
        previous = None
        try:
            previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
        except ValueError:
            pass  # not in the main thread
        try:
            end_all(list(reversed(self.started)))
            for action in reversed(self._closers):
                try:
                    action()
                except Exception as error:
                    print(f"harness: clean-up step failed: {error!r}", file=sys.stderr)
            self._closers.clear()
            with Programs._open_lock:
                Programs._open -= self._is_open
                self._is_open = False
                if Programs._open == 0:
                    self._end_orphans()
            for point in mounts_below(self.directory):
                subprocess.run(["umount", "-l", point], check=False)
            _remove_tree(self.directory)
        finally:
            if previous is not None:
                signal.signal(signal.SIGINT, previous)

    def _end_orphans(self):
        """Ends children that came to us from programs that died; those that were here before stay."""
        known = {program.pid for program in self.started} | self._children_before
        groups = set().union(*(program.groups for program in self.started))

        def orphans_gone():
            orphans = [pid for pid, parent in _parents().items() if parent == os.getpid() and pid not in known]
            for pid in orphans:
                groups.update(container_groups(pid))
                _send(pid, signal.SIGKILL)
                try:
                    os.waitpid(pid, os.WNOHANG)
                except ChildProcessError:
                    pass
            return not orphans

        try:
            wait_until(orphans_gone, seconds=10, what="orphaned processes to end")
        except TimeoutError as error:
            print(f"harness: {error}", file=sys.stderr)
        remove_groups(groups)
        sweep_groups()


def _remove_tree(directory):
    """rm -rf that also removes read-only directories."""
    def open_up(function, path, _):
        try:
            if path != str(directory):  # what holds the directory itself is not ours
                os.chmod(os.path.dirname(path), 0o700)
            os.chmod(path, 0o700, follow_symlinks=False) if not os.path.islink(path) else None
            function(path)
        except (OSError, NotImplementedError):
            pass

    shutil.rmtree(directory, onerror=open_up)
