"""Boot loader and firmware on an emulated Cortex-M3: update, delta, resume, roll back, refuse."""
import os
import random
import re
import shutil
import time

import pytest

from harness import mcu

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("qemu-system-arm", "clang++", "ld.lld", "llvm-objcopy-14"))),
    reason="needs qemu-system-arm, clang, lld and llvm (packages of section mcu)")


@pytest.fixture(scope="module")
def builder(tmp_path_factory):
    return mcu.build.Builder(tmp_path_factory.mktemp("firmware"), watchdog_ms=2500)  # an image that hangs is waited for three times


@pytest.fixture(scope="module")
def boot(builder):
    return builder.boot()


@pytest.fixture(scope="module")
def old(builder):
    return builder.app("1.0.0", 1, padding=35000)


@pytest.fixture
def server():
    server = mcu.BlobServer()
    yield server
    server.stop()


@pytest.fixture
def board(tmp_path, boot, old, server):
    board = mcu.Board(tmp_path, boot, server)
    board.install(old)
    return board


def offer(builder, server, image, counter, serial=1, **options):
    server.manifest, patch = builder.manifest(image, "2.0.0", counter, serial, **options)
    server.add(image.read_bytes())
    if patch:
        server.add(patch)
    return patch


def test_the_library_needs_four_memory_functions_and_nothing_else(builder):
    objects = [builder.out / name.replace(".cpp", ".o") for name in mcu.build.LIBRARY]
    assert len(objects) > 20

    def symbols(kind):
        return {line.split()[-1] for line in mcu.build.run("llvm-nm-14", "--format=just-symbols", kind, *objects).splitlines()
                if line and not line.endswith(":")}

    # ARM's compilers call the memory functions by names of their own.
    foreign = {re.sub(r"^__aeabi_(mem[a-z]+)\d?$", r"\1", name) for name in symbols("--undefined-only") - symbols("--defined-only")}
    assert foreign <= {"memcpy", "memmove", "memset", "memcmp", "memclr"}, foreign
    sections = mcu.build.run("llvm-size-14", "-A", *objects)
    assert ".text" in sections and not re.search(r"\.(init_array|ctors|tbss|tdata)", sections), "nothing runs before main"
    files = [*(mcu.build.MCU / "stratus" / "mcu").glob("*.[ch]pp")]
    headers = {name for file in files if not re.search("_test(ing)?\\.", file.name)
               for name in re.findall(r"^#include <(.*)>", file.read_text(), re.M)}
    assert headers == {"stdint.h", "stddef.h", "string.h"}, "the last where there is a C library"


def has(lines, text):
    return any(text in line for line in lines)


def test_updates_itself_and_keeps_the_new_version(builder, server, board):
    offer(builder, server, builder.app("2.0.0", 2, padding=35000), 2)
    lines, status = board.run()
    assert status == 0, lines
    assert has(lines, "boot: slot 1, trial") and has(lines, "app: version 2.0.0, slot 1, trial")
    assert has(lines, "accepted, ok")
    again, status = board.run()
    assert status == 0 and again[0] == "boot: slot 1" and not has(again, "trial")


def test_fetches_only_a_patch_when_one_is_offered(builder, server, board):
    base, new = builder.app("1.0.0", 1), builder.app("1.0.1", 2)
    board.install(base)
    patch = offer(builder, server, new, 2, delta_from=base)
    lines, status = board.run()
    assert status == 0 and has(lines, "accepted, ok"), lines
    assert len(patch) < len(new.read_bytes()) * 0.04
    assert server.fetched(patch) and not server.fetched(new.read_bytes())
    assert board.read(board.machine.slots[1], len(new.read_bytes())) == new.read_bytes()


def test_takes_the_whole_image_when_the_patch_is_for_another_base(builder, server, board):
    base, new = builder.app("1.0.0", 1), builder.app("1.0.1", 2)
    offer(builder, server, new, 2, delta_from=base)  # the board runs another image
    lines, status = board.run()
    assert status == 0 and has(lines, "accepted, ok") and server.fetched(new.read_bytes())


@pytest.mark.parametrize("behaviour", [1, 2, 3], ids=["crashes", "hangs", "fails its self-test"])
def test_goes_back_when_the_new_version(builder, server, board, behaviour):
    bad = builder.app("2.0.0", 2, behaviour)
    offer(builder, server, bad, 2)
    lines, status = board.run()
    assert status == 0, lines
    trials = [line for line in lines if line == "boot: slot 1, trial"]
    assert len(trials) == (1 if behaviour == 3 else 3)
    assert lines[-1].endswith("idle, known_bad") and lines[-2] == "app: version 1.0.0, slot 0"
    ranges = server.fetched(bad.read_bytes())
    assert len(ranges) == len(set(ranges))  # never fetched again


def test_goes_on_at_the_last_mark_when_the_connection_is_cut(builder, server, board):
    new = builder.app("2.0.0", 2, padding=35000)
    offer(builder, server, new, 2)
    server.cut_after = 40000
    lines, status = board.run()
    assert status == 0 and has(lines, "accepted, ok"), lines
    firsts = [first for first, _ in server.fetched(new.read_bytes())]
    assert 32768 in firsts and firsts.count(0) == 1


def test_refuses_an_answer_that_ignores_the_range(builder, server, board):
    offer(builder, server, builder.app("2.0.0", 2), 2)
    server.ignore_range = True
    lines, status = board.run()
    assert status == 1 and lines[-1].endswith("idle, range_ignored")


@pytest.mark.parametrize("what, cause", [
    ("image of a stranger", "bad_signature"), ("image of another board", "wrong_model"),
    ("manifest of a stranger", "bad_signature"), ("manifest of another model", "wrong_model"),
    ("lower counter", "downgrade"), ("lying size", "bad_size"), ("changed byte", "hash_mismatch")])
def test_refuses(builder, server, board, tmp_path, what, cause):
    stranger = tmp_path / "stranger.pem"
    mcu.build.run(mcu.build.TOOL, "key", stranger)
    counter = 0 if what == "lower counter" else 2
    image = builder.app("2.0.0", counter, key=stranger if what == "image of a stranger" else None,
                        model="other" if what == "image of another board" else None)
    offer(builder, server, image, counter, key=stranger if what == "manifest of a stranger" else None,
          model="other" if what == "manifest of another model" else None)
    if what in ("lying size", "changed byte"):
        name, data = next(iter(server.blobs.items()))
        server.blobs[name] = data[:-1] if what == "lying size" else data[:900] + bytes([data[900] ^ 1]) + data[901:]
    lines, _ = board.run()
    assert has(lines, f"idle, {cause}"), lines
    assert not has(lines, "trial") and lines[0] == "boot: slot 0"


def test_refuses_a_replayed_manifest(builder, server, board):
    new, newer = builder.app("2.0.0", 2), builder.app("3.0.0", 2)
    offer(builder, server, new, 2, serial=5)
    lines, status = board.run()
    assert status == 0, lines
    offer(builder, server, newer, 2, serial=4)
    lines, status = board.run()
    assert status == 1 and lines[-1].endswith("idle, replayed") and has(lines, "app: version 2.0.0")


def test_does_not_boot_what_nobody_signed(board, old):
    broken = bytearray(old.read_bytes())
    broken[5000] ^= 1
    board.install(broken)
    lines, status = board.run()
    assert status == 1 and lines[-1] == "boot: nothing bootable"


def test_survives_being_killed_at_any_moment(builder, server, board):
    """Kills QEMU at random moments of updates; the next start must always boot something signed."""
    kills = 200 if os.environ.get("STRATUS_LONG") else 12
    images = [builder.app(f"{v}.0.0", 1, padding=35000) for v in (2, 3)]
    chance = random.Random(5)
    for kill in range(kills):
        offer(builder, server, images[kill % 2], 1, serial=kill + 1)
        process = board.start()
        time.sleep(chance.uniform(0.02, 0.6))  # the moment of the cut, not a wait for anything
        process.kill()
        output, _ = process.communicate()
        assert "nothing bootable" not in output
    lines, status = board.run()
    assert status == 0 and lines[0].startswith("boot: slot"), "\n".join(lines)
