"""testssl.sh's own verdicts about what listens (T22). The short form asks the server about versions and Heartbleed;
STRATUS_LONG=1 asks everything of everything (about 10 minutes), and shows that a weak server would be found out."""
import json
import os
import shutil
import subprocess

import pytest
from harness import free_port, wait_until
from harness.identity import make_code, openssl

LONG = bool(os.environ.get("STRATUS_LONG"))
TESTSSL = shutil.which("testssl") or shutil.which("testssl.sh")
pytestmark = pytest.mark.skipif(TESTSSL is None, reason="testssl.sh is not installed")
long_form = pytest.mark.skipif(not LONG, reason="minutes; STRATUS_LONG=1 asks for it")

# Versions, Heartbleed; in the long form cipher categories, forward secrecy and every known hole.
WORDS = ["-p", "-s", "-f", "-U"] if LONG else ["-p", "-H"]
SAID = {"SSLv2": "OK", "SSLv3": "OK", "TLS1": "INFO", "TLS1_1": "INFO", "TLS1_2": "OK", "TLS1_3": "OK", "heartbleed": "OK"}
BAD = {"LOW", "MEDIUM", "HIGH", "CRITICAL", "FATAL"}


def examine(url, directory):
    """What testssl.sh found: id → finding."""
    out = directory / "said.json"
    done = subprocess.run([TESTSSL, "--quiet", "--warnings", "off", "--color", "0", "--nodns", "none", "--openssl-timeout", "60",
                           "--assume-http", *WORDS, "--jsonfile", out, url.replace("mqtts:", "https:")], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=3600 if LONG else 600, check=False)
    assert out.exists(), done.stdout + done.stderr
    found = {one["id"]: one for one in json.loads(out.read_text())}
    assert not any("interrupted" in one["finding"] for one in found.values()), done.stdout
    return found


def faults(found):
    """What is wrong by its own verdict, and what it should have said and did not."""
    wrong = {name: one["finding"] for name, one in found.items() if one["severity"] in BAD}
    missing = {name: found.get(name, {}).get("severity") for name, severity in SAID.items() if found.get(name, {}).get("severity") != severity}
    return {**missing, **wrong}


def test_it_finds_nothing_to_complain_about_in_the_server(stack, tmp_path):
    assert faults(examine(stack.start_server().url, tmp_path)) == {}


def test_a_verdict_that_is_missing_or_bad_is_a_fault():
    good = {name: {"severity": severity, "finding": ""} for name, severity in SAID.items()}
    assert faults(good) == {}
    assert faults({**good, "BEAST": {"severity": "MEDIUM", "finding": "CBC"}}) == {"BEAST": "CBC"}
    assert faults({**good, "TLS1": {"severity": "LOW", "finding": "offered (deprecated)"}}) == {"TLS1": "offered (deprecated)"}
    assert set(faults({name: one for name, one in good.items() if name != "TLS1_3"})) == {"TLS1_3"}


@long_form
@pytest.mark.parametrize("which", ["mqtt", "mqtt_enrol", "gateway", "gateway mqtt"])
def test_nor_in_what_else_listens(stack, tmp_path, which):
    server = stack.start_server(options=["--mqtt-listen", "127.0.0.1:0", "--mqtt-enrol-listen", "127.0.0.1:0"])
    place, name = server, which
    if which.startswith("gateway"):
        code = make_code(server, kind="gateway", names=["localhost", "127.0.0.1"])
        place = stack.start_gateway(options=["--enrol-code", code, "--mqtt-listen", "127.0.0.1:0", "--mqtt-upstream",
                                             server.program.ready["mqtt"]])
        name = "mqtt" if "mqtt" in which else "url"
    assert faults(examine(place.program.ready[name], tmp_path)) == {}


@long_form
def test_a_weak_server_is_found_out(programs, tmp_path):
    key, certificate, port = tmp_path / "key.pem", tmp_path / "certificate.pem", free_port()
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "30", "-subj", "/CN=localhost")
    weak = programs.start("weak", ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-key", key, "-cert", certificate, "-www",
                                   "-min_protocol", "TLSv1", "-cipher", "ALL:@SECLEVEL=0"])
    wait_until(lambda: "ACCEPT" in weak.output, what="the weak server")
    assert {"TLS1", "TLS1_1"} <= set(faults(examine(f"https://127.0.0.1:{port}", tmp_path)))
