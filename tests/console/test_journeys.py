"""What people do in the console, in a real browser at the real programs (tests/console/journeys says each step)."""
import hashlib
import json
import shutil
import subprocess

import pytest

from harness import AgentCase, write_tree
from harness.people import make_user
from harness.registry import tar_of

from browser import run_journey
from parts import esp_image, png, push_firmware


def test_firmware_is_registered_found_and_withdrawn(server, ann, tmp_path):
    file = esp_image(tmp_path / "panel.bin")
    run_journey("firmware", server, user=ann, firmware=str(file), firmwareDigest=hashlib.sha256(file.read_bytes()).hexdigest())


@pytest.fixture
def screen(programs, server):
    """A device with a screen: a real agent that shows what is rolled out to it. Answers what it has, each time it is called."""
    directory = programs.path("screen")
    case = AgentCase(programs, server=server, options={"": {"ca": str(server.ca)}, "content": {"directory": str(directory)}})
    assert server.http.post("/api/v1/devices", json={"id": "device-1", "label": "Lobby screen"}).status == 201
    case.start()

    def shown():
        index = json.loads((directory / "index.json").read_text())
        return [{"title": item["title"], "sizes": sorted(file["size"] for file in item["files"])} for item in index["items"]]
    yield shown
    case.stop_all()


def test_content_is_converted_previewed_and_deployed(server, ann, screen, tmp_path):
    def display(title):
        one = next(item for item in server.http.get("/api/v1/content").json()["items"] if item["title"] == title)
        link = server.http.post(f"/api/v1/content/{one['id']}/link?file=display").json()
        data = server.http.get(link["url"], token=None).body
        return {"header": data[:12].hex(), "size": len(data)}

    run_journey("content", server, {"display": display, "screen": screen}, user=ann, picture=str(png(tmp_path / "sale.png", 1000, 600, (201, 103, 47))))


def run(*words, directory):
    subprocess.run([str(word) for word in words], cwd=directory, check=True, stdin=subprocess.DEVNULL, timeout=120)


def push_with_skopeo(server, image, directory):
    """An image of two layers made by umoci, pushed by skopeo with a token that may do no more than that."""
    made = server.http.post("/api/v1/tokens", json={"name": "builder", "scopes": ["releases:read", "releases:write"]})
    assert made.status == 201, made
    (directory / "ca.d").mkdir()
    shutil.copy(server.ca, directory / "ca.d" / "ca.crt")
    run("umoci", "init", "--layout", "layout", directory=directory)
    run("umoci", "new", "--image", "layout:1", directory=directory)
    for number, files in enumerate([{"app": b"\x7fELF" + bytes(range(256)) * 200}, {"etc/conf": b"a = 1\n"}]):
        (directory / f"{number}.tar").write_bytes(tar_of(files))
        run("umoci", "raw", "add-layer", "--image", "layout:1", f"{number}.tar", directory=directory)
    run("skopeo", "copy", "--dest-cert-dir=ca.d", f"--dest-creds=token:{made.json()['token']}", "oci:layout:1",
        f"docker://{server.address}/{image}", directory=directory)
    return {}


def test_image_is_pushed_and_shows_its_layers(stack, server, ann, tmp_path):
    key, _ = stack.make_key()
    tree = {"etc/app.conf": b"colour=blue\n", "usr/share/old.txt": b"old\n", "usr/bin/app": b"\x7fELF" + bytes(30_000)}

    def publish(version):
        if version == "1.1":
            tree.update({"etc/app.conf": b"colour=green\n", "usr/share/new.txt": b"new\n"})
            del tree["usr/share/old.txt"]
        stack.publish(f"site/app:{version}", write_tree(tmp_path / version, tree), key, ["/usr/bin/app"], ["--no-deploy"])
        return {}

    def push(image):
        return push_with_skopeo(server, image, tmp_path)

    run_journey("images", server, {"publish": publish, "push": push}, user=ann)


def test_role_without_permission_is_told_why(server):
    world = {}
    for role, roles in (("viewer", ["viewer"]), ("nobody", [])):
        make_user(server, role, *roles, password="a long enough secret")
        world[role] = {"name": role, "password": "a long enough secret"}
    run_journey("permissions", server, **world)


def test_parts_that_cannot_be_fetched_are_fetched_again(server, ann):
    run_journey("parts", server, user=ann)


def test_page_goes_on_after_a_restart_of_the_server(stack, server, ann):
    def stop():
        server.program.stop()
        return {}

    def start():
        stack.start_server("server-again", data=server.data, listen=server.address)
        return {}

    def push(name, version):
        push_firmware(stack.server, name, version)
        return {}

    run_journey("restart", server, {"stop": stop, "start": start, "push": push}, user=ann)
