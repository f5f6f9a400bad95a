"""The microcontroller of the fleet behind a gateway, and with a certificate that ends."""
from harness import wait_until
from harness.mcu_fleet import builder, case, first, needs_tools, one_board  # noqa: F401  fixtures
from harness.mcu_gateway import start_gateway_for_devices
from harness.mcu_identity import certificates, key_at, link_that_loses_renewals, make_renewal_due

pytestmark = needs_tools


def test_takes_the_whole_image_through_a_gateway_that_cannot_invent_a_success(case, builder):  # noqa: F811
    """HTTPS and MQTT of a gateway; the result counts because the device signed it."""
    gateway, _ = start_gateway_for_devices(case.stack, case.server)
    case.provision(gateway, gateway.program.ready["mqtt"])
    # What it runs was never released: there is no patch from it.
    case.board.install(builder.app("0.9.0", 1, fleet=True))
    second = builder.app("2.0.0", 2, fleet=True)
    case.push("2.0.0", second)
    case.board.start()
    case.board.wait_said("app: enrol, ok")
    case.wait_state(case.roll_out("2.0.0"), "success")
    assert case.board.said("accepted, ok")
    assert gateway.metric("stratus_gateway_cache_blobs") >= 1
    image = second.read_bytes()
    assert case.board.read(case.board.machine.slots[1], len(image)) == image


@one_board
def test_renews_its_certificate_with_a_new_key_that_outlives_a_lost_answer(case):  # noqa: F811
    case.provision()
    case.board.start()
    case.board.wait_said("app: enrol, ok")
    case.wait_online()
    case.board.kill()
    identity, sector = case.board.machine.identity, case.board.machine.sector
    before = make_renewal_due(case.board, identity)
    link = link_that_loses_renewals(case, 1)
    case.provision(link.url("https"))
    case.board.start()
    case.board.wait_said("app: renewal, io")
    case.board.kill()
    case.board.start()
    case.board.wait_said("app: renewal, ok")
    keys = certificates(case)  # the old certificate stays good until it ends: nothing is cut off
    assert len(set(keys)) == 2, "the same key was asked for again"
    assert key_at(case.board, identity + sector) != before, "a key of its own"
    case.board.kill()
    case.board.start()  # with the new one
    case.board.wait_said("app: version 1.0.0")
    wait_until(lambda: case.rows("SELECT online FROM device_presence WHERE device = 'mcu-1'") == [(1,)], seconds=120, what="it to be online again")
