"""Tools that turn one tar into another by a patch file, and the plain compressed tar."""
from . import Outcome


def _measure(job, prepare, patch, apply):
    prepared = job.run(*prepare)
    applied = job.run(*apply)
    return Outcome(patch.stat().st_size, None, prepared, applied, job.same_as_new_tar(job.path("result.tar")))


def full_zstd(job):
    new, patch, result = job.workload.new_tar, job.path("patch"), job.path("result.tar")
    return _measure(job, ["zstd", "-19", "-q", "-T1", new, "-o", patch], patch, ["zstd", "-d", "-q", patch, "-o", result])


def zstd_patch_from(job):
    old, new, patch, result = job.workload.old_tar, job.workload.new_tar, job.path("patch"), job.path("result.tar")
    return _measure(job, ["zstd", "-19", "--long=31", "-q", "-T1", f"--patch-from={old}", new, "-o", patch], patch,
                    ["zstd", "-d", "-q", "--long=31", f"--patch-from={old}", patch, "-o", result])


def xdelta3(job):
    old, new, patch, result = job.workload.old_tar, job.workload.new_tar, job.path("patch"), job.path("result.tar")
    # -B: the whole old file as source window.
    window = ["-B", str(max(old.stat().st_size, 1 << 20))]
    return _measure(job, ["xdelta3", "-9", "-e", "-f", *window, "-s", old, new, patch], patch,
                    ["xdelta3", "-d", "-f", *window, "-s", old, patch, result])


def bsdiff(job):
    old, new, patch, result = job.workload.old_tar, job.workload.new_tar, job.path("patch"), job.path("result.tar")
    return _measure(job, ["bsdiff", old, new, patch], patch, ["bspatch", old, result, patch])


TOOLS = {"full tar, zstd -19": full_zstd, "xdelta3 -9, patch alone": xdelta3, "bsdiff, patch alone": bsdiff,
         "zstd -19 --patch-from, patch alone": zstd_patch_from}
