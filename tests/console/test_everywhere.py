"""The console's pages in both languages and themes, with hostile texts wherever somebody else chooses them.

Always the main pages, under axe's rules about words and colours. STRATUS_LONG=1: every page, dialog, tab and step under all rules,
in each language and theme.
"""
import os

import pytest
from harness import Programs, Stack
from harness.people import make_user

from browser import run_journey
from conftest import PASSWORD
from hostile import NEWCOMER, HostileSite

LONG = os.environ.get("STRATUS_LONG") == "1"
ONLY = os.environ.get("STRATUS_VIEWS", "").split()  # names of HostileSite.views(), for work on a page
MAIN = ("overview", "devices", "devices-columns", "device", "rollouts-running", "rollouts-scheduled", "rollout", "rollout-replay",
        "rollout-failures", "new-review", "images", "layers", "firmware-item", "content", "groups-region", "gateways", "audit", "tokens",
        "certificates")
# Their heading is a name that somebody gave.
UNTRANSLATED = ("device", "device-edit", "device-remove", "device-timeline", "device-metrics", "device-content", "device-log",
                "rollout", "rollout-abort", "rollout-resume", "rollout-replay", "rollout-devices", "rollout-failures", "rollout-excluded",
                "rollout-events", "image", "image-remove", "layers", "diff", "firmware-item", "firmware-notes", "firmware-withdraw",
                "content-item", "content-text", "content-remove")
# What is looked at together in the long form: each tour has its own windows, so that one takes minutes.
AREAS = {"devices": ("device", "devices", "register", "groups"), "rollouts": ("rollout", "new"),
         "releases": ("image", "layers", "diff", "firmware", "content"),
         "site": ("overview", "palette", "keys", "user", "not", "gateways", "monitoring", "audit", "account", "token", "certificates", "storage",
                  "lock")}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """One for all tours: they look and change nothing but codes and what is open."""
    with Programs("stratus-everywhere-") as programs:
        stack = Stack(programs)
        server = stack.start_server(options=["--mqtt-listen", "127.0.0.1:0"])
        make_user(server, "ann", "admin", password=PASSWORD)
        site = HostileSite(stack, server, tmp_path_factory.mktemp("site"))
        site.programs, site.fresh = programs, stack.start_server("fresh")
        site.entrances = {"setup": site.fresh.url + "/setup", "login": server.url + "/login", "login-again": server.url + "/devices",
                          "first-password": server.url}
        yield site


def area(name):
    """The area that names the longest beginning of a view's name."""
    return max((len(word), key) for key, words in AREAS.items() for word in words if name.startswith(word))[1]


def short_tours(site):
    """Each of the main pages once: every other one in Korean and in the dark."""
    views = {name: path for name, path in site.views().items() if name in (ONLY or MAIN)}
    return [{"language": language, "theme": theme, "views": dict(list(views.items())[start::2]),
             "entrances": dict(list(site.entrances.items())[start::2])}
            for start, (language, theme) in enumerate([("en", "light"), ("ko", "dark")])]


def long_tour(site, wanted, language):
    views = {name: path for name, path in site.views().items() if area(name) == wanted and (not ONLY or name in ONLY)}
    return [{"language": language, "theme": "light", "views": views, "entrances": site.entrances if wanted == "site" else {}}]


@pytest.mark.parametrize("wanted", [(one, language) for one in AREAS for language in ("en", "ko")] if LONG else [("main", "pages")], ids="-".join)
def test_every_page_is_usable_by_everybody_and_runs_nothing(site, wanted):
    said = run_journey("pages", site.server, user={"name": "ann", "password": PASSWORD}, newcomer=NEWCOMER, whole=LONG, untranslated=UNTRANSLATED,
                       tours=long_tour(site, *wanted) if LONG else short_tours(site), foreign=[site.fresh.url], timeout=1800)
    print(said)  # how many views, in how long: pytest -rP
