"""A gateway that cuts its answers and sends garbage: it is left soon, and no budget is passed. In plain HTTP, and over TLS with a
certificate that the device trusts."""
import http.server
import os
import ssl
import threading
import urllib.error
import urllib.request

import pytest
from harness import AgentCase, random_bytes
from harness.identity import make_key, openssl

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="starting containers needs root")

BIG = 1_000_000


class Gateway:
    """Hands everything on; while `evil`, blobs are garbage in three pieces."""

    def __init__(self, upstream, upstream_ca=None, pem=None):
        gateway = self
        context = ssl.create_default_context(cafile=str(upstream_ca)) if upstream_ca else None

        def ask(request):
            return urllib.request.urlopen(request, timeout=30, context=context)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(204)
                self.end_headers()

            def do_GET(self):
                if gateway.evil and "/blobs/" in self.path:
                    return self.garble()
                headers = {"Range": self.headers["Range"]} if self.headers["Range"] else {}
                request = urllib.request.Request(upstream + self.path, headers=headers)
                try:
                    answer = ask(request)
                except urllib.error.HTTPError as error:
                    answer = error
                body = answer.read()
                self.send_response(answer.status)
                for key in ("Content-Type", "Content-Range"):
                    if answer.headers[key]:
                        self.send_header(key, answer.headers[key])
                if answer.status != 204:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                return None

            def garble(self):
                size = int(ask(urllib.request.Request(upstream + self.path, method="HEAD")).headers["Content-Length"])
                first, last = 0, size - 1
                if self.headers["Range"]:
                    first, last = (int(number) for number in self.headers["Range"].split("=")[1].split("-"))
                length = last - first + 1
                given = length if first > size // 2 else max(1, length // 2)
                self.send_response(206 if self.headers["Range"] else 200)
                self.send_header("Content-Length", str(length))
                if self.headers["Range"]:
                    self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
                self.end_headers()
                self.close_connection = True
                gateway.garbage += given
                try:
                    self.wfile.write(random_bytes(gateway.garbage, given))
                except OSError:
                    pass

        self.evil, self.garbage = False, 0
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if pem:
            own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            own.load_cert_chain(pem)
            # The handshake belongs to the thread of its connection.
            self.server.socket = own.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"{'https' if pem else 'http'}://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def own_certificate(programs):
    """Key and certificate of 127.0.0.1 in one file."""
    pem = programs.path("gateway.pem")
    key = make_key(programs.path("gateway.key"))
    certificate = openssl("req", "-x509", "-key", key, "-subj", "/CN=gateway", "-days", "1", "-addext", "subjectAltName=IP:127.0.0.1")
    pem.write_bytes(key.read_bytes() + certificate.stdout)
    return pem


def try_from_evil(programs, budget, plain):
    case = AgentCase(programs, poll=600, options={"update": {"deltas": False}}, plain=plain)
    pem = None if plain else own_certificate(programs)
    gateway = Gateway(case.server.url, case.server.ca, pem)
    case.reconfigure({"": {"server": gateway.url, **({} if plain else {"ca": str(pem)})}})
    case.publish(1)
    case.start()
    case.wait_committed(1, 60)
    case.reconfigure({"update": {"byte_budget": budget}})
    case.restart()
    case.wait_status(lambda s: s["checks"] > 0, 60)
    case.publish(2, extra={"etc/big": random_bytes(1, BIG)})
    gateway.evil = True
    case.agent.check()
    case.wait_status(lambda s: s["state"] == "idle" and s["last"] == "failed", 120)
    return case, gateway


@pytest.mark.parametrize("budget, plain", [(0, True), (1_800_000, True), (1_800_000, False)])
def test_garbage_in_pieces_is_not_fetched_for_ever(programs, budget, plain):
    case, gateway = try_from_evil(programs, budget, plain)
    try:
        status = case.status()
        assert status["current"]["version"] == "1" and case.answer() == "1"
        assert gateway.garbage > BIG // 2
        if budget:
            assert "budget" in status["reason"], status["reason"]
            assert gateway.garbage <= budget
            assert [entry["reason"] for entry in status["bad"]] and status["bad"][0]["retry_ms"] > 0
        else:
            assert "digest" in status["reason"], status["reason"]
            assert gateway.garbage < 3 * BIG and status["bad"] == []
        gateway.evil = False
        case.agent.check()
        case.wait_committed(2, 120)
    finally:
        case.stop_all()
        gateway.stop()
