"""The systemd units of packaging/systemd: well-formed, as confined as they say, and not more than the programs can bear."""
import configparser
import os
import pwd
import re
import shutil
import subprocess

import pytest
from harness import BIN, ROOT, HttpClient
from harness.registry import Registry

UNITS = ROOT / "packaging" / "systemd"
NAMES = ["stratus-server", "stratus-gateway", "stratus-agent"]
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


def settings(name):
    """The [Service] section; of a setting that is repeated the values joined."""
    found = {}
    for line in (UNITS / f"{name}.service").read_text().split("[Service]")[1].split("[Install]")[0].splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found[key] = f"{found[key]} {value}" if key in found else value
    return found


@pytest.mark.parametrize("name", NAMES)
def test_each_program_is_started_again_however_often_it_ends(name):
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(UNITS / f"{name}.service")
    assert unit["Service"]["Restart"] == "always" and unit["Unit"]["StartLimitIntervalSec"] == "0"
    assert unit["Install"]["WantedBy"] == "multi-user.target"
    # The program and the options that it is started with exist.
    program, *words = unit["Service"]["ExecStart"].split()
    usage = subprocess.run([BIN / program.removeprefix("/usr/bin/"), *[word for word in words[:1] if word == "run"], "--help"],
                           capture_output=True, text=True, check=True).stdout
    options = [word for word in words if word.startswith("--")]
    assert options and all(option in usage for option in options), options


def test_the_service_of_a_device_outlives_its_agent():
    agent = settings("stratus-agent")
    assert agent["KillMode"] == "process", "or systemd would end the service with the agent"
    assert "NoNewPrivileges" not in agent and "PrivateMounts" not in agent and agent["Delegate"] == "yes"
    assert agent["RuntimeDirectoryPreserve"] == "yes", "what it notes in /run when the disk is full"


@needs_systemd
@pytest.mark.parametrize("name", NAMES)
def test_systemd_finds_nothing_wrong(name, tmp_path):
    unit = tmp_path / f"{name}.service"
    unit.write_text((UNITS / unit.name).read_text().replace("/usr/bin/stratus", f"{BIN}/stratus"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and name not in done.stderr, done.stderr


@needs_systemd
@pytest.mark.parametrize("name", NAMES[:2])
def test_what_listens_to_the_network_is_confined(name):
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", UNITS / f"{name}.service"],
                          capture_output=True, text=True, check=False)
    level = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)[1])
    assert level <= 1.5, done.stdout


def calls_of(group, seen=None):
    """The system calls of a filter group of systemd, groups within it resolved."""
    done = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", group], capture_output=True, text=True, check=True)
    words = [line.split("#")[0].strip() for line in done.stdout.splitlines()[1:]]
    calls, seen = set(), seen or {group}
    for word in filter(None, words):
        if not word.startswith("@"):
            calls.add(word)
        elif word not in seen:
            seen.add(word)
            calls |= calls_of(word, seen)
    return calls


def allowed_by(name):
    """As systemd reads SystemCallFilter: what is listed first is allowed, of that what has a ~ is not."""
    allowed = calls_of("@default")
    refused = False
    for word in settings(name)["SystemCallFilter"].split():
        refused = word.startswith("~") or (refused and word.startswith("@"))
        calls = calls_of(word.removeprefix("~"))
        allowed = allowed - calls if refused else allowed | calls
    return allowed


@needs_systemd
@pytest.mark.skipif(os.geteuid() != 0, reason="becoming somebody else needs root")
def test_the_programs_need_no_call_that_their_units_refuse(plain_stack, programs):
    nobody = pwd.getpwnam("nobody")
    programs.directory.chmod(0o755)
    trace, started = {}, {}

    def traced(name, *words):
        data = programs.path(name)
        data.mkdir()
        os.chown(data, nobody.pw_uid, nobody.pw_gid)
        trace[name] = programs.path(f"{name}.trace")
        started[name] = programs.start(name, ["strace", "-f", "-q", "-u", "nobody", "-o", trace[name], BIN / name, "--data", data,
                                              "--listen", "127.0.0.1:0", "--plain-http", *words])
        return started[name].wait_ready(60)["url"]

    server = traced("stratus-server", "--mqtt-listen", "127.0.0.1:0")
    token = (programs.path("stratus-server") / "admin.token").read_text().strip()
    digest = Registry(HttpClient(server, token=token), "app").push_blob(b"a layer" * 10_000)
    gateway = traced("stratus-gateway", "--upstream", server)
    assert HttpClient(gateway).get(f"/v2/app/blobs/{digest}").status == 200
    assert HttpClient(gateway).post("/api/v1/devices/d1/data", json={"celsius": 20}).status == 204
    for name, program in started.items():
        program.end_with_descendants()
        lines = trace[name].read_text(errors="replace").splitlines()
        # What failed all the same (a question whether something can be had) is no need. A call during which another thread
        # made one ends on a line of its own: "<... fdatasync resumed>) = 0".
        ended = (re.match(r"\d+\s+(?:(\w+)\(|<\.\.\. (\w+) resumed>).*= (?!-1 E)", line) for line in lines)
        made = {match[1] or match[2] for match in ended if match}
        assert {"openat", "fdatasync", "accept4"} <= made, "nothing was seen"
        assert not made - allowed_by(name), f"{name} makes calls that its unit refuses: {sorted(made - allowed_by(name))}"
