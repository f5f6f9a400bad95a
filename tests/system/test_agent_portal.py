"""A network that answers everything with a page to log in (T36): nothing of it is believed, and the device goes on afterwards."""
import http.server
import threading

import pytest
from harness import AgentCase, random_bytes, wait_until
from harness.proxy import CountingProxy

PAGE = b"<!DOCTYPE html><html><body>Please log in to the hotel's network</body></html>" * 40


class Portal:
    """200 and a page, whatever is asked."""

    def __init__(self):
        portal = self
        self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                portal.asked.append(self.path)
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(PAGE)))
                self.end_headers()
                self.wfile.write(PAGE)

            do_POST = do_HEAD = do_PUT = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def case(programs):
    case = AgentCase(programs, poll=0.2)
    case.portal = Portal()
    case.proxy = CountingProxy(case.server.address, rate=600_000)
    case.reconfigure({"": {"server": case.proxy.url()}})
    yield case
    case.stop_all()
    case.portal.server.shutdown()
    case.portal.server.server_close()


def through(case, address):
    case.proxy.retarget(address)
    case.proxy.cut_all()


def test_a_page_is_no_release_and_no_layer(case):
    case.publish(1)
    case.start()
    case.wait_committed(1)
    case.publish(2, extra={"large": random_bytes(1, 4_000_000)})
    case.wait_status(lambda s: s["state"] == "fetching" and s["transfer"]["bytes"] > 500_000, what="a part of the layer")
    through(case, case.portal.address)
    before = len(case.portal.asked)
    wait_until(lambda: any("/blobs/" in path for path in case.portal.asked[before:]), 30, what="the agent to ask the portal")
    assert case.answer() == "1", "the old version runs on"
    through(case, case.server.address)
    case.wait_committed(2, 60)
    assert case.answer() == "2"
    for path in case.data.rglob("*"):  # nothing of the page was kept as anything
        assert not path.is_file() or b"hotel's network" not in path.read_bytes(), path


def test_reports_wait_until_the_server_itself_has_them(case):
    case.publish(1)
    case.start()
    case.wait_report("committed", 1)
    case.publish(2)
    case.wait_status(lambda s: (s["current"] or {}).get("version") == "2" or s["state"] in ("probation", "swapping"), what="the update")
    through(case, case.portal.address)
    wait_until(lambda: any("/reports" in path for path in case.portal.asked) or case.reports().get("running_version") == "2", 30,
               what="the report to be sent")
    through(case, case.server.address)
    case.wait_report("committed", 2)
