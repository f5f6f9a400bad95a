"""./dev says what stands in the way before it installs or builds anything, and builds once at a time."""
import os
import shutil
import subprocess

import pytest

from harness import ROOT, wait_until, write_tree

SLOW_CMAKE = """#!/bin/sh
echo >>"$STATE/begun"
while [ ! -e "$STATE/go" ]; do sleep 0.02; done
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming somebody who is not root needs root")
def test_the_demo_asks_for_root_first(tmp_path):
    # The script alone: going on would end in words about files that are missing here.
    shutil.copy(ROOT / "dev", tmp_path)
    for directory in (tmp_path, *tmp_path.parents[:-1]):
        if directory.stat().st_uid == os.geteuid() and not directory.stat().st_mode & 1:
            directory.chmod(directory.stat().st_mode | 0o011)
    done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", tmp_path / "dev", "demo", "--once"],
                          capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == "dev: devices start confined processes, which needs root: sudo ./dev demo\n"


def test_help_of_the_demo_needs_neither_root_nor_a_build():
    done = subprocess.run([ROOT / "dev", "demo", "--help"], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and "--once" in done.stdout, done.stderr


@pytest.mark.parametrize("words, said", [
    (["demo", "--onec"], "--onec"), (["bench", "nosuch"], "nosuch"), (["test", "--nosuch"], "--nosuch"),
    (["build", "nosuch"], "release dev asan gcc tsan"), (["setup", "nosuch"], "build demo test bench mcu"), (["bulid"], "bulid")])
def test_a_wrong_word_is_named_before_anything_is_built(words, said):
    done = subprocess.run([ROOT / "dev", *words], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode in (1, 2) and said in done.stderr and done.stdout == "", done


@pytest.fixture
def clone(tmp_path):
    """The script alone, with a cmake that builds until it is told to end."""
    shutil.copy(ROOT / "dev", tmp_path)
    write_tree(tmp_path, {"tools/packages.txt": "[build]\n", "tools/build_console.py": "", "build/build.ninja": "", "bin/cmake": SLOW_CMAKE})
    (tmp_path / "bin/cmake").chmod(0o755)
    return tmp_path


def test_two_builds_in_one_clone_take_turns_and_say_so(clone, programs):
    environment = {"STATE": str(clone), "PATH": f"{clone / 'bin'}:{os.environ['PATH']}"}
    begun = clone / "begun"
    first = programs.start("first", [clone / "dev", "build"], env=environment)
    wait_until(begun.exists, what="the first build")
    second = programs.start("second", [clone / "dev", "build"], env=environment)
    wait_until(lambda: "another ./dev builds in this clone: waiting" in second.log or not second.running(), what="the second to wait")
    assert begun.read_text() == "\n" and second.running() and first.log == ""
    helped = subprocess.run([clone / "dev", "help"], capture_output=True, text=True, timeout=60)
    assert helped.returncode == 0, "what does not build waits for nobody"
    (clone / "go").touch()
    assert (first.process.wait(60), second.process.wait(60)) == (0, 0), second.log
    assert begun.read_text() == "\n\n"
