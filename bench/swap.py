"""Starting and swapping: the launcher beside exec, bubblewrap, crun and podman; a whole swap under a busy client.

Launcher rows: milliseconds from the decision to the end of a program that does nothing, median and 90th percentile, all
on the same layers in turns. Swap rows: milliseconds from the last layer being in place to a healthy new version, the
down-time that the agent reports, and what a client that never rests saw.
"""
import ctypes
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import statistics
import subprocess
import tempfile
import threading
import time

import marks
from harness import BIN, AgentCase, Programs, wait_until

DESCRIPTION = "start of an isolated process beside its peers; down-time of an update"


def add_options(parser):
    parser.add_argument("--rounds", type=int, default=60, help="starts per tool (default 60)")
    parser.add_argument("--swaps", type=int, default=5, help="updates per order (default 5)")


def timed(command, rounds, cwd=None):
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, cwd=cwd)
        times.append((time.perf_counter() - begin) * 1000)
    return times


def launcher(store, layers, rounds):
    done = subprocess.run([BIN / "stratus-launcher-bench", store, str(layers), str(rounds)], check=True,
                          capture_output=True, text=True)
    pairs = [line.split() for line in done.stdout.splitlines()]
    return [float(executed) for executed, _ in pairs], [float(ended) for _, ended in pairs]


def make_store(root, layers):
    for layer in range(layers):
        (root / "layers" / str(layer) / "etc").mkdir(parents=True)
        (root / "layers" / str(layer) / "etc" / f"layer-{layer}").write_text("x")
    for name in ("bin", "proc", "sys", "dev", "tmp", "run"):
        (root / "layers" / "0" / name).mkdir()
    shutil.copy(BIN / "stratus-test-service", root / "layers" / "0" / "bin" / "service")


def crun_bundle(root, store):
    bundle = root / "bundle"
    bundle.mkdir()
    subprocess.run(["crun", "spec"], cwd=bundle, check=True)
    config = json.loads((bundle / "config.json").read_text())
    config["process"]["terminal"] = False
    config["process"]["args"] = ["/bin/service", "exit", "0"]
    config["root"] = {"path": str(store / "layers" / "0"), "readonly": True}
    config["linux"]["namespaces"] = [n for n in config["linux"]["namespaces"] if n["type"] not in ("network", "cgroup")]
    config["mounts"] = [m for m in config["mounts"] if m["type"] != "cgroup"]
    (bundle / "config.json").write_text(json.dumps(config))
    return bundle


def peers(root, store):
    """name -> command, those that are installed and work here."""
    base = store / "layers" / "0"
    found = {"exec": [base / "bin" / "service", "exit", "0"]}
    if shutil.which("bwrap"):
        found["bubblewrap"] = ["bwrap", "--ro-bind", base, "/", "--proc", "/proc", "--dev", "/dev", "--unshare-pid",
                               "--unshare-ipc", "--unshare-uts", "/bin/service", "exit", "0"]
    if shutil.which("crun"):
        bundle = crun_bundle(root, store)
        found["crun"] = ["crun", "--cgroup-manager=disabled", "run", "--bundle", bundle, f"stratus-bench-{os.getpid()}"]
    if shutil.which("podman"):
        found["podman"] = ["podman", "run", "--rm", "--network=host", "--cgroups=disabled", "--rootfs", base, "/bin/service",
                           "exit", "0"]
        # Its default limits are above what a container of ours may set.
        found["podman"][3:3] = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096"]
    working = {}
    for name, command in found.items():
        try:
            timed(command, 1)
            working[name] = command
        except (subprocess.CalledProcessError, OSError):
            pass
    return working


def leave_hybrid_cgroups():
    """crun refuses to start where a version 2 hierarchy lies beside version 1; in a mount namespace of our own none does."""
    if os.geteuid() != 0 or not pathlib.Path("/sys/fs/cgroup/unified").is_mount():
        return
    libc = ctypes.CDLL(None)
    new_mounts, private, detach = 0x20000, 0x44000, 2
    if libc.unshare(new_mounts) == 0 and libc.mount(None, b"/", None, private, None) == 0:
        libc.umount2(b"/sys/fs/cgroup/unified", detach)


def launcher_rows(rounds):
    times, notes = {}, []
    with tempfile.TemporaryDirectory(prefix="stratus-swap-") as directory:
        root = pathlib.Path(directory)
        make_store(root, 20)
        commands = peers(root, root)
        for _ in range(3):  # in turns, so that a busy minute hits all alike
            part = max(1, rounds // 3)
            for name, layers in (("stratus, 1 layer", 1), ("stratus, 20 layers", 20)):
                executed, ended = launcher(root, layers, part)
                times.setdefault(f"{name}, to exec", []).extend(executed)
                times.setdefault(name, []).extend(ended)
            for name, command in commands.items():
                times.setdefault(name, []).extend(timed(command, max(1, part // 4) if name == "podman" else part))
    medians = {name: statistics.median(values) for name, values in times.items()}
    rows = [{"what": f"start: {name}", "median_ms": medians[name],
             "p90_ms": sorted(values)[int(len(values) * 0.9)], "over_exec_ms": medians[name] - medians["exec"]}
            for name, values in sorted(times.items(), key=lambda item: medians[item[0]])]
    ratio = medians["stratus, 20 layers, to exec"] / medians["stratus, 1 layer, to exec"]
    notes.append(f"20 layers take {ratio:.2f} × one, to exec; 'to exec' is without the program's end and clean-up")
    notes.append("'exec' and the peers are timed with Python's fork and exec around them, Stratus from its own process")
    return rows, notes


class Client(threading.Thread):
    """Asks without rest; notes the longest time between two good answers and everything that failed."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.ended, self.failures, self.answers, self.longest = port, False, 0, 0, 0.0

    def run(self):
        last = time.perf_counter()
        while not self.ended:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                connection.request("GET", "/", headers={"Connection": "close"})
                connection.getresponse().read()
                connection.close()
                self.answers += 1
                now = time.perf_counter()
                self.longest, last = max(self.longest, now - last), now
            except OSError:
                self.failures += 1


def stamp(line):
    clock = re.search(r"T(\d+):(\d+):([\d.]+)Z", line)
    return int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3])


def between(log, first, second):
    """Milliseconds from the last line of the log that holds `first` to the next that holds `second`."""
    lines = log.splitlines()
    begin = max(i for i, line in enumerate(lines) if first in line)
    end = next(line for line in lines[begin:] if second in line)
    return (stamp(end) - stamp(lines[begin])) * 1000


def memory(pid):
    """Resident now and at most so far, MiB."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return [int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) / 1024 for name in ("VmRSS", "VmHWM")]


def patching_row():
    """What the agent itself holds at rest, and at most while it makes a layer of 32 MB out of a delta."""
    rng = random.Random(7)
    old = bytearray(rng.randbytes(32_000_000))
    with Programs() as programs:
        case = AgentCase(programs, probation=0.2, poll=3600)
        try:
            case.publish(1, extra={"opt/large": bytes(old)})
            program = case.start()
            case.wait_committed(1)
            pathlib.Path(f"/proc/{program.pid}/clear_refs").write_text("5")  # the highest so far begins anew
            for _ in range(320):
                at = rng.randrange(len(old) - 64)
                old[at:at + 64] = rng.randbytes(64)
            case.publish(2, extra={"opt/large": bytes(old)})
            case.agent.check()
            assert case.wait_committed(2, seconds=120)["plan"] == "delta"
            highest = memory(program.pid)[1]
            wait_until(lambda: case.status()["reports_waiting"] == 0, what="the agent to rest")
            return {"what": "agent: memory", "idle_mib": memory(program.pid)[0], "patching_mib": highest}
        finally:
            case.stop_all()


def swap_row(order, swaps):
    healthy, downtimes, failures, longest, whole = [], [], 0, 0.0, []
    with Programs() as programs:
        case = AgentCase(programs, order=order, probation=0.2, poll=3600)
        try:
            case.publish(1)
            case.start()
            case.wait_committed(1)
            for version in range(2, swaps + 2):
                case.publish(version)
                client = Client(case.port)
                client.start()
                wait_until(lambda: client.answers > 5, what="the client to be served")
                begin = time.perf_counter()
                case.agent.check()
                wait_until(lambda: case.answer() == str(version), interval=0.002, what="the new version")
                whole.append((time.perf_counter() - begin) * 1000)
                status = case.wait_committed(version)
                client.ended = True
                client.join()
                failures += client.failures
                longest = max(longest, client.longest * 1000)
                downtimes.append(status["downtime_ms"])
                healthy.append(between(case.program.log, "fetching → verifying", f"version={version} is well"))
        finally:
            case.stop_all()
    return {"what": f"swap: {order}", "median_ms": statistics.median(healthy), "p90_ms": max(healthy),
            "downtime_ms": statistics.median(downtimes), "request_to_running_ms": statistics.median(whole),
            "client_failures": failures, "client_longest_gap_ms": longest}


def run(options):
    leave_hybrid_cgroups()
    rows, notes = launcher_rows(options.rounds)
    rows += [swap_row(order, options.swaps) for order in ("start-first", "stop-first")]
    rows.append(patching_row())
    notes.append("swap: median_ms is from 'every blob is here' to a healthy new version, unpacking included; "
                 "p90_ms is the slowest of the swaps")
    judged = marks.judge(marks.swap_checks(rows))
    return {"rows": rows, "notes": notes + judged["notes"], "marks": judged["marks"]}
