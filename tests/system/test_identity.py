"""Who devices are: enrolment by one-time codes, mutual TLS, renewal and revocation, with real TLS clients."""
import concurrent.futures
import http.client
import shutil
import time

import pytest
from harness import HttpClient, wait_until
from harness.identity import (Credentials, enrol, make_code, make_key, make_request, mutual_client, openssl, refused,
                              report, s_client)


def start(stack, *lines, name="server", data=None):
    return stack.start_server(name=name, data=data, config="\n".join(lines))


@pytest.fixture
def server(stack):
    return start(stack, 'identity = "required"')


@pytest.fixture
def keys(programs):
    directory = programs.path("certificates")
    directory.mkdir()
    return directory


def codes_of(answer):
    return answer.json().get("code")


def test_a_device_becomes_somebody_with_a_code(server, keys):
    nobody = HttpClient(server.url, ca=server.ca)
    assert nobody.get("/api/v1/next/app?device=cam-7").status == 401
    assert nobody.get("/v2/app/blobs/sha256:" + "a" * 64).status == 403
    camera = enrol(server, keys, "cam-7")
    client = camera.client(server.url, server.ca)
    assert client.get("/api/v1/next/app?device=cam-7").status == 404, "may ask, but there is no such release"
    assert client.get("/v2/app/blobs/sha256:" + "a" * 64).status == 404
    assert client.post("/api/v1/devices/cam-7/reports", body=report("cam-7")).status == 204
    for path in ("/api/v1/next/app?device=cam-8",):
        answer = client.get(path)
        assert (answer.status, codes_of(answer)) == (403, "other_device")
    answer = client.post("/api/v1/devices/cam-8/reports", body=report("cam-8"))
    assert (answer.status, codes_of(answer)) == (403, "other_device")
    assert client.get("/api/v1/devices").status == 403
    assert client.post("/api/v1/registration-codes", json={}).status == 403
    listed = server.http.get("/api/v1/devices/cam-7/certificates").json()
    assert listed["enrolled"] and [one["state"] for one in listed["items"]] == ["active"]


def test_the_certificate_is_what_openssl_expects_of_a_device(server, keys):
    camera = enrol(server, keys, "cam-7")
    root, chain = keys / "root.pem", keys / "chain.pem"
    root.write_text(camera.answer["root"])
    chain.write_text(camera.answer["chain"])
    openssl("verify", "-purpose", "sslclient", "-CAfile", root, "-untrusted", chain, camera.file)
    wrong = openssl("verify", "-purpose", "sslserver", "-CAfile", root, "-untrusted", chain, camera.file, check=False)
    assert wrong.returncode != 0
    text = openssl("x509", "-in", camera.file, "-noout", "-text").stdout.decode()
    assert "CA:FALSE" in text and "Digital Signature" in text and "P-256" in text and "CN = cam-7" in text


def test_one_code_makes_one_device_however_many_try_at_once(server, keys):
    code = make_code(server)
    key = make_key(keys / "many.key")
    bodies = [{"code": code, "csr": make_request(key, f"cam-{i}")} for i in range(8)]

    def use(i):
        return HttpClient(server.url, ca=server.ca).post("/api/v1/enrol", json=bodies[i % len(bodies)])

    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(use, range(200)))
    assert sorted({answer.status for answer in answers} - {403, 429}) == [201]
    assert len({answer.json()["certificate"] for answer in answers if answer.status == 201}) == 1
    assert server.http.get("/api/v1/registration-codes").json()["items"] == []


def test_codes_say_why_they_do_not_work_and_guessing_is_slowed(server, keys):
    csr = make_request(make_key(keys / "k.key"), "cam-7")
    nobody = HttpClient(server.url, ca=server.ca)

    def use(code):
        return nobody.post("/api/v1/enrol", json={"code": code, "csr": csr})

    short = make_code(server, ttl_s=1)
    wait_until(lambda: server.http.get("/api/v1/registration-codes").json()["items"] == [], 10, what="the code to expire")
    answer = use(short)
    assert (answer.status, codes_of(answer)) == (403, "code_expired")
    withdrawn = server.http.post("/api/v1/registration-codes", json={}).json()["codes"][0]
    assert server.http.delete(f"/api/v1/registration-codes/{withdrawn['id']}").status == 204
    assert codes_of(use(withdrawn["code"])) == "code_expired"
    statuses = [use(f"{guess:06}").status for guess in range(12)]
    assert statuses == [403] * 8 + [429] * 4, "ten failures of one address, two of them above"
    good = make_code(server)
    assert use(good).status == 429, "even a right code waits now"


def test_a_code_is_six_digits_and_kept_nowhere(server, programs):
    code = make_code(server)
    assert len(code) == 6 and code.isdigit()
    assert code.encode() not in server.dump()


def test_many_codes_are_longer_and_leave_the_next_one_at_six_digits(server):
    many = server.http.post("/api/v1/registration-codes", json={"count": 500}).json()["codes"]
    assert {len(one["code"]) for one in many} == {8}, "a guess hits with at most 1 : 100,000"
    singles = [server.http.post("/api/v1/registration-codes", json={}).json()["codes"][0] for _ in range(12)]
    assert [len(one["code"]) for one in singles] == [6] * 10 + [7] * 2, "room for ten of six digits"
    assert server.http.delete(f"/api/v1/registration-codes/{singles[0]['id']}").status == 204
    assert len(make_code(server)) == 6, "one was withdrawn"


def test_codes_place_devices_and_refuse_places_that_do_not_exist(server):
    answer = server.http.post("/api/v1/registration-codes", json={"region": "nowhere"})
    assert answer.status == 404, answer
    assert server.http.post("/api/v1/registration-codes", json={"ttl_s": 0}).status == 400
    assert server.http.post("/api/v1/registration-codes", json={"kind": "server"}).status == 400
    assert server.http.post("/api/v1/registration-codes", json={}, token=None).status == 401


@pytest.mark.parametrize("extension", ["basicConstraints=CA:TRUE", "subjectAltName=DNS:other", "keyUsage=keyCertSign",
                                       "extendedKeyUsage=serverAuth", "subjectAltName=IP:10.0.0.1"])
def test_requests_that_ask_for_more_are_refused_and_cost_no_code(server, keys, extension):
    code, key = make_code(server), make_key(keys / "k.key")
    nobody = HttpClient(server.url, ca=server.ca)
    answer = nobody.post("/api/v1/enrol", json={"code": code, "csr": make_request(key, "cam-7", extension)})
    assert (answer.status, codes_of(answer)) == (400, "request_refused")
    assert nobody.post("/api/v1/enrol", json={"code": code, "csr": make_request(key, "cam-7")}).status == 201


def test_requests_of_wrong_form_are_refused(server, keys):
    code, key = make_code(server), make_key(keys / "k.key")
    nobody = HttpClient(server.url, ca=server.ca)
    rsa = keys / "rsa.key"
    openssl("genrsa", "-out", rsa, "2048")
    p384 = keys / "p384.key"
    openssl("ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out", p384)
    good = make_request(key, "cam-7")
    for csr in (make_request(rsa, "cam-7"), make_request(p384, "cam-7"), make_request(key, "cam-7", words=["-sha1"]),
                good + good, good[:-40] + "AAAA" + good[-36:], "", "x", good + "\n" * 5000,
                openssl("req", "-new", "-key", key, "-subj", "/CN=cam-7/OU=server").stdout.decode()):
        answer = nobody.post("/api/v1/enrol", json={"code": code, "csr": csr})
        assert answer.status in (400, 413), (csr[:60], answer)
    assert nobody.post("/api/v1/enrol", body=b"x" * 1_000_000).status == 413
    assert server.program.running()
    assert nobody.post("/api/v1/enrol", json={"code": code, "csr": good}).status == 201


def test_an_id_is_taken_over_only_with_a_code_made_for_it(server, keys):
    first = enrol(server, keys, "cam-7")
    nobody = HttpClient(server.url, ca=server.ca)
    other = make_key(keys / "other.key")
    code = make_code(server)
    answer = nobody.post("/api/v1/enrol", json={"code": code, "csr": make_request(other, "cam-7")})
    assert (answer.status, codes_of(answer)) == (409, "id_taken")
    bound = make_code(server, device="cam-7")
    answer = nobody.post("/api/v1/enrol", json={"code": bound, "csr": make_request(other, "cam-7")})
    assert answer.status == 201
    fresh = Credentials(keys, "fresh", answer.json(), key=other)
    assert fresh.client(server.url, server.ca).get("/api/v1/next/app").status == 404
    wait_until(lambda: refused(lambda: first.client(server.url, server.ca).get("/api/v1/next/app")), 5,
               what="the certificate before to end")


def test_renewal_takes_the_identity_from_the_session(server, keys):
    camera = enrol(server, keys, "cam-7")
    enrol(server, keys, "cam-8")
    client = camera.client(server.url, server.ca)
    key = make_key(keys / "next.key")
    answer = client.post("/api/v1/certificates/renew", json={"csr": make_request(key, "cam-8"), "device": "cam-8"})
    assert (answer.status, codes_of(answer)) == (403, "other_device")
    answer = client.post("/api/v1/certificates/renew", json={"csr": make_request(key), "device": "cam-8"})
    assert answer.status == 201 and answer.json()["device"] == "cam-7"
    renewed = Credentials(keys, "renewed", answer.json(), key=key)
    assert renewed.client(server.url, server.ca).get("/api/v1/next/app").status == 404
    assert client.get("/api/v1/next/app").status == 404, "the one before is good until its end"
    nobody = HttpClient(server.url, ca=server.ca)
    assert codes_of(nobody.post("/api/v1/certificates/renew", json={"csr": make_request(key)})) == "certificate_required"
    # Three are good at once: soon the one that asks is superseded itself, or the hour's renewals are used up.
    again = {"csr": make_request(key)}
    ends = [refused(lambda: client.post("/api/v1/certificates/renew", json=again), 401, 403, 429) for _ in range(12)]
    assert ends[-1], "nobody makes certificates without end"
    assert len(server.http.get("/api/v1/devices/cam-7/certificates").json()["items"]) <= 11


def test_an_expired_certificate_renews_itself_and_does_nothing_else(stack, keys):
    server = start(stack, 'identity = "required"', "certificate_lifetime_s = 2")
    camera = enrol(server, keys, "cam-7")
    client = camera.client(server.url, server.ca)
    wait_until(lambda: client.get("/api/v1/next/app").status == 403, 10, what="the certificate to expire")
    assert codes_of(client.get("/v2/app/blobs/sha256:" + "a" * 64)) is None
    assert client.get("/v2/app/blobs/sha256:" + "a" * 64).status == 403
    assert client.post("/api/v1/devices/cam-7/reports", body=report("cam-7")).status == 403
    key = make_key(keys / "next.key")
    answer = client.post("/api/v1/certificates/renew", json={"csr": make_request(key, "cam-7")})
    assert answer.status == 201
    renewed = Credentials(keys, "renewed", answer.json(), key=key)
    assert renewed.client(server.url, server.ca).get("/api/v1/next/app").status == 404
    server.program.stop()
    server = start(stack, 'identity = "required"', "certificate_grace_s = 0", name="without-grace", data=server.data)
    client = camera.client(server.url, server.ca)
    answer = client.post("/api/v1/certificates/renew", json={"csr": make_request(key, "cam-7")})
    assert (answer.status, codes_of(answer)) == (403, "grace_over")


def foreign_ca(directory):
    """Another CA's certificate that says cam-7."""
    root_key, root = make_key(directory / "evil-root.key"), directory / "evil-root.pem"
    openssl("req", "-x509", "-new", "-key", root_key, "-subj", "/CN=Stratus root", "-days", "30", "-out", root)
    key, request, leaf = make_key(directory / "evil.key"), directory / "evil.csr", directory / "evil.crt"
    openssl("req", "-new", "-key", key, "-subj", "/OU=device/CN=cam-7", "-out", request)
    openssl("x509", "-req", "-in", request, "-CA", root, "-CAkey", root_key, "-CAcreateserial", "-days", "30", "-out", leaf)
    both = directory / "evil.pem"
    both.write_text(key.read_text() + leaf.read_text() + root.read_text())
    return both


def test_certificates_from_elsewhere_end_the_handshake(server, keys, programs):
    enrol(server, keys, "cam-7")
    evil = foreign_ca(keys)
    said = s_client(server.url, "-CAfile", server.ca, "-cert", evil, "-key", evil)
    assert "HTTP/1.1" not in said and "alert" in said, said
    own = server.data / "tls" / "server.pem"
    said = s_client(server.url, "-CAfile", server.ca, "-cert", own, "-key", server.data / "tls" / "server.key")
    assert "HTTP/1.1" not in said, "a server's certificate is not a client's"
    said = s_client(server.url, "-CAfile", server.ca)
    assert "HTTP/1.1 200" in said and "Verify return code: 0" in said


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_revoked_identity_cannot_resume_its_session(server, keys, version):
    camera = enrol(server, keys, "cam-7")
    session = keys / "session.pem"
    identity = ["-CAfile", server.ca, "-cert", camera.file, "-key", camera.file, version]
    asked = "GET /api/v1/next/app HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    said = s_client(server.url, *identity, "-sess_out", session, request=asked)
    assert "HTTP/1.1 404" in said, said
    if version == "-tls1_3":  # a ticket would be as long as the certificates that it spares
        assert not session.exists() and "NewSessionTicket" not in said, said
        return
    said = s_client(server.url, *identity, "-sess_in", session, "-sess_out", session, request=asked)
    assert "Reused, TLS" in said and "HTTP/1.1 404" in said, said
    assert server.http.post("/api/v1/devices/cam-7/revoke", json={"reason": "stolen"}).status == 204
    said = s_client(server.url, *identity, "-sess_in", session, request=asked)
    assert "HTTP/1.1" not in said and "Reused, TLS" not in said and "alert" in said, said
    said = s_client(server.url, "-CAfile", server.ca, version, "-sess_in", session, request=asked)
    assert "HTTP/1.1 404" not in said, "nor without showing the certificate again"


def test_revocation_cuts_what_is_open(server, keys, programs):
    camera, other = enrol(server, keys, "cam-7"), enrol(server, keys, "cam-8")
    image = keys / "blob"
    image.write_bytes(b"\0" * 50_000_000)
    digest = openssl("dgst", "-sha256", "-r", image).stdout.decode().split()[0]
    upload = server.http.post("/v2/app/blobs/uploads/").headers["Location"]
    assert server.http.put(f"{upload}{'&' if '?' in upload else '?'}digest=sha256:{digest}", body=image.read_bytes()).status == 201

    def begin(credentials):
        connection = http.client.HTTPSConnection(server.address.split(":")[0], int(server.address.split(":")[1]), timeout=20,
                                                 context=credentials.client(server.url, server.ca).context)
        connection.request("GET", f"/v2/app/blobs/sha256:{digest}")
        answer = connection.getresponse()
        assert answer.status == 200 and len(answer.read(1000)) == 1000
        return connection, answer

    (_, stolen), (_, innocent) = begin(camera), begin(other)
    idle = http.client.HTTPSConnection(server.address.split(":")[0], int(server.address.split(":")[1]), timeout=20,
                                       context=camera.client(server.url, server.ca).context)
    idle.request("GET", "/api/v1/next/app")
    assert idle.getresponse().read() is not None
    started = time.monotonic()
    assert server.http.post("/api/v1/devices/cam-7/revoke", json={"reason": "stolen"}).status == 204
    with pytest.raises((http.client.IncompleteRead, ConnectionError, OSError)):
        if len(stolen.read()) != 50_000_000 - 1000:
            raise ConnectionError("cut")
    assert idle.sock is None or idle.sock.recv(1) == b""
    assert time.monotonic() - started < 5, "the promise of the threat model, not a measurement"
    assert len(innocent.read()) == 50_000_000 - 1000
    assert refused(lambda: camera.client(server.url, server.ca).get("/healthz"))
    answer = HttpClient(server.url, ca=server.ca).get("/api/v1/ca/crl")
    listed = openssl("crl", "-noout", "-text", stdin=answer.body).stdout.decode()
    assert openssl("x509", "-in", camera.file, "-noout", "-serial").stdout.decode().split("=")[1].strip() in listed
    server.program.kill()


def test_a_revoked_device_stays_out_after_a_crash_until_a_code_made_for_it(stack, keys):
    server = start(stack, 'identity = "required"')
    camera = enrol(server, keys, "cam-7")
    assert server.http.post("/api/v1/devices/cam-7/revoke", json={}).status == 204
    server.program.kill()
    server = start(stack, 'identity = "required"', data=server.data, name="again")
    assert refused(lambda: camera.client(server.url, server.ca).get("/healthz"))
    nobody = HttpClient(server.url, ca=server.ca)
    code = make_code(server)
    answer = nobody.post("/api/v1/enrol", json={"code": code, "csr": make_request(camera.key, "cam-7")})
    assert (answer.status, codes_of(answer)) == (403, "device_revoked")
    code = make_code(server, device="cam-7")
    answer = nobody.post("/api/v1/enrol", json={"code": code, "csr": make_request(camera.key, "cam-7")})
    assert answer.status == 201
    back = Credentials(keys, "back", answer.json(), key=camera.key)
    assert back.client(server.url, server.ca).get("/api/v1/next/app").status == 404
    assert refused(lambda: camera.client(server.url, server.ca).get("/healthz")), "the old certificate stays revoked"


def test_optional_mode_serves_trials_and_guards_who_is_enrolled(stack, keys):
    server = start(stack, 'identity = "optional"')
    nobody = HttpClient(server.url, ca=server.ca)
    assert b"warning: identity: optional" in nobody.get("/healthz").body
    assert nobody.post("/api/v1/devices/cam-9/reports", body=report("cam-9")).status == 204
    enrol(server, keys, "cam-7")
    answer = nobody.post("/api/v1/devices/cam-7/reports", body=report("cam-7"))
    assert (answer.status, codes_of(answer)) == (422, "signature_required")
    assert codes_of(nobody.get("/api/v1/next/app?device=cam-7")) == "certificate_required"


def test_the_revocation_list_is_made_anew_long_before_it_ends(stack):
    server = start(stack, "revocation_list_lifetime_s = 8")
    first = wait_until(lambda: server.http.get("/api/v1/ca").json().get("revocation_list"), 10, what="a revocation list")
    wait_until(lambda: server.http.get("/api/v1/ca").json()["revocation_list"]["this_update"] > first["this_update"], 10,
               what="the next one")
    root, listed = stack.programs.path("r.pem"), server.data / "ca" / "crl.pem"
    root.write_text((server.data / "ca" / "intermediate.pem").read_text())
    assert b"verify OK" in openssl("crl", "-in", listed, "-noout", "-CAfile", root, check=False).stderr


def test_an_overdue_list_is_told_and_locks_nobody_out(stack, keys):
    server = start(stack, 'identity = "required"', "revocation_list_lifetime_s = 8")
    camera = enrol(server, keys, "cam-7")
    listed = server.data / "ca" / "crl.pem"
    wait_until(listed.exists, 10, what="a revocation list")
    listed.unlink()
    listed.mkdir()  # nothing can be written there any more, not even by root
    wait_until(lambda: b"revocation list is overdue" in server.http.get("/healthz").body, 20, what="the alarm")
    assert camera.client(server.url, server.ca).get("/api/v1/next/app").status == 404
    wait_until(lambda: b"revocation list has expired" in server.http.get("/healthz").body, 20, what="the louder alarm")
    assert camera.client(server.url, server.ca).get("/api/v1/next/app").status == 404
    listed.rmdir()
    wait_until(lambda: b"revocation list" not in server.http.get("/healthz").body, 20, what="the list to be made again")


def test_an_installation_with_its_own_certificate_keeps_it(stack, keys):
    data = stack.programs.path("old")
    (data / "tls").mkdir(parents=True)
    key, pem = make_key(data / "tls" / "server.key"), data / "tls" / "server.pem"
    openssl("req", "-x509", "-new", "-key", key, "-subj", "/CN=old", "-days", "30", "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", pem)
    before = pem.read_bytes()
    server = start(stack, 'identity = "required"', data=data)
    assert pem.read_bytes() == before
    camera = enrol(server, keys, "cam-7")
    assert camera.client(server.url, pem).get("/api/v1/next/app").status == 404


def test_the_root_key_can_be_away(stack, keys):
    server = start(stack, 'identity = "required"')
    camera = enrol(server, keys, "cam-7")
    assert server.http.get("/api/v1/ca").json()["root_key_online"] is True
    server.program.stop()
    shutil.move(server.data / "ca" / "root.key", keys / "offline.key")
    server = start(stack, 'identity = "required"', data=server.data, name="again")
    assert server.http.get("/api/v1/ca").json()["root_key_online"] is False
    assert camera.client(server.url, server.ca).get("/api/v1/next/app").status == 404
    enrol(server, keys, "cam-8")


def test_secrets_stay_where_they_belong(server, keys):
    camera = enrol(server, keys, "cam-7")
    for name in ("root.key", "intermediate.key", "code.key"):
        assert (server.data / "ca" / name).stat().st_mode & 0o777 == 0o600
    code = make_code(server)
    HttpClient(server.url, ca=server.ca).post("/api/v1/enrol", json={"code": code, "csr": make_request(camera.key, "x1")})
    said = server.program.describe(1_000_000)
    assert code not in said and "PRIVATE KEY" not in said and server.token not in said
    assert b"PRIVATE KEY" not in HttpClient(server.url, ca=server.ca).get("/api/v1/ca").body
