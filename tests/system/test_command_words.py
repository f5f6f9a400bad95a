"""What the `stratus` command says to somebody new: unknown commands, empty lists, one device followed to its end."""
import json
import subprocess

import pytest
from harness import BIN, AgentCase, wait_until, write_tree


def run(*words):
    return subprocess.run([BIN / words[0], *words[1:]], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("words, told", [
    (["stratus", "bogus"], "unknown command 'bogus'; `stratus --help` lists them"),
    (["stratus", "publsh"], "unknown command 'publsh'; did you mean `stratus publish`?"),
    (["stratus", "--json", "device", "lsit"], "unknown command 'lsit'; did you mean `stratus device list`?"),
    (["stratus-agent", "statsu"], "unknown command 'statsu'; did you mean `stratus-agent status`?")])
def test_an_unknown_command_is_named_with_the_nearest(words, told):
    done = run(*words)
    assert done.returncode == 2 and told in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr


def test_help_lists_the_exit_statuses():
    text = run("stratus", "--help").stdout
    assert "Exit status:" in text and all(f"\n  {status}  " in text for status in (0, 1, 2, 3, 4, 5, 6, 124)), text


def test_lists_have_heads_and_words_for_nothing(plain_stack, tmp_path):
    plain_stack.start_server()
    assert "Nothing published yet" in plain_stack.stratus("releases")
    assert "No rollout so far" in plain_stack.stratus("rollout", "list")
    assert "No rollout has brought d1 anything yet" in plain_stack.stratus("history", "d1")
    assert json.loads(plain_stack.stratus("--json", "history", "d1"))["items"] == []
    assert "No device has asked for anything yet" in plain_stack.stratus("devices")
    plain_stack.stratus("device", "create", "d1")
    assert plain_stack.stratus("devices") == plain_stack.stratus("device", "list")
    assert plain_stack.stratus("devices").startswith("DEVICE ")
    tree = write_tree(tmp_path / "tree", {"a": "1"})
    plain_stack.stratus("publish", "app:1", tree, "--cmd", "/a", "--level", "3")
    assert plain_stack.stratus("releases").startswith("NAME:VERSION ")
    plain_stack.stratus("rollout", "create", "app:1", "--device", "d1")
    assert plain_stack.stratus("rollout", "list").startswith("ID ")


def test_a_layout_is_told_how_to_be_sent(plain_stack, tmp_path):
    plain_stack.start_server()
    tree = write_tree(tmp_path / "tree", {"a": "1"})
    told = plain_stack.stratus("publish", "app:1", tree, "--cmd", "/a", "--level", "3", "--to-layout", tmp_path / "layout")
    line = next(line for line in told.splitlines() if "skopeo copy" in line)
    words = line.split("skopeo copy ")[1].split(",")[0].split()
    assert words[0] == f"oci:{tmp_path / 'layout'}:app:1" and words[1].endswith("/app:1"), line
    server = plain_stack.server
    sent = subprocess.run(["skopeo", "copy", "--dest-tls-verify=false", f"--dest-creds=admin:{server.token}", words[0],
                           f"docker://{server.address}/app:1"], capture_output=True, text=True, timeout=60, check=False)
    assert sent.returncode == 0, sent.stderr
    plain_stack.stratus("deploy", "app:1")


def test_a_first_probation_is_told_of_by_who_waits(programs):
    case = AgentCase(programs, poll=3600, probation=60)
    try:
        case.start()
        case.wait_status(lambda s: s["checks"] > 0, what="the first look")
        case.publish(1)
        waiting = programs.start("waiting", [BIN / "stratus-agent", "check", "--data", case.data, "--wait"])
        wait_until(lambda: "runs; its probation is waited for" in waiting.log, 30, what="a word of the probation")
        assert waiting.log.splitlines()[-1].startswith("1 (sha256:") and waiting.running()
        watched = case.stack.stratus("device", "watch", "device-1", "--for", "1", check=False)
        assert "it has committed no version yet" in watched.stdout and "it runs nothing" not in watched.stdout, watched
    finally:
        case.stop_all()


def test_one_device_is_followed_until_it_is_over(programs):
    case = AgentCase(programs, poll=3600)
    case.publish(1)
    try:
        case.start()
        case.wait_committed(1)
        case.wait_report("committed", 1)
        assert "it runs 1" in case.stack.stratus("watch", "device-1")
        case.publish(2)
        watching = programs.start("watch", [BIN / "stratus", "device", "watch", "device-1"], env=case.stack.environment())
        wait_until(lambda: "it runs 1" in watching.output and "2 " in watching.output, 30, what="what is awaited")
        asked = run("stratus-agent", "check", "--data", case.data, "--wait")
        assert asked.returncode == 0 and "Up to date: 2 (" in asked.stdout, asked
        assert watching.process.wait(60) == 0 and "it runs 2" in watching.output
        case.publish(3, "--crash-on-start")
        asked = run("stratus-agent", "check", "--data", case.data, "--wait", "--timeout", "60")
        assert asked.returncode == 5 and "exit status 3" in asked.stderr and "2 (" in asked.stderr, asked
        case.wait_report("rolled_back", 3)
        given_up = case.stack.stratus("device", "watch", "device-1", check=False)
        assert given_up.returncode == 6 and "rolled_back" in given_up.stdout, given_up
        assert case.stack.stratus("device", "watch", "nobody", check=False).returncode == 3
        case.stack.stratus("device", "create", "door-9")
        late = case.stack.stratus("device", "watch", "door-9", "--for", "1", check=False)
        assert late.returncode == 124 and "never been heard of" in late.stderr, late
        stopped = run("stratus-agent", "stop", "--data", case.data, "--wait")
        assert stopped.returncode == 0 and case.program.process.wait(10) == 0, stopped
    finally:
        case.stop_all()
