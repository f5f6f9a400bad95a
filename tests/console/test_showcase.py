"""The main pages over a fleet that lives: server, gateway, simulated devices, a rollout that its gate halted.

STRATUS_SCREENSHOTS=1 makes the fleet larger and takes the pictures of docs/images that docs/console.md and the READMEs show.
"""
import os
import subprocess

from browser import PICTURES as DIRECTORY
from browser import run_journey
from showcase import Site

PICTURES = os.environ.get("STRATUS_SCREENSHOTS") == "1"


def test_pages_say_what_the_fleet_does(stack):
    site = Site(stack, scale=6 if PICTURES else 1)
    user = site.people()
    site.places()
    site.start_gateway()
    site.start_devices("--bandwidth", "400KiB", "--install-time", "0.2")
    site.artifacts()
    rollouts = site.updated()
    overview = site.http.get("/api/v1/overview").json()
    # Each device fetched the first version whole, then one layer of two; failed ones fetched it too, and brought nothing.
    whole, layer = site.sizes["2.0"]
    assert overview["bytes"]["moved"] == site.devices * (whole + layer)
    kept = 2 * site.devices - site.world()["wentBack"]
    assert overview["bytes"]["updates"] == kept and overview["bytes"]["full_images"] >= kept * whole

    run_journey("showcase", site.server, {"overview": lambda: {
        "compliance": overview["devices"]["compliance"], "bytes": overview["bytes"]}}, user=user, timeout=600, **site.world(), **rollouts)
    if PICTURES:
        run_journey("screenshots", site.server, user=user, timeout=1800, **site.world(), **rollouts)
        pictures = [str(path) for path in sorted(DIRECTORY.glob("*.*.png"))]
        # 256 colours are enough for a console, and a third of the bytes.
        subprocess.run(["pngquant", "--force", "--skip-if-larger", "--ext", ".png", "--strip", "--", *pictures], check=False, timeout=600)
        assert sum(os.path.getsize(path) for path in pictures) <= 2_500_000
