"""Every page, dialog and step of the console in both languages and themes, with hostile texts wherever somebody else chooses them."""
import os

import pytest
from harness.people import make_user

from browser import run_journey
from conftest import PASSWORD
from hostile import HostileSite

LONG = os.environ.get("STRATUS_LONG") == "1"
ONLY = os.environ.get("STRATUS_VIEWS", "").split()  # names of HostileSite.views(), for work on a page
# Their heading is a name that somebody gave.
UNTRANSLATED = ("device", "rollout", "image", "layers", "diff", "firmware-item", "firmware-withdraw", "content-item", "content-remove",
                "device-edit", "device-remove", "device-timeline", "device-metrics", "device-content", "device-log", "rollout-abort",
                "rollout-resume", "rollout-devices", "rollout-failures", "rollout-excluded", "rollout-events")


@pytest.mark.skipif(not LONG and not ONLY, reason="STRATUS_LONG=1: sixty views in each language")
@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_page_is_usable_by_everybody_and_runs_nothing(stack, tmp_path, language):
    fresh = stack.start_server("fresh")
    server = stack.start_server(options=["--mqtt-listen", "127.0.0.1:0"])
    make_user(server, "ann", "admin", password=PASSWORD)
    site = HostileSite(stack, server, tmp_path)
    run_journey("pages", server, user={"name": "ann", "password": PASSWORD}, language=language, whole=True,
                views={name: path for name, path in site.views().items() if not ONLY or name in ONLY},
                untranslated=UNTRANSLATED, foreign=[fresh.url], timeout=1800,
                entrances={"setup": fresh.url + "/setup", "login": server.url + "/login", "login-again": server.url + "/devices"})
