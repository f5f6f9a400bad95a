"""A microcontroller with TCP/IP, TLS and MQTT of its own (QEMU, Cortex-M3) as a device of the fleet: real server and broker."""
from harness import mcu, wait_until
from harness.mcu_fleet import boot, builder, case, first, needs_tools  # noqa: F401  fixtures

import footprint  # mcu/ports/footprint.py, by way of harness.mcu

pytestmark = needs_tools


def test_enrols_reports_and_is_updated_by_patch(case, builder, first):  # noqa: F811
    """From a blank flash with a one-time code to a confirmed update, as any device of the fleet."""
    case.provision()
    case.board.start()
    case.board.wait_said("app: enrol, ok")
    wait_until(lambda: case.rows("SELECT online FROM device_presence WHERE device = 'mcu-1'") == [(1,)],
               seconds=120, what=f"the device to be online\n{case.board}")
    wait_until(lambda: case.rows("SELECT 1 FROM measurements WHERE device = 'mcu-1' AND kind = 'status/system'"),
               seconds=120, what="its status")
    second = builder.app("1.0.1", 2, fleet=True)
    case.push("1.0.1", second)
    case.wait_state(case.roll_out("1.0.1"), "success")
    assert case.board.said("app: version 1.0.1, slot 1, trial") and case.board.said("accepted, ok")
    image = second.read_bytes()
    assert case.board.read(mcu.SLOTS[1], len(image)) == image
    fetched = [int(line.split("fetched ")[1].split(",")[0]) for line in case.board.lines if "reboot, ok" in line]
    assert len(fetched) == 1 and fetched[0] < len(image) * 0.04 + 512, "a patch and a manifest"
    assert case.server.http.get("/api/v1/devices/mcu-1").json()["kind"] == "mcu"
    weights = footprint.measure(builder, first, case.board.stack())
    assert weights["stack"] > 0 and not footprint.over(weights), footprint.table(weights)


def test_gives_an_update_up_when_told_to(case, builder):  # noqa: F811
    case.provision()
    case.push("2.0.0", builder.app("2.0.0", 2, padding=900_000, fleet=True))
    case.board.start()
    case.board.wait_said("app: enrol, ok")
    wait_until(lambda: case.rows("SELECT online FROM device_presence WHERE device = 'mcu-1'") == [(1,)], seconds=120, what="it to be online")
    rollout = case.roll_out("2.0.0")
    wait_until(lambda: any('"fetching"' in body for (body,) in case.rows("SELECT body FROM device_progress WHERE device = 'mcu-1'")),
               seconds=120, what="it to fetch", interval=0.02)
    assert case.server.http.post(f"/api/v1/rollouts/{rollout}/abort", json={}).status < 300
    case.board.wait_said("idle, cancelled")
    assert not case.board.said("trial")
