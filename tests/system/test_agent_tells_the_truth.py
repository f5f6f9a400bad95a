"""An agent that cannot ask says so, and what to do, instead of that it is ready; and goes on trying."""
import json
import subprocess

import pytest
from harness import BIN, wait_until, write_tree


@pytest.fixture
def shop(stack):
    stack.start_server()
    stack.key, stack.public = stack.make_key()
    return stack


def start(shop, ca, image, name):
    return shop.start_agent(image, shop.server.url, shop.public, name=name, ca=ca, poll=0.2).program


def lines(program):
    return [json.loads(line) for line in program.output.splitlines()]


def test_a_wrong_certificate_is_named_and_what_to_do(shop, programs):
    wrong = programs.path("other.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x",
                    "-keyout", programs.path("other.key"), "-out", wrong, "-days", "2"], check=True, capture_output=True)
    program = start(shop, wrong, "web", "d1")
    (line,) = wait_until(lambda: lines(program), 30, what="the first word")
    assert line["ready"] is False and str(wrong) in line["problem"] and "--ca" in line["problem"], line
    assert "does not vouch for" in program.log and program.running()


def test_an_unknown_image_is_named_until_it_is_there(shop, programs, tmp_path):
    program = start(shop, shop.server.ca, "web", "d1")
    (line,) = wait_until(lambda: lines(program), 30, what="the first word")
    assert line["ready"] is False and "image 'web'" in line["problem"] and "stratus publish web:" in line["problem"], line
    status = json.loads(subprocess.run([BIN / "stratus-agent", "status", "--json", "--data", programs.path("d1")], check=True,
                                       capture_output=True).stdout)
    assert status["server_problem"] == line["problem"]
    asked = subprocess.run([BIN / "stratus-agent", "check", "--wait", "--data", programs.path("d1")], capture_output=True, text=True,
                           timeout=60, check=False)
    assert asked.returncode == 1 and "image 'web'" in asked.stderr, asked
    tree = write_tree(tmp_path / "tree", {"a": "no program"})
    shop.stratus("publish", "web:1", tree, "--cmd", "/a", "--level", "3", "--sign-key", shop.key)
    wait_until(lambda: lines(program)[-1]["ready"], 60, what="the agent to be ready")
    assert len(lines(program)) == 2
