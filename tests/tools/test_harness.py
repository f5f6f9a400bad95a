"""The harness itself: what it starts is gone afterwards, and what it counts is right."""
import http.server
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from harness import CountingProxy, HttpClient, Machine, ProgramError, Programs, ServiceImage, Symlink, Whole, tree_listing
from harness import wait_until, write_tree

READY = "import sys, time; print('{\"ready\":true,\"url\":\"http://127.0.0.1:9\"}', flush=True)\n"


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_ready_line_is_read_and_the_program_ends_with_the_block():
    with Programs() as programs:
        program = programs.start("sleeper", [sys.executable, "-c", READY + "time.sleep(600)"])
        assert program.wait_ready()["url"] == "http://127.0.0.1:9"
        directory = programs.directory
    assert not alive(program.pid) and not directory.exists()


def test_program_that_ends_early_raises_with_its_log(programs):
    program = programs.start("broken", [sys.executable, "-c", "raise SystemExit('no such upstream')"])
    with pytest.raises(ProgramError, match="ended with 1 before.*(?s:.*)no such upstream"):
        program.wait_ready()


def test_grandchildren_in_their_own_session_and_mounts_are_cleaned_up():
    script = ("import os, signal, subprocess, sys, time\n"
              "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
              "child = subprocess.Popen(['setsid', 'sleep', '600'])\n"
              "orphan = subprocess.run(['sh', '-c', 'setsid sleep 601 >/dev/null 2>&1 & echo $!'], stdout=-1, text=True).stdout\n"
              "print(child.pid, orphan, flush=True)\n" + READY + "time.sleep(600)")
    with Programs() as programs:
        program = programs.start("parent", [sys.executable, "-c", script])
        program.wait_ready()
        pids = [int(word) for word in program.output.split("\n")[0].split()]
        wait_until(lambda: all(alive(pid) for pid in pids))
        mounted = programs.path("mounted")
        mounted.mkdir()
        if os.geteuid() == 0:
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", mounted], check=True)
        program.kill()
    assert not any(alive(pid) for pid in pids)
    assert str(mounted) not in pathlib.Path("/proc/self/mountinfo").read_text()


@pytest.fixture
def groups():
    """Makes containers' control groups with a prefix of this test; ends what is left of them."""
    roots = [root for root in (pathlib.Path("/sys/fs/cgroup/memory"), pathlib.Path("/sys/fs/cgroup"))
             if os.geteuid() == 0 and (root / "cgroup.procs").exists()]
    if not roots:
        pytest.skip("making a control group needs root and a place for it")
    made = []

    def make(name, age):
        group = roots[0] / "stratus" / f"test-{os.getpid()}-{name}"
        group.mkdir(parents=True)
        made.append(group)
        os.utime(group, (time.time() - age,) * 2)
        return group

    yield make
    for group in made:
        if group.exists():
            group.rmdir()


def test_control_groups_that_were_left_are_removed(groups):
    left, young, busy = groups("left", 3600), groups("young", 0), groups("busy", 3600)
    with subprocess.Popen(["sleep", "600"]) as sleeper:
        (busy / "cgroup.procs").write_text(str(sleeper.pid))
        with Programs():
            pass
        there = [group.exists() for group in (left, young, busy)]
        sleeper.kill()
    assert there == [False, True, True]


def test_all_programs_are_asked_to_end_at_the_same_time(tmp_path):
    """Each ends only once the other was asked as well, as programs do that wait for one another."""
    script = ("import pathlib, signal, sys, time\n"
              "own, other = map(pathlib.Path, sys.argv[1:])\n"
              "def end(*_):\n"
              "    own.touch()\n"
              "    while not other.exists(): time.sleep(0.005)\n"
              "    sys.exit(0)\n"
              "signal.signal(signal.SIGTERM, end)\n" + READY + "time.sleep(600)")
    with Programs() as programs:
        pair = [programs.start(str(n), [sys.executable, "-c", script, tmp_path / str(n), tmp_path / str(1 - n)])
                for n in range(2)]
        for program in pair:
            program.wait_ready()
    assert [program.process.returncode for program in pair] == [0, 0]


def test_interrupted_run_leaves_nothing(tmp_path):
    """Ctrl-C inside the block: the same clean-up."""
    script = ("import sys, os, signal; sys.path.insert(0, sys.argv[1])\n"
              "from harness import Programs\n"
              "with Programs() as programs:\n"
              "    p = programs.start('sleeper', ['sleep', '600'])\n"
              "    print(p.pid, programs.directory, flush=True)\n"
              "    signal.pause()\n")
    # Whoever runs the tests in the background ignores SIGINT, and its children inherit that.
    run = subprocess.Popen([sys.executable, "-c", script, str(pathlib.Path(__file__).parent.parent)],
                           preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    pid, directory = run.stdout.readline().split()
    assert alive(pid)
    run.send_signal(2)
    run.wait(20)
    assert not alive(pid) and not pathlib.Path(directory).exists()


class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    body = bytes(range(256)) * 400

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_):
        pass


@pytest.fixture
def origin():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_proxy_counts_every_byte_both_ways(origin):
    with CountingProxy(origin) as proxy:
        request = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
        with socket.create_connection(("127.0.0.1", proxy.port)) as end:
            received = 0
            for piece in (request, request[:17], request[17:24], request[24:]):
                end.sendall(piece)
            end.shutdown(socket.SHUT_WR)
            while data := end.recv(65536):
                received += len(data)
        wait_until(lambda: proxy.down == received and proxy.up == 2 * len(request))
        assert received > 2 * len(Echo.body)
        assert (proxy.requests, proxy.connections) == (2, 1)


def test_proxy_cuts_after_the_named_bytes_and_heals(origin):
    with CountingProxy(origin) as proxy:
        proxy.cut_after(1000, 5000)
        for expected in (1000, 5000):
            before = proxy.down
            with pytest.raises(Exception):
                HttpClient(proxy.url()).get("/")
            assert proxy.down - before == expected
        assert HttpClient(proxy.url()).get("/").body == Echo.body
        assert proxy.cuts_done == 2
        proxy.refuse()
        with pytest.raises(Exception):
            HttpClient(proxy.url(), timeout=5).get("/")
        proxy.refuse(False)
        assert HttpClient(proxy.url()).get("/").status == 200


def test_wait_until_names_what_it_waited_for():
    with pytest.raises(TimeoutError, match="waited 0.05 s for the moon; the last answer was 0"):
        wait_until(lambda: 0, seconds=0.05, what="the moon")
    with pytest.raises(TimeoutError, match="raised KeyError"):
        wait_until(lambda: {}["x"], seconds=0.05)


def test_trees_are_written_and_compared(tmp_path):
    entries = {"bin/run": Whole(b"#!/bin/sh\n", mode=0o4755), "etc/name": "x\n", "link": Symlink("etc/name"), "var/empty": None}
    first, second = (write_tree(tmp_path / name, entries) for name in ("a", "b"))
    assert tree_listing(first) == tree_listing(second)
    assert tree_listing(first)["bin/run"][1] == 0o4755
    (second / "etc/name").write_text("y\n")
    assert tree_listing(first) != tree_listing(second)


def test_service_image_runs_and_misbehaves_on_demand(programs):
    image = ServiceImage()
    tree = image.tree(programs.path("tree"), "7")

    def start(*behaviours):
        program, *arguments = image.command(*behaviours)
        arguments = [str(tree) + word if word.startswith("/etc/") else word for word in arguments]
        return programs.start("service", [str(tree) + program, *arguments])

    good = start()
    assert wait_until(lambda: HttpClient(image.url).get("/").body.strip()) == b"7"
    assert good.stop() == 0
    assert start("--crash-on-start").process.wait(10) != 0
    unwell = start("--unhealthy")
    assert wait_until(lambda: HttpClient(image.url).get("/healthz").status) == 503
    assert unwell.stop() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces and control groups need root")
def test_what_a_program_leaves_on_the_machine_is_found(tmp_path):
    """An orphan in namespaces of its own, whose words and directory say nothing of where it came from; an empty group."""
    with Machine() as machine:
        leave_and_find(machine, tmp_path)


def leave_and_find(machine, tmp_path):
    assert machine.leftovers(tmp_path, 0) == []
    script = "cd /; setsid unshare --mount --ipc --uts --pid --fork sleep 600 >/dev/null 2>&1 </dev/null & echo $!"
    subprocess.run(["sh", "-c", script], check=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    group = pathlib.Path("/sys/fs/cgroup/pids/stratus", f"harness-{os.getpid()}")
    if not group.parent.parent.is_dir():
        group = pathlib.Path("/sys/fs/cgroup/stratus", group.name)
    try:
        group.mkdir(parents=True)
        found = wait_until(lambda: _with_all_kinds(machine.leftovers(tmp_path, 0)), what="the sleeper in its namespaces")
        assert any("sleep 600" in line for line in found)
        # A group that somebody else left empty is none of ours; one that a process of ours was in is, when it is empty again.
        assert f"control group {group}" not in found
        sleeper = subprocess.Popen(["sleep", "601"])
        (group / "cgroup.procs").write_text(str(sleeper.pid))
        wait_until(lambda: f"/stratus/{group.name}" in machine._our_groups, what="the process to be seen in its group")
        sleeper.kill()
        sleeper.wait()
        wait_until(lambda: f"control group {group}" in machine.leftovers(tmp_path, 0), what="the empty group to be found")
        (tmp_path / "file").write_text("x")
        assert f"file {tmp_path / 'file'}" in machine.leftovers(tmp_path, 0)
    finally:
        (tmp_path / "file").unlink(missing_ok=True)
        for line in machine.leftovers(tmp_path, 0):
            if line.startswith("process "):
                os.kill(int(line.split()[1].rstrip(":")), signal.SIGKILL)
        group.rmdir()
    assert machine.leftovers(tmp_path) == []


def _with_all_kinds(found):
    return found if all(any(f"namespace {kind}:" in line for line in found) for kind in ("mnt", "ipc", "uts", "pid")) else None
