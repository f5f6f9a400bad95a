"""TLS of everything that listens (T22): versions, ciphers, certificates, names, renegotiation; openssl as the client."""
import contextlib
import socket
import subprocess

import pytest
from harness import BIN, HttpClient, wait_until
from harness.identity import Credentials, enrol, make_code, make_key, make_request, openssl, refused, s_client
from harness.mqtt import MqttDevice

WEAK = ["AES128-GCM-SHA256", "AES256-SHA", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-RSA-AES128-SHA",
        "DHE-RSA-AES128-GCM-SHA256", "AECDH-AES128-SHA", "ADH-AES128-GCM-SHA256", "ECDHE-ECDSA-NULL-SHA", "NULL-SHA256",
        "PSK-AES128-GCM-SHA256", "ECDHE-ECDSA-CAMELLIA128-SHA256", "ECDHE-ECDSA-AES128-CCM8"]
GOOD = ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"]


@pytest.fixture(scope="module")
def places(request):
    """What listens: name → https://ADDRESS; and the files of a device that is known to all."""
    from harness import Programs, Stack
    programs = Programs()
    request.addfinalizer(programs.close)
    stack = Stack(programs)
    server = stack.start_server(listen="0.0.0.0:0", options=["--mqtt-listen", "0.0.0.0:0", "--mqtt-enrol-listen", "127.0.0.1:0"],
                                config='identity = "required"')
    server.url = server.url.replace("0.0.0.0", "127.0.0.1")
    keys = programs.path("keys")
    code = make_code(server, kind="gateway", names=["localhost", "127.0.0.1"])
    gateway = stack.start_gateway(server.url, options=["--enrol-code", code, "--mqtt-listen", "127.0.0.1:0", "--mqtt-upstream",
                                                       server.program.ready["mqtt"].replace("0.0.0.0", "127.0.0.1")])
    wait_until(lambda: gateway.metric("stratus_gateway_broker_up") == 1)
    urls = {"server": server.url, "broker": server.program.ready["mqtt"], "enrolment": server.program.ready["mqtt_enrol"],
            "gateway": gateway.url, "gateway-broker": gateway.program.ready["mqtt"]}
    places = {name: url.replace("mqtts:", "https:").replace("0.0.0.0", "127.0.0.1") for name, url in urls.items()}
    places["device"], places["stack"], places["of_server"], places["of_gateway"] = enrol(server, keys, "d1"), stack, server, gateway
    return places


ALL = ["server", "broker", "enrolment", "gateway", "gateway-broker"]
ASKING = ["server", "broker", "gateway", "gateway-broker"]


def handshake(places, name, *words):
    """What openssl says about a handshake as the known device."""
    device = places["device"]
    return s_client(places[name], "-cert", device.file, "-key", device.file, *words, request="\n", timeout=30)


def shook_hands(said):
    return "Cipher is (NONE)" not in said and "Cipher is " in said


@pytest.mark.parametrize("name", ALL)
def test_old_versions_are_refused_and_the_two_new_ones_spoken(places, name):
    for version in ("-tls1", "-tls1_1"):
        assert not shook_hands(handshake(places, name, version, "-cipher", "DEFAULT:@SECLEVEL=0")), version
    for version in ("-tls1_2", "-tls1_3"):
        said = handshake(places, name, version)
        assert shook_hands(said), said
        assert "Compression: NONE" in said


@pytest.mark.parametrize("name", ALL)
def test_only_ciphers_with_forward_secrecy_and_authentication(places, name):
    for cipher in WEAK:
        assert not shook_hands(handshake(places, name, "-tls1_2", "-cipher", cipher + ":@SECLEVEL=0")), cipher
    for cipher in GOOD:
        assert shook_hands(handshake(places, name, "-tls1_2", "-cipher", cipher)), cipher


@pytest.mark.parametrize("name", ALL)
def test_nobody_renegotiates(places, name):
    device = places["device"]
    process = subprocess.run(["openssl", "s_client", "-connect", places[name].removeprefix("https://"), "-tls1_2", "-cert",
                              str(device.file), "-key", str(device.file)], input=b"R\n", capture_output=True, timeout=30, check=False)
    said = (process.stdout + process.stderr).decode(errors="replace")
    assert "Secure Renegotiation IS supported" in said and "RENEGOTIATING" in said
    assert "no renegotiation" in said or "alert" in said or "error" in said or "read:errno" in said, said


def foreign(directory):
    """A device of another authority, under a known name."""
    root_key, root = make_key(directory / "root.key"), directory / "root.pem"
    openssl("req", "-x509", "-new", "-key", root_key, "-subj", "/CN=Stratus root", "-days", "30", "-out", root)
    key = make_key(directory / "d1.key")
    (directory / "d1.csr").write_text(make_request(key, "d1"))
    openssl("x509", "-req", "-in", directory / "d1.csr", "-CA", root, "-CAkey", root_key, "-CAcreateserial", "-days", "30", "-out",
            directory / "d1.crt")
    both = directory / "d1.pem"
    both.write_text(key.read_text() + (directory / "d1.crt").read_text() + root.read_text())
    return both


def is_let_in(places, name, file):
    """Whether a client with this certificate is served."""
    if "broker" in name:
        try:
            MqttDevice(places[name], file, file, places["of_server"].data / "ca" / "root.pem", "d1").close()
        except (OSError, ConnectionError):
            return False
        return True
    service = places["of_" + name]
    client = HttpClient(places[name], ca=service.ca)
    if file:
        client.context.load_cert_chain(str(file))
    return not refused(lambda: client.get("/api/v1/next/app?device=d1"))


@pytest.mark.parametrize("name", ASKING)
def test_who_has_no_good_certificate_is_not_served(places, name, tmp_path):
    assert is_let_in(places, name, places["device"].file)
    assert not is_let_in(places, name, None), "none"
    assert not is_let_in(places, name, foreign(tmp_path)), "another authority's"
    own = Credentials(tmp_path / "self", "d1")
    openssl("req", "-x509", "-new", "-key", own.key, "-subj", "/OU=device/CN=d1", "-days", "30", "-out", tmp_path / "self.crt")
    own.file.write_text(own.key.read_text() + (tmp_path / "self.crt").read_text())
    assert not is_let_in(places, name, own.file), "its own"
    ca = places["of_server"].data / "ca"
    late = Credentials(tmp_path / "late", "d1")
    (tmp_path / "late.csr").write_text(make_request(late.key, "d1"))
    done = subprocess.run(["faketime", "-f", "-60d", "openssl", "x509", "-req", "-in", str(tmp_path / "late.csr"), "-CA",
                           str(ca / "intermediate.pem"), "-CAkey", str(ca / "intermediate.key"), "-set_serial", "77", "-days", "30",
                           "-out", str(tmp_path / "late.crt")], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    late.file.write_text(late.key.read_text() + (tmp_path / "late.crt").read_text() + (ca / "intermediate.pem").read_text())
    assert not is_let_in(places, name, late.file), "an expired one"
    tls = places["of_server"].data / "tls"
    both = tmp_path / "server.pem"
    both.write_text((tls / "server.key").read_text() + (tls / "server.pem").read_text())
    assert not is_let_in(places, name, both), "a server's"
    device = places["device"]
    bare = tmp_path / "bare.pem"
    bare.write_text(device.key.read_text() + device.answer["certificate"])
    assert is_let_in(places, name, bare), "the authority's certificates are known here"


@pytest.mark.parametrize("name", ALL)
def test_bytes_that_are_no_handshake_end_only_that_connection(places, name):
    host, port = places[name].removeprefix("https://").split(":")
    for data in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 300, b"\x80\x2e\x01\x00\x02" + b"\0" * 60, b"\xff" * 500,
                 b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"):
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            with contextlib.suppress(OSError):  # it may hang up before it has heard everything
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    pass
    assert shook_hands(handshake(places, name))


def test_clients_refuse_a_server_of_another_name_or_authority(places, tmp_path):
    """127.0.0.2 reaches the same server, and its certificate does not say so."""
    server, words = places["of_server"], ["--code", "000000", "--data"]
    other = places["server"].replace("127.0.0.1", "127.0.0.2")
    run = lambda *argv: subprocess.run([str(word) for word in argv], capture_output=True, text=True, timeout=90, check=False)
    agent = BIN / "stratus-agent"
    (tmp_path / "foreign").mkdir()
    foreign(tmp_path / "foreign")
    for url, ca in ((other, server.ca), (places["server"], tmp_path / "foreign" / "root.pem")):
        done = run(agent, "enrol", "--server", url, "--ca", ca, *words, tmp_path / "a")
        assert done.returncode != 0 and "certificate" in done.stderr.lower(), done.stderr
        shown = run(BIN / "stratus", "--server", url, "--ca", ca, "--token-file", server.token_file, "devices")
        assert shown.returncode != 0 and "certificate" in shown.stderr.lower(), shown.stderr
    done = run(agent, "enrol", "--server", places["server"], "--ca", server.ca, *words, tmp_path / "b")
    assert done.returncode == 4 and "code is not known" in done.stderr, "only the code"
