"""An agent whose server cannot answer now comes back when the server said, not before (Retry-After)."""
import http.server
import threading
import time

import pytest
from harness import wait_until


class Busy:
    """A server that is asked and always says 503, after how long to come back, and notes when it was asked."""

    def __init__(self, seconds):
        self.asked = []
        busy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                busy.asked.append(time.monotonic())
                body = b'{"title":"unavailable","status":503,"code":"unavailable"}'
                self.send_response(503)
                self.send_header("Content-Type", "application/problem+json")
                self.send_header("Retry-After", str(seconds))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def busy():
    made = Busy(2)
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_it_comes_back_when_it_was_told_to(plain_stack, busy):
    _, public = plain_stack.make_key()
    plain_stack.start_agent("app", busy.url, public, poll=0.05)
    wait_until(lambda: len(busy.asked) >= 4, 60, what="four questions")
    pauses = [later - earlier for earlier, later in zip(busy.asked, busy.asked[1:])]
    assert min(pauses) >= 1.99, "its own poll interval is a twentieth of a second"
