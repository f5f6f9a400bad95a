"""stratus-sim beside a server that has a broker, and rollouts for its devices."""
import contextlib
import json
import os
import signal

from .paths import BIN
from .processes import descendants
from .registry import Registry, digest_of
from .waiting import free_port, wait_until


class Simulation:
    """A server with MQTT whose address stays the same over kills, and simulators against it."""

    def __init__(self, stack, image="app", identities=None, options=()):
        self.stack, self.programs = stack, stack.programs
        self.identities = identities or self.programs.path("identities")
        self.options = ["--mqtt-listen", f"127.0.0.1:{free_port()}", *options]
        self.server = stack.start_server(options=self.options)
        self.use(image)
        self.runs = 0

    @classmethod
    def beside(cls, stack, server, image):
        """With a server that runs already."""
        case = cls.__new__(cls)
        case.stack, case.programs, case.server, case.options, case.runs = stack, stack.programs, server, [], 0
        case.identities = stack.programs.path("identities")
        case.use(image)
        return case

    def use(self, image):
        """From now on releases, devices and rollouts are of this image."""
        self.image, self.registry = image, Registry(self.server.http, image)

    def release(self, version, content):
        """Publishes a release with one file; its blob's path and size."""
        manifest = self.registry.push_files([{"bin/app": content}], version)
        done = self.server.http.put(f"/api/v1/releases/{self.image}/versions/{version}", json={"digest": digest_of(manifest)})
        assert done.status == 200, done
        layer = json.loads(manifest)["layers"][0]
        return f"/v2/{self.image}/blobs/{layer['digest']}", layer["size"]

    def _words(self):
        return ["--server", self.server.url, "--ca", self.server.ca, "--identities", self.identities,
                "--token-file", self.server.token_file]

    def enrol(self, count, *options):
        program = self.programs.start("enrol", [BIN / "stratus-sim", "enrol", *self._words(), "--count", str(count), *options])
        assert program.process.wait(1200) == 0, program.log[-2000:]

    def start(self, count, *options, image=None):
        """The devices, all connected. Program.report is where the report goes."""
        self.runs += 1
        report = self.programs.path(f"sim-{self.runs}.json")
        program = self.programs.start(f"sim-{self.runs}", [
            BIN / "stratus-sim", "run", *self._words(), "--broker", self.server.program.ready["mqtt"], "--image", image or self.image,
            *(["--count", str(count)] if count else []), "--json", report, *options])
        program.wait_ready(300)
        program.report = lambda: json.loads(report.read_text())
        return program

    def finish(self, program, seconds=60):
        """The report of a simulator that ends by itself."""
        assert program.process.wait(seconds) == 0, program.output[-3000:] + program.log[-3000:]
        return program.report()

    def rollout(self, version, **spec):
        body = {"contents": [{"name": self.image, "version": version}], "targets": {"all": True}, **spec}
        answer = self.server.http.post("/api/v1/rollouts", json=body)
        assert answer.status == 201, answer
        return answer.json()["id"]

    def show(self, rollout):
        return self.server.http.get(f"/api/v1/rollouts/{rollout}").json()

    def wait_rollout(self, rollout, *states, seconds=60):
        def there():
            shown = self.show(rollout)
            return shown if shown["state"] in states else None
        return wait_until(there, seconds, what=f"the rollout to be {' or '.join(states)}")

    def ports(self):
        """Where devices reach the server and its broker."""
        return [int(address.rsplit(":", 1)[1]) for address in (self.server.address, self.server.program.ready["mqtt"])]

    def broker(self):
        """The broker's process id, or None while the server has it started."""
        for pid in descendants(self.server.program.pid):
            with contextlib.suppress(OSError):  # it ended meanwhile
                if os.path.basename(os.readlink(f"/proc/{pid}/exe")) == "mosquitto":
                    return pid
        return None

    def kill_broker(self):
        """kill -9, once there is one: while it is being started its process is not mosquitto yet."""
        os.kill(wait_until(self.broker, what="the server's broker"), signal.SIGKILL)

    def kill_server(self):
        """kill -9, and another one in its place."""
        address, data = self.server.address, self.server.data
        self.server.program.kill()
        self.server = self.stack.start_server(data=data, listen=address, options=self.options)
