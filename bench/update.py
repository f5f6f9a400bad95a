"""What one update costs, beside the tools people use today: bytes on the wire both ways, CPU, memory.

Workloads: W1a (a new 20 KB incompressible file in a 68 MB image), W1b (20 KB of edits scattered in a 10 MB program), W1c (20 KB
of edits in one place plus 40 bytes inserted), W1a_text (a new 20 KB source file), and real version pairs from npm and Debian.
"stratus" is the whole thing over plain HTTP: server, running agent, manifest, signature, delta, report.
"""
import concurrent.futures
import os
import signal
import subprocess
import sys
import threading

import marks
import workloads
from harness.processes import descendants
from measure import CommandFailed
from peers import Job, chunked, containers, patches, stratus

DESCRIPTION = "bytes, CPU and memory of one update, beside container engines and delta tools"
TOOLS = {**stratus.TOOLS, **containers.TOOLS, **chunked.TOOLS, **patches.TOOLS}
QUICK_WORKLOADS = ("W1a", "W1b", "W1a_text", "nginx")
QUICK_TOOLS = (*stratus.TOOLS, "skopeo, layer with changed files", "rsync -z (zstd)", "xdelta3 -9, patch alone")


def add_options(parser):
    parser.add_argument("--workloads", metavar="A,B", help=f"only these of: {', '.join(workloads.NAMES)}")
    parser.add_argument("--tools", metavar="A,B", help="only tools whose name contains one of these words")
    parser.add_argument("--quick", action="store_true", help="four workloads and the quick tools, about two minutes")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="measurements side by side (default: one a core)")
    parser.add_argument("--list", action="store_true", help="print the names of tools and end")


def _chosen(options):
    names = options.workloads.split(",") if options.workloads else QUICK_WORKLOADS if options.quick else workloads.NAMES
    for name in names:
        if name not in workloads.NAMES:
            sys.exit(f"no workload '{name}'; there are {', '.join(workloads.NAMES)}")
    tools = [tool for tool in TOOLS if not options.quick or tool in QUICK_TOOLS]
    if options.tools:
        words = options.tools.split(",")
        tools = [tool for tool in TOOLS if any(word in tool for word in words)]
    return list(names), tools


def _abandon(jobs):
    """Ctrl-C: ends every command and program at once; the threads that wait for them are not waited for."""
    for pid in descendants(os.getpid()):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    for job in jobs:
        job.__exit__()
    print("interrupted; everything started has been stopped", file=sys.stderr, flush=True)
    os._exit(130)


def run(options):
    if options.list:
        print("\n".join(TOOLS))
        sys.exit(0)
    names, tools = _chosen(options)
    rows, notes, made = {}, [], []
    skipped = 0
    for name in names:
        try:
            made.append(workloads.workload(name))
            print(made[-1].describe(), file=sys.stderr, flush=True)
        except workloads.Unreachable as error:
            skipped += 1
            notes.append(f"SKIPPED workload {name}: {error}")
    lock, open_jobs = threading.Lock(), set()

    def measure(item, tool):
        try:
            with Job(item) as job:
                open_jobs.add(job)
                row = TOOLS[tool](job).row(item.name, tool)
        except (CommandFailed, subprocess.SubprocessError, OSError, RuntimeError, TimeoutError) as error:
            row = None
            with lock:
                notes.append(f"no figure for {item.name} with {tool}: {str(error)[:600]}")
        with lock:
            open_jobs.difference_update([job for job in open_jobs if job.closed])
            rows[item.name, tool] = row
            shown = f"{row['wire_bytes']:,} B{'' if row['ok'] else ', WRONG RESULT'}" if row else "no figure"
            print(f"{item.name}: {tool}: {shown}", file=sys.stderr, flush=True)

    # The long ones first, so that the cores stay busy to the end. Bytes do not mind company; CPU seconds hardly do.
    order = sorted(((item, tool) for item in made for tool in tools),
                   key=lambda pair: -pair[0].new_tar.stat().st_size * (4 if pair[1].startswith(("bsdiff", "zstd", "full")) else 1))
    with concurrent.futures.ThreadPoolExecutor(max(1, options.jobs)) as pool:
        waiting = [pool.submit(measure, *pair) for pair in order]
        try:
            for job in waiting:
                job.result()
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            _abandon(list(open_jobs))
    if skipped:
        notes.append(f"{skipped} of {len(names)} workloads skipped")
    measured = [rows[item.name, tool] for item in made for tool in tools if rows.get((item.name, tool))]
    judged = marks.judge(marks.update_checks(measured))
    return {"rows": measured, "notes": notes + judged["notes"], "marks": judged["marks"], "group_by": "workload",
            "failed": any(not row["ok"] for row in measured)}
