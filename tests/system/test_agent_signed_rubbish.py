"""Manifests that a pinned key has signed and that no device should read: refused there too, whatever the server let through."""
import base64
import hashlib
import json
import os

import pytest
from harness import AgentCase, wait_until
from harness.identity import openssl
from harness.registry import CONFIG, LAYER, digest_of
from harness.upstream import FakeUpstream

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="starting containers needs root")


def sign(case, manifest, version):
    """A release signature of the device's pinned key over these bytes (docs/formats/image.md)."""
    payload = json.dumps({"critical": {"identity": {"docker-reference": "web"}, "image": {"docker-manifest-digest": digest_of(manifest)},
                                       "type": "cosign container image signature"},
                          "optional": {"counter": 2**40 + version, "version": str(version)}}, separators=(",", ":"))
    public = openssl("pkey", "-in", case.private, "-pubout", "-outform", "DER").stdout
    signature = openssl("dgst", "-sha256", "-sign", case.private, stdin=payload.encode()).stdout
    return {"key_id": hashlib.sha256(public).hexdigest(), "payload": payload, "signature": base64.b64encode(signature).decode()}


def bad_manifests(good):
    """(manifest, a word of the reason)"""
    def replaced(old, new):
        assert old in good, old
        return good.replace(old, new, 1)
    layer = json.loads(good)["layers"][0]["mediaType"]
    return [
        (replaced('"schemaVersion":2', '"schemaVersion":2,"layers":[]'), "twice"),
        (replaced('"schemaVersion":2', '"schemaVersion":2,"x":' + "[" * 64 + "]" * 64), "deep"),
        (replaced(CONFIG, "application/vnd.cncf.helm.config.v1+json"), "helm"),
        (replaced(layer, LAYER + "+encrypted"), "encrypted"),
        (replaced('"digest":"sha256:', '"urls":["http://127.0.0.1/x"],"digest":"sha512:'), "digest"),
        ('{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}', "index"),
        ("[" * 100_000, "JSON"),
    ]


def test_signed_manifests_that_are_rubbish_are_refused_and_the_device_goes_on(programs):
    case, fake = AgentCase(programs, poll=0.1), FakeUpstream()
    programs.on_close(fake.close)
    programs.on_close(case.stop_all)
    case.publish(1)
    case.start()
    status = case.wait_committed(1, 60)
    offered = case.server.http.get("/api/v1/next/web?device=device-1").json()
    question = f"/api/v1/next/web?device=device-1&have={status['current']['manifest'].split(':')[1]}"
    layers = case.layers()
    case.program.kill()
    case.reconfigure({"": {"server": fake.url}})
    case.start()
    for version, (manifest, word) in enumerate(bad_manifests(offered["manifest"]), start=2):
        fake.pages[question] = (200, "application/json", json.dumps({
            **offered, "version": str(version), "manifest": manifest, "signatures": [sign(case, manifest.encode(), version)]}).encode())
        status = case.wait_status(lambda s, count=version - 1: s["state"] == "idle" and len(s["bad"]) == count, 60,
                                  what=f"the manifest with '{word}' to be refused")
        assert word in status["reason"], status["reason"]
        assert status["current"]["version"] == "1" and case.answer() == "1"
    assert fake.gets("/blobs/") == [], "nothing of them was fetched"
    assert case.layers() == layers and list((case.data / "partial").iterdir()) == []
    # A good one, signed in the same way, is taken: it was not the signatures.
    case.publish(9)
    good = wait_until(lambda: case.server.http.get(question).json(), what="version 9 to be offered")
    fake.pages[question] = (200, "application/json", json.dumps({
        **good, "deltas": [], "signatures": [sign(case, good["manifest"].encode(), 9)], "version": "9"}).encode())
    for one in json.loads(good["manifest"])["layers"]:
        blob = case.server.http.get(f"/v2/web/blobs/{one['digest']}").body
        assert fake.add(blob) == one["digest"]
    case.wait_committed(9, 60)
    assert case.answer() == "9"
