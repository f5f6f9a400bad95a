"""A TCP proxy on loopback that counts every byte both ways and can cut, delay and slow down.

"up" is what the client sends, "down" what it receives. Below TLS nothing is interpreted; `requests` counts
HTTP/1.1 request lines and is therefore only meaningful on plain HTTP.
"""
import socket
import threading
import time

_REQUEST_MARK = b" HTTP/1."


class CountingProxy:
    def __init__(self, target, delay=0.0, rate=None, edit=None, cut_if=None):
        """target: (host, port), "host:port" or a URL. delay: seconds before each chunk passes; rate: bytes/s down.

        edit: called with each piece that goes up; what it answers is sent instead. cut_if: called before each piece
        goes down; when true the connection is cut instead."""
        self.target = _address(target)
        self.delay, self.rate, self.edit, self.cut_if = delay, rate, edit, cut_if
        self._lock = threading.Lock()
        self._cuts, self._refuse, self._closed = [], False, False
        self._sockets = set()
        self.up = self.down = self.connections = self.requests = self.cuts_done = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, scheme="http"):
        return f"{scheme}://127.0.0.1:{self.port}"

    @property
    def total(self):
        return self.up + self.down

    def reset(self):
        with self._lock:
            self.up = self.down = self.connections = self.requests = 0

    def snapshot(self):
        with self._lock:
            return {"up": self.up, "down": self.down, "connections": self.connections, "requests": self.requests}

    def cut_after(self, *amounts):
        """Each amount, in order: cut the connection once that many more bytes went down since the last cut."""
        with self._lock:
            self._cuts.extend(amounts)

    def refuse(self, refuse=True):
        """Refuses new connections and cuts the present ones, as a dead link would; refuse(False) heals it."""
        self._refuse = refuse
        if refuse:
            self.cut_all()

    def cut_all(self):
        with self._lock:
            sockets = list(self._sockets)
        for end in sockets:
            _shut(end)

    def retarget(self, target):
        """New connections go to another address (a program restarted on another port)."""
        self.target = _address(target)

    def close(self):
        self._closed = True
        _shut(self._listener)
        self._listener.close()
        self.cut_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _accept(self):
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refuse:
                client.close()
                continue
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            server = socket.create_connection(self.target, timeout=10)
            server.settimeout(None)
        except OSError:
            client.close()
            return
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._sockets |= {client, server}
            self.connections += 1
        upward = threading.Thread(target=self._pump_up, args=(client, server), daemon=True)
        upward.start()
        self._pump_down(server, client)
        upward.join()
        with self._lock:
            self._sockets -= {client, server}
        client.close()
        server.close()

    def _pump_up(self, client, server):
        tail = b""
        while data := _receive(client):
            if self.delay:
                time.sleep(self.delay)
            seen = tail + data
            with self._lock:
                self.up += len(data)
                self.requests += seen.count(_REQUEST_MARK)
            # Keeps less than one whole mark, so that none is counted twice.
            tail = seen[-(len(_REQUEST_MARK) - 1):]
            if not _send(server, self.edit(data) if self.edit else data):
                break
        _half_close(server)

    def _pump_down(self, server, client):
        while data := _receive(server):
            if self.delay:
                time.sleep(self.delay)
            data, cut = (b"", True) if self.cut_if and self.cut_if() else self._account_down(data)
            if self.rate:
                time.sleep(len(data) / self.rate)
            if not _send(client, data):
                break
            if cut:
                _shut(client)
                _shut(server)
                return
        _half_close(client)

    def _account_down(self, data):
        """Counts data; shortened and marked when a cut falls inside it."""
        with self._lock:
            cut = False
            if self._cuts:
                if len(data) >= self._cuts[0]:
                    data, cut = data[:self._cuts.pop(0)], True
                    self.cuts_done += 1
                else:
                    self._cuts[0] -= len(data)
            self.down += len(data)
            return data, cut


def _address(target):
    if isinstance(target, tuple):
        return target
    host, port = target.split("//")[-1].rstrip("/").rsplit(":", 1)
    return host, int(port)


def _receive(end):
    try:
        return end.recv(65536)
    except OSError:
        return b""


def _send(end, data):
    try:
        end.sendall(data)
        return True
    except OSError:
        return False


def _half_close(end):
    try:
        end.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def _shut(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
