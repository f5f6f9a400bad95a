"""What Prometheus sees: /metrics of server and gateway by promtool's rules, and every alert's expression against real series."""
import re
import subprocess
import urllib.parse

import pytest
import yaml
from harness import wait_until
from harness.fleet import FleetCase
from harness.paths import ROOT
from harness.victoria import start_victoria

RULES = ROOT / "deploy" / "prometheus" / "stratus.rules.yml"


def promtool(*arguments, text=None):
    done = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def texts(plain_stack):
    fleet = FleetCase(plain_stack, devices=2, options=["--mqtt-listen", "127.0.0.1:0"])
    gateway = plain_stack.start_gateway(options=["--status-interval", "0.3"])
    wait_until(lambda: fleet.http.get("/api/v1/gateways").json()["items"], 20, what="the gateway")

    def server():
        text = fleet.http.get("/metrics").body.decode()
        return text if "stratus_fleet_devices" in text and 'stratus_gateways{state="online"} 1' in text else None
    return {"stratus-server": wait_until(server, 30, what="the fleet's numbers"),
            "stratus-gateway": gateway.http.get("/metrics").body.decode()}


def test_metrics_are_clean_and_every_alert_can_be_asked(texts, plain_stack):
    for text in texts.values():
        assert "lint" not in promtool("check", "metrics", text=text)
    assert "SUCCESS" in promtool("check", "rules", str(RULES))
    store = start_victoria(plain_stack)
    for job, text in texts.items():
        sent = store.request("POST", f"/api/v1/import/prometheus?extra_label=job={job}&extra_label=instance=i",
                             body=(text + "up 1\n").encode(), token=None)
        assert sent.status == 204, sent
    store.get("/internal/force_flush")
    known = set(store.get("/api/v1/label/__name__/values").json()["data"])
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    assert len(rules) > 15
    for rule in rules:
        query = urllib.parse.quote(rule["expr"])
        assert store.get(f"/api/v1/query?query={query}").json()["status"] == "success", rule
        for name in metrics_of(rule["expr"]):
            assert name in known, f"{rule['alert']} asks for {name}, which nobody has"


def metrics_of(expression):
    return {word for word in re.findall(r"[a-z_]+", expression) if word.startswith("stratus_") or word == "up"}
