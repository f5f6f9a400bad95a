"""./dev test: builds, then runs every test there is and counts them one by one.

Suites, in order: lint, the console's (types, lint, Vitest), unit tests of the modules with an event loop (release build), system
tests, some of these with PostgreSQL, unit tests of the others under AddressSanitizer and UBSan (built while the system tests wait),
short fuzz runs. Ends with "N passed, N failed, N skipped". --long, or "unit" without "asan", runs the others' unit tests in the
release build, too.
Only when asked for by name: gcc (what asan runs, built by g++) and tsan (what has an event loop, under ThreadSanitizer).
"""
import argparse
import concurrent.futures
import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree

import build_console

ROOT = pathlib.Path(__file__).resolve().parent.parent
PYTHON = "/usr/bin/python3"
# Compilers touch much memory once: in large pages that costs a twentieth less of their time.
COMPILING = dict(os.environ, GLIBC_TUNABLES="glibc.malloc.hugetlb=1")
TSAN_TARGETS = ("test_net", "test_gateway", "stratus-gateway", "stratus-server")
TSAN_SYSTEM_TESTS = ("gateway_answers", "gateway_blobs", "gateway_queue", "registry_crash", "server_devices", "rollouts")
# Once more with servers on PostgreSQL; what one engine does otherwise than the other shows here first.
POSTGRES_SYSTEM_TESTS = ("rollouts", "inventory", "identity", "mqtt_devices")


class Tally:
    def __init__(self):
        self.passed, self.failed, self.skipped = 0, [], []

    def add(self, name, outcome, detail=""):
        if outcome == "passed":
            self.passed += 1
        elif outcome == "skipped":
            self.skipped.append(f"{name}: {detail}")
        else:
            self.failed.append(name)
            print(f"FAILED {name}\n{detail}", flush=True)


def read_junit(path, suite, tally):
    """Both GoogleTest and pytest write JUnit XML; counts each case of it."""
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = f"{suite}: {case.get('classname')}.{case.get('name')}"
        failure = case.find("failure") if case.find("failure") is not None else case.find("error")
        skip = case.find("skipped")
        if failure is not None:
            tally.add(name, "failed", (failure.text or failure.get("message") or "").strip()[-6000:])
        elif skip is not None or case.get("status") == "notrun":
            tally.add(name, "skipped", skip.get("message", "") if skip is not None else "disabled")
        else:
            tally.add(name, "passed")


def run(command, **options):
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, **options)


def build(preset, tally, *targets):
    """Where the programs are, or None (and counted as failed) when the build breaks."""
    directory = ROOT / "build" if preset == "release" else ROOT / "build" / preset
    try:
        if not (directory / "build.ninja").exists():
            run(["cmake", "--preset", preset], check=True, stdout=subprocess.DEVNULL)
        run(["cmake", "--build", str(directory), *(["--target", *targets] if targets else [])], check=True, env=COMPILING)
    except subprocess.CalledProcessError as error:
        tally.add(f"build: {preset}", "failed", f"exit status {error.returncode}; the first error stands above")
        return None
    return directory / "bin"


@contextlib.contextmanager
def build_begun(preset):
    """A head start for build() in the time that others leave, as system tests do: most wait for programs that they started."""
    directory = ROOT / "build" / preset
    if not (directory / "build.ninja").exists():
        run(["cmake", "--preset", preset], stdout=subprocess.DEVNULL)
    ninja = subprocess.Popen(["chrt", "--idle", "0", "ninja", "-C", directory], cwd=ROOT, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=COMPILING)
    try:
        yield
    finally:  # what is left, and what broke, is for build(): ninja goes on where it was
        ninja.terminate()
        ninja.wait()


def lint_interface(tally):
    """api/openapi.yaml with the linter of tools/openapi, which is installed when missing."""
    directory = ROOT / "tools" / "openapi"
    stamp = directory / "node_modules" / ".package-lock.json"
    lock = directory / "package-lock.json"
    if not stamp.exists() or stamp.stat().st_mtime < lock.stat().st_mtime:
        done = run(["npm", "ci", "--ignore-scripts", "--prefix", str(directory)], capture_output=True, text=True)
        if done.returncode:
            tally.add("lint: openapi", "failed", "npm ci: " + (done.stdout + done.stderr)[-4000:])
            return
    done = run(["node", "tools/openapi/lint.mjs"], capture_output=True, text=True)
    tally.add("lint: openapi", "passed" if done.returncode == 0 else "failed", done.stdout + done.stderr)


def run_console(tally):
    """What the console's own tools say, side by side; its build is part of every release build."""
    def npm(*words):
        return run(["npm", "--prefix", str(build_console.WEB), *words], capture_output=True, text=True)

    with tempfile.TemporaryDirectory() as directory, concurrent.futures.ThreadPoolExecutor(3) as three:
        report = pathlib.Path(directory) / "report.xml"
        tests = three.submit(npm, "test", "--", "--reporter=junit", f"--outputFile={report}")
        for name, tool in [(name, three.submit(npm, "run", "-s", name)) for name in ("check", "lint")]:
            done = tool.result()
            tally.add(f"console: {name}", "passed" if done.returncode == 0 else "failed", (done.stdout + done.stderr)[-6000:])
        done = tests.result()
        if report.exists():
            read_junit(report, "console", tally)
        if done.returncode not in (0, 1) or not report.exists():
            tally.add("console: vitest", "failed", (done.stdout + done.stderr)[-6000:])


def run_footprint(tally):
    """What the microcontroller client weighs: the table is for the log, a mark that is passed is a failure."""
    done = run([PYTHON, "mcu/ports/footprint.py"], capture_output=True, text=True)
    print(done.stdout, end="", flush=True)
    outcome = {0: "passed", 77: "skipped"}.get(done.returncode, "failed")
    tally.add("footprint: microcontroller client", outcome, (done.stderr or done.stdout)[-3000:])


def run_unit_tests(suite, programs, tally, timeout, without=()):
    environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=1", UBSAN_OPTIONS="print_stacktrace=1")
    if os.access("/dev/shm", os.W_OK):
        environment["TMPDIR"] = "/dev/shm"  # many of them sync a file per step

    def test(program, report):
        try:
            done = run([program, f"--gtest_output=xml:{report}", "--gtest_brief=1"], env=environment, timeout=timeout,
                       capture_output=True, text=True, errors="replace")
        except subprocess.TimeoutExpired:
            return f"no end after {timeout} s"
        if done.returncode in (0, 1) and report.exists():
            return None
        return f"exit status {done.returncode}\n{(done.stdout + done.stderr)[-6000:]}"

    targets = sorted(program for program in programs.glob("test_*") if program.name not in without)
    with tempfile.TemporaryDirectory() as directory, concurrent.futures.ThreadPoolExecutor(2) as two:
        reports = [pathlib.Path(directory) / f"{program.name}.xml" for program in targets]
        for program, report, problem in zip(targets, reports, two.map(test, targets, reports)):
            if report.exists():
                read_junit(report, suite, tally)
            if problem:
                tally.add(f"{suite}: {program.name}", "failed", problem)


def run_fuzzers(programs, tally, long):
    # The short run goes the same way each time, so that what it finds is due to what changed; the long one explores.
    limits = ["-max_total_time=600"] if long else ["-max_total_time=5", "-seed=1"]

    def fuzz(program):
        corpus = ROOT / "fuzz" / "corpus" / program.name.removeprefix("fuzz_")
        with tempfile.TemporaryDirectory() as scratch:
            directories = [scratch] + ([str(corpus)] if corpus.is_dir() else [])
            return run([program, *limits, "-rss_limit_mb=2048", "-timeout=10",
                        f"-artifact_prefix={scratch}/", *directories], capture_output=True, text=True, errors="replace")

    targets = sorted(programs.glob("fuzz_*"))
    with concurrent.futures.ThreadPoolExecutor(2) as two:
        for program, done in zip(targets, two.map(fuzz, targets)):
            tally.add(f"fuzz: {program.name}", "passed" if done.returncode == 0 else "failed", done.stderr[-4000:])


def run_pytest(suite, tally, words, **environment):
    with tempfile.TemporaryDirectory() as directory:
        report = pathlib.Path(directory) / "report.xml"
        # Three files at a time: most tests wait for programs that they started.
        command = [PYTHON, "-m", "pytest", "-q", "-ra", "-n", "3", "--dist", "loadfile", f"--junitxml={report}", *words]
        done = run(command, env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1", **environment))
        if report.exists():
            read_junit(report, suite, tally)
        if done.returncode not in (0, 1, 5) or not report.exists():
            tally.add(f"{suite}: pytest itself", "failed", f"exit status {done.returncode}")


def unanswered(answered):
    """Operations of api/openapi.yaml that no system test has got a success from."""
    sys.path.insert(0, str(ROOT / "tests"))
    from harness.openapi import answered_by_nobody  # its packages may have come after this program's start
    return answered_by_nobody(answered)


def run_system_tests(tally, names, long):
    words = ["tests", *(["-k", " or ".join(names)] if names else [])]
    with tempfile.TemporaryDirectory() as directory:
        answered = pathlib.Path(directory) / "answered"
        run_pytest("system", tally, words, STRATUS_LONG="1" if long else "", STRATUS_ANSWERED=str(answered))
        if not names:
            missing = unanswered(answered)
            tally.add("system: every operation of api/openapi.yaml is answered as it says", "failed" if missing else "passed",
                      f"no success was seen of: {' '.join(missing)}")


def run_postgres_system_tests(tally):
    files = [f"tests/system/test_{name}.py" for name in POSTGRES_SYSTEM_TESTS]
    run_pytest("postgresql", tally, files, STRATUS_LONG="", STRATUS_TEST_DATABASE="postgresql")


def run_thread_sanitizer(release, sanitized, tally):
    """Unit tests, then system tests in which server and gateway are the sanitised ones; each report is a failure."""
    run_unit_tests("tsan", sanitized, tally, timeout=900)
    with tempfile.TemporaryDirectory() as directory:
        programs, reports = pathlib.Path(directory) / "bin", pathlib.Path(directory) / "reports"
        programs.mkdir()
        reports.mkdir()
        for program in release.iterdir():
            own = sanitized / program.name
            (programs / program.name).symlink_to(own if own.name in TSAN_TARGETS else program)
        environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", STRATUS_BIN=str(programs),
                           TSAN_OPTIONS=f"log_path={reports}/report")
        files = [f"tests/system/test_{name}.py" for name in TSAN_SYSTEM_TESTS]
        result = pathlib.Path(directory) / "result.xml"
        run([PYTHON, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", f"--junitxml={result}", *files], env=environment)
        if result.exists():
            read_junit(result, "tsan", tally)
        else:
            tally.add("tsan: pytest itself", "failed")
        for report in sorted(reports.iterdir()):
            tally.add(f"tsan: {report.name}", "failed", report.read_text(errors="replace")[:6000])


def main():
    parser = argparse.ArgumentParser(prog="./dev test", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", help="only suites (lint console unit asan fuzz system; gcc tsan) or system tests with these names")
    parser.add_argument("--long", action="store_true", help="long forms: more cut points, longer fuzzing")
    arguments = parser.parse_args()
    if os.environ.get("STRATUS_PARSE_ONLY"):  # ./dev asks first
        return 0
    suites = {"lint", "console", "unit", "asan", "fuzz", "system"}
    known = suites | {"gcc", "tsan"}
    chosen = {name for name in arguments.names if name in known}
    patterns = [name for name in arguments.names if name not in known]
    if patterns:
        chosen.add("system")
    chosen = chosen or suites
    tally, started = Tally(), time.monotonic()

    def heading(text):
        print(f"== {text} ({time.monotonic() - started:.0f} s)", flush=True)

    if "lint" in chosen:
        heading("lint")
        for check in ("includes", "co_await", "sizes", "format"):
            done = run([PYTHON, "tools/lint.py", check], capture_output=True, text=True)
            tally.add(f"lint: {check}", "passed" if done.returncode == 0 else "failed", done.stdout + done.stderr)
        lint_interface(tally)
    if chosen & {"lint", "console", "unit", "system", "tsan"}:
        heading("build: release, with the console")
        problem = build_console.build()
        tally.add("build: console", "failed" if problem else "passed", problem)
    if "console" in chosen and not problem:
        heading("console")
        run_console(tally)
    if chosen & {"lint", "unit", "system", "tsan"}:
        twice = "unit" in chosen and (arguments.long or "asan" not in chosen)
        programs = build("release", tally, "all", *(["pure_tests"] if twice else []))
    if "lint" in chosen and programs:
        heading("every header compiles alone")
        done = run(["cmake", "--build", str(ROOT / "build"), "--target", "all_verify_interface_header_sets"],
                   capture_output=True, text=True)
        tally.add("lint: headers", "passed" if done.returncode == 0 else "failed", done.stdout[-4000:])
    if "unit" in chosen and programs:
        heading("unit tests")
        run_unit_tests("unit", programs, tally, timeout=600,
                       without=() if twice else (programs.parent / "pure_tests.txt").read_text().split(";"))
        heading("footprint of the microcontroller client")
        run_footprint(tally)
    if "system" in chosen and programs:
        sanitized_too = bool(chosen & {"asan", "fuzz"})
        heading("system tests" + (", and beside them the sanitized build" if sanitized_too else ""))
        with build_begun("asan") if sanitized_too else contextlib.nullcontext():
            run_system_tests(tally, patterns, arguments.long)
            if not patterns:
                heading("some of them with PostgreSQL")
                run_postgres_system_tests(tally)
    if chosen & {"asan", "fuzz"}:
        heading("build: clang with AddressSanitizer, UBSan and libFuzzer")
        sanitized = build("asan", tally)
        if "asan" in chosen and sanitized:
            heading("unit tests under AddressSanitizer and UBSan")
            run_unit_tests("asan", sanitized, tally, timeout=900)
        if "fuzz" in chosen and sanitized:
            heading("fuzz targets")
            run_fuzzers(sanitized, tally, arguments.long)
    if "gcc" in chosen:
        heading("build and run: g++ with AddressSanitizer and UBSan")
        if sanitized := build("gcc", tally):
            run_unit_tests("gcc", sanitized, tally, timeout=900)
    if "tsan" in chosen and programs:
        heading("build and run: clang with ThreadSanitizer")
        if sanitized := build("tsan", tally, *TSAN_TARGETS):
            run_thread_sanitizer(programs, sanitized, tally)

    heading("done")
    for line in tally.skipped:
        print(f"SKIPPED {line}")
    for name in tally.failed:
        print(f"FAILED {name}")
    print(f"{tally.passed} passed, {len(tally.failed)} failed, {len(tally.skipped)} skipped")
    return 1 if tally.failed or tally.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
