"""The console's pages in both languages and themes, with hostile texts wherever somebody else chooses them.

STRATUS_LONG=1: every page, dialog, tab and step under all rules of axe; else the main pages under those about words and colours.
"""
import os

import pytest
from harness.people import make_user

from browser import run_journey
from conftest import PASSWORD
from hostile import HostileSite

LONG = os.environ.get("STRATUS_LONG") == "1"
ONLY = os.environ.get("STRATUS_VIEWS", "").split()  # names of HostileSite.views(), for work on a page
MAIN = ("overview", "devices", "device", "rollouts-running", "rollout", "rollout-failures", "new-review", "images", "layers", "firmware-item",
        "content", "groups-region", "gateways", "audit", "tokens", "certificates")
# Their heading is a name that somebody gave.
UNTRANSLATED = ("device", "rollout", "image", "layers", "diff", "firmware-item", "firmware-withdraw", "content-item", "content-remove",
                "device-edit", "device-remove", "device-timeline", "device-metrics", "device-content", "device-log", "rollout-abort",
                "rollout-resume", "rollout-devices", "rollout-failures", "rollout-excluded", "rollout-events")


@pytest.mark.parametrize("languages", [["en"], ["ko"]] if LONG else [["en", "ko"]], ids="-".join)
def test_every_page_is_usable_by_everybody_and_runs_nothing(stack, tmp_path, languages):
    fresh = stack.start_server("fresh")
    server = stack.start_server(options=["--mqtt-listen", "127.0.0.1:0"])
    make_user(server, "ann", "admin", password=PASSWORD)
    views = HostileSite(stack, server, tmp_path).views()
    wanted = ONLY or (views if LONG else MAIN)
    run_journey("pages", server, user={"name": "ann", "password": PASSWORD}, languages=languages, whole=LONG,
                views={name: views[name] for name in views if name in wanted},
                untranslated=UNTRANSLATED, foreign=[fresh.url], timeout=3600,
                entrances={"setup": fresh.url + "/setup", "login": server.url + "/login", "login-again": server.url + "/devices"})
