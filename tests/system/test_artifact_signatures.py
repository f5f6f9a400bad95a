"""Firmware and content are signed as images are: each firmware counts more than the one before, whatever the clock says."""
import glob
import json

import pytest
from harness.artifacts import add_content, add_firmware, statements

LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)


@pytest.fixture
def case(stack):
    stack.start_server()
    stack.key, _ = stack.make_key()
    return stack


def push(case, version, **more):
    file = case.programs.path("board", f"{version}.bin")
    file.write_text(version)
    return json.loads(case.stratus("--json", "firmware", "push", f"board:{version}", file, "--sign-key", case.key, **more))


def counters(case, made):
    found = statements(case.server.http, "firmware/board", made["manifest"])
    assert all(one["version"] == made["version"] for one in found), found
    return [one["counter"] for one in found]


def test_pushed_within_a_second_each_counts_more(case):
    said = [counters(case, push(case, f"1.{number}")) for number in range(4)]
    assert all(len(one) == 1 for one in said)
    told = [one[0] for one in said]
    assert told == sorted(set(told)) and told[0] > 1_700_000_000, told


@pytest.mark.skipif(LIBRARY is None, reason="faketime is not installed")
def test_a_host_whose_clock_is_behind_counts_on(case):
    (first,) = counters(case, push(case, "1.0"))
    (second,) = counters(case, push(case, "1.1", env={"LD_PRELOAD": LIBRARY, "FAKETIME": "-40s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}))
    assert second == first + 1


def test_an_older_one_is_signed_anew_to_go_back(case):
    old, new = push(case, "1.0"), push(case, "1.1")
    case.stratus("sign", "firmware/board:1.0", "--sign-key", case.key)
    assert counters(case, old)[-1] > counters(case, new)[0] and len(counters(case, old)) == 2
    case.stratus("sign", "firmware/board:1.0", "--sign-key", case.key)
    assert len(counters(case, old)) == 2, "it is the newest already"


def test_what_a_browser_uploaded_is_signed_later(case):
    board, spring = add_firmware(case.server.http, "3.0"), add_content(case.server.http, "spring")
    assert counters(case, board) == []
    case.stratus("sign", "firmware/board:3.0", "--sign-key", case.key)
    case.stratus("sign", f"content:{spring['id']}", "--sign-key", case.key)
    assert len(counters(case, board)) == 1
    (said,) = statements(case.server.http, "content", spring["manifest"])
    assert said["version"] == spring["id"]
    missing = case.stratus("sign", "firmware/board:9", "--sign-key", case.key, check=False)
    assert missing.returncode == 3 and "has no version 9" in missing.stderr


def test_content_is_signed_as_it_is_pushed(case):
    file = case.programs.path("a.png")
    file.write_bytes(b"\x89PNG")
    made = json.loads(case.stratus("--json", "content", "push", "sale", "--original", file, "--display", file, "--sign-key", case.key))
    (said,) = statements(case.server.http, "content", made["manifest"])
    assert said["version"] == made["id"]
