"""A small site in which every text that a device or a person may choose is hostile."""
import contextlib
import json
import time

from harness import wait_until, write_tree
from harness.fleet import Device
from harness.mqtt import DeviceMaker
from harness.registry import Registry, digest_of

from parts import png, push_content, push_firmware

HIT = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>'
# Markup, templates of the console's own texts, words that never end, writing that turns round.
TEXT = HIT + " {{name}} $t(title) ${1} \u202egnp.exe\u202c " + "W" * 30
NAME = TEXT[:120]
WORD = "w" * 60  # where only letters may be: an id, a group's code is shorter
DEVICE = "panel-" + WORD[:50]
NEWCOMER = {"name": "somebody." + WORD[:40], "password": "a long enough secret"}  # has to choose another one first


class HostileSite:
    """Places, devices that failed and say so, a device that logs and shows content, releases, firmware, a halted rollout."""

    def __init__(self, stack, server, directory):
        self.stack, self.server, self.http, self.directory = stack, server, server.http, directory
        self.closing = contextlib.ExitStack()
        stack.programs.on_close(self.closing.close)
        self.places()
        self.releases()
        self.devices()
        self.talk()
        self.firmware = push_firmware(server, "kiosk/" + WORD, "1.0.0", notes=f"# Notes {TEXT}\n[x](javascript:window.hit=1)",
                                      file_name='a"><b>.bin', parts={"assets": ('a"><b>.img', b"assets"), "configuration": (WORD + ".img", b"x")})
        picture = png(directory / "a.png", 320, 200, (30, 120, 90)).read_bytes()
        self.content = [push_content(server, f"{NAME[:100]} {number}", picture, description=TEXT) for number in range(2)][0]
        self.rollouts()

    def made(self, path, **body):
        answer = self.http.post(path, json=body)
        assert answer.status in (200, 201), answer
        return answer.json()

    def places(self):
        for kind in ("regions", "groups"):
            self.made(f"/api/v1/{kind}", code="r1", name=NAME, tags={"note": NAME})
        self.made("/api/v1/filters", code="f1", name=NAME, filter="state=failed")
        self.made("/api/v1/tokens", name=NAME.replace("/", "|")[:60], scopes=["devices:read"])
        self.made("/api/v1/users", **NEWCOMER, display_name=NAME, roles=["viewer"])
        word = {"boot": "ab", "interval_ms": 3_600_000, "version": HIT[:64], "devices": [DEVICE], "hits": 9, "misses": 1}
        assert self.http.post(f"/api/v1/gateways/{WORD}/status", json=word, token=None).status == 204

    def releases(self):
        key, _ = self.stack.make_key()
        files = {"etc/app.conf": b"a\n", f"usr/share/{HIT.replace('/', '|')}": b"x", f"usr/share/{WORD}/{WORD}": b"y",
                 "usr/bin/app": b"\x7fELF" + bytes(30_000)}
        self.stack.publish("site/app:1.0", write_tree(self.directory / "1", files), key, ["/usr/bin/app"], ["--no-deploy"])
        files[f"usr/share/new {HIT.replace('/', '|')}"] = b"z"
        self.stack.publish("site/app:1.1", write_tree(self.directory / "2", files), key, ["/usr/bin/app"], ["--no-deploy"])
        registry = Registry(self.http, "app")
        self.digests = {}
        for version in ("1", "2-" + WORD):
            manifest = registry.push_files([{"bin/app": version.encode()}], version)
            self.digests[version] = digest_of(manifest)
            assert self.http.put(f"/api/v1/releases/app/versions/{version}", json={"digest": self.digests[version]}).status == 200

    def devices(self):
        self.fleet = []
        for number in range(4):
            name = DEVICE if number == 0 else f"panel-{number}"
            self.made("/api/v1/devices", id=name, label=NAME, region="r1", group="r1", hardware=NAME, location=NAME,
                      tags={"note": NAME, WORD[:32]: WORD})
            device = Device(self.server, name)
            device.told = ("1", self.digests["1"])
            assert device.report("committed") == 204
            self.fleet.append(device)

    def talk(self):
        """One device over MQTT: logs, measurements, progress, what is on screen."""
        devices = DeviceMaker(self.server, self.directory / "keys")
        self.closing.callback(devices.close)
        talker = devices.connect(DEVICE)
        said = [("status/error_log", {"level": "error", "component": HIT, "message": TEXT * 3}), ("log", {"level": HIT[:16], "message": TEXT}),
                ("status/system", {"cpu_percent": 12.5, "w" * 60: 7}), ("content/active", {"id": TEXT, "title": TEXT}),
                ("control/response", {"command": "c", "status": TEXT, "reason": TEXT})]
        for seq, (kind, members) in enumerate(said, 1):
            talker.say(kind, seq=seq, **members)
        talker.publish(f"v1/{DEVICE}/presence", json.dumps({"online": True, "boot": "ab", "version": TEXT}).encode(), retain=True)
        wait_until(lambda: len(talker.stored | talker.refused.keys()) >= len(said), 30, what="what the device said to be stored")

    def rollouts(self):
        """One that its gate halted, with hostile reasons; one that is a draft."""
        spec = dict(contents=[{"name": "app", "version": "2-" + WORD}], targets={"all": True}, title=NAME)
        self.rollout = self.made("/api/v1/rollouts", **spec, waves=[{"percent": 100, "failure_percent": 0, "success_percent": 100}])["id"]
        self.made("/api/v1/rollouts", **spec, draft=True)
        self.made("/api/v1/rollouts", **spec, start_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86_400)))

        def halted():
            for device in self.fleet:
                if device.ask():
                    assert device.report("failed", TEXT * 2) == 204
            return self.http.get(f"/api/v1/rollouts/{self.rollout}").json()["state"] == "paused"

        wait_until(halted, 60, what="the gate to halt the rollout")

    def views(self):
        """{name: path}; what has to be clicked there is in steps.mjs, by name."""
        device, rollout, image = f"/devices/{DEVICE}", f"/rollouts/{self.rollout}", "/images/site%2Fapp"
        new = f"/rollouts/new?what=app%3A2-{WORD}&all=1"
        failed = "/devices?filter=state%3Dfailed"
        firmware, content = f"/firmware/{self.firmware}", f"/content/{self.content}"
        views = {"overview": "/", "palette": "/", "keys": "/", "user-menu": "/", "not-found": f"/nothing/{WORD}",
                 "devices": "/devices", "devices-chosen": "/devices", "devices-bulk": "/devices", "devices-menu": "/devices", "devices-view": failed,
                 "devices-none": "/devices?filter=id%3Dx", "devices-wrong": "/devices?filter=%28",
                 "devices-columns": "/devices?columns=state,reason,runs,tags,hardware,location",
                 "register": "/devices?register=1", "registered": "/devices?register=1",
                 "device": device, "device-edit": device, "device-remove": device,
                 "rollout": rollout, "rollout-replay": rollout + "?replay=1", "rollout-abort": rollout, "rollout-resume": rollout,
                 "new-what": "/rollouts/new", "new-who": new + "&step=who", "new-how": new + "&step=how", "new-review": new + "&step=review",
                 "images": "/images", "images-push": "/images?dialog=push", "image": image, "image-remove": image,
                 "layers": image + "/1.1", "diff": image + "/1.1?view=diff&from=1.0",
                 "firmware": "/firmware", "firmware-register": "/firmware?dialog=register", "firmware-item": firmware,
                 "firmware-notes": firmware, "firmware-withdraw": firmware,
                 "content": "/content", "content-register": "/content?dialog=register", "content-item": content,
                 "content-text": content, "content-remove": content,
                 "gateways": "/gateways", "gateways-forget": "/gateways", "gateways-register": "/gateways?register=1",
                 "monitoring": "/monitoring", "audit": "/audit", "audit-entry": "/audit", "audit-verify": "/audit",
                 "account": "/settings/account", "users": "/settings/users", "user-new": "/settings/users", "user-edit": "/settings/users",
                 "tokens": "/settings/tokens?whose=all", "token-new": "/settings/tokens", "certificates": "/settings/certificates",
                 "storage": "/settings/storage", "storage-clean": "/settings/storage"}
        for tab in ("timeline", "metrics", "content", "log"):
            views[f"device-{tab}"] = f"{device}?tab={tab}"
        for tab in ("devices", "failures", "excluded", "events"):
            views[f"rollout-{tab}"] = f"{rollout}?tab={tab}"
        for tab in ("running", "drafts", "scheduled", "finished"):
            views[f"rollouts-{tab}"] = f"/rollouts?tab={tab}"
        for tab in ("region", "group", "filter"):
            views[f"groups-{tab}"] = f"/groups?tab={tab}"
            views[f"groups-new-{tab}"] = f"/groups?tab={tab}"
        views["lock"] = "/"  # stays locked, so it is the last
        return views
