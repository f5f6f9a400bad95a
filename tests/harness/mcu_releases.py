"""What boards follow, emulated or processes: a server with its broker, releases of firmware/board, rollouts of them."""
import json
import sqlite3

from .waiting import wait_until


class FirmwareCase:
    def __init__(self, stack):
        self.stack = stack
        self.server = stack.start_strict_server()

    def push(self, version, image, **parts):
        """`parts`: files of assets, configuration, secondary."""
        options = [word for kind, file in parts.items() for word in (f"--{kind}", file)]
        return json.loads(self.stack.stratus("--json", "firmware", "push", f"board:{version}", image, *options))

    def assignment_key(self):
        return self.server.http.get("/api/v1/mcu-key").json()["key"]

    def roll_out(self, version, *devices):
        """To these devices, or to mcu-1."""
        made = self.server.http.post("/api/v1/rollouts", json={
            "contents": [{"name": "firmware/board", "version": version}], "targets": {"devices": list(devices or ["mcu-1"])}})
        assert made.status == 201, made
        return made.json()["id"]

    def devices_of(self, rollout):
        return self.server.http.get(f"/api/v1/rollouts/{rollout}/devices").json()["items"]

    def wait_states(self, rollout, state, seconds=120, board=""):
        """Until all its devices are in that state; `board` shows itself if they do not get there."""
        try:
            wait_until(lambda: {one["state"] for one in self.devices_of(rollout)} == {state}, seconds,
                       what=f"the rollout's devices to be {state}")
        except TimeoutError as error:
            raise TimeoutError(f"{error}: {self.devices_of(rollout)}\n{board}") from None
        return self.devices_of(rollout)

    def components_of(self, device):
        """What the newest report says that it runs, by part."""
        reports = self.server.http.get(f"/api/v1/devices/{device}/reports?limit=1").json()
        return reports["reports"][0]["report"].get("components")

    def rows(self, sql, *values):
        """Of the server's catalogue."""
        with sqlite3.connect(f"file:{self.server.data}/catalogue.db?mode=ro", uri=True) as database:
            return database.execute(sql, values).fetchall()
