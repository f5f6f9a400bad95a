"""Firmware that runs only after the machine's next boot: a plug-in before a boot loader that may go back by itself.

The machine's boot is pretended: a boot id of our own over the kernel's, in a mount namespace of the agent's, and a
boot loader in Python that does what real ones do between two boots.
"""
import os
import uuid

import pytest
from harness import AgentCase, wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")

# DIRECTORY: current (what the loader started), next (what it shall try), tried, confirmed.
PLUGIN = """#!/bin/sh
cd "$1"
echo "$2" >> calls
case $2 in
install)
  if cmp -s "$3" current; then echo "it runs"; exit 0; fi
  if [ -f tried ] && cmp -s "$3" next; then echo "the boot loader went back"; exit 1; fi
  cmp -s "$3" next || { rm -f tried confirmed; cp "$3" next.new; mv next.new next; }
  echo "runs after the next boot"; exit 75 ;;
probe) if grep -q "unwell firmware" current; then echo "the board does not answer"; exit 1; fi ;;
confirm) touch confirmed ;;
revert) if [ -f next ] && cmp -s next current; then cp before current.new; mv current.new current; fi; rm -f next tried ;;
esac
"""


class Machine(AgentCase):
    def __init__(self, programs):
        self.slots = programs.path("board")
        self.slots.mkdir()
        plugin = programs.path("plugin")
        plugin.write_text(PLUGIN)
        plugin.chmod(0o755)
        self.boot_id = programs.path("boot-id")
        super().__init__(programs, poll=0.2, options={"firmware.board": {
            "program": [str(plugin), str(self.slots)], "probation": 0.3, "interval": 0.05, "start_time": 5}})
        self.publish(1)
        self.boot()
        self.wait_committed(1)

    def boot(self, loader=None):
        """Everything ends; the boot loader has its turn; the agent is started anew."""
        if self.program:
            self.stop_all()
        if loader:
            loader()
        self.boot_id.write_text(f"{uuid.uuid4()}\n")
        return self.start_agent()

    def start_agent(self):
        mount = 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"'
        return self.start(wrap=["unshare", "--mount", "sh", "-c", mount, self.boot_id])

    def try_next(self):
        current, following = self.slots / "current", self.slots / "next"
        if following.exists() and not (self.slots / "tried").exists():
            (self.slots / "before").write_bytes(current.read_bytes() if current.exists() else b"")
            (self.slots / "tried").touch()
            current.write_bytes(following.read_bytes())

    def go_back(self):
        """The new one did not come up, so the old one was started again."""
        if (self.slots / "next").exists():
            (self.slots / "tried").touch()

    def calls(self):
        return (self.slots / "calls").read_text().split()

    def bring(self, version, data):
        file = self.programs.path(f"board-{version}.bin")
        file.write_bytes(data)
        self.stack.stratus("firmware", "push", f"board:{version}", file, "--sign-key", self.private)
        made = self.server.http.post("/api/v1/rollouts", json={
            "contents": [{"name": "firmware/board", "version": version}], "targets": {"devices": ["device-1"]}})
        assert made.status == 201, made
        return made.json()["id"]

    def update(self, version, data, loader, end):
        """Brings a firmware that needs a boot, with this boot loader; what the server knows of the device at the `end`."""
        rollout = self.bring(version, data)
        self.wait_for_boot()
        self.boot(loader)
        return self.wait_end(rollout, end)

    def device_in(self, rollout):
        return self.server.http.get(f"/api/v1/rollouts/{rollout}/devices").json()["items"][0]

    def wait_end(self, rollout, state):
        wait_until(lambda: self.device_in(rollout)["state"] == state, 60,
                   what=f"the device to be {state}\n{self.device_in(rollout)}\n{self.describe()}")
        return self.device_in(rollout)

    def wait_for_boot(self):
        wait_until(lambda: "started anew" in self.status()["firmware"]["board"]["problem"], 30, what="the agent to wait for a boot")


@pytest.fixture
def machine(programs):
    machine = Machine(programs)
    yield machine
    machine.stop_all()


def test_after_the_boot_it_is_watched_and_confirmed(machine):
    rollout = machine.bring("1.0", b"first" * 1000)
    machine.wait_for_boot()
    machine.program.kill()  # an agent that is started again in the same boot goes on waiting
    machine.start_agent()
    machine.wait_for_boot()
    assert machine.device_in(rollout)["state"] in ("downloading", "installing") and "probe" not in machine.calls()
    machine.boot(machine.try_next)
    machine.wait_end(rollout, "success")
    assert (machine.slots / "current").read_bytes() == b"first" * 1000 and machine.calls()[-1] == "confirm"
    assert machine.status()["firmware"]["board"]["current"]["version"] == "1.0"


@pytest.mark.parametrize("data, loader, cause", [(b"does not boot", "go_back", "the boot loader went back"),
                                                 (b"unwell firmware", "try_next", "the board does not answer")])
def test_what_does_not_boot_or_is_not_well_goes_back(machine, data, loader, cause):
    machine.update("1.0", b"first" * 1000, machine.try_next, "success")
    ended = machine.update("2.0", data * 1000, getattr(machine, loader), "rolled_back")
    assert cause in ended["cause"], ended
    assert (machine.slots / "current").read_bytes() == b"first" * 1000 and machine.calls()[-1] == "revert"


def test_boots_without_an_end_are_given_up(machine):
    rollout = machine.bring("1.0", b"first" * 1000)
    for _ in range(8):
        machine.wait_for_boot()
        machine.boot()  # a loader that does not even try
        wait_until(lambda: machine.device_in(rollout)["state"] == "rolled_back"
                   or "started anew" in machine.status()["firmware"]["board"]["problem"], 30)
        if machine.device_in(rollout)["state"] == "rolled_back":
            break
    ended = machine.wait_end(rollout, "rolled_back")
    assert "cut off" in ended["cause"] and machine.calls()[-1] == "revert", ended
