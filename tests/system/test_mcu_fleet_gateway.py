"""The microcontroller of the fleet behind a gateway, and with a certificate that ends."""
import struct
import zlib

from harness import wait_until
from harness.mcu_fleet import builder, case, first, needs_tools, one_board  # noqa: F401  fixtures
from harness.mcu_gateway import start_gateway_for_devices

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
def test_renews_its_certificate_with_a_new_key(case):  # noqa: F811
    case.provision()
    case.board.start()
    case.board.wait_said("app: enrol, ok")
    case.wait_online()
    case.board.kill()
    identity, sector = case.board.machine.identity, case.board.machine.sector
    head = bytearray(case.board.read(identity, 120))
    struct.pack_into("<I", head, 12, 1_700_000_000)  # time to renew is over
    struct.pack_into("<I", head, 116, zlib.crc32(head[:116]))
    case.board.write(identity, head)
    case.board.start()
    case.board.wait_said("app: renewal, ok")
    certificates = case.server.http.get("/api/v1/devices/mcu-1/certificates").json()["items"]
    assert len(certificates) == 2, certificates  # the old one stays good until it ends: nothing is cut off
    renewed = case.board.read(identity + sector, 120)
    assert renewed[:4] == b"SID1" and renewed[80:112] != head[80:112], "a key of its own"
    case.board.kill()
    case.board.start()  # with the new one
    case.board.wait_said("app: version 1.0.0")
    wait_until(lambda: case.rows("SELECT online FROM device_presence WHERE device = 'mcu-1'") == [(1,)], seconds=120, what="it to be online again")
