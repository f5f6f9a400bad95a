"""The small web service of the demo: a shop with a catalogue in SQLite.

It takes the listening socket it is handed (descriptor 3, as systemd and stratus-agent do), so that the version before
and the version after can serve side by side while one replaces the other.
"""
import json
import os
import signal
import socket
import sqlite3
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
VERSION = open(os.path.join(HERE, "VERSION")).read().strip()
HEALTH_SOCKET = "/tmp/health.sock"


def catalogue_answers():
    with sqlite3.connect(f"file:{HERE}/catalogue.db?mode=ro&immutable=1", uri=True) as database:
        return database.execute("SELECT count(*) FROM product").fetchone()[0]


def answer(client, products):
    with client:
        client.settimeout(5)
        request = client.recv(4096)
        if request:
            body = json.dumps({"shop": "demo", "version": VERSION, "products": products}).encode()
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
                           b"Content-Length: %d\r\n\r\n" % len(body) + body)


def serve_health(products):
    """A socket inside the container, so that a check asks this very process and not the version before."""
    if os.path.exists(HEALTH_SOCKET):
        os.unlink(HEALTH_SOCKET)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(HEALTH_SOCKET)
    listener.listen(8)

    def loop():
        while True:
            client, _ = listener.accept()
            with client:
                client.sendall(b"ok" if products else b"the catalogue is empty")

    threading.Thread(target=loop, daemon=True).start()


def main():
    if int(os.environ.get("LISTEN_FDS", "0")) < 1:
        sys.exit("app: no listening socket was passed (LISTEN_FDS)")
    listener = socket.socket(fileno=3)
    listener.setblocking(False)
    wake_read, wake_write = socket.socketpair()
    signal.signal(signal.SIGTERM, lambda *_: wake_write.send(b"x"))
    products = catalogue_answers()
    serve_health(products)
    import select
    poller = select.poll()
    poller.register(listener, select.POLLIN)
    poller.register(wake_read, select.POLLIN)
    while True:
        ready = {number for number, _ in poller.poll()}
        if wake_read.fileno() in ready:
            return  # the sockets in the queue belong to the version that takes over
        try:
            client, _ = listener.accept()
        except BlockingIOError:
            continue  # the other version took it
        client.setblocking(True)
        try:
            answer(client, products)
        except OSError:
            pass


main()
