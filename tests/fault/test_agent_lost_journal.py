"""The journal is gone or nothing of it can be read: what was committed last stays, and nothing older is taken."""
import os

import pytest
from harness import AgentCase

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="starting containers needs root")


@pytest.mark.parametrize("damage", ["zeros", "missing"])
def test_an_older_signed_release_is_refused_without_the_journal(programs, damage):
    case = AgentCase(programs)
    journal = case.data / "journal"
    try:
        case.publish(1)
        case.start()
        case.wait_committed(1, 60)
        case.publish(2)
        case.wait_committed(2, 60)
        case.make_target(1)
        case.wait_status(lambda s: s["state"] == "idle" and "older than what ran here" in s["reason"], 60)
        case.program.kill()
        if damage == "zeros":
            journal.write_bytes(b"\0" * 300)
        else:
            journal.unlink()
        case.start()
        # Refused anew by an agent that knows no more than what stands beside the images.
        case.wait_status(lambda s: "older than what ran here" in s["reason"] or s["current"]["version"] == "1", 60)
        status = case.status()
        assert status["current"]["version"] == "2" and case.answer() == "2"
        case.publish(3)
        case.wait_committed(3, 60)
    finally:
        case.stop_all()
