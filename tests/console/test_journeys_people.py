"""Who comes first, and who comes with six digits: the first administrator, devices that join while somebody watches."""
import shlex
import subprocess

from harness import BIN
from harness.people import setup_code

from browser import run_journey


def run_line(line, directory):
    """Runs the command that a page showed for a device, as it stands but for the directory; what was said."""
    words = shlex.split(line)
    words[0] = str(BIN / words[0])
    words[words.index("--data") + 1] = str(directory)
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    return {"code": done.returncode, "said": done.stdout + done.stderr}


def test_first_run_makes_an_administrator_who_signs_in_and_locks(server, tmp_path):
    run_journey("first-run", server, {"run": lambda line: run_line(line, tmp_path / "agent")}, setupCode=setup_code(server))


def test_device_joins_with_the_code_of_the_dialog(server, ann, tmp_path):
    for kind, code, name in (("regions", "seoul", "Seoul"), ("groups", "lobby", "Lobby screens")):
        assert server.http.post(f"/api/v1/{kind}", json={"code": code, "name": name}).status == 201
    run_journey("register", server, {"run": lambda line: run_line(line, tmp_path / "agent")}, user=ann)


def test_people_and_tokens_do_what_they_may_until_they_may_not(server, ann):
    def use(token):
        return [server.http.get(f"/api/v1/{what}", token=token).status for what in ("firmware", "devices")]

    run_journey("people", server, {"use": use, "kept": lambda: server.http.get("/api/v1/settings/retention").json()["metrics_days"],
                                   "root": lambda: server.http.get("/api/v1/ca").json()["root"]["fingerprint"]}, user=ann)
