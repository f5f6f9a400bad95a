"""Devices that speak the HTTP interface and nothing else, and the rollouts that they take part in."""
import itertools
import json

from .http import HttpClient
from .registry import Registry, digest_of
from .waiting import wait_until

FINAL = ("completed", "aborted")


class Device:
    """A device that follows `image`. It runs what it was told to once it has reported so."""

    def __init__(self, server, name, image="app"):
        self.http = HttpClient(server.url, server.ca)
        self.name, self.image = name, image
        self.have, self.version = None, ""
        self.sequence = itertools.count(1)
        self.told = None  # (version, digest) of the last release it was told about

    def ask(self, timeout=None):
        """Asks what is next; the version, or None when there is nothing new. Raises when the server is away."""
        if timeout:
            self.http.timeout = timeout
        query = f"?device={self.name}" + (f"&have={self.have.split(':')[1]}" if self.have else "")
        answer = self.http.get(f"/api/v1/next/{self.image}{query}")
        if answer.status in (204, 404):
            return None
        assert answer.status == 200, answer
        release = answer.json()
        self.told = (release["version"], digest_of(release["manifest"].encode()))
        return release["version"]

    def report(self, state, reason="", about=None, **more):
        """Tells the server; `committed` makes it the running version. The HTTP status."""
        version, digest = about or self.told
        if state == "committed":
            self.have, self.version = digest, version
        number = next(self.sequence)
        body = {"device": self.name, "sequence": number, "name": self.image, "state": state, "version": version,
                "target": digest, "reason": reason, "time_ms": number, "bytes": 100, **more}
        if self.have:
            body.update(running=self.have, running_version=self.version)
        self.last = body
        return self.http.post(f"/api/v1/devices/{self.name}/reports", json=body).status

    def again(self):
        """The last report once more, as a device does whose acknowledgement was lost."""
        return self.http.post(f"/api/v1/devices/{self.name}/reports", json=self.last).status

    def update(self, state="committed", **more):
        """Asks and, when told about something, ends it so. What it was told."""
        version = self.ask()
        if version:
            assert self.report(state, **more) == 204
        return version


class FleetCase:
    """A server with releases app:1 … and devices that run app:1."""

    def __init__(self, stack, devices=10, versions=3, image="app", options=(), data=None):
        self.stack, self.image = stack, image
        self.server = stack.start_server(options=options, data=data)
        self.registry = Registry(self.server.http, image)
        self.digests = {}
        for version in range(1, versions + 1):
            self.release(str(version))
        self.devices = [Device(self.server, f"d{number:03}", image) for number in range(devices)]
        for device in self.devices:
            device.told = ("1", self.digests["1"])
            assert device.report("committed") == 204

    @property
    def http(self):
        return self.server.http

    def release(self, version, **options):
        manifest = self.registry.push_files([{"bin/app": f"version {version}".encode()}], version, **options)
        self.digests[version] = digest_of(manifest)
        done = self.http.put(f"/api/v1/releases/{self.image}/versions/{version}", json={"digest": self.digests[version]})
        assert done.status == 200, done

    def create(self, version="2", expect=201, **spec):
        body = {"contents": [{"name": self.image, "version": version}], "targets": {"all": True}, **spec}
        answer = self.http.post("/api/v1/rollouts", json=body)
        assert answer.status == expect, answer
        return answer.json()["id"] if expect == 201 else answer

    def show(self, rollout):
        return self.http.get(f"/api/v1/rollouts/{rollout}").json()

    def order(self, rollout, word, expect=200, **body):
        answer = self.http.post(f"/api/v1/rollouts/{rollout}/{word}", json=body)
        assert answer.status == expect, answer
        return answer.json()

    def states(self, rollout):
        """{device: state}"""
        listed = self.http.get(f"/api/v1/rollouts/{rollout}/devices?limit=1000").json()["items"]
        return {one["device"]: one["state"] for one in listed}

    def chosen(self, rollout, count):
        """The devices whose turn has come, once they are `count`."""
        def ready():
            ids = [device for device, state in self.states(rollout).items() if state == "requested"]
            return ids if len(ids) == count else None
        ids = set(wait_until(ready, 20, what=f"{count} devices to have their turn"))
        return [device for device in self.devices if device.name in ids]

    def wait_state(self, rollout, *states, seconds=20):
        def there():
            shown = self.show(rollout)
            return shown if shown["state"] in states else None
        return wait_until(there, seconds, what=f"the rollout to be {' or '.join(states)}")

    def restart(self, kill=True):
        if kill:
            self.server.program.kill()
        else:
            self.server.program.stop()
        address = self.server.address
        self.server = self.stack.start_server(data=self.server.data, listen=address)


def counts_add_up(shown):
    """Raises unless a rollout's numbers agree with each other."""
    states = ("waiting", "requested", "downloading", "installing", "cancelling", "returning", "success", "failed", "timeout",
              "cancelled", "rolled_back", "returned")
    counts = shown["counts"]
    assert counts["total"] == sum(counts[state] for state in states), json.dumps(counts)
    assert counts["open"] + counts["closed"] == counts["total"]
    assert (shown["percent"] == 100) == (counts["open"] == 0), json.dumps(shown)
    assert sum(wave["devices"] for wave in shown["waves"]) == counts["total"]
