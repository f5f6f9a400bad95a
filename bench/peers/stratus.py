"""Stratus: the whole thing as a device sees it, and the delta alone as `stratus delta` makes and applies it.

The whole thing is a server, an agent that runs version 1 of the image, and the update to version 2 through a counting
proxy: the answer with manifest and signature, the delta, the report, every head. Preparing counts `stratus publish` (which
makes the changed layer) and the server (which makes the delta); applying counts the agent, from asking to reporting. The
images also carry a small static service, the same in both versions, since an update is complete only when it runs.
"""
import os
import subprocess
import time

from harness import BIN, ServiceImage, Stack
from measure import Spent

from . import Outcome, listing


def delta_alone(job):
    patch, result = job.path("patch"), job.path("result.tar")
    prepared = job.run(BIN / "stratus", "delta", "make", job.workload.old_tar, job.workload.new_tar, patch)
    applied = job.run(BIN / "stratus", "delta", "apply", job.workload.old_tar, patch, result)
    return Outcome(patch.stat().st_size, None, prepared, applied, job.same_as_new_tar(result))


def plain(job):
    return _whole(job, Stack(job.programs, plain=True))


def over_tls(job):
    return _whole(job, Stack(job.programs))


def _whole(job, stack):
    service = ServiceImage()
    trees = {"1": _runnable(job, service, job.workload.old, "1"), "2": _runnable(job, service, job.workload.new, "2")}
    server = stack.start_server()
    private_key, public_key = stack.make_key()
    environment = {"XDG_CACHE_HOME": str(job.path("cache"))}
    # How well the first version is compressed does not matter here.
    stack.publish("app:1", trees["1"], private_key, ["/bin/service"], ["--level", "3"], env=environment, timeout=600)
    proxy = job.proxy(server.url)
    agent = stack.start_agent("app", proxy.url("http" if stack.plain else "https"), public_key, "device", server.ca,
                              poll=3600, update={"probation": "100ms"}, service={"args": service.command()},
                              health={"http": f"{service.url}/healthz", "interval": "20ms"})
    stack.wait_reported("device", "1", seconds=120)

    words = ["publish", "app:2", trees["2"], "--sign-key", private_key, "--no-deploy"]
    made = Spent(server.program.pid)
    prepared = job.run(BIN / "stratus", *words, env=stack.environment(environment))
    stack.stratus("deploy", "app:2", timeout=600)
    prepared += made.usage()

    proxy.cut_all()  # as after a while of silence: the update begins with a new connection, handshake included
    proxy.reset()
    spent = Spent(agent.program.pid)
    begin = time.perf_counter()
    agent.check()
    stack.wait_reported("device", "2", seconds=300)
    seconds = time.perf_counter() - begin
    applied = spent.usage()
    seen = proxy.snapshot()
    ok = _same_root(agent, trees["2"])
    return Outcome(seen["up"] + seen["down"], seen["requests"] if stack.plain else None, prepared, applied, ok, seconds)


def _runnable(job, service, source, version):
    """The workload's tree (hard links) with the service in it, which is the same in both versions."""
    tree = job.path("trees", version)
    subprocess.run(["cp", "-al", source, tree], check=True)
    service.tree(tree, "any")
    for path in (tree, *tree.rglob("*")):
        os.utime(path, (1700000000, 1700000000), follow_symlinks=False)
    return tree


def _same_root(agent, tree):
    """What the service sees as its root is the published tree."""
    hidden = ("dev", "proc", "run", "sys", "tmp")  # the container has its own
    root = f"/proc/{agent.status()['pid']}/root/"
    return listing(root, hidden) == listing(tree, hidden)


TOOLS = {"stratus, everything": plain, "stratus, everything over TLS": over_tls, "stratus, delta alone": delta_alone}
