"""The server serves its console: headers, packed files, addresses inside the console, and nothing in the way of the interfaces."""
import re

import pytest

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def server(plain_stack):
    return plain_stack.start_server()


def nonces(answer):
    page = answer.body.decode()
    return set(re.findall(r'nonce="([^"]*)"', page)), re.findall(r"'nonce-([^']*)'", answer.headers["Content-Security-Policy"])


def test_index_page_allows_nothing_but_itself_and_never_repeats_a_nonce(server):
    first, second = (server.http.get("/", token=None, headers=HTML) for _ in range(2))
    assert first.status == 200 and first.headers["Content-Type"] == "text/html; charset=utf-8"
    assert first.headers["Cache-Control"] == "no-store" and first.headers["X-Content-Type-Options"] == "nosniff"
    policy = first.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    in_page, in_policy = nonces(first)
    assert in_page == set(in_policy) and len(in_page) == 1
    assert in_page.isdisjoint(nonces(second)[0])


def test_assets_are_packed_and_kept_for_good(server):
    page = server.http.get("/", token=None, headers=HTML).body.decode()
    found = re.search(r'src="(/assets/[^"]+\.js)"', page)
    assert found, "this build has no console: ./dev build makes it"
    plain = server.http.get(found.group(1), token=None)
    assert plain.status == 200 and "immutable" in plain.headers["Cache-Control"]
    assert plain.headers["Content-Type"].startswith("text/javascript")
    for encoding, most in (("br", 0.35), ("gzip", 0.4)):
        packed = server.http.get(found.group(1), token=None, headers={"Accept-Encoding": encoding})
        assert packed.headers["Content-Encoding"] == encoding
        assert len(packed.body) < most * len(plain.body)
    known = server.http.get(found.group(1), token=None, headers={"If-None-Match": plain.headers["ETag"]})
    assert known.status == 304 and known.body == b""


def test_first_visit_stays_below_300_kilobytes(server):
    page = server.http.get("/", token=None, headers=HTML).body.decode()
    assets = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)
    assert len(assets) >= 2
    total = sum(len(server.http.get(path, token=None, headers={"Accept-Encoding": "br"}).body) for path in assets)
    assert total < 300_000


def test_addresses_inside_the_console_are_for_browsers_and_interfaces_stay_theirs(server):
    for path in ("/devices", "/images/site%2Fapp", "/settings/users?x=1"):
        answer = server.http.get(path, token=None, headers=HTML)
        assert answer.status == 200 and b"<!doctype html>" in answer.body
        assert server.http.get(path, token=None, headers={"Accept": "application/json"}).status == 404
    for path, status in (("/api/v1/nothing", 404), ("/api/nothing", 404), ("/v2/", 401), ("/healthz", 200), ("/metrics", 200),
                         ("/assets/gone-1.js", 404)):
        answer = server.http.get(path, token=None, headers=HTML)
        assert answer.status == status, path
        assert b"<!doctype html>" not in answer.body, path
    assert server.http.post("/devices", token=None, headers=HTML).status == 404
