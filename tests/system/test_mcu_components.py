"""Firmware releases of several parts, on microcontroller clients that run as processes: only what differs travels."""
import pytest
from harness import wait_until
from harness.mcu_gateway import start_gateway_for_devices
from harness.mcu_host import Factory, HostCase
from harness.registry import digest_of

PICTURE, BEEP = bytes(range(256)) * 300, b"beep" * 999


@pytest.fixture(scope="module")
def factory(tmp_path_factory):
    return Factory(tmp_path_factory.mktemp("mcu-images"))


@pytest.fixture
def case(stack, factory):
    return HostCase(stack, factory)


def fetched(board):
    """Body bytes of each round that changed something."""
    return [int(line.split("fetched ")[1].split(",")[0]) for line in board.output.splitlines()
            if "fetched" in line and ("reboot" in line or "accepted" in line)]


def test_only_parts_that_differ_travel_and_a_gateway_fetches_each_once(case, factory):
    one, two = factory.firmware("1.0.0", 1), factory.firmware("2.0.0", 2)
    assets = factory.assets("1.0.0", picture=PICTURE, beep=BEEP)
    settings = factory.sign(b'{"volume":3}', "1.0.0", 1, "configuration")
    retouched = factory.assets("1.1.0", picture=PICTURE[:9_000] + b"another" + PICTURE[9_007:], beep=BEEP)
    louder = factory.sign(b'{"volume":9}', "1.1.0", 1, "configuration")
    made = case.push("1.0.0", one)
    case.push("2.0.0", two, assets=assets, configuration=settings)
    case.push("2.1.0", two, assets=retouched, configuration=louder)
    told = case.server.http.get(f"/api/v1/firmware/{made['id']}").json()
    assert "components" not in told
    gateway, (upstream, _) = start_gateway_for_devices(case.stack, case.server)
    boards = [case.start_board(one, name=f"mcu-{n}", service=gateway) for n in (1, 2)]
    for board in boards:
        case.wait_said(board, "app: enrol, ok")
    before = upstream.down
    case.wait_states(case.roll_out("2.0.0", "mcu-1", "mcu-2"), "success")
    sizes = {part.name: part.stat().st_size for part in (two, assets, settings, louder)}
    together = sizes[two.name] + sizes[assets.name] + sizes[settings.name]
    for board in boards:
        assert "app: version 2.0.0, slot 1, trial" in board.output
        assert f"app: asset picture, {digest_of(PICTURE)}" in board.output
        assert f"app: asset beep, {digest_of(BEEP)}" in board.output
        first, _ = fetched(board)
        assert together <= first <= together + 512, "each part once, and a manifest"
    # Both boards' bytes came over the gateway's link once; the rest is words.
    assert together < upstream.down - before < together * 1.5, (upstream.down - before, together)
    assert case.components_of("mcu-1") == {"firmware": "2.0.0", "assets": "1.0.0", "configuration": "1.0.0"}

    # The same firmware with another configuration and assets that hardly differ: no restart, a few hundred bytes.
    case.wait_states(case.roll_out("2.1.0", "mcu-1", "mcu-2"), "success")
    for board in boards:
        assert fetched(board)[-1] <= sizes[louder.name] + sizes[assets.name] * 0.04 + 512
        assert board.output.count("app: version") == 2
    assert case.components_of("mcu-2") == {"firmware": "2.0.0", "assets": "1.1.0", "configuration": "1.1.0"}


def test_firmware_that_fails_takes_its_assets_back_and_survives_being_killed(case, factory):
    one, bad = factory.firmware("1.0.0", 1), factory.firmware("3.0.0", 3, size=700_000, behaviour="self-test")
    plain, fancy = factory.assets("1.0.0", picture=PICTURE), factory.assets("3.0.0", picture=PICTURE[::-1])
    case.push("1.0.0", one, assets=plain)
    case.push("3.0.0", bad, assets=fancy)
    board = case.start_board(one)
    case.wait_said(board, "app: enrol, ok")
    case.wait_states(case.roll_out("1.0.0"), "success")
    rollout = case.roll_out("3.0.0")
    board.process.kill()
    board.process.wait()
    board = case.start_board(again=True)
    case.wait_said(board, "app: version 3.0.0, slot 1, trial")
    case.wait_said(board, f"app: asset picture, {digest_of(PICTURE[::-1])}")
    case.wait_states(rollout, "rolled_back")
    lines = board.output.splitlines()
    after = lines[max(i for i, line in enumerate(lines) if "app: version" in line):]
    assert after[0] == "app: version 1.0.0, slot 0" and f"app: asset picture, {digest_of(PICTURE)}" in after
    reports = case.server.http.get("/api/v1/devices/mcu-1/reports?limit=1").json()
    assert case.components_of("mcu-1") == {"firmware": "1.0.0", "assets": "1.0.0"}, reports


def test_refuses_parts_for_other_boards_and_repeated_kinds(case, factory):
    firmware = factory.firmware("1.0.0", 1)
    foreign = factory.sign(b"{}", "1.0.0", 1, "configuration", model="other-board")
    made = case.push("1.0.0", firmware, configuration=foreign)
    told = case.server.http.get(f"/api/v1/firmware/{made['id']}").json()["components"]
    assert [(part["kind"], part["digest"]) for part in told] == [("configuration", digest_of(foreign.read_bytes()))]
    board = case.start_board(firmware)
    case.wait_said(board, "app: enrol, ok")
    question = f"/api/v1/mcu/firmware/board?model={factory.model}&device=mcu-1&have="
    answer = case.server.http.get(question + digest_of(firmware.read_bytes())[7:])
    assert answer.status == 200, "nothing is wanted of it: only the firmware that it has"
    case.roll_out("1.0.0")
    wait_until(lambda: case.server.http.get(question).status == 409, what="the release to be ordered")
    assert case.server.http.get(question).json()["code"] == "wrong_model"
    for components in ([{"kind": "assets", "upload": "x"}] * 2, [{"kind": "music", "upload": "x"}], [{"kind": "assets"}]):
        answer = case.server.http.post("/api/v1/firmware", json={
            "name": "board", "version": "9", "upload": "x", "components": components})
        assert (answer.status, "components" in answer.json()["detail"]) == (400, True), answer
