"""Container engines pulling from Debian's docker-registry: a rebuilt single layer, a layer of what changed, zstd:chunked."""
import hashlib
import json
import os
import subprocess
import tarfile

from harness import free_port
from measure import CommandFailed, Usage
from workloads import sha256

from . import Outcome, wait_listening

_LAYER, _CONFIG = "application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.oci.image.config.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def _check(*argv, env=None):
    """Runs a step that is not measured; its stdout."""
    done = subprocess.run([str(word) for word in argv], env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise CommandFailed(f"{' '.join(map(str, argv))[:200]}: exit {done.returncode}: {done.stderr[-400:]}")
    return done.stdout


def _registry(job):
    port = free_port()
    configuration = job.path("registry.yml")
    configuration.write_text(f"version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: "
                             f"{job.path('registry')}\nhttp:\n  addr: 127.0.0.1:{port}\n")
    program = job.programs.start("registry", ["docker-registry", "serve", configuration],
                                 env={"OTEL_TRACES_EXPORTER": "none"})
    wait_listening(port, program)
    return port


class _Layout:
    """An OCI layout written by hand: `image(tag, tars)` makes an image of these layers, gzipped as usual."""

    def __init__(self, directory, job):
        self.directory, self.job, self.index, self.packed = directory, job, [], {}
        (directory / "blobs" / "sha256").mkdir(parents=True)
        (directory / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        self.prepared = Usage()

    def _blob(self, data):
        digest = hashlib.sha256(data).hexdigest()
        (self.directory / "blobs" / "sha256" / digest).write_bytes(data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    def _pack(self, tar):
        """(layer descriptor, diff id); gzip's CPU counts as preparation."""
        scratch = self.job.path("layer.gz")
        with open(scratch, "wb") as out:
            self.prepared += self.job.run("gzip", "-n", "-c", tar, stdout=out)
        descriptor = {"mediaType": _LAYER, **self._blob(scratch.read_bytes())}
        scratch.unlink()
        return descriptor, "sha256:" + sha256(tar)

    def image(self, tag, tars):
        layers, diffs = [], []
        for tar in tars:
            if tar not in self.packed:
                self.packed[tar] = self._pack(tar)
            layer, diff = self.packed[tar]
            layers.append(layer)
            diffs.append(diff)
        config = {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": diffs}}
        manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "layers": layers,
                    "config": {"mediaType": _CONFIG, **self._blob(json.dumps(config).encode())}}
        self.index.append({"mediaType": _MANIFEST, **self._blob(json.dumps(manifest).encode()),
                           "annotations": {"org.opencontainers.image.ref.name": tag}})
        (self.directory / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": self.index}))
        return diffs


def _skopeo(job, old_tars, new_tars):
    port = _registry(job)
    layout = _Layout(job.path("layout"), job)
    layout.image("1", old_tars)
    layout.prepared = Usage()
    diffs = layout.image("2", new_tars)
    skopeo = ["skopeo", "--insecure-policy", "copy", "-q"]
    for tag in ("1", "2"):
        _check(*skopeo, "--dest-tls-verify=false", f"oci:{layout.directory}:{tag}", f"docker://127.0.0.1:{port}/app:{tag}")
    proxy = job.proxy(("127.0.0.1", port))
    device = job.path("device")
    pull = [*skopeo, "--src-tls-verify=false"]
    _check(*pull, f"docker://127.0.0.1:{port}/app:1", f"oci:{device}:app")
    applied = job.run(*pull, f"docker://127.0.0.1:{proxy.port}/app:2", f"oci:{device}:app")
    index = json.loads((device / "index.json").read_text())["manifests"][-1]["digest"].split(":")[1]
    manifest = json.loads((device / "blobs/sha256" / index).read_text())
    # skopeo keeps layers packed; an engine would unpack what came. Only new layers cost, as on a device.
    ok = True
    for layer, tar, diff in zip(manifest["layers"], new_tars, diffs):
        if tar in old_tars:
            continue
        with open(job.path("unpacked.tar"), "wb") as out:
            applied += job.run("gzip", "-d", "-c", device / "blobs/sha256" / layer["digest"].split(":")[1], stdout=out)
        ok = ok and "sha256:" + sha256(job.path("unpacked.tar")) == diff
    return Outcome(proxy.total, proxy.requests, layout.prepared, applied, ok and len(manifest["layers"]) == len(new_tars))


def skopeo_rebuilt(job):
    return _skopeo(job, [job.workload.old_tar], [job.workload.new_tar])


def skopeo_changed(job):
    return _skopeo(job, [job.workload.old_tar], [job.workload.old_tar, changed_layer(job)])


def changed_layer(job):
    """What a container build makes of the change: whole new or changed files, and a whiteout for each one gone."""
    old, new, target = job.workload.old_tar, job.workload.new_tar, job.path("changed.tar")
    with tarfile.open(old) as before, tarfile.open(new) as after, tarfile.open(target, "w", format=tarfile.GNU_FORMAT) as out:
        earlier = {member.name: member for member in before}
        names = set()
        for member in after:
            names.add(member.name)
            was = earlier.get(member.name)
            same = was is not None and (was.type, was.mode, was.size, was.linkname) == (
                member.type, member.mode, member.size, member.linkname)
            if same and member.isreg():
                same = before.extractfile(was).read() == after.extractfile(member).read()
            if not same:
                out.addfile(member, after.extractfile(member) if member.isreg() else None)
        for name in sorted(set(earlier) - names):
            folder, _, leaf = name.rpartition("/")
            if folder in names or not folder:
                out.addfile(tarfile.TarInfo(f"{folder}/.wh.{leaf}" if folder else f".wh.{leaf}"))
    return target


def podman_chunked(job):
    """podman pulling only the chunks it lacks (zstd:chunked with partial pulls)."""
    port = _registry(job)
    stores = {}
    for side in ("publisher", "device"):
        configuration = job.path(f"{side}.conf")
        configuration.write_text(
            f'[storage]\ndriver = "overlay"\nrunroot = "{job.path(side, "run")}"\ngraphroot = "{job.path(side, "root")}"\n'
            '[storage.options]\npull_options = {enable_partial_images = "true", use_hard_links = "false", ostree_repos = ""}\n')
        stores[side] = dict(os.environ, CONTAINERS_STORAGE_CONF=str(configuration))
    layout = _Layout(job.path("layout"), job)
    layout.image("1", [job.workload.old_tar])
    layout.image("2", [job.workload.new_tar])
    prepared = Usage()
    pull = ["podman", "pull", "-q", "--tls-verify=false"]
    try:
        for tag in ("1", "2"):
            image = _check("podman", "pull", "-q", f"oci:{layout.directory}:{tag}", env=stores["publisher"]).strip()
            prepared = job.run("podman", "push", "-q", "--tls-verify=false", "--compression-format", "zstd:chunked", image,
                               f"docker://127.0.0.1:{port}/app:{tag}", env=stores["publisher"])
            _check("podman", "rmi", "-f", image, env=stores["publisher"])
        _check(*pull, f"127.0.0.1:{port}/app:1", env=stores["device"])
        proxy = job.proxy(("127.0.0.1", port))
        applied = job.run(*pull, f"127.0.0.1:{proxy.port}/app:2", env=stores["device"])
        mounted = _check("podman", "image", "mount", f"127.0.0.1:{proxy.port}/app:2", env=stores["device"]).strip()
        ok = job.same_as_new_tree(mounted)
        _check("podman", "image", "unmount", "-a", env=stores["device"])
    finally:
        for store in stores.values():
            subprocess.run(["podman", "system", "reset", "-f"], env=store, capture_output=True)
    return Outcome(proxy.total, proxy.requests, prepared, applied, ok)


TOOLS = {"skopeo, rebuilt single layer": skopeo_rebuilt, "skopeo, layer with changed files": skopeo_changed,
         "podman zstd:chunked, rebuilt layer": podman_chunked}
