"""`stratus completion bash`: what a real bash would offer."""
import subprocess

import pytest
from harness.paths import BIN


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    made = subprocess.run([BIN / "stratus", "completion", "bash"], capture_output=True, text=True, check=True)
    path = tmp_path_factory.mktemp("completion") / "stratus.bash"
    path.write_text(made.stdout)
    return path


def offered(script, *words):
    """The words that bash offers in place of the last one."""
    line = " ".join(f"'{word}'" for word in ("stratus", *words))
    code = f'source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words)}; _stratus; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "--norc", "-uc", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.split()


def test_commands_and_those_below_them(script):
    assert {"publish", "rollout", "device", "completion"} <= set(offered(script, ""))
    assert offered(script, "publ") == ["publish"]
    below = offered(script, "rollout", "")
    assert {"create", "list", "pause"} <= set(below) and not any(word.startswith("-") for word in below)
    assert offered(script, "completion", "zz") == []


def test_options_of_the_command_and_the_common_ones(script):
    options = offered(script, "publish", "web:1", "--s")
    assert "--sign-key" in options and "--server" in options
    assert "--sign-key" not in offered(script, "rollout", "list", "--s")


def test_values_where_they_are_fixed(script):
    assert sorted(offered(script, "publish", "--devices", "")) == ["keep", "refuse"]
    assert offered(script, "rollout", "list", "--log-format", "j") == ["json"]
    assert offered(script, "publish", "--sign-key", "") == []  # a file: bash's own completion takes over


def test_a_value_is_no_command(script):
    assert "--sign-key" in offered(script, "--server", "rollout", "publish", "--sign")


def test_every_command_of_the_help_is_offered(script):
    text = subprocess.run([BIN / "stratus", "--help"], capture_output=True, text=True).stdout
    listed = [line.split()[0] for line in text.split("Subcommands:")[1].splitlines() if line.startswith("  ") and line[2].isalpha()]
    assert len(listed) > 20 and set(listed) <= set(offered(script, ""))


def test_another_shell_is_refused():
    assert subprocess.run([BIN / "stratus", "completion", "fish"], capture_output=True).returncode == 2
