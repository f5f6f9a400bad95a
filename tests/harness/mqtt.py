"""Devices as MQTT 5 clients over mTLS, by hand: tests send what a library would not. Certificates by openssl."""
import json
import pathlib
import queue
import select
import socket
import ssl
import struct
import subprocess
import threading

from .waiting import wait_until


def make_certificate(ca, directory, name, kind="device"):
    """(certificate chain, key) for `name`, signed by the intermediate of the server's DATA/ca."""
    directory.mkdir(parents=True, exist_ok=True)
    key, request, leaf, chain = (directory / f"{name}.{end}" for end in ("key", "csr", "crt", "pem"))
    run = lambda *words: subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
    run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    run("req", "-new", "-key", key, "-subj", f"/OU={kind}/CN={name}", "-out", request)
    run("x509", "-req", "-in", request, "-CA", ca / "intermediate.pem", "-CAkey", ca / "intermediate.key", "-days", "30",
        "-set_serial", str(int.from_bytes(name.encode(), "big") % 2**64 + 1), "-out", leaf)
    chain.write_text(leaf.read_text() + (ca / "intermediate.pem").read_text())
    return chain, key


def _text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack(">H", len(data)) + data


def _packet(first, body):
    length, left = b"", len(body)
    while True:
        left, low = left >> 7, left & 127
        length += bytes([low | 128 if left else low])
        if not left:
            return bytes([first]) + length + body


class TlsPipe:
    """Bytes over TLS for one reader and any number of writers. Python's own SSL object is not made for two threads at a time."""

    def __init__(self, socket_):
        self._socket, self._one_call, self._one_message = socket_, threading.Lock(), threading.Lock()
        socket_.setblocking(False)

    def send(self, data):
        with self._one_message:
            left = memoryview(data)
            while left:
                left = left[self._call(self._socket.send, left, None):]

    def receive(self, count, seconds=None):
        """1 … count bytes; nothing once the other side is gone."""
        return self._call(self._socket.recv, count, seconds)

    def _call(self, function, argument, seconds):
        while True:
            try:
                with self._one_call:
                    return function(argument)
            except ssl.SSLWantReadError:
                self._wait(select.POLLIN, seconds)
            except ssl.SSLWantWriteError:
                self._wait(select.POLLOUT, seconds)

    def _wait(self, event, seconds):
        poll = select.poll()
        poll.register(self._socket, event)
        if not poll.poll(None if seconds is None else seconds * 1000):
            raise TimeoutError(f"nothing came for {seconds} s")

    def shut(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self):
        self._socket.close()


class MqttDevice:
    """One session. What arrives is in `messages` (topic → payloads); `stored` holds the seqs that the server keeps."""

    def __init__(self, url, certificate, key, root, client_id, subscribe=(), clean=True, will=None):
        host, port = url.split("//")[1].rsplit(":", 1)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(root)
        if certificate:
            context.load_cert_chain(certificate, key)
        self.name, self.messages, self.stored, self.refused = client_id, {}, set(), {}
        self.closed, self.acks, self.answers = threading.Event(), {}, queue.Queue()
        self.next_id, self.lock = 1, threading.Lock()
        raw = socket.create_connection((host, int(port)), timeout=20)
        self.pipe = TlsPipe(context.wrap_socket(raw, server_hostname=host))
        self.patience, self.listener = 20, threading.Thread(target=self._listen, daemon=True)
        flags, tail = (2 if clean else 0), b""
        if will:
            flags |= 4 | 8
            tail = b"\0" + _text(will[0]) + _text(will[1])
        self.send(_packet(0x10, _text("MQTT") + bytes([5, flags]) + struct.pack(">H", 60) + b"\0" + _text(client_id) + tail))
        first, body = self._read()
        if first != 0x20 or body[1]:
            raise ConnectionError(f"CONNACK {body[1] if first == 0x20 else first}")
        self.patience = None
        self.listener.start()
        for topic in subscribe:
            self.subscribe(topic)

    def send(self, data):
        self.pipe.send(data)

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.pipe.receive(count - len(data), self.patience)
            if not piece:
                raise ConnectionError("closed")
            data += piece
        return data

    def _read(self):
        first, length, shift = self._exactly(1)[0], 0, 0
        while True:
            byte = self._exactly(1)[0]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return first, self._exactly(length)

    def _listen(self):
        try:
            while True:
                first, body = self._read()
                if first >> 4 == 3:
                    self._take(first, body)
                elif first == 0x40:
                    self.acks[struct.unpack(">H", body[:2])[0]] = body[2] if len(body) > 2 else 0
                elif first in (0x90, 0xB0):
                    self.answers.put(body[-1])
                elif first == 0xE0:
                    return
        except (OSError, ValueError):
            pass
        finally:
            self.closed.set()

    def _take(self, first, body):
        size = struct.unpack(">H", body[:2])[0]
        topic, at = body[2:2 + size].decode(), 2 + size
        if first & 6:
            self.send(_packet(0x40, body[at:at + 2]))
            at += 2
        payload = body[at + 1 + body[at]:]
        self.messages.setdefault(topic, []).append(payload)
        if topic.endswith("/stored"):
            answer = json.loads(payload)
            self.stored.update(answer["seqs"])
            self.refused.update({one["seq"]: one["reason"] for one in answer.get("refused", [])})

    def subscribe(self, topic):
        """The broker's reason: below 128 it agreed."""
        self.send(_packet(0x82, struct.pack(">H", 65535) + b"\0" + _text(topic) + b"\x01"))
        return self.answers.get(timeout=20)

    def publish(self, topic, payload, retain=False, qos=1):
        """The packet identifier; its reason comes into `acks`."""
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        with self.lock:
            number, self.next_id = self.next_id, self.next_id % 60000 + 1
        self.acks.pop(number, None)
        head = 0x30 | qos << 1 | (1 if retain else 0)
        self.send(_packet(head, _text(topic) + (struct.pack(">H", number) if qos else b"") + b"\0" + data))
        return number

    def reason(self, number):
        wait_until(lambda: number in self.acks or self.closed.is_set(), what=f"PUBACK {number}")
        return self.acks.get(number)

    def say(self, kind, **members):
        """A message of its own, acknowledged by the broker."""
        number = self.publish(f"v1/{self.name}/{kind}", members)
        assert self.reason(number) in (0, 16)

    def close(self):
        self.pipe.shut()
        if self.listener.is_alive():
            self.listener.join(5)
        self.pipe.close()


class DeviceMaker:
    """Makes devices for a server that was started with --mqtt-listen."""

    def __init__(self, server, directory):
        self.server, self.directory, self.made = server, pathlib.Path(directory), []
        self.ca = server.data / "ca"

    @property
    def url(self):
        return self.server.program.ready["mqtt"]

    def files(self, name):
        certificate, key = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        return (certificate, key) if certificate.exists() else make_certificate(self.ca, self.directory, name)

    def connect(self, name, client_id=None, **options):
        options.setdefault("subscribe", (f"v1/{name}/#",))
        certificate, key = self.files(name)
        device = MqttDevice(self.url, certificate, key, self.ca / "root.pem", client_id or name, **options)
        self.made.append(device)
        return device

    def close(self):
        for device in self.made:
            device.close()
