"""Stratus: the delta alone, as `stratus delta` makes and applies it."""
from harness import BIN

from . import Outcome


def delta_alone(job):
    patch, result = job.path("patch"), job.path("result.tar")
    prepared = job.run(BIN / "stratus", "delta", "make", job.workload.old_tar, job.workload.new_tar, patch)
    applied = job.run(BIN / "stratus", "delta", "apply", job.workload.old_tar, patch, result)
    return Outcome(patch.stat().st_size, None, prepared, applied, job.same_as_new_tar(result))


TOOLS = {"stratus, delta alone": delta_alone}
