"""The device's side of identity: enrolling, working with a certificate, renewing it, through a gateway too."""
import json
import subprocess

import pytest
from harness import BIN, CountingProxy, HttpClient, ServiceImage, wait_until
from harness.identity import enrol, make_code, mutual_client, openssl, report


def start(stack, *lines):
    return stack.start_server(config="\n".join(['identity = "required"', *lines]))


def agent_enrol(server_url, data, code, *words):
    argv = [str(BIN / "stratus-agent"), "enrol", "--server", server_url, "--data", str(data), "--code", code,
            *[str(word) for word in words]]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


def serial(data):
    return openssl("x509", "-in", data / "identity" / "identity.pem", "-noout", "-serial").stdout


def wait_seen(server, device):
    return wait_until(lambda: server.http.get(f"/api/v1/devices/{device}").json().get("name") == "app", 30,
                      what=f"{device} to ask for its image")


def test_enrolling_keeps_a_key_that_only_root_reads(stack):
    server, data = start(stack), stack.programs.path("device")
    done = agent_enrol(server.url, data, make_code(server), "--device", "cam-7", "--ca", server.ca, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["device"] == "cam-7"
    identity = data / "identity" / "identity.pem"
    assert identity.stat().st_mode & 0o777 == 0o600
    assert not (data / "identity" / "next.key").exists()
    client = mutual_client(server.url, data / "identity" / "trust.pem", identity)
    assert client.get("/api/v1/next/app").status == 404
    again = agent_enrol(server.url, data, make_code(server), "--ca", server.ca)
    assert again.returncode == 5 and "already" in again.stderr
    wrong = agent_enrol(server.url, stack.programs.path("other"), "000000", "--ca", server.ca)
    assert wrong.returncode == 4 and "not known or was used" in wrong.stderr


@pytest.mark.parametrize("lost", [1, 10])
def test_a_lost_answer_does_not_use_the_code_up(stack, lost):
    server, data = start(stack), stack.programs.path("device")
    code, cuts = make_code(server), []

    def made():
        return server.http.get("/api/v1/devices/cam-7/certificates").json().get("items")

    def cut():  # once the server has certified the key, its first answers are lost
        if len(cuts) < lost and made():
            cuts.append(1)
            return True
        return False

    proxy = CountingProxy(server.url, cut_if=cut)
    done = agent_enrol(proxy.url("https"), data, code, "--device", "cam-7", "--ca", server.ca)
    assert cuts
    if lost == 1:
        assert done.returncode == 0, done.stderr  # it asked again by itself
    else:
        assert done.returncode not in (0, 4) and len(cuts) == 3, done.stderr
        other = agent_enrol(server.url, stack.programs.path("other"), code, "--device", "cam-7", "--ca", server.ca)
        assert other.returncode == 4 and "not known or was used" in other.stderr, "another key"
        cuts += [1] * lost
        done = agent_enrol(proxy.url("https"), data, code, "--device", "cam-7", "--ca", server.ca)
        assert done.returncode == 0, done.stderr
    (only,) = made()
    assert f"serial={only['serial']}" == serial(data).decode().strip()
    entries = server.http.get("/api/v1/audit").json()["items"]
    assert [entry["action"] for entry in entries].count("device.enrol") == 1


def test_a_server_is_pinned_by_the_fingerprint_of_its_root(stack):
    server = start(stack)
    shown = json.loads(stack.stratus("ca", "show", "--json"))
    code = stack.stratus("device", "code", "--ttl", "10m").split()[0]
    for other in ("00" * 32, "zz", shown["root"]["fingerprint"][:-2]):
        done = agent_enrol(server.url, stack.programs.path("device"), code, "--ca-fingerprint", other)
        assert done.returncode in (2, 4), done.stderr
    done = agent_enrol(server.url, stack.programs.path("device"), code, "--ca-fingerprint", shown["root"]["fingerprint"].upper())
    assert done.returncode == 0, done.stderr


def test_the_agent_works_and_renews_with_its_certificate(stack):
    server = start(stack, "certificate_lifetime_s = 12", "certificate_renew_before_s = 9")
    data = stack.programs.path("device-1")
    assert agent_enrol(server.url, data, make_code(server), "--device", "device-1", "--ca", server.ca).returncode == 0
    first = serial(data)
    _, public = stack.make_key()
    stack.start_agent("app", server.url, public, ca=server.ca, data=data)
    wait_until(lambda: serial(data) != first, 30, what="a renewed certificate")
    states = [one["state"] for one in server.http.get("/api/v1/devices/device-1/certificates").json()["items"]]
    assert len(states) >= 2 and states[0] == "active"
    assert agent_enrol(server.url, data, make_code(server), "--ca", server.ca).returncode == 5


def test_an_agent_that_was_off_past_the_end_of_its_certificate_recovers(stack):
    server = start(stack, "certificate_lifetime_s = 2")
    data = stack.programs.path("device-1")
    assert agent_enrol(server.url, data, make_code(server), "--device", "device-1", "--ca", server.ca).returncode == 0
    first = serial(data)
    client = mutual_client(server.url, server.ca, data / "identity" / "identity.pem")
    wait_until(lambda: client.get("/api/v1/next/app").status == 403, 20, what="the certificate to expire")
    _, public = stack.make_key()
    stack.start_agent("app", server.url, public, ca=server.ca, data=data)
    wait_until(lambda: serial(data) != first, 30, what="a renewed certificate")


def test_reports_through_a_gateway_are_the_devices_own(stack, tmp_path):
    server = start(stack)
    code = stack.stratus("device", "code", "--kind", "gateway", "--name", "127.0.0.1").split()[0]
    gateway = stack.start_gateway(options=["--enrol-code", code])
    gateway.ca = server.data / "ca" / "root.pem"  # whom its enrolment comes from
    data = stack.programs.path("device-1")
    done = agent_enrol(gateway.url, data, make_code(server), "--device", "device-1", "--ca", gateway.ca)
    assert done.returncode == 0, done.stderr
    tree = tmp_path / "tree"
    (tree / "bin").mkdir(parents=True)
    (tree / "bin" / "run").write_text("not a program")
    (tree / "bin" / "run").chmod(0o755)
    private, public = stack.make_key()
    stack.publish("app:1", tree, sign_key=private, command=["/bin/run"])
    stack.start_agent("app", gateway.url, public, ca=gateway.ca, data=data)
    known = wait_until(lambda: stack.device("device-1") if stack.device("device-1").get("state") else None, 60,
                       what="the device's own report to arrive")
    assert known["state"] in ("failed", "rolled_back"), "it cannot run, and says so itself"
    # The gateway invents a success: refused by the server. Who has no certificate cannot even hand it one.
    forged = report("device-1", sequence=1_000_000, running_version="9")
    assert HttpClient(gateway.url, ca=gateway.ca).post("/api/v1/devices/device-1/reports", body=forged).status == 403
    direct = mutual_client(server.url, server.ca, gateway.data / "identity" / "identity.pem")
    answer = direct.post("/api/v1/devices/device-1/reports", body=forged)
    assert (answer.status, answer.json()["code"]) == (422, "signature_required")
    assert direct.get("/api/v1/next/app?device=device-1").status == 200, "a gateway asks for its devices"


def test_a_gateway_without_a_certificate_gets_nothing_from_a_strict_server(stack):
    start(stack)
    gateway = stack.start_gateway()
    assert HttpClient(gateway.url, ca=gateway.ca).get("/api/v1/next/app?device=cam-7").status in (401, 403, 502, 503)


@pytest.mark.parametrize("word", ["codes", "certificates", "revoke"])
def test_the_command_line_shows_what_the_server_knows(stack, word):
    server = start(stack)
    enrol(server, stack.programs.path("keys"), "cam-7")
    if word == "codes":
        code = json.loads(stack.stratus("device", "code", "--ttl", "5m", "--json"))["codes"][0]
        assert code["id"] in stack.stratus("device", "codes")
    elif word == "certificates":
        assert "active" in stack.stratus("device", "certificates", "cam-7")
    else:
        assert "shut out" in stack.stratus("device", "revoke", "cam-7", "--reason", "stolen")
        assert "revoked" in stack.stratus("device", "certificates", "cam-7")
    assert "until" in stack.stratus("ca", "show")
