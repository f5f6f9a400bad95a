"""kill -9 of the server at any time: what was acknowledged is there afterwards, and nothing is half there."""
import concurrent.futures
import os
import random
import threading

from harness.registry import MANIFEST, Registry, descriptor, digest_of, manifest_of


def test_an_upload_goes_on_after_kill(plain_stack):
    server = plain_stack.start_server()
    app = Registry(server.http, "app")
    data = os.urandom(3_000_000)
    location = app.http.post(app.path("blobs/uploads/")).headers["Location"]
    assert app.http.patch(location, body=data[:1_000_000]).headers["Range"] == "0-999999"
    server.program.kill()
    app.http = plain_stack.start_server().http
    status = app.http.get(location)
    assert status.status == 204 and status.headers["Range"] == "0-999999"
    assert app.http.patch(location, body=data[1_000_000:2_000_000],
                          headers={"Content-Range": "1000000-1999999"}).status == 202
    done = app.http.put(f"{location}?digest={digest_of(data)}", body=data[2_000_000:])
    assert done.status == 201
    assert app.http.get(app.path("blobs", digest_of(data))).body == data


class Pusher:
    """Pushes small images into a repository until the server goes; remembers what was acknowledged."""

    def __init__(self, number):
        self.name, self.count = f"crash/{number}", 0
        self.blobs, self.tags, self.referrers, self.releases = {}, {}, {}, {}

    def run(self, http, stop):
        app = Registry(http, self.name)
        try:
            while not stop.is_set():
                self.push(app)
        except (OSError, AssertionError, EOFError):
            pass  # the server is gone; what it had not answered may be there or not
        except Exception as error:  # http.client raises its own kinds for cut answers
            if "http" not in type(error).__module__:
                raise

    def push(self, app):
        self.count += 1
        config, layer = b"{}", f"{self.name} layer {self.count}".encode() * 50
        for blob in (config, layer):
            app.push_blob(blob)
            self.blobs[digest_of(blob)] = blob
        body = manifest_of(config, [layer])
        tag = f"v{self.count % 5}"
        self.tags.setdefault(tag, [None])
        self.tags[tag].append(body)  # the last acknowledged is at [0]; the others were tried since
        if app.put_manifest(body, tag).status == 201:
            self.tags[tag] = [body]
        artifact = manifest_of(config, [], subject=descriptor(MANIFEST, body), annotations={"n": str(self.count)})
        if app.put_manifest(artifact).status == 201:
            self.referrers[digest_of(artifact)] = digest_of(body)

    def check(self, http):
        app = Registry(http, self.name)
        for digest, blob in self.blobs.items():
            assert app.http.get(app.path("blobs", digest)).body == blob
        for tag, candidates in self.tags.items():
            answer = app.http.get(app.path("manifests", tag))
            if answer.status == 404:
                assert candidates[0] is None, f"tag {tag} was acknowledged and is gone"
            else:
                assert answer.body in candidates, f"tag {tag} went back to an older manifest"
        for artifact, subject in self.referrers.items():
            listed = app.http.get(app.path("referrers", subject)).json()["manifests"]
            assert artifact in [entry["digest"] for entry in listed]


def test_acknowledged_pushes_survive_kill_at_random_moments(plain_stack):
    rounds = 25 if os.environ.get("STRATUS_LONG") else 5
    chance = random.Random(20261121)
    pushers = [Pusher(number) for number in range(4)]
    for _ in range(rounds):
        server = plain_stack.start_server()
        for pusher in pushers:
            pusher.check(server.http)
        stop = threading.Event()
        goal = sum(pusher.count for pusher in pushers) + chance.randrange(1, 40)
        with concurrent.futures.ThreadPoolExecutor(len(pushers)) as pool:
            running = [pool.submit(pusher.run, server.http, stop) for pusher in pushers]
            while sum(pusher.count for pusher in pushers) < goal and not all(f.done() for f in running):
                stop.wait(chance.random() / 100)
            server.program.kill()
            stop.set()
            for future in running:
                future.result()
    server = plain_stack.start_server()
    for pusher in pushers:
        pusher.check(server.http)
        assert pusher.tags and pusher.referrers
    # Nothing temporary is left, and nothing is half written.
    leftovers = [path.name for path in server.data.rglob(".*") if path.is_file()]
    assert leftovers == []
    for path in (server.data / "blobs/sha256").glob("*/*"):
        assert digest_of(path.read_bytes())[7:] == path.name
