"""Tools that send the blocks, chunks or objects a device lacks: casync, ostree, zsync, zchunk, rsync."""
import subprocess

from harness import free_port
from measure import Spent

from . import Outcome, copy, wait_listening


def casync(job):
    site, new, old = job.path("site/x").parent, job.workload.new_tar, job.workload.old_tar
    job.path("site/store").mkdir()
    sizes = ["--chunk-size=16384"]
    prepared = job.run("casync", "make", *sizes, f"--store={site}/store", site / "new.caibx", new)
    proxy = job.serve_files(site)
    applied = job.run("casync", "extract", f"--store={proxy.url()}/store", f"--seed={old}",
                      f"{proxy.url()}/new.caibx", job.path("result.tar"))
    return Outcome(proxy.total, proxy.requests, prepared, applied, job.same_as_new_tar(job.path("result.tar")))


def ostree(job):
    site, device = job.path("site/repo"), job.path("device/repo")

    def commit(tree):
        # The trees may have other owners and time stamps than root and 0; neither is what is compared.
        return job.run("ostree", f"--repo={site}", "commit", "-b", "app", "--owner-uid=0", "--owner-gid=0",
                       "--no-xattrs", "--timestamp=@1700000000", f"--tree=dir={tree}")

    subprocess.run(["ostree", f"--repo={site}", "init", "--mode=archive"], check=True)
    commit(job.workload.old)
    old = _revision(site)
    subprocess.run(["ostree", f"--repo={device}", "init", "--mode=bare-user-only"], check=True)
    subprocess.run(["ostree", f"--repo={device}", "pull-local", site, "app"], check=True, capture_output=True)
    prepared = commit(job.workload.new)
    new = _revision(site)
    prepared += job.run("ostree", f"--repo={site}", "static-delta", "generate", f"--from={old}", f"--to={new}")
    prepared += job.run("ostree", f"--repo={site}", "summary", "-u")
    proxy = job.serve_files(site)
    subprocess.run(["ostree", f"--repo={device}", "remote", "add", "--no-gpg-verify", "site", proxy.url()], check=True)
    applied = job.run("ostree", f"--repo={device}", "pull", "--require-static-deltas", "site", "app")
    result = job.path("result")
    subprocess.run(["ostree", f"--repo={device}", "checkout", "-U", "-H", new, result], check=True)
    return Outcome(proxy.total, proxy.requests, prepared, applied, _same_contents(job, result))


def _revision(repository):
    return subprocess.run(["ostree", f"--repo={repository}", "rev-parse", "app"], check=True, capture_output=True,
                          text=True).stdout.strip()


def _same_contents(job, tree):
    """bare-user-only repositories drop some permission bits by design: names, kinds and contents are compared."""
    from harness import tree_listing

    def contents(root):
        return {name: (kind, content) for name, (kind, _, _, content) in tree_listing(root).items()}

    return contents(tree) == contents(job.workload.new)


def zsync(job):
    """The better of the tar and the tar.gz."""
    outcomes = [_zsync(job, compressed) for compressed in (False, True)]
    return min(outcomes, key=lambda outcome: (not outcome.ok, outcome.wire_bytes))


def _zsync(job, compressed):
    place = "gz" if compressed else "tar"
    site = job.path(place, "site", "x").parent
    copy(job.workload.new_tar, site / "new.tar")
    options = ["-z"] if compressed else []
    prepared = job.run("zsyncmake", *options, "-f", "new.tar", "-o", site / "new.zsync", "new.tar", cwd=site)
    proxy = job.serve_files(site)
    result = job.path(place, "result.tar")
    applied = job.run("zsync", "-q", "-i", job.workload.old_tar, "-o", result, f"{proxy.url()}/new.zsync", cwd=result.parent)
    return Outcome(proxy.total, proxy.requests, prepared, applied, job.same_as_new_tar(result))


def zchunk(job):
    site, device = job.path("site/x").parent, job.path("device/x").parent
    prepared = job.run("zck", "-o", site / "new.tar.zck", job.workload.new_tar)
    subprocess.run(["zck", "-o", device / "old.tar.zck", job.workload.old_tar], check=True, capture_output=True)
    proxy = job.serve_files(site)
    applied = job.run("zckdl", "-s", device / "old.tar.zck", f"{proxy.url()}/new.tar.zck", cwd=device)
    with open(job.path("result.tar"), "wb") as result:
        applied += job.run("unzck", "-c", device / "new.tar.zck", stdout=result)
    return Outcome(proxy.total, proxy.requests, prepared, applied, job.same_as_new_tar(job.path("result.tar")))


def rsync(job):
    site, port = job.path("site/x").parent, free_port()
    copy(job.workload.new_tar, site / "image.tar")
    result = copy(job.workload.old_tar, job.path("device/image.tar"))
    configuration = job.path("rsyncd.conf")
    configuration.write_text(f"use chroot = no\n[site]\npath = {site}\nread only = yes\nuid = 0\ngid = 0\n")
    daemon = job.programs.start("rsyncd", ["rsync", "--daemon", "--no-detach", "--address=127.0.0.1", f"--port={port}",
                                           f"--config={configuration}"])
    wait_listening(port, daemon)
    proxy = job.proxy(("127.0.0.1", port))
    spent = Spent(daemon.pid)
    applied = job.run("rsync", "-z", "--compress-choice=zstd", "--no-whole-file", "--ignore-times",
                      f"rsync://127.0.0.1:{proxy.port}/site/image.tar", result)
    return Outcome(proxy.total, 1, spent.usage(), applied, job.same_as_new_tar(result))


TOOLS = {"casync, 16 KB chunks": casync, "ostree, static delta": ostree, "zsync (best of tar, tar.gz)": zsync,
         "zchunk": zchunk, "rsync -z (zstd)": rsync}
