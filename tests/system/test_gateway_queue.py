"""Reports and data at the gateway: durable before they are taken, delivered in order, for as long as it takes."""
import json
import subprocess
import threading

import pytest
from harness import CountingProxy, HttpClient, free_port, wait_until
from harness.registry import digest_of
from harness.upstream import FakeUpstream


@pytest.fixture
def upstream(programs):
    fake = FakeUpstream()
    programs.on_close(fake.close)
    return fake


def report(number, device="d1"):
    return {"device": device, "sequence": number, "name": "site/app", "state": "committed", "version": "1",
            "target": digest_of(b"t"), "running": digest_of(b"r"), "time_ms": 1}


def send(gateway, number, device="d1"):
    return HttpClient(gateway.url).post(f"/api/v1/devices/{device}/reports", json=report(number, device))


def delivered(upstream):
    return [json.loads(body)["sequence"] for _, path, _, body in upstream.posts()]


def test_reports_and_data_reach_the_server(plain_stack):
    server = plain_stack.start_server()
    gateway = plain_stack.start_gateway()
    assert send(gateway, 1).status == 204
    http = HttpClient(gateway.url)
    assert http.post("/api/v1/devices/d1/data", json={"celsius": 21.5}).status == 204
    wait_until(lambda: gateway.metric("stratus_gateway_queue_messages") == 0)
    samples = server.http.get("/api/v1/devices/d1/data").json()["samples"]
    assert [sample["data"] for sample in samples] == [{"celsius": 21.5}]
    assert "committed" in server.http.get("/api/v1/devices/d1").body.decode()


def test_what_was_taken_survives_a_kill_and_arrives_in_order(plain_stack, upstream, programs):
    link = CountingProxy(upstream.url)
    programs.on_close(link.close)
    link.refuse()
    gateway = plain_stack.start_gateway(link.url())
    for number in range(10):
        assert send(gateway, number).status == 204
    gateway.program.kill()
    again = plain_stack.start_gateway(link.url(), data=gateway.data, name="again")
    assert again.metric("stratus_gateway_queue_messages") == 10
    for number in range(10, 20):
        assert send(again, number).status == 204
    assert upstream.posts() == []
    link.refuse(False)
    wait_until(lambda: len(upstream.posts()) >= 20, 60, "the queue to empty")
    assert delivered(upstream) == list(range(20))
    wait_until(lambda: again.metric("stratus_gateway_queue_messages") == 0)
    again.program.kill()
    third = plain_stack.start_gateway(link.url(), data=gateway.data, name="third")
    assert third.metric("stratus_gateway_queue_messages") == 0
    assert send(third, 99).status == 204
    wait_until(lambda: delivered(upstream)[-1] == 99)
    assert len(upstream.posts()) == 21


def test_many_at_once_are_all_kept(plain_stack, upstream):
    gateway = plain_stack.start_gateway(upstream.url)
    statuses = []
    threads = [threading.Thread(target=lambda n=n: statuses.append(send(gateway, n, f"d{n}").status)) for n in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [204] * 60
    wait_until(lambda: len(upstream.posts()) == 60, 60)
    assert sorted(delivered(upstream)) == list(range(60))


def test_a_full_queue_says_when_to_come_back(plain_stack):
    gateway = plain_stack.start_gateway(f"http://127.0.0.1:{free_port()}", options=["--queue-size", "2K"])
    answers = [send(gateway, number) for number in range(12)]
    taken = [answer.status for answer in answers].index(503)
    assert 0 < taken < 12
    assert {answer.status for answer in answers[taken:]} == {503}
    assert answers[-1].headers["Retry-After"]
    assert gateway.metric("stratus_gateway_queue_messages") == taken
    assert gateway.metric("stratus_gateway_queue_refused_total") == 12 - taken


def test_on_a_full_disk_nothing_is_taken_that_is_not_kept(plain_stack, upstream, programs):
    link = CountingProxy(upstream.url)
    programs.on_close(link.close)
    link.refuse()
    disk = programs.path("disk", "x").parent
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=True)
    gateway = plain_stack.start_gateway(link.url(), data=disk)
    assert send(gateway, 0).status == 204
    with open(disk / "junk", "ab", buffering=0) as junk:
        try:
            while junk.write(bytes(4096)):
                pass
        except OSError:
            pass
    taken = [0] + [number for number in range(1, 60) if send(gateway, number).status == 204]
    assert len(taken) < 60
    (disk / "junk").unlink()
    assert send(gateway, 99).status == 204
    link.refuse(False)
    wait_until(lambda: len(upstream.posts()) == len(taken) + 1, 60)
    assert delivered(upstream) == [*taken, 99]


@pytest.mark.parametrize("status", [200, 302, 401, 429, 500, 503])
def test_only_the_servers_own_word_counts(plain_stack, upstream, status):
    upstream.post_status = status
    gateway = plain_stack.start_gateway(upstream.url)
    assert send(gateway, 1).status == 204
    wait_until(lambda: len(upstream.posts()) >= 2, 30, "a second attempt")
    assert gateway.metric("stratus_gateway_queue_messages") == 1
    upstream.post_status = 204
    wait_until(lambda: gateway.metric("stratus_gateway_queue_delivered_total") == 1, 30)
    assert set(delivered(upstream)) == {1}


def test_what_the_server_never_takes_does_not_block_the_rest(plain_stack, upstream):
    upstream.post_status = 422
    gateway = plain_stack.start_gateway(upstream.url)
    assert send(gateway, 1).status == 204
    wait_until(lambda: gateway.metric("stratus_gateway_queue_rejected_total") == 1)
    upstream.post_status = 204
    assert send(gateway, 2).status == 204
    wait_until(lambda: gateway.metric("stratus_gateway_queue_delivered_total") == 1)
    assert delivered(upstream) == [1, 2]
    aside = [json.loads(line) for line in (gateway.data / "outbox" / "refused").read_text().splitlines()]
    assert [(line["status"], line["target"], json.loads(line["body"])["sequence"]) for line in aside] == [
        (422, "/api/v1/devices/d1/reports", 1)]


def test_a_device_the_server_fails_on_holds_up_no_other(plain_stack, upstream):
    upstream.post_status = lambda path: 503 if "/stuck/" in path else 204
    gateway = plain_stack.start_gateway(upstream.url)
    for number in range(3):
        assert send(gateway, number, "stuck").status == 204
    for number in range(10, 30):
        assert send(gateway, number, f"d{number % 4}").status == 204
    wait_until(lambda: gateway.metric("stratus_gateway_queue_delivered_total") == 20, 20, "the others' reports")
    assert gateway.metric("stratus_gateway_queue_messages") == 3
    gateway.program.kill()
    upstream.post_status = 204
    upstream.requests.clear()
    again = plain_stack.start_gateway(upstream.url, data=gateway.data, name="again")
    wait_until(lambda: again.metric("stratus_gateway_queue_messages") == 0)
    assert delivered(upstream) == [0, 1, 2], "in order, and only what was not delivered"


def test_a_report_the_server_is_slow_with_holds_up_no_other(plain_stack, upstream, programs):
    go_on = threading.Event()
    programs.on_close(go_on.set)

    def answer(path):
        if "/slow/" in path:
            go_on.wait(60)
        return 204
    upstream.post_status = answer
    gateway = plain_stack.start_gateway(upstream.url)
    assert send(gateway, 1, "slow").status == 204
    assert send(gateway, 2, "slow").status == 204
    wait_until(lambda: upstream.posts(), what="the slow one to be under way")
    for number in range(10, 20):
        assert send(gateway, number, "quick").status == 204
    wait_until(lambda: gateway.metric("stratus_gateway_queue_delivered_total") == 10, 20, "the others' reports")
    go_on.set()
    wait_until(lambda: gateway.metric("stratus_gateway_queue_messages") == 0, 30)
    assert [number for number in dict.fromkeys(delivered(upstream)) if number < 10] == [1, 2]


def test_damage_in_the_queue_costs_what_it_hit(plain_stack, upstream, programs):
    link = CountingProxy(upstream.url)
    programs.on_close(link.close)
    link.refuse()
    gateway = plain_stack.start_gateway(link.url())
    for number in range(9):
        assert send(gateway, number).status == 204
    gateway.program.kill()
    [queue] = [path for path in (gateway.data / "outbox").glob("*.q") if path.stat().st_size]
    content = bytearray(queue.read_bytes())
    content[len(content) // 2] ^= 0x20
    queue.write_bytes(content)
    link.refuse(False)
    again = plain_stack.start_gateway(link.url(), data=gateway.data, name="again")
    wait_until(lambda: again.metric("stratus_gateway_queue_messages") == 0, 30)
    assert delivered(upstream) == [0, 1, 2, 3, 5, 6, 7, 8]
    assert again.metric("stratus_gateway_queue_damaged_total") == 1
    assert "damaged in 1 places" in again.program.log


def test_nonsense_is_refused_where_its_sender_listens(plain_stack, upstream):
    http = HttpClient(plain_stack.start_gateway(upstream.url).url)
    reports, data = "/api/v1/devices/d1/reports", "/api/v1/devices/d1/data"
    assert http.post(reports, json=report(1, "another")).status == 400
    assert http.post(reports, body=b"{").status == 400
    assert http.post(data, body=b"[1]").status == 400
    assert http.post(data, body=b'{"a":1,"a":2}').status == 400
    assert http.post("/api/v1/devices/.d/data", json={}).status == 400
    assert http.post(data, json={"x": "y" * 20_000}).status == 413
    assert upstream.posts() == []


def test_a_successor_takes_over_port_and_queue(plain_stack, upstream, programs):
    link = CountingProxy(upstream.url)
    programs.on_close(link.close)
    link.refuse()
    port = free_port()
    options = {"listen": f"127.0.0.1:{port}", "options": ["--reuse-port"]}
    gateway = plain_stack.start_gateway(link.url(), **options)
    assert send(gateway, 1).status == 204
    successor = plain_stack.start_gateway(link.url(), data=gateway.data, name="successor", **options)
    assert gateway.program.stop() == 0
    wait_until(lambda: send(successor, 2).status == 204, what="the successor to take messages")
    link.refuse(False)
    wait_until(lambda: len(upstream.posts()) == 2, 30)
    assert delivered(upstream) == [1, 2]


def test_two_gateways_do_not_share_a_directory_by_mistake(plain_stack, programs, upstream):
    from harness import BIN
    gateway = plain_stack.start_gateway(upstream.url)
    second = programs.start("second", [BIN / "stratus-gateway", "--upstream", upstream.url, "--data", gateway.data,
                                       "--listen", "127.0.0.1:0", "--plain-http"])
    assert second.process.wait(60) == 5
    assert "another gateway" in second.log


def test_nested_gateways_hand_reports_on(plain_stack):
    server = plain_stack.start_server()
    outer = plain_stack.start_gateway(name="outer")
    inner = plain_stack.start_gateway(outer.url, name="inner")
    assert send(inner, 7).status == 204
    wait_until(lambda: "committed" in server.http.get("/api/v1/devices/d1").body.decode(), 30)
