"""Benchmarks judge their marks: a figure just beyond one is missed, and --strict makes that the exit status."""
import sys

import pytest

from harness import ROOT

sys.path.insert(0, str(ROOT / "bench"))
import marks  # noqa: E402
import run as bench  # noqa: E402


def row(workload, tool, wire_bytes, ok=True, **more):
    return {"workload": workload, "tool": tool, "wire_bytes": wire_bytes, "requests": None, "prepare_cpu_s": 0.5, "prepare_rss_mb": 50,
            "apply_cpu_s": 0.05, "apply_rss_mb": 7, "ok": ok, **more}


def missed_of(*rows):
    return marks.missed(marks.judge(marks.update_checks(rows)))


@pytest.mark.parametrize("better, worse", [
    (row("W1a", marks.WHOLE, 23_000, requests=3), row("W1a", marks.WHOLE, 23_001, requests=3)),
    (row("W1b", marks.WHOLE_TLS, 23_000), row("W1b", marks.WHOLE_TLS, 24_654)),
    (row("W1c", marks.WHOLE, 1, requests=3), row("W1c", marks.WHOLE, 1, requests=4)),
    (row("W1a_text", marks.WHOLE, 6_500), row("W1a_text", marks.WHOLE, 6_501)),
    (row("W1b", marks.WHOLE, 1, prepare_cpu_s=1.0), row("W1b", marks.WHOLE, 1, prepare_cpu_s=1.1)),
    (row("W1b", marks.WHOLE, 1, prepare_rss_mb=200), row("W1b", marks.WHOLE, 1, prepare_rss_mb=201)),
    (row("W1b", marks.ALONE, 1, apply_cpu_s=0.1), row("W1b", marks.ALONE, 1, apply_cpu_s=0.11)),
    (row("W1b", marks.ALONE, 1, apply_rss_mb=8), row("W1b", marks.ALONE, 1, apply_rss_mb=8.1))])
def test_an_update_is_judged_by_each_mark(better, worse):
    assert marks.update_checks([better]) and missed_of(better) == []
    assert len(missed_of(worse)) == 1


def test_a_real_pair_is_judged_beside_the_best_peer_that_was_right_and_the_full_image():
    peers = [row("node", "bsdiff, patch alone", 1000), row("node", "xdelta3 -9, patch alone", 10, ok=False), row("node", marks.FULL, 2000)]
    assert missed_of(*peers, row("node", marks.ALONE, 1050), row("node", marks.WHOLE, 2000)) == []
    [missed] = missed_of(*peers, row("node", marks.ALONE, 1051))
    assert "best peer" in missed
    [missed] = missed_of(*peers, row("node", marks.WHOLE, 2001))
    assert "full image" in missed


def test_exactly_one_transfer_is_neither_none_nor_two():
    for value, met in ((0, False), (1, True), (2, False)):
        [mark] = marks.judge([("upstream requests", value, "==", 1)])["marks"]
        assert mark["met"] is met


def test_a_swap_is_judged():
    rows = [{"what": "swap: start-first", "median_ms": 40.0, "downtime_ms": 0, "client_failures": 0},
            {"what": "swap: stop-first", "median_ms": 40.0, "downtime_ms": 21}, {"what": "agent: memory", "idle_mib": 9.0, "patching_mib": 49.0},
            {"what": "start: exec", "median_ms": 900.0}]
    assert marks.missed(marks.judge(marks.swap_checks(rows))) == ["swap: stop-first, downtime_ms", "agent: memory, patching_mib"]


def test_strict_turns_a_missed_mark_into_the_exit_status(capsys):
    well = {"rows": [{}], **marks.judge([("a", 1, "<=", 1)])}
    late = {"rows": [{}], **marks.judge([("a", 1, "<=", 1), ("b", 2, "<=", 1)])}
    assert late["notes"][1].startswith("MISSED: b: 2 (mark <= 1)")
    assert [bench.exit_status(result, strict) for result in (well, late) for strict in (False, True)] == [0, 0, 0, 1]
    assert "strict: b" in capsys.readouterr().err
    assert bench.exit_status({"rows": [{}]}, True) == 1 and bench.exit_status({"rows": []}, False) == 1
    assert bench.exit_status({**well, "failed": True}, False) == 1
