"""Microcontrollers with TCP/IP, TLS and MQTT of their own (QEMU: Cortex-M3, RV32IMC) as devices of the fleet: real server and broker."""
from harness import wait_until
from harness.mcu_fleet import builder, case, first, needs_tools, one_board  # noqa: F401  fixtures
from harness.mcu_host import Factory
from harness.registry import digest_of

import footprint  # mcu/ports/footprint.py, by way of harness.mcu

pytestmark = needs_tools


def fetched(board, step="reboot"):
    """Body bytes of each round that ended so."""
    return [int(line.split("fetched ")[1].split(",")[0]) for line in board.lines if f"{step}, ok" in line]


def test_enrols_reports_and_is_updated_with_what_differs(case, builder, first, tmp_path):  # noqa: F811
    """From a blank flash with a one-time code, as any device of the fleet: a patch of the firmware with two parts, then patches of these alone."""
    factory = Factory(tmp_path, builder.config["model"], builder.key)
    picture = bytes(range(256)) * 150
    assets = factory.assets("1.0.0", picture=picture)
    retouched = factory.assets("1.1.0", picture=picture[:9_000] + b"another" + picture[9_007:])
    settings = factory.sign(b'{"volume":3}', "1.0.0", 1, "configuration")
    louder = factory.sign(b'{"volume":9}', "1.1.0", 1, "configuration")
    second = builder.app("1.0.1", 2, fleet=True)
    case.push("1.0.1", second, assets=assets, configuration=settings)
    case.push("1.0.2", second, assets=retouched, configuration=louder)
    case.provision()
    case.board.start()
    case.board.wait_said("app: enrol, ok")
    case.wait_online()
    wait_until(lambda: case.rows("SELECT 1 FROM measurements WHERE device = 'mcu-1' AND kind = 'status/system'"),
               seconds=120, what="its status")
    case.wait_state(case.roll_out("1.0.1"), "success")
    assert case.board.said("app: version 1.0.1, slot 1, trial") and case.board.said("accepted, ok")
    image = second.read_bytes()
    assert case.board.read(case.board.machine.slots[1], len(image)) == image
    assert case.board.said(f"app: asset picture, {digest_of(picture)}")
    parts = assets.stat().st_size + settings.stat().st_size
    (update,) = fetched(case.board)
    assert parts <= update < parts + len(image) * 0.04 + 512, "parts whole, the firmware as a patch, a manifest"
    assert case.server.http.get("/api/v1/devices/mcu-1").json()["kind"] == "mcu"
    assert case.components_of("mcu-1") == {"firmware": "1.0.1", "assets": "1.0.0", "configuration": "1.0.0"}

    case.wait_state(case.roll_out("1.0.2"), "success")
    assert fetched(case.board, "accepted")[-1] <= louder.stat().st_size + assets.stat().st_size * 0.04 + 512, "a patch of the assets"
    assert case.components_of("mcu-1") == {"firmware": "1.0.1", "assets": "1.1.0", "configuration": "1.1.0"}
    assert sum("app: version" in line for line in case.board.lines) == 2, "no restart for parts"
    weights = footprint.measure(builder, first, case.board.stack())
    assert weights["stack"] > 0 and not footprint.over(weights, builder.board), footprint.table(weights, builder.board)


@one_board
def test_gives_an_update_up_when_told_to(case, builder):  # noqa: F811
    case.provision()
    case.push("2.0.0", builder.app("2.0.0", 2, padding=900_000, fleet=True))
    case.board.start()
    case.board.wait_said("app: enrol, ok")
    case.wait_online()
    rollout = case.roll_out("2.0.0")
    wait_until(lambda: any('"fetching"' in body for (body,) in case.rows("SELECT body FROM device_progress WHERE device = 'mcu-1'")),
               seconds=120, what="it to fetch", interval=0.02)
    assert case.server.http.post(f"/api/v1/rollouts/{rollout}/abort", json={}).status < 300
    case.board.wait_said("idle, cancelled")
    assert not case.board.said("trial")
