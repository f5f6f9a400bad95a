"""A microcontroller with TCP/IP, TLS and MQTT of its own (QEMU, Cortex-M3) as a device of the fleet: real server and broker."""
import json
import shutil
import sqlite3

import pytest
from harness import mcu, wait_until
from harness.identity import make_code
from harness.mcu_fleet import FleetBoard

sources = mcu.build.sources

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("qemu-system-arm", "clang++", "ld.lld", "llvm-objcopy-14"))),
    reason="needs qemu-system-arm, clang, lld and llvm (packages of section mcu)")


@pytest.fixture(scope="module")
def builder(tmp_path_factory):
    made = mcu.build.Builder(tmp_path_factory.mktemp("fleet-firmware"))
    try:
        made.network()
    except sources.Unreachable as error:
        pytest.skip(f"lwIP and BearSSL cannot be had: {error}")
    return made


@pytest.fixture(scope="module")
def boot(builder):
    return builder.boot()


@pytest.fixture(scope="module")
def first(builder):
    return builder.app("1.0.0", 1, fleet=True)


def port_of(url):
    return int(url.rsplit(":", 1)[1])


class Case:
    """Server with its broker, and one board that follows firmware/board."""

    def __init__(self, stack, boot, first, directory):
        self.stack = stack
        config = stack.programs.path("server.toml")
        config.write_text('identity = "required"\n')
        self.server = stack.start_server(options=["--mqtt-listen", "127.0.0.1:0", "--config", config])
        wait_until(lambda: self.server.metric("stratus_mqtt_connected") == 1, what="the server to reach its broker")
        self.board = FleetBoard(directory, boot)
        self.push("1.0.0", first)
        self.board.install(first)

    def provision(self, service=None, mqtt=None, name="mcu-1", **fields):
        service = service or self.server
        key = self.server.http.get("/api/v1/mcu-key").json()["key"]
        self.board.provision(https_port=port_of(service.url), mqtt_port=port_of(mqtt or self.server.program.ready["mqtt"]),
                             server_name="localhost", device=name, code=fields.pop("code", None) or make_code(self.server),
                             firmware="board", root=self.server.data / "ca" / "root.pem", assignment_key=bytes.fromhex(key),
                             poll_seconds=fields.pop("poll_seconds", 2), **fields)

    def push(self, version, image):
        return json.loads(self.stack.stratus("--json", "firmware", "push", f"board:{version}", image))

    def roll_out(self, version):
        made = self.server.http.post("/api/v1/rollouts", json={
            "contents": [{"name": "firmware/board", "version": version}], "targets": {"devices": ["mcu-1"]}})
        assert made.status == 201, made
        return made.json()["id"]

    def state_in(self, rollout):
        items = self.server.http.get(f"/api/v1/rollouts/{rollout}/devices").json()["items"]
        return items[0] if items else {}

    def wait_state(self, rollout, state, seconds=120):
        wait_until(lambda: self.state_in(rollout).get("state") == state, seconds,
                   what=f"the device to be {state}: {self.state_in(rollout)}\n{self.board}")
        return self.state_in(rollout)

    def rows(self, sql, *values):
        with sqlite3.connect(f"file:{self.server.data}/catalogue.db?mode=ro", uri=True) as database:
            return database.execute(sql, values).fetchall()


@pytest.fixture
def case(stack, boot, first, tmp_path):
    case = Case(stack, boot, first, tmp_path)
    yield case
    case.board.kill()


def test_enrols_reports_and_is_updated_by_patch(case, builder, first):
    """From a blank flash with a one-time code to a confirmed update, as any device of the fleet."""
    case.provision()
    case.board.start()
    case.board.wait_said("app: enrol, ok")
    wait_until(lambda: case.rows("SELECT online FROM device_presence WHERE device = 'mcu-1'") == [(1,)],
               what=f"the device to be online\n{case.board}")
    wait_until(lambda: case.rows("SELECT 1 FROM device_metrics WHERE device = 'mcu-1' AND kind = 'status/system'"),
               what="its status")
    second = builder.app("1.0.1", 2, fleet=True)
    case.push("1.0.1", second)
    case.wait_state(case.roll_out("1.0.1"), "success")
    assert case.board.said("app: version 1.0.1, slot 1, trial") and case.board.said("accepted, ok")
    image = second.read_bytes()
    assert case.board.read(mcu.SLOTS[1], len(image)) == image
    fetched = [int(line.split("fetched ")[1].split(",")[0]) for line in case.board.lines if "reboot, ok" in line]
    assert len(fetched) == 1 and fetched[0] < len(image) * 0.04 + 512, "a patch and a manifest"
