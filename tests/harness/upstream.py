"""An HTTP upstream that does as it is told: counts, holds back, lies. For tests of what stands in front of it."""
import http.server
import threading

from .registry import digest_of


class FakeUpstream:
    """Serves `blobs` (digest -> bytes) at /v2/<any>/blobs/<digest> and `pages` (path with query -> (status, type, body,
    then pairs of further headers)).

    `requests` is a list of (method, path, headers, body). `hold_at` = N stops every blob body after N bytes until
    `release()`. `tamper(handler, blob, first)` may answer a blob request itself and return True. Posts get `post_status`, a
    number or a function of the path, which may take its time.
    """

    def __init__(self):
        self.blobs, self.pages, self.requests = {}, {}, []
        self.hold_at, self.tamper, self.post_status = None, None, 204
        self._released = threading.Event()
        self._lock = threading.Lock()
        upstream = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                upstream._answer(self)

            do_HEAD = do_POST = do_GET

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 256

            def handle_error(self, *_):
                pass  # a peer that was cut off

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def add(self, data):
        """A blob; its digest."""
        self.blobs[digest_of(data)] = data
        return digest_of(data)

    def gets(self, part=""):
        """Requests whose path holds `part`, GET only."""
        with self._lock:
            return [request for request in self.requests if request[0] == "GET" and part in request[1]]

    def posts(self):
        with self._lock:
            return [request for request in self.requests if request[0] == "POST"]

    def release(self):
        self._released.set()

    def close(self):
        self.release()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        with self._lock:
            self.requests.append((handler.command, handler.path, dict(handler.headers), body))
        digest = handler.path.rsplit("/", 1)[-1]
        if handler.command == "POST":
            send(handler, self.post_status(handler.path) if callable(self.post_status) else self.post_status)
        elif handler.path in self.pages:
            status, kind, page, *more = self.pages[handler.path]
            send(handler, status, page, {**({"Content-Type": kind} if kind else {}), **dict(more)})
        elif "/blobs/" in handler.path and digest in self.blobs:
            self._send_blob(handler, self.blobs[digest])
        else:
            send(handler, 404)

    def _send_blob(self, handler, blob):
        first = 0
        wanted = handler.headers.get("Range")
        if wanted:
            begin, _, last = wanted.removeprefix("bytes=").partition("-")
            first = int(begin)
        if self.tamper and self.tamper(handler, blob, first):
            return
        if wanted and first >= len(blob):
            send(handler, 416, headers={"Content-Range": f"bytes */{len(blob)}"})
            return
        end = min(int(last) + 1, len(blob)) if wanted and last else len(blob)
        headers = {"Content-Range": f"bytes {first}-{end - 1}/{len(blob)}"} if wanted else {}
        body = blob[first:end]
        send_head(handler, 206 if wanted else 200, len(body), headers)
        if handler.command == "HEAD":
            return
        stop = max(0, self.hold_at - first) if self.hold_at is not None else len(body)
        handler.wfile.write(body[:stop])
        if stop < len(body):
            handler.wfile.flush()
            self._released.wait()
            handler.wfile.write(body[stop:])


def send_head(handler, status, length, headers=None):
    handler.send_response_only(status)
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    if length is not None and status != 204:
        handler.send_header("Content-Length", str(length))
    handler.end_headers()


def send(handler, status, body=b"", headers=None):
    send_head(handler, status, len(body), headers)
    if handler.command != "HEAD":
        handler.wfile.write(body)
