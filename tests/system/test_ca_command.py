"""`stratus-server ca …`: what is there, the root key away and back, a new intermediate that changes nothing for devices."""
import json
import subprocess

import pytest
from harness import BIN
from harness.identity import enrol, openssl


def ca(data, *words):
    argv = [str(word) for word in (BIN / "stratus-server", "ca", *words, "--data", data)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def server(stack):
    return stack.start_server()


def status(data):
    done = ca(data, "status", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_status_and_root_tell_what_the_server_tells(server):
    shown, told = status(server.data), server.http.get("/api/v1/ca").json()
    assert shown["root"]["fingerprint"] == told["root"]["fingerprint"]
    assert shown["revocation_list"]["next_update"] == told["revocation_list"]["next_update"]
    assert shown["root_key_online"] and "offline --to" in " ".join(shown["advice"])
    text = ca(server.data, "status").stdout
    assert shown["root"]["fingerprint"] in text and "! the root key is on this machine" in text
    assert ca(server.data, "root").stdout == told["root"]["pem"]


def test_the_root_key_goes_and_comes_back(server, tmp_path):
    away, key = tmp_path / "safe.key", server.data / "ca" / "root.key"
    before = key.read_bytes()
    assert ca(server.data, "offline", "--to", server.data / "ca" / "other.key").returncode == 2
    assert ca(server.data, "offline", "--to", tmp_path / "none" / "x").returncode != 0 and key.exists()
    assert ca(server.data, "offline", "--to", away).returncode == 0
    assert not key.exists() and away.read_bytes() == before and away.stat().st_mode & 0o777 == 0o600
    assert not status(server.data)["root_key_online"]
    assert ca(server.data, "offline", "--to", tmp_path / "again").returncode == 3
    foreign = tmp_path / "foreign.key"
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", foreign)
    assert ca(server.data, "online", "--from", foreign).returncode == 5 and not key.exists()
    assert ca(server.data, "online", "--from", away).returncode == 0
    assert key.read_bytes() == before and key.stat().st_mode & 0o777 == 0o600
    assert ca(server.data, "online", "--from", away).returncode == 5


def test_a_new_intermediate_changes_nothing_for_devices(stack, tmp_path):
    server = stack.start_server()
    device, away = enrol(server, tmp_path / "keys", "d1"), tmp_path / "safe.key"
    before = status(server.data)["intermediate"]
    assert ca(server.data, "renew").returncode == 5, "the server is running"
    assert ca(server.data, "offline", "--to", away).returncode == 0
    server.program.stop()
    assert ca(server.data, "renew").returncode == 3, "the root key is away"
    assert ca(server.data, "renew", "--root-key", away).returncode == 0
    after = status(server.data)
    assert after["intermediate"]["serial"] != before["serial"] and not after["root_key_online"]
    again = stack.start_server(data=server.data, name="again")
    assert device.client(again.url, again.ca).get("/api/v1/next/app?device=d1").status == 404
    enrol(again, tmp_path / "keys", "d2")


def test_a_directory_without_an_authority_is_left_alone(tmp_path):
    for words in (["status"], ["root"], ["offline", "--to", tmp_path / "x"], ["renew"]):
        done = ca(tmp_path, *words)
        assert done.returncode == 3 and "no authority" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_revocation_list_is_signed_by_hand(stack, tmp_path):
    server = stack.start_server()
    enrol(server, tmp_path, "d1"), enrol(server, tmp_path, "d2")
    serial = server.http.get("/api/v1/certificates?device=d2").json()["items"][0]["serial"]
    assert server.http.post("/api/v1/devices/d2/revoke", json={}).status == 204
    server.program.stop()
    crl = server.data / "ca" / "crl.pem"
    crl.unlink()  # lost, or ended while nobody looked
    done = ca(server.data, "sign-list")
    assert done.returncode == 0 and str(crl) in done.stdout, done.stderr
    text = openssl("crl", "-in", crl, "-noout", "-text").stdout.decode()
    assert text.count("Serial Number:") == 1 and serial.lstrip("0") in text.replace(":", "")
    shown = status(server.data)
    assert shown["revocation_list"]["entries"] == 1 and "revocation list" not in " ".join(shown["advice"])
    assert crl.stat().st_mode & 0o777 == 0o644
    # A wrong place makes no empty list, which would let everybody in.
    before = crl.read_bytes()
    for file in list(server.data.glob("catalogue.db*")):  # what SQLite keeps beside it too
        file.rename(tmp_path / file.name.replace("catalogue", "elsewhere"))
    assert ca(server.data, "sign-list").returncode == 3 and crl.read_bytes() == before
    assert ca(server.data, "sign-list", "--database", tmp_path / "elsewhere.db").returncode == 0
