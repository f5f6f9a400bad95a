"""Keys, signing requests and certificates for tests, made by the openssl program, and TLS clients that use them."""
import base64
import hashlib
import json
import pathlib
import ssl
import subprocess

from .http import HttpClient


def openssl(*words, stdin=None, check=True):
    done = subprocess.run(["openssl", *[str(word) for word in words]], input=stdin, capture_output=True, check=False)
    assert not check or done.returncode == 0, f"openssl {words}: {done.stderr.decode()}"
    return done


def make_key(path):
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)
    return path


def make_request(key, name="", *extensions, words=()):
    """A signing request in PEM; `extensions` as for openssl req -addext."""
    adds = [word for extension in extensions for word in ("-addext", extension)]
    return openssl("req", "-new", "-key", key, "-subj", f"/CN={name}" if name else "/", *adds, *words).stdout.decode()


class Credentials:
    """A key and the certificate that the server gave for it, as files."""

    def __init__(self, directory, name, answer=None, key=None):
        self.directory, self.name = pathlib.Path(directory), name
        self.directory.mkdir(parents=True, exist_ok=True)
        self.key = key or make_key(self.directory / f"{name}.key")
        self.file = self.directory / f"{name}.pem"
        self.answer = None
        if answer:
            self.take(answer)

    def take(self, answer):
        self.answer = answer
        self.file.write_text(pathlib.Path(self.key).read_text() + answer["certificate"] + answer["chain"])

    def client(self, url, ca, **options):
        return mutual_client(url, ca, self.file, **options)


def mutual_client(url, ca, file, **options):
    client = HttpClient(url, ca=ca, **options)
    client.context.load_cert_chain(str(file))
    return client


def make_code(server, **wish):
    answer = server.http.post("/api/v1/registration-codes", json=wish)
    assert answer.status == 201, answer
    return answer.json()["codes"][0]["code"]


def enrol(server, directory, name, wish=None, device=None):
    """Enrols `name` with a fresh code and key; its Credentials."""
    credentials = Credentials(directory, name)
    body = {"code": make_code(server, **(wish or {})), "csr": make_request(credentials.key, device or name)}
    answer = HttpClient(server.url, ca=server.ca).post("/api/v1/enrol", json=body)
    assert answer.status == 201, answer
    credentials.take(answer.json())
    return credentials


def s_client(url, *words, request=None, timeout=20):
    """`openssl s_client` against the server with one HTTP request; what it printed, as text."""
    place = url.removeprefix("https://")
    text = (request or "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").encode()
    done = subprocess.run(["openssl", "s_client", "-connect", place, "-ign_eof", *[str(word) for word in words]],
                          input=text, capture_output=True, timeout=timeout, check=False)
    return (done.stdout + done.stderr).decode(errors="replace")


def report(device, sequence=1, **fields):
    return json.dumps({"device": device, "sequence": sequence, "name": "app", "state": "committed", "time_ms": 1, **fields})


def refused(call, *statuses):
    """Whether the server ended the TLS session instead of answering, or answered with one of these (401, 403)."""
    try:
        return call().status in (statuses or (401, 403))
    except (ssl.SSLError, ConnectionError, OSError):
        return True


def sign_message(credentials, kind, counter, body):
    """The value of Stratus-Signature (docs/formats/identity.md), made with the openssl program."""
    body = body if isinstance(body, bytes) else body.encode()
    text = "\n".join(["stratus-message-v1", credentials.name, kind, str(counter), hashlib.sha256(body).hexdigest(), ""])
    public = openssl("pkey", "-in", credentials.key, "-pubout", "-outform", "DER").stdout
    signature = openssl("dgst", "-sha256", "-sign", credentials.key, stdin=text.encode()).stdout
    return f"v1;key={hashlib.sha256(public).hexdigest()[:16]};counter={counter};sig={base64.b64encode(signature).decode()}"
