"""The progress bar of `stratus`: on a terminal it is drawn and cleared again, elsewhere there is none."""
import os
import pty
import subprocess
import threading

from harness import BIN, Whole, random_bytes, write_tree


def run(argv, env, terminal):
    """What arrived on stderr; stdout goes nowhere."""
    reader, writer = pty.openpty() if terminal else os.pipe()
    pieces = []

    def read():
        while True:
            try:
                piece = os.read(reader, 65536)
            except OSError:  # the terminal's other end is closed
                return
            if not piece:
                return
            pieces.append(piece)

    thread = threading.Thread(target=read)
    process = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=writer)
    os.close(writer)
    thread.start()
    status = process.wait(120)
    thread.join(30)
    os.close(reader)
    text = b"".join(pieces).decode()
    assert status == 0, text
    return text


def publish(tmp_path, number, terminal, *options):
    tree = write_tree(tmp_path / f"tree-{number}", {"big": Whole(random_bytes(number, 400_000), mode=0o755)})
    argv = [BIN / "stratus", *options, "publish", f"app:{number}", tree, "--cmd", "/big", "--unsigned", "--to-layout",
            tmp_path / "layout"]
    return run([str(word) for word in argv], {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}, terminal)


def test_a_terminal_shows_each_step_and_is_left_clean(tmp_path):
    text = publish(tmp_path, 1, True)
    drawn = text.split("\r\x1b[K")
    steps = [line.split(" [")[0] for line in drawn if " [" in line and "] " in line]
    assert "Compressing" in steps and "Sending layer" in steps, text
    bars = [line.split("[")[1].split("]")[0] for line in drawn if line.startswith("Compressing [")]
    assert bars and all(len(bar) == 30 and set(bar) <= set("#-") and "-#" not in bar for bar in bars), bars
    # The last that is drawn is wiped away: what follows is no part of a bar.
    assert "\r\x1b[K" in text and "[" not in text.rsplit("\r\x1b[K", 1)[1]


def test_a_pipe_and_quiet_show_nothing(tmp_path):
    assert "\x1b" not in publish(tmp_path, 2, False)
    assert publish(tmp_path, 3, True, "--quiet") == ""
