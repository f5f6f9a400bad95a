"""The microcontroller of the fleet with firmware that fails, and with power that does: nothing is lost, all is told."""
import json
import os

from harness.mcu_fleet import builder, case, first, needs_tools, one_board  # noqa: F401  fixtures
from harness.mcu_kills import Campaign

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


@one_board
def test_survives_being_killed_at_any_moment_of_an_update(case, builder):  # noqa: F811
    """Whatever the moment: the next start boots something signed, and the update is carried to its end."""
    kills = 200 if os.environ.get("STRATUS_LONG") else 6
    case.provision()
    case.board.start()
    case.board.wait_said("app: enrol, ok")
    case.board.kill()
    result = Campaign(case, builder).run(kills)
    assert (result["kills"], result["bricks"]) == (kills, 0), result
    assert result["updates"] >= 1, result
