"""One device with a real server: publishes versions of the test service, starts the agent, waits for outcomes."""
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess

from .http import HttpClient
from .mqtt import DeviceMaker
from .paths import BIN
from .stack import Agent, Stack
from .trees import write_tree
from .waiting import free_port, wait_until

TEST_SERVICE = BIN / "stratus-test-service"


class AgentCase:
    """The service answers its version at self.url. `options` are lines of TOML: {"update": {"byte_budget": 100}}."""

    def __init__(self, programs, order="stop-first", passed_socket=True, probation=0.3, poll=0.2, health="http",
                 options=None, server=None, data=None, plain=True):
        self.programs, self.stack = programs, Stack(programs, plain=plain)
        self.server = server or self.stack.start_server()
        self.stack.server = self.server
        self.private, self.public = self.stack.make_key(programs.path("keys"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.data = pathlib.Path(data) if data else programs.path("device")
        self.config = programs.path("agent.toml")
        tables = {"": {"server": self.server.url, "device": "device-1", "image": "web", "data": str(self.data),
                       "keys": [str(self.public)], "poll": poll},
                  "update": {"order": order, "probation": probation, "disk_reserve": 0},
                  "service": {"stop_grace": 5},
                  "health": {"start_time": 5, "interval": 0.05, "timeout": 1}}
        if not plain:
            tables[""]["ca"] = str(self.server.ca)
        if passed_socket:
            tables["service"]["listen"] = [f"127.0.0.1:{self.port}"]
        if health == "http":
            tables["health"]["http"] = f"{self.url}/healthz"
        elif health == "tcp":
            tables["health"]["tcp"] = f"127.0.0.1:{self.port}"
        elif health == "exec":
            tables["health"]["exec"] = ["/bin/service", "check-file", "/etc/well"]
        else:
            del tables["health"]
        for table, keys in (options or {}).items():
            tables.setdefault(table, {}).update(keys)
        self.tables = tables
        self._write_config(tables)
        self.program = None

    @classmethod
    def with_broker(cls, programs, keys, metrics=1, poll=3600, **more):
        """A device with a session at the server's broker, measuring so often (s). It polls seldom: what happens sooner did not come from that."""
        server = Stack(programs, plain=True).start_server(options=["--mqtt-listen", "127.0.0.1:0"])
        wait_until(lambda: server.metric("stratus_mqtt_connected") == 1)
        certificate, key = DeviceMaker(server, keys).files("device-1")
        mqtt = {"broker": server.program.ready["mqtt"], "ca": str(server.data / "ca" / "root.pem"), "certificate": str(certificate),
                "key": str(key), "metrics": metrics}
        return cls(programs, server=server, poll=poll, options={"mqtt": mqtt, **more})

    def reconfigure(self, options):
        """For the agent that is started next."""
        for table, keys in options.items():
            self.tables.setdefault(table, {}).update(keys)
        self._write_config(self.tables)

    def _write_config(self, tables):
        lines = []
        for table, keys in tables.items():
            lines += [f"[{table}]"] if table else []
            lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
        self.config.write_text("\n".join(lines) + "\n")

    def tree(self, version, extra=None):
        root = write_tree(self.programs.path(f"tree-{version}"), {"etc/version": f"{version}\n", "etc/well": "x",
                                                                  **(extra or {})})
        (root / "bin").mkdir(exist_ok=True)
        shutil.copy(TEST_SERVICE, root / "bin" / "service")
        (root / "bin" / "service").chmod(0o755)
        return root

    def publish(self, version, *behaviours, extra=None, sign=True, options=()):
        words = ["publish", f"web:{version}", self.tree(version, extra), "--entrypoint", "/bin/service"]
        for word in ("--version-file", "/etc/version", "--port", self.port, *behaviours):
            words.append(f"--cmd={word}")
        words += ["--sign-key", self.private] if sign else ["--unsigned"]
        return self.stack.stratus(*words, *options)

    def make_target(self, version):
        """What a hostile server does. Ours refuses what was signed before the target, so that is hidden first: the same
        image under a name that no signature has."""
        releases = "/api/v1/releases/web"
        digest = next(one["digest"] for one in self.server.http.get(releases).json()["versions"] if one["version"] == self._target())
        self.server.http.put(f"{releases}/versions/hidden", json={"digest": digest})
        for name in ("hidden", str(version)):
            answer = self.server.http.put(f"{releases}/target", json={"version": name, "unsigned": True})
            assert answer.status == 202, answer.body
            wait_until(lambda wanted=name: self._target() == wanted, what=f"{name} to be the target")

    def _target(self):
        return self.server.http.get("/api/v1/releases/web").json()["target"]["version"]

    def start(self, wrap=(), env=None):
        self.program = self.programs.start("agent", [*wrap, BIN / "stratus-agent", "run", "--config", self.config],
                                           env=env)
        return self.program

    def restart(self):
        self.program.kill()
        return self.start()

    @property
    def agent(self):
        return Agent(self.program, "device-1", self.data, self.config)

    def layers(self):
        """The unpacked layers, by diff id; the tar headers kept beside them left out."""
        return {path.name for path in (self.data / "layers").iterdir() if path.is_dir()}

    def status(self):
        return self.agent.status()

    def answer(self):
        return HttpClient(self.url, timeout=2).get("/").body.decode().strip()

    def wait_answer(self, version, seconds=30):
        return wait_until(lambda: self.answer() == str(version), seconds,
                          what=f"version {version} to answer\n{self.describe()}")

    def wait_status(self, predicate, seconds=30, what="the status"):
        def look():
            status = self.status()
            return status if predicate(status) else None
        try:
            return wait_until(look, seconds, what=what)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.describe()}") from None

    def wait_committed(self, version, seconds=30):
        return self.wait_status(lambda s: s["state"] == "idle" and (s["current"] or {}).get("version") == str(version),
                                seconds, f"version {version} to be committed")

    def reports(self):
        """Reports that the server has, as it lists them for the device."""
        return self.server.http.get("/api/v1/devices/device-1").json()

    def last_report(self):
        """The newest that the server has, as the device sent it."""
        return self.server.http.get("/api/v1/devices/device-1/reports?limit=1").json()["reports"][0]["report"]

    def wait_report(self, state, version, seconds=30):
        def look():
            device = self.reports()
            last = device.get("last_report") or device
            return last if last.get("state") == state and last.get("target_version") == str(version) else None
        try:
            return wait_until(look, seconds, what=f"a report {state} of version {version}")
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.reports()}\n{self.describe()}") from None

    @property
    def spare_records(self):
        """Where the agent notes what it has started when the device's disk has no room for that."""
        return pathlib.Path("/run/stratus-agent", hashlib.sha256(str(self.data).encode()).hexdigest()[:16])

    def service_pids(self):
        """Living processes that the agents of this device started."""
        pids = []
        for record in [*(self.data / "running").glob("*.json"), *self.spare_records.glob("*.json")]:
            try:
                entry = json.loads(record.read_text())
                stat = pathlib.Path("/proc", str(entry["pid"]), "stat").read_text().rsplit(")", 1)[1].split()
            except (OSError, ValueError):
                continue
            if int(stat[19]) == entry["start_ticks"] and stat[0] not in "ZX":
                pids.append((entry["version"], entry["pid"]))
        return pids

    def stop_all(self):
        """Ends agent and service, so that nothing of them stays when the test ends."""
        if self.program and self.program.running():
            subprocess.run([str(BIN / "stratus-agent"), "stop", "--data", str(self.data)], capture_output=True,
                           check=False)
            try:
                self.program.process.wait(10)
            except subprocess.TimeoutExpired:
                self.program.kill()
        for _, pid in self.service_pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def describe(self):
        return self.program.describe(3000) if self.program else "(no agent)"
