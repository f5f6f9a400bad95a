"""The gateway is killed, or loses its disk's last writes, at random moments while four ask and report.

What it acknowledged is delivered, in order; what it answers whole is right; what it had whole it need not fetch again.
"""
import json
import os
import pathlib
import random
import threading

import pytest
from harness import HttpClient, wait_until
from harness.lost_disk import LostDisk
from harness.registry import digest_of
from harness.upstream import FakeUpstream

ASKERS = 4
SIZES = [3_000, 20_000, 90_000, 250_000, 700_000]


class Asker:
    """A device that fetches blobs at random and reports, until its gateway goes; remembers what it was promised."""

    def __init__(self, number, blobs, is_over=None):
        self.is_over = is_over or threading.Event()  # from then on no promise counts
        self.name, self.blobs, self.chance = f"d{number}", blobs, random.Random(number)
        self.sequence, self.acknowledged, self.whole, self.wrong = 0, [], 0, []

    def run(self, url, stop):
        http = HttpClient(url, timeout=30)
        while not stop.is_set():
            try:
                self.fetch(http)
                self.report(http)
            except OSError:
                return  # it is gone
            except Exception as error:  # http.client raises its own kinds for answers that were cut
                if "http" not in type(error).__module__:
                    raise
                return

    def fetch(self, http):
        digest = self.chance.choice(list(self.blobs))
        first = self.chance.choice([0, 0, self.chance.randrange(len(self.blobs[digest]))])
        answer = http.get(f"/v2/site/app/blobs/{digest}", headers={"Range": f"bytes={first}-"} if first else {})
        if answer.status in (502, 503):
            return  # its disk is gone already
        if answer.status not in (200, 206) or answer.body != self.blobs[digest][first:]:
            self.wrong.append((digest, first, answer.status, len(answer.body)))
        else:
            self.whole += 1

    def report(self, http):
        self.sequence += 1
        told = http.post(f"/api/v1/devices/{self.name}/reports", json={
            "device": self.name, "sequence": self.sequence, "name": "site/app", "state": "committed", "version": "1",
            "target": digest_of(b"t"), "running": digest_of(b"r"), "time_ms": 1})
        if told.status == 204 and not self.is_over.is_set():
            self.acknowledged.append(self.sequence)


@pytest.fixture
def upstream(programs):
    fake = FakeUpstream()
    programs.on_close(fake.close)
    chance = random.Random(7)
    for size in SIZES * 2:
        fake.add(chance.randbytes(size))
    return fake


def kept_blobs(data):
    return [path for path in (pathlib.Path(data) / "blobs/sha256").glob("*/*") if path.is_file()]


def round_of(askers, gateway, goal, chance, end):
    """All ask until so many answers came, then `end` happens to the gateway."""
    stop = threading.Event()
    threads = [threading.Thread(target=asker.run, args=(gateway.url, stop), daemon=True) for asker in askers]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: sum(asker.whole for asker in askers) >= goal or not any(thread.is_alive() for thread in threads), 120,
                   what=f"{goal} answers", interval=0.001)
        stop.wait(chance.random() / 50)  # so that it hits another place each time
        end()
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()


def delivered(upstream, device):
    """Sequence numbers of a device in the order in which each came first."""
    return list(dict.fromkeys(json.loads(body)["sequence"] for _, path, _, body in upstream.posts() if f"/{device}/" in path))


def check_promises(askers, upstream, gateway):
    wait_until(lambda: gateway.metric("stratus_gateway_queue_messages") == 0, 120, "the queue to empty")
    for asker in askers:
        assert asker.wrong == []
        came = delivered(upstream, asker.name)
        assert set(asker.acknowledged) <= set(came), f"lost: {sorted(set(asker.acknowledged) - set(came))}"
        assert came == sorted(came), "in order"


def check_cache(gateway, upstream):
    """Everything can be had, and then without the upstream; nothing in the cache is damaged."""
    for _ in range(2):
        before = len(upstream.gets("/blobs/"))
        for digest, blob in upstream.blobs.items():
            assert HttpClient(gateway.url).get(f"/v2/site/app/blobs/{digest}").body == blob
    assert len(upstream.gets("/blobs/")) == before, "the second time all was there"
    for path in kept_blobs(gateway.data):
        assert digest_of(path.read_bytes()) == f"sha256:{path.name}"


def test_kills_at_random_moments_lose_nothing_that_was_promised(plain_stack, upstream):
    rounds = 40 if os.environ.get("STRATUS_LONG") else 5
    chance = random.Random(20261121)
    askers = [Asker(number, upstream.blobs) for number in range(ASKERS)]
    data = plain_stack.programs.path("data")
    for number in range(rounds):
        upstream.post_status = chance.choice([204, 204, 503])  # sometimes the queue only grows
        gateway = plain_stack.start_gateway(upstream.url, data=data, name=f"gateway-{number}")
        goal = sum(asker.whole for asker in askers) + chance.randrange(2, 25)
        round_of(askers, gateway, goal, chance, gateway.program.kill)
    # What was whole is not fetched again: at each kill at most one blob an asker was on its way.
    assert len(upstream.gets("/blobs/")) <= len(upstream.blobs) + rounds * ASKERS
    upstream.post_status = 204
    gateway = plain_stack.start_gateway(upstream.url, data=data, name="last")
    check_cache(gateway, upstream)
    check_promises(askers, upstream, gateway)


def test_power_cuts_lose_nothing_that_was_promised(plain_stack, upstream, programs):
    rounds = 30 if os.environ.get("STRATUS_LONG") else 4
    chance, disk = random.Random(3), LostDisk(programs)
    askers = [Asker(number, upstream.blobs, disk.is_cut) for number in range(ASKERS)]
    upstream.post_status = 503  # the queue lives on that disk alone
    for number in range(rounds):
        gateway = plain_stack.start_gateway(upstream.url, data=disk.mount / "data", name=f"gateway-{number}")
        goal = sum(asker.whole for asker in askers) + chance.randrange(2, 25)

        def end(gateway=gateway):
            disk.cut()
            gateway.program.kill()
        round_of(askers, gateway, goal, chance, end)
        disk.again()
    upstream.post_status = 204
    gateway = plain_stack.start_gateway(upstream.url, data=disk.mount / "data", name="last")
    check_cache(gateway, upstream)
    check_promises(askers, upstream, gateway)
    gateway.program.stop()
