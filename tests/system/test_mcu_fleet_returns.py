"""The microcontroller of the fleet with firmware that fails, and with power that does: nothing is lost, all is told."""
import json
import os
import random
import time

from harness.mcu_fleet import boot, builder, case, first, needs_tools  # noqa: F401  fixtures

pytestmark = needs_tools


def test_goes_back_from_firmware_that_fails_and_says_so_once(case, builder):  # noqa: F811
    case.provision()
    case.push("2.0.0", builder.app("2.0.0", 2, behaviour=1, fleet=True))  # crashes at once
    case.board.start()
    case.board.wait_said("app: enrol, ok")
    told = case.wait_state(case.roll_out("2.0.0"), "rolled_back")
    assert "trial_failed" in json.dumps(told), told
    assert sum(line == "boot: slot 1, trial" for line in case.board.lines) == 3
    case.board.kill()  # it is noted in the flash: not said again after a restart, not fetched again
    reports = "SELECT count(*) FROM reports WHERE device = 'mcu-1' AND body LIKE '%rolled_back%'"
    before = case.rows(reports)
    case.board.start()
    case.board.wait_said("idle, ", 60)
    case.board.wait_said("app: version 1.0.0, slot 0")
    assert not case.board.said("trial") and case.rows(reports) == before == [(1,)]


def test_survives_being_killed_at_any_moment_of_an_update(case, builder):  # noqa: F811
    """Whatever the moment: the next start boots something signed, and the update is carried to its end."""
    case.provision()
    case.push("2.0.0", builder.app("2.0.0", 2, padding=300_000, fleet=True))
    case.board.start()
    case.board.wait_said("app: enrol, ok")
    rollout, chance = case.roll_out("2.0.0"), random.Random(7)
    for _ in range(200 if os.environ.get("STRATUS_LONG") else 4):
        time.sleep(chance.uniform(0.05, 3))  # the moment of the cut, not a wait for anything
        case.board.kill()
        assert not case.board.said("nothing bootable"), str(case.board)
        if case.state_in(rollout).get("state") == "success":
            break
        case.board.start()
    if case.board.process.poll() is not None:
        case.board.start()
    case.wait_state(rollout, "success")
