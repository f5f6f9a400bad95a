"""Secrets that a whole day's work touches are afterwards nowhere but where they belong (T41)."""
import pathlib
import re
import subprocess

from harness import BIN, wait_until
from harness.identity import make_code
from harness.people import PASSWORD, make_user, setup_code


def files_below(*directories):
    for directory in directories:
        for path in pathlib.Path(directory).rglob("*"):
            if path.is_file() and not path.is_symlink():
                yield path


def test_no_secret_leaves_its_place(stack, tmp_path):
    history = tmp_path / "home"
    history.mkdir()
    environment = {"HOME": str(history), "XDG_CACHE_HOME": str(tmp_path / "cache"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    server = stack.start_server(options=["--mqtt-listen", "127.0.0.1:0"], config='identity = "required"')
    secrets = {"the set-up code": setup_code(server), "the administrator's token": server.token}
    alice = make_user(server, "alice", "admin")
    secrets |= {"a password": PASSWORD, "a session": alice.cookie.split("=", 1)[1]}
    secrets["a token"] = alice.post("/api/v1/tokens", json={"name": "ci"}).json()["token"]
    secrets["a device's code"] = make_code(server)
    data = stack.programs.path("device-1")
    enrolled = subprocess.run([BIN / "stratus-agent", "enrol", "--server", server.url, "--data", data, "--code", secrets["a device's code"],
                               "--device", "device-1", "--ca", server.ca], capture_output=True, text=True, timeout=60, check=False)
    assert enrolled.returncode == 0, enrolled.stderr
    private, public = stack.make_key(tmp_path / "keys")
    tree = tmp_path / "tree"
    (tree / "bin").mkdir(parents=True)
    (tree / "bin" / "run").write_text("not a program")
    (tree / "bin" / "run").chmod(0o755)
    stack.stratus("publish", "app:1", tree, "--cmd", "/bin/run", "--level", "3", "--sign-key", private, env=environment)
    agent = stack.start_agent("app", server.url, public, ca=server.ca, data=data, mqtt={"broker": server.program.ready["mqtt"]})
    wait_until(lambda: stack.device("device-1").get("state") in ("failed", "rolled_back"), 60, what="the device's report")
    link = server.http.post("/api/v1/uploads", json={"file_name": "a.bin"}).json()["url"]
    secrets["a signed address"] = re.search(r"signature=([^&]+)", link).group(1)
    assert server.http.put(link, body=b"x", token=None).status == 200
    # Keys by a line of their own, which no other file may hold.
    keys = {"the release key": pathlib.Path(private), "the device's key": data / "identity" / "identity.pem"}
    keys |= {name: server.data / "ca" / name for name in ("root.key", "intermediate.key", "code.key")}
    belongs = {what: {path.resolve()} for what, path in keys.items()}
    for what, path in keys.items():
        body = path.read_bytes()
        lines = [line for line in body.splitlines() if b"-----" not in line and len(line) > 40]
        secrets[what] = (lines[0] if lines else body)[:60]
    belongs["the administrator's token"] = {server.token_file.resolve()}

    processes = [server.program, agent.program]
    for process in processes:  # what others on the machine can see
        seen = pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes() + pathlib.Path(f"/proc/{process.pid}/environ").read_bytes()
        for what, secret in secrets.items():
            assert as_bytes(secret) not in seen, f"{what} in the arguments or environment of {process.name}"
    said = {process.name: (process.log + process.output).encode() for process in processes}
    said["an answer to everybody"] = b"".join(server.http.get(path).body for path in (
        "/metrics", "/healthz", "/api/v1/audit/export", "/api/v1/users", "/api/v1/tokens", "/api/v1/devices", "/api/v1/registration-codes", "/api/v1/ca"))
    assert server.program.stop() == 0 and agent.program.stop() == 0  # so that the database's log is in the database
    for what, secret in secrets.items():
        # Printed on purpose, once, to whoever starts the first server; not into the log file.
        for name, text in said.items():
            if (what, name) != ("the set-up code", server.program.name):
                assert as_bytes(secret) not in text, f"{what} in what {name} said"
    for path in files_below(stack.programs.directory, history, tmp_path):
        if path.parent.name == "logs" or path.stat().st_size > 50_000_000:
            continue  # what the programs said was looked at above
        content = path.read_bytes()
        for what, secret in secrets.items():
            assert as_bytes(secret) not in content or path.resolve() in belongs.get(what, set()), f"{what} in {path}"


def as_bytes(secret):
    return secret if isinstance(secret, bytes) else secret.encode()
