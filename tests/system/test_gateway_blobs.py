"""The gateway's cache of blobs: one upstream transfer, whole or nothing, whatever the upstream and the disk do."""
import http.client
import random
import subprocess
import threading

import pytest
from harness import CountingProxy, HttpClient, free_port, wait_until
from harness.registry import Registry, digest_of
from harness.upstream import FakeUpstream, send, send_head

RANDOM = random.Random(1)
BLOB = RANDOM.randbytes(1_500_000)
SMALL = RANDOM.randbytes(5_000)
CUT_OFF = (http.client.IncompleteRead, ConnectionError, http.client.RemoteDisconnected)
TRANSFERS = "stratus_gateway_upstream_transfers_total"


@pytest.fixture
def upstream(programs):
    fake = FakeUpstream()
    programs.on_close(fake.close)
    return fake


@pytest.fixture
def gateway(plain_stack, upstream):
    return plain_stack.start_gateway(upstream.url)


def path_of(digest):
    return f"/v2/site/app/blobs/{digest}"


def fetch(gateway, digest, **options):
    return HttpClient(gateway.url).get(path_of(digest), **options)


def fetch_in_threads(gateway, digest, count):
    """(threads, bodies): a body is None when the connection was cut."""
    bodies = []

    def ask():
        try:
            bodies.append(fetch(gateway, digest).body)
        except CUT_OFF:
            bodies.append(None)
    threads = [threading.Thread(target=ask, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, bodies


def join(threads):
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def test_a_stampede_is_one_transfer(gateway, upstream):
    digest = upstream.add(BLOB)
    upstream.hold_at = 700_000
    threads, bodies = fetch_in_threads(gateway, digest, 200)
    wait_until(lambda: gateway.metric("stratus_gateway_blob_joined_total") == 199, 60, "all to ask")
    upstream.release()
    join(threads)
    assert bodies == [BLOB] * 200
    assert len(upstream.gets(digest)) == 1
    assert gateway.metric(TRANSFERS) == 1
    assert gateway.metric("stratus_gateway_cache_bytes") == len(BLOB)
    assert fetch(gateway, digest).body == BLOB
    assert len(upstream.gets(digest)) == 1
    assert gateway.metric(f'stratus_gateway_blob_upstream_bytes_total{{blob="{digest}"}}') == len(BLOB)


def test_every_byte_to_askers_is_counted_by_blob_and_in_all(plain_stack, upstream, programs):
    gateway = plain_stack.start_gateway(upstream.url)
    sizes = {upstream.add(BLOB): 5, upstream.add(SMALL): 3}
    down = {}
    for digest, askers in sizes.items():
        with CountingProxy(gateway.url) as link:
            for _ in range(askers):
                assert HttpClient(link.url()).get(path_of(digest)).body == upstream.blobs[digest]
            part = HttpClient(link.url()).get(path_of(digest), headers={"Range": "bytes=10-19"})
            assert part.body == upstream.blobs[digest][10:20]
            down[digest] = link.down
        length = len(upstream.blobs[digest])
        assert askers * length + 10 < down[digest] < askers * length + 10 + (askers + 1) * 500, "bodies, and small heads"
    before = gateway.metric("stratus_gateway_downstream_bytes_total")
    for digest, bytes_down in down.items():
        assert gateway.metric(f'stratus_gateway_blob_downstream_bytes_total{{blob="{digest}"}}') == bytes_down
        assert gateway.metric(f'stratus_gateway_blob_upstream_bytes_total{{blob="{digest}"}}') == len(upstream.blobs[digest])
    # All that went to askers: those, and nothing but pages of metrics besides.
    assert before == sum(down.values())
    page = HttpClient(gateway.url).get("/metrics")
    assert gateway.metric("stratus_gateway_downstream_bytes_total") >= before + len(page.body)


def test_bytes_are_passed_on_before_the_last_has_come(gateway, upstream):
    digest = upstream.add(BLOB)
    upstream.hold_at = 700_000
    connection = HttpClient(gateway.url).connect()
    connection.request("GET", path_of(digest))
    answer = connection.getresponse()
    assert answer.read(600_000) == BLOB[:600_000]
    # A part of what has come is there for others too, and one of what has not waits for it.
    assert fetch(gateway, digest, headers={"Range": "bytes=1000-1999"}).body == BLOB[1000:2000]
    assert fetch(gateway, digest, headers={"Range": f"bytes={len(BLOB)}-"}).status == 416
    rest = []
    late = threading.Thread(target=lambda: rest.append(fetch(gateway, digest, headers={"Range": "bytes=-1000"}).body))
    late.start()
    upstream.release()
    assert answer.read() == BLOB[600_000:]
    late.join(30)
    assert rest == [BLOB[-1000:]]
    assert len(upstream.gets(digest)) == 1


def test_ranges_and_heads_of_what_is_kept(gateway, upstream):
    digest = upstream.add(BLOB)
    assert fetch(gateway, digest).body == BLOB
    part = fetch(gateway, digest, headers={"Range": "bytes=10-19"})
    assert (part.status, part.body, part.headers["Content-Range"]) == (206, BLOB[10:20], f"bytes 10-19/{len(BLOB)}")
    assert fetch(gateway, digest, headers={"Range": f"bytes={len(BLOB)}-"}).status == 416
    head = HttpClient(gateway.url).head(path_of(digest))
    assert (head.status, head.headers["Content-Length"], head.headers["Docker-Content-Digest"]) == (
        200, str(len(BLOB)), digest)
    assert len(upstream.gets(digest)) == 1


def test_the_head_of_what_is_not_kept_is_the_upstreams(gateway, upstream):
    digest = upstream.add(BLOB)
    assert HttpClient(gateway.url).head(path_of(digest)).headers["Content-Length"] == str(len(BLOB))
    assert HttpClient(gateway.url).head(path_of(digest_of(b"none"))).status == 404
    assert gateway.metric("stratus_gateway_cache_bytes") == 0


def test_what_is_nowhere_is_not_found(gateway, upstream):
    missing = fetch(gateway, digest_of(b"none"))
    assert missing.status == 404
    assert missing.json()["errors"][0]["code"] == "BLOB_UNKNOWN"
    empty = upstream.add(b"")
    assert fetch(gateway, empty).body == b""


def test_twenty_cuts_cost_nothing_twice(plain_stack):
    server = plain_stack.start_server()
    digest = Registry(server.http, "site/app").push_blob(BLOB)
    with CountingProxy(server.url) as proxy:
        proxy.cut_after(*[60_000] * 20)
        gateway = plain_stack.start_gateway(proxy.url())
        assert fetch(gateway, digest).body == BLOB
        assert proxy.cuts_done == 20
        assert proxy.down <= len(BLOB) + 20 * 65_536
        assert gateway.metric("stratus_gateway_upstream_resumed_total") == 20
        received = gateway.metric(f'stratus_gateway_blob_upstream_bytes_total{{blob="{digest}"}}')
        assert received == len(BLOB)


def corrupt(handler, blob, first):
    send(handler, 200, blob[:1000] + bytes([blob[1000] ^ 1]) + blob[1001:])
    return True


def test_a_corrupt_blob_is_never_completed_nor_kept(gateway, upstream):
    digest = upstream.add(BLOB)
    upstream.tamper = corrupt
    threads, bodies = fetch_in_threads(gateway, digest, 10)
    join(threads)
    assert bodies == [None] * 10
    assert gateway.metric("stratus_gateway_corrupt_blobs_total") >= 1
    assert gateway.metric("stratus_gateway_cache_bytes") == 0
    upstream.tamper = None
    assert fetch(gateway, digest).body == BLOB


def test_a_small_corrupt_blob_is_told_as_the_upstreams_fault(gateway, upstream):
    digest = upstream.add(SMALL)
    upstream.tamper = corrupt
    assert fetch(gateway, digest).status == 502
    upstream.tamper = None
    assert fetch(gateway, digest).body == SMALL


def short(handler, blob, first):
    send(handler, 200, blob[:-1])
    return True


def longer(handler, blob, first):
    send(handler, 200, blob + b"x")
    return True


def never_whole(handler, blob, first):
    send_head(handler, 206 if first else 200, len(blob) + 10 - first,
              {"Content-Range": f"bytes {first}-{len(blob) + 9}/{len(blob) + 10}"} if first else {})
    handler.wfile.write(blob[first:])
    handler.close_connection = True
    return True


def other_part(handler, blob, first):
    if not first:
        send_head(handler, 200, len(blob))
        handler.wfile.write(blob[:100_000])
        handler.close_connection = True
    else:
        body = blob[first + 1:]
        send(handler, 206, body, {"Content-Range": f"bytes {first + 1}-{len(blob) - 1}/{len(blob)}"})
    return True


def other_total(handler, blob, first):
    if not first:
        send_head(handler, 200, len(blob))
        handler.wfile.write(blob[:100_000])
        handler.close_connection = True
    else:
        send(handler, 206, blob[first:-1], {"Content-Range": f"bytes {first}-{len(blob) - 2}/{len(blob) - 1}"})
    return True


def encoded(handler, blob, first):
    send(handler, 200, blob, {"Content-Encoding": "gzip"})
    return True


def a_page(handler, blob, first):
    send(handler, 200, b"<html>Please log in</html>" * 2_000, {"Content-Type": "text/html"})
    return True


@pytest.mark.parametrize("lie", [short, longer, never_whole, other_part, other_total, encoded, a_page])
def test_lies_about_length_and_ranges_never_reach_a_peer_whole(gateway, upstream, lie):
    digest = upstream.add(BLOB)
    upstream.tamper = lie
    try:
        answer = fetch(gateway, digest)
        assert answer.status in (502, 503), answer
    except CUT_OFF:
        pass
    assert gateway.metric("stratus_gateway_cache_bytes") == 0
    upstream.tamper = None
    assert fetch(gateway, digest).body == BLOB


def test_an_upstream_without_ranges_is_read_again_and_skipped(gateway, upstream):
    digest = upstream.add(BLOB)
    answers = []

    def no_ranges(handler, blob, first):
        answers.append(first)
        send_head(handler, 200, len(blob))
        handler.wfile.write(blob[:400_000] if len(answers) == 1 else blob)
        handler.close_connection = True
        return True

    upstream.tamper = no_ranges
    assert fetch(gateway, digest).body == BLOB
    assert len(answers) == 2 and answers[1] > 0


def test_a_killed_gateway_goes_on_where_it_was(plain_stack, upstream):
    digest = upstream.add(BLOB)
    upstream.hold_at = 700_000
    gateway = plain_stack.start_gateway(upstream.url)
    threads, bodies = fetch_in_threads(gateway, digest, 3)
    partial = gateway.data / "uploads" / digest.split(":")[1]
    wait_until(lambda: partial.stat().st_size >= 600_000, what="the first half to be stored")
    gateway.program.kill()
    join(threads)
    assert bodies == [None] * 3
    upstream.release()
    upstream.hold_at = None
    again = plain_stack.start_gateway(upstream.url, data=gateway.data, name="again")
    assert fetch(again, digest).body == BLOB
    first = int(upstream.gets(digest)[-1][2]["Range"].removeprefix("bytes=").rstrip("-"))
    assert 600_000 <= first <= 700_000
    assert again.metric(f'stratus_gateway_blob_upstream_bytes_total{{blob="{digest}"}}') == len(BLOB) - first


def test_a_blob_that_only_lacked_its_name_is_not_fetched_again(plain_stack, programs, upstream):
    digest = upstream.add(BLOB)
    programs.path("gateway", "uploads", digest.split(":")[1]).write_bytes(BLOB)
    gateway = plain_stack.start_gateway(upstream.url)
    assert fetch(gateway, digest).body == BLOB
    assert gateway.metric(f'stratus_gateway_blob_upstream_bytes_total{{blob="{digest}"}}') == 0


def test_remains_that_are_damaged_are_thrown_away(plain_stack, programs, upstream):
    digest = upstream.add(BLOB)
    programs.path("gateway", "uploads", digest.split(":")[1]).write_bytes(bytes(500_000))
    gateway = plain_stack.start_gateway(upstream.url)
    with pytest.raises(CUT_OFF):
        fetch(gateway, digest)
    assert fetch(gateway, digest).body == BLOB


def test_the_cache_survives_a_restart_without_the_upstream(plain_stack, upstream):
    digest = upstream.add(BLOB)
    gateway = plain_stack.start_gateway(upstream.url)
    assert fetch(gateway, digest).body == BLOB
    gateway.program.kill()
    upstream.close()
    again = plain_stack.start_gateway(upstream.url, data=gateway.data, name="again")
    assert fetch(again, digest).body == BLOB
    assert fetch(again, digest_of(b"other")).status == 503
    assert again.program.stop() == 0


def test_the_least_recently_used_goes_first(plain_stack, upstream):
    gateway = plain_stack.start_gateway(upstream.url, options=["--cache-size", "250K"])
    first, second, third = (upstream.add(RANDOM.randbytes(100_000)) for _ in range(3))
    for digest in (first, second, first, third):
        assert fetch(gateway, digest).status == 200
    assert gateway.metric("stratus_gateway_cache_bytes") == 200_000
    assert gateway.metric("stratus_gateway_evictions_total") == 1
    for digest in (first, third):
        fetch(gateway, digest)
    assert len(upstream.gets(first)) == len(upstream.gets(third)) == 1
    fetch(gateway, second)
    assert len(upstream.gets(second)) == 2
    kept = [file for file in (gateway.data / "blobs").rglob("*") if file.is_file()]
    wait_until(lambda: sum(file.stat().st_size for file in kept if file.exists()) <= 250_000)


def test_what_is_larger_than_the_cache_is_passed_through(plain_stack, upstream):
    gateway = plain_stack.start_gateway(upstream.url, options=["--cache-size", "1M"])
    kept = upstream.add(SMALL)
    fetch(gateway, kept)
    digest = upstream.add(BLOB)
    assert fetch(gateway, digest).body == BLOB
    assert gateway.metric("stratus_gateway_blob_passed_total") == 1
    assert gateway.metric("stratus_gateway_cache_bytes") == len(SMALL)  # nobody lost anything for it
    assert fetch(gateway, digest, headers={"Range": "bytes=5-9"}).body == BLOB[5:10]
    upstream.tamper = corrupt
    with pytest.raises(CUT_OFF):
        fetch(gateway, digest)


@pytest.fixture
def small_disk(programs):
    """A function that (re)mounts a tmpfs of so many bytes."""
    directory = programs.path("disk", "x").parent

    def mount(size, again=False):
        subprocess.run(["mount", "-t", "tmpfs", "-o", ("remount," if again else "") + f"size={size}", "tmpfs", directory],
                       check=True)
        return directory
    return mount


def test_a_full_disk_is_passed_by_until_there_is_room(plain_stack, upstream, small_disk):
    digest = upstream.add(BLOB)
    gateway = plain_stack.start_gateway(upstream.url, data=small_disk("1m"))
    assert fetch(gateway, digest).body == BLOB
    assert fetch(gateway, digest).body == BLOB
    assert gateway.metric("stratus_gateway_disk_full_total") == 2
    assert "no room" in gateway.program.log
    small_disk("64m", again=True)
    assert fetch(gateway, digest).body == BLOB
    assert gateway.metric("stratus_gateway_cache_bytes") == len(BLOB)


def test_a_disk_that_fills_up_midway_does_not_stop_the_askers(plain_stack, upstream, small_disk):
    disk = small_disk("4m")
    (disk / "junk").touch()
    digest = upstream.add(BLOB)
    upstream.hold_at = 700_000
    gateway = plain_stack.start_gateway(upstream.url, data=disk)
    threads, bodies = fetch_in_threads(gateway, digest, 5)
    wait_until(lambda: (disk / "uploads" / digest.split(":")[1]).stat().st_size >= 600_000)
    with open(disk / "junk", "ab", buffering=0) as junk:
        try:
            while junk.write(bytes(4096)):
                pass
        except OSError:
            pass
    upstream.release()
    join(threads)
    assert bodies == [BLOB] * 5
    assert gateway.metric("stratus_gateway_disk_full_total") == 1
    (disk / "junk").unlink()
    upstream.hold_at = None
    assert fetch(gateway, digest).body == BLOB
    assert gateway.metric("stratus_gateway_cache_bytes") == len(BLOB)


def test_without_cache_every_asker_is_a_transfer(plain_stack, upstream):
    gateway = plain_stack.start_gateway(upstream.url, options=["--no-cache"])
    digest = upstream.add(BLOB)
    threads, bodies = fetch_in_threads(gateway, digest, 10)
    join(threads)
    assert bodies == [BLOB] * 10
    assert len(upstream.gets(digest)) == 10
    upstream.tamper = corrupt
    with pytest.raises(CUT_OFF):
        fetch(gateway, digest)


def test_gateways_nest_over_tls(stack):
    server = stack.start_server()
    digest = Registry(server.http, "site/app").push_blob(BLOB)
    outer = stack.start_gateway(name="outer")
    inner = stack.start_gateway(outer.url, outer.ca, name="inner")
    bodies = []
    threads = [threading.Thread(target=lambda: bodies.append(inner.http.get(path_of(digest)).body)) for _ in range(50)]
    for thread in threads:
        thread.start()
    join(threads)
    assert bodies == [BLOB] * 50
    for gateway in (outer, inner):
        assert gateway.metric(TRANSFERS) == 1
    server.program.kill()
    assert inner.http.get(path_of(digest)).body == BLOB


def test_pushing_is_the_servers_business(gateway):
    http = HttpClient(gateway.url)
    for method, path in (("POST", "/v2/a/blobs/uploads/"), ("PUT", "/v2/a/manifests/x"), ("DELETE", path_of(digest_of(b""))),
                         ("PUT", "/api/v1/releases/a/target"), ("POST", "/api/v1/gc")):
        refused = http.request(method, path, body=b"{}")
        assert refused.status == 405, (method, path)
        assert "server" in refused.body.decode()
    assert http.get("/v2/").status == 200


def test_a_circle_is_told(plain_stack):
    from harness import free_port
    port = free_port()
    gateway = plain_stack.start_gateway(f"http://127.0.0.1:{port}", listen=f"127.0.0.1:{port}")
    assert fetch(gateway, digest_of(b"x")).status in (409, 503)
    assert "its own upstream" in HttpClient(gateway.url).get("/api/v1/devices").body.decode()


def test_a_longer_circle_is_told(plain_stack):
    ports = [free_port(), free_port()]
    gateways = [plain_stack.start_gateway(f"http://127.0.0.1:{ports[1 - i]}", name=f"circle-{i}", listen=f"127.0.0.1:{port}")
                for i, port in enumerate(ports)]
    http = HttpClient(gateways[0].url)
    for path in (path_of(digest_of(SMALL)), "/v2/site/app/manifests/1", "/api/v1/next/site%2Fapp", "/api/v1/devices"):
        told = http.get(path)
        assert told.status == 409, (path, told)
    assert gateways[1].metric("stratus_gateway_upstream_away") == 0


def test_a_name_that_does_not_exist_spoils_nobodys_transfer(gateway, upstream):
    """The first asker's repository is not the blob's; the one that waits with it gets the blob all the same."""
    digest = upstream.add(BLOB)
    asked, joined = threading.Event(), threading.Event()

    def answer(handler, blob, first):
        if "/site/app/" in handler.path:
            return False
        asked.set()
        joined.wait(30)
        send(handler, 404)
        return True
    upstream.tamper = answer
    told = []
    strangers = [threading.Thread(target=lambda: told.append(HttpClient(gateway.url).get(f"/v2/bogus/blobs/{digest}").status))]
    strangers[0].start()
    assert asked.wait(20)
    threads, bodies = fetch_in_threads(gateway, digest, 3)
    wait_until(lambda: gateway.metric("stratus_gateway_blob_joined_total") == 3)
    joined.set()
    join(threads + strangers)
    assert bodies == [BLOB] * 3
    assert told == [404]
    assert [request[1].split("/")[2] for request in upstream.gets(digest)] == ["bogus", "site"]


def test_a_name_that_does_not_exist_costs_nothing_that_was_kept(plain_stack, programs, upstream):
    digest = upstream.add(BLOB)
    programs.path("gateway", "uploads", digest.split(":")[1]).write_bytes(BLOB[:700_000])
    upstream.tamper = lambda handler, blob, first: "/bogus/" in handler.path and (send(handler, 404) or True)
    gateway = plain_stack.start_gateway(upstream.url)
    assert HttpClient(gateway.url).get(f"/v2/bogus/blobs/{digest}").status == 404
    assert fetch(gateway, digest).body == BLOB
    assert upstream.gets(digest)[-1][2]["Range"] == "bytes=700000-"


def test_a_stop_does_not_wait_for_the_upstream(plain_stack, upstream):
    digest = upstream.add(BLOB)
    upstream.hold_at = 0
    gateway = plain_stack.start_gateway(upstream.url, options=["--stop-grace", "0.1"])
    threads, bodies = fetch_in_threads(gateway, digest, 3)
    wait_until(lambda: gateway.metric("stratus_gateway_blob_joined_total") == 2)
    assert gateway.program.stop(8) == 0
    join(threads)
    assert bodies == [None] * 3
