"""docs/operations/simulator.md works as it is written: its first commands, in an empty directory."""
import os
import re

from harness import BIN, ROOT, free_port, wait_until

PAGE = ROOT / "docs" / "operations" / "simulator.md"


def commands():
    """The blocks in front of the first section, with other ports and fewer devices than on the page."""
    text = PAGE.read_text().split("\n## ")[0]
    for old, new in (("8443", free_port()), ("8883", free_port()), ("--count 50", "--count 3")):
        assert old in text
        text = text.replace(old, str(new))
    return re.findall(r"^```\n(.*?)^```$", text, re.M | re.S)


def test_the_page_runs_from_an_empty_directory(programs, monkeypatch):
    for name in ("STRATUS_SERVER", "STRATUS_CA", "STRATUS_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    begin, update = commands()
    directory = programs.path("empty")
    directory.mkdir()
    script = f"set -e\n{begin}\nuntil [ -e ../go ]; do sleep 0.1; done\n{update}\nkill %2; kill %1; wait\n"
    page = programs.start("page", ["bash", "-c", script], cwd=directory, env={
        "PATH": f"{BIN}:{os.environ['PATH']}", "XDG_CACHE_HOME": str(programs.path("cache"))})
    wait_until(lambda: '"devices":3' in page.output or not page.running(), 120, what="the devices to be connected")
    programs.path("go").touch()
    assert page.process.wait(180) == 0, page.describe()
    assert "3 of 3 (100 %)  success 3" in page.output, page.describe()
