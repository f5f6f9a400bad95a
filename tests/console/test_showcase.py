"""The main pages over a fleet that lives: server, gateway, simulated devices, a rollout that its gate halted.

STRATUS_SCREENSHOTS=1 makes the fleet larger and takes the pictures of docs/images that docs/console.md and the READMEs show.
"""
import json
import os
import shlex
import subprocess
import time

import pytest
from harness import BIN, Programs, Stack

from browser import PICTURES as DIRECTORY
from browser import run_journey
from showcase import FLEETS, IMAGE, PASSWORD, Site

PICTURES = os.environ.get("STRATUS_SCREENSHOTS") == "1"
USER = {"name": "ann", "password": PASSWORD}


@pytest.fixture(scope="module")
def site():
    with Programs("stratus-showcase-") as programs:
        site = Site(Stack(programs), scale=6 if PICTURES else 1)
        site.people()
        site.places()
        site.start_gateway()
        site.start_devices("--bandwidth", "400KiB", "--install-time", "0.2")
        site.parts = site.artifacts()
        site.rollouts = site.updated()
        yield site


def test_pages_say_what_the_fleet_does(site):
    overview = site.http.get("/api/v1/overview").json()
    # Each device fetched the first version whole, then one layer of two; failed ones fetched it too, and brought nothing.
    whole, layer = site.sizes["2.0"]
    assert overview["bytes"]["moved"] == site.devices * (whole + layer)
    kept = 2 * site.devices - site.world()["wentBack"]
    assert overview["bytes"]["updates"] == kept and overview["bytes"]["full_images"] >= kept * whole
    run_journey("showcase", site.server, {"overview": lambda: {"compliance": overview["devices"]["compliance"], "bytes": overview["bytes"]}},
                user=USER, timeout=600, **site.world(), **site.rollouts)


def views(site):
    """{name: path} of every page; what has to be clicked there is in steps.mjs, by name."""
    world = site.world()
    failed, healthy, image = f"/devices/{world['failed']}", f"/devices/{world['healthy']}", "/images/" + IMAGE.replace("/", "%2F")
    halted, firmware, content = (f"/{kind}/{one}" for kind, one in (
        ("rollouts", site.rollouts["halted"]), ("firmware", site.parts["firmware"]), ("content", site.parts["content"])))
    new = f"/rollouts/new?what={image[8:]}%3A2.2&all=1&step="
    pages = {
        "overview": "/", "palette": "/", "keys": "/", "user-menu": "/", "not-found": "/nothing/here",
        "rollouts": "/rollouts", "rollouts-finished": "/rollouts?tab=finished", "rollouts-drafts": "/rollouts?tab=drafts",
        "rollouts-scheduled": "/rollouts?tab=scheduled",
        "rollout": halted, "rollout-replay": halted + "?replay=1", "rollout-abort": halted, "rollout-resume": halted, "rollout-rollback": halted,
        "new-what": new + "what", "new-who": new + "who", "new-how": new + "how", "new-review": new + "review",
        "devices": "/devices", "devices-columns": "/devices?columns=reason,kind,hardware,location,active,first",
        "devices-bulk": "/devices", "devices-menu": "/devices", "devices-view": "/devices?filter=state%3Dfailed",
        "devices-none": "/devices?filter=id%3Dx", "devices-wrong": "/devices?filter=%28",
        "register": "/devices?register=1", "registered": "/devices?register=1",
        "device": failed, "device-edit": failed, "device-remove": failed, "device-metrics": healthy + "?tab=metrics",
        "images": "/images", "images-push": "/images?dialog=push", "image": image, "image-remove": image,
        "layers": image + "/2.2", "diff": image + "/2.2?view=diff&from=2.0",
        "firmware": "/firmware", "firmware-register": "/firmware?dialog=register", "firmware-item": firmware, "firmware-notes": firmware,
        "firmware-withdraw": firmware,
        "content": "/content", "content-register": "/content?dialog=register", "content-item": content, "content-text": content,
        "content-remove": content,
        "groups": "/groups", "groups-new-region": "/groups?tab=region", "groups-group": "/groups?tab=group", "groups-new-filter": "/groups?tab=filter",
        "gateways": "/gateways", "gateways-forget": "/gateways", "gateways-register": "/gateways?register=1", "monitoring": "/monitoring",
        "audit": "/audit", "audit-entry": "/audit", "audit-verify": "/audit", "account": "/settings/account", "users": "/settings/users",
        "user-new": "/settings/users", "user-edit": "/settings/users", "tokens": "/settings/tokens", "token-new": "/settings/tokens",
        "certificates": "/settings/certificates", "storage": "/settings/storage", "storage-clean": "/settings/storage"}
    pages.update({f"rollout-{tab}": f"{halted}?tab={tab}" for tab in ("devices", "failures", "excluded", "events")})
    pages.update({f"device-{tab}": f"{failed}?tab={tab}" for tab in ("timeline", "content", "log")})
    return {**pages, "lock": "/"}  # stays locked, so it is the last


def names(site):
    """What people chose and programs are called: not the console's words."""
    prefixes = [prefix for fleets in FLEETS.values() for prefix, *_ in fleets]
    chosen = ["Seoul", "Busan", "Jeju", "Pilot", "Stores", "Stations", "seoul", "busan", "jeju", "pilot", "stores", "stations", "Player 2.1",
              "Player 2.0", IMAGE, "panel/main", "Spring sale", "New menu", "faster start", "clock keeps its time", "gw-seoul", "ann", "minji.kim",
              "admin", "panel.img", "assets.img", "settings.img", "a.png", "Night shift"]
    said = ["simulated: the new version is not well", "simulated: it cannot be installed", "stratus-sim", "stratus-gateway", "stratus-server", "“set-up code: …”", "Asia/Seoul",
            "Stratus root", "Stratus intermediate"]
    return sorted([*prefixes, *chosen, *said], key=len, reverse=True)


NOTHING_YET = "nothing to change"  # a dialog in which nobody has entered anything
NOBODY_TO_ASK = "nobody to ask"  # for a password: it belongs into no command


def usage_problem(line, directory):
    """What `stratus` has against the way a command is written that a dialog offers to copy; there is nobody to send it to."""
    for name in ("FILE", "PICTURE", "PICTURE.bin"):
        (directory / name).touch()
    (directory / "app").mkdir(exist_ok=True)
    words = shlex.split(line.replace("NAME:VERSION", "name:1.0"))
    done = subprocess.run([BIN / words[0], *words[1:]], cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          env=dict(os.environ, STRATUS_SERVER="https://127.0.0.1:1"))
    is_fine = done.returncode != 2 or NOTHING_YET in done.stderr or NOBODY_TO_ASK in done.stderr
    return "" if is_fine else f"{line}\n  {done.stderr.strip()}"


def test_pages_are_korean_throughout_and_their_commands_are_of_stratus(site, tmp_path):
    later = site.schedule("Night shift")
    said = run_journey("korean", site.server, user=USER, views=views(site), names=names(site), timeout=600)
    assert site.http.post(f"/api/v1/rollouts/{later}/abort").status == 200
    lines = {json.loads(line.removeprefix("COMMAND ")) for line in said.splitlines() if line.startswith("COMMAND ")}
    assert len(lines) >= 12, lines
    wrong = [problem for line in sorted(lines) if (problem := usage_problem(line, tmp_path))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.skipif(PICTURES, reason="pictures are taken: this leaves a region and a view behind")
def test_many_devices_are_found_chosen_moved_and_exported(site, tmp_path):
    def devices_of(region):
        return [one["id"] for one in site.http.get(f"/api/v1/devices?filter=region%3D{region}").json()["devices"]]

    def schedule():
        site.schedule("Night shift")
        return "Night shift"

    run_journey("manage", site.server, {"devicesOf": devices_of, "schedule": schedule}, user=USER, directory=str(tmp_path), **site.world(), **site.rollouts)




def test_pictures_of_the_main_pages(site):
    for title, days, spec in [("Night shift", 1, {}), ("Player 2.2 · 전체 매장", 3, {}), ("Holiday menu", 3, {"approval": True}), ("Stations", 8, {})]:
        site.schedule(title, days, **spec)
    begun = time.time()
    run_journey("screenshots", site.server, user=USER, timeout=1800, **site.world(), **site.rollouts, **site.parts)
    pictures = [str(path) for path in sorted(DIRECTORY.glob("*.*.png")) if path.stat().st_mtime >= begun]
    # 256 colours are enough for a console, and a third of the bytes.
    subprocess.run(["pngquant", "--force", "--skip-if-larger", "--ext", ".png", "--strip", "--", *pictures], check=False, timeout=600)
    assert sum(os.path.getsize(path) for path in pictures) <= 3_000_000


test_pictures_of_the_main_pages.__test__ = PICTURES
