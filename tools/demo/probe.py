"""Asks a service without pause and remembers when it did not answer."""
import socket
import ssl
import threading
import time


class Prober:
    """One request after the other on fresh connections, every `interval` seconds, until stop().

    A time without a good answer is down-time: from the last good answer to the next one, where something failed or took
    longer than `patience` in between.
    """

    def __init__(self, host, port, path="/", ca=None, interval=0.004, patience=1.0):
        self.address, self.interval, self.patience = (host, port), interval, patience
        self.request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        self.context = ssl.create_default_context(cafile=str(ca)) if ca else None
        self.gaps, self.answers, self.last_body, self.slowest = [], 0, b"", 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._thread.start()

    def reset(self):
        self.gaps, self.slowest = [], 0.0

    def downtime_ms(self):
        return round(sum(self.gaps) * 1000, 1)

    def stop(self):
        self._stop.set()
        self._thread.join(5)

    def _ask(self):
        with socket.create_connection(self.address, timeout=self.patience) as plain:
            end = self.context.wrap_socket(plain, server_hostname=self.address[0]) if self.context else plain
            with end:
                end.sendall(self.request)
                answer = b""
                while data := end.recv(65536):
                    answer += data
        head, _, body = answer.partition(b"\r\n\r\n")
        return body if b" 200 " in head.split(b"\r\n")[0] or b" 204 " in head.split(b"\r\n")[0] else None

    def _loop(self):
        last_good, failing = None, False
        while not self._stop.is_set():
            started = time.monotonic()
            try:
                body = self._ask()
            except OSError:
                body = None
            now = time.monotonic()
            if body is None:
                failing = True
            else:
                if failing and last_good is not None:
                    self.gaps.append(now - last_good)
                last_good, failing = now, False
                self.answers += 1
                self.slowest = max(self.slowest, now - started)
                self.last_body = body
            self._stop.wait(self.interval)
