"""The microcontroller client on emulated boards: what it weighs, what an update costs, what it survives. All is measured in this run.

footprint      from the linker's maps, the image's size, and the stack that the firmware used in QEMU; marks in mcu/ports/footprint.py
delta_percent  a small code change, as a patch, of the whole image (mark 4)
update         from power-on to the confirmed new version, through mutual TLS (mark 1 s for 50 KB that travel); and from the order to
               a device that idles. The median of some
simulator      power cuts at every flash operation on the host, and the ten mutants that must be caught
kills, bricks  QEMU killed at random moments of updates from the real server (marks 200 and 0 on each board)

The updates are measured first, alone; the boards' kills and the simulator then share the machine. The JSON is written after each part and each
kill: a run that is stopped keeps what it has (`complete` says whether it came to its end). Of several boards, footprint and delta_percent are
the Cortex-M3's; `boards` has them of each.
"""
import contextlib
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from harness import BIN, Programs, Stack, mcu
from harness.mcu_case import Case
from harness.mcu_kills import Campaign

import marks
from measure import Spent
from results import write_json

import footprint  # noqa: E402  mcu/ports/footprint.py, by way of harness.mcu

DESCRIPTION = "microcontroller client: footprint, patch size, power cuts, kills"
PUBLISHED = ("client_flash", "client_ram", "boot_flash", "firmware_flash", "firmware_ram")
MARK_PERCENT, MARK_SECONDS, MARK_KILLS = 4.0, 1.0, 200
TRAVELS = 50_000  # bytes that no patch can save


def add_options(parser):
    parser.add_argument("--kills", type=int, default=200, help="of QEMU during updates on each board (default 200)")
    parser.add_argument("--rounds", type=int, default=3, help="updates of each kind (default 3)")
    parser.add_argument("--sample", action="store_true", help="a sample of the simulator's cuts, not all of them")
    parser.add_argument("--board", choices=[*mcu.MACHINES], action="append", help="only this one (default: all)")


def say(text):
    print(text, file=sys.stderr, flush=True)


def edited(builder):
    """The firmware with a line of code more in the middle of its main loop: all that follows has moved."""
    text = (mcu.build.MCU / "ports" / "common" / "fleet_main.cpp").read_text()
    place = "    const bool restart = client.poll();\n"
    assert text.count(place) == 1, "the place of the small change"
    changed = builder.out / "fleet_changed.cpp"
    changed.write_text(text.replace(place, place + '    if (restart) print("app: until soon\\n");\n'))
    return builder.app("1.0.1", 1, fleet=True, source=changed)


class Stopped(Exception):
    pass


class Bench:
    """What was measured so far."""

    def __init__(self, options):
        self.options, self.boards, self.simulator = options, {}, None
        self.lock, self.stopped, self.problems = threading.Lock(), False, []

    def keep(self, complete=False):
        """Also writes it; any thread."""
        with self.lock:
            result = result_of(self.boards, self.simulator, self.problems, complete)
            if self.options.json:
                write_json(self.options.json, result)
            return result


def timed(case, update):
    """Seconds, QEMU's CPU and bytes fetched of what `update` makes the board do; it answers when that begins."""
    began, emulator = update()
    case.board.wait_said("accepted, ok", 600)
    seconds, used = time.monotonic() - began, emulator.usage()
    lines = list(case.board.lines)
    fetched = next(int(re.search(r"fetched (\d+)", line).group(1)) for line in lines if "reboot, ok" in line)
    return {"seconds": round(seconds, 3), "qemu_cpu_s": round(used.cpu_s, 3), "fetched_bytes": fetched}


def from_power_on(case, version):
    case.board.kill()
    rollout = case.roll_out(version)

    def update():
        began = time.monotonic()
        case.board.start()
        return began, Spent(case.board.process.pid)

    found = timed(case, update)
    case.wait_state(rollout, "success", 600)
    return found


def from_order(case, version):
    """The board runs, has a session with the broker and nothing to do."""
    case.wait_online()
    case.board.lines.clear()
    rollout = []

    def update():
        emulator, began = Spent(case.board.process.pid), time.monotonic()
        rollout.append(case.roll_out(version))
        return began, emulator

    found = timed(case, update)
    case.wait_state(rollout[0], "success", 600)
    return found


KINDS = {"whole image": from_power_on, "small change": from_power_on, "50 KB": from_power_on, "50 KB, from the order": from_order}


def median(rounds):
    middle = {name: statistics.median(one[name] for one in rounds) for name in ("seconds", "qemu_cpu_s")}
    return {**middle, "fetched_bytes": rounds[0]["fetched_bytes"], "rounds": rounds}


class Subject:
    """One board with its server, from its first start to the last kill."""

    def __init__(self, board, bench, stack):
        self.board, self.bench = board, bench
        self.found = bench.boards[board] = {"updates": {}}
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        programs = stack.enter_context(Programs("stratus-mcu-"))
        say(f"{board}: building the firmware …")
        self.builder = mcu.build.Builder(directory, board)
        try:
            self.first = self.builder.app("1.0.0", 1, fleet=True)
        except mcu.build.sources.Unreachable as error:
            raise SystemExit(f"lwIP and BearSSL cannot be had: {error}") from None
        self.changed = edited(self.builder)
        _, patch = self.builder.manifest(self.changed, "1.0.1", 1, 1, delta_from=self.first)
        self.found["delta_percent"] = round(100 * len(patch) / self.changed.stat().st_size, 2)
        programs.path("board").mkdir()
        self.case = Case(Stack(programs), self.builder, self.first, programs.path("board"))
        stack.callback(self.case.board.kill)

    def _push(self, version, kind):
        """An image under that version, of which as much must travel as the kind of update says."""
        if kind.startswith("50 KB"):
            image = self.builder.repack(version, 1, padding=TRAVELS)
        else:
            image = self.changed if version == "1.0.1" else self.builder.repack(version, 1)
        self.case.push(version, image)

    def update(self, rounds):
        case, stack, number = self.case, 0, 1
        case.provision(poll_seconds=30)
        case.board.install(self.builder.app("0.9.0", 1, fleet=True))  # never released: there is no patch from it
        case.board.start().wait_said("app: stack", 300)  # said after the first round, which comes after the enrolment
        stack = case.board.stack()
        for kind, measure in KINDS.items():
            taken = []
            for _ in range(1 if kind in ("whole image", "small change") else rounds):
                version = "1.0.0" if kind == "whole image" else f"1.0.{number}"
                if kind != "whole image":
                    self._push(version, kind)
                    number += 1
                taken.append(measure(case, version))
                stack = max(stack, case.board.stack())
                say(f"{self.board}: {kind}: {taken[-1]['seconds']} s, QEMU's CPU {taken[-1]['qemu_cpu_s']} s, {taken[-1]['fetched_bytes']:,} B")
            self.found["updates"][kind] = median(taken)
            self.bench.keep()
        self.found["footprint"] = footprint.measure(self.builder, self.first, stack)
        self.bench.keep()

    def kill(self, kills):
        """In a thread of its own; what goes wrong is kept as a problem."""
        began = time.monotonic()

        def on_kill(result):
            if self.bench.stopped:
                raise Stopped
            self._note(result)
            if result["kills"] % 20 == 0:
                say(f"{self.board}: {result['kills']} of {kills} kills in {time.monotonic() - began:.0f} s, {result['updates']} updates meanwhile")

        try:
            self.case.provision()  # as the tests do: a round every two seconds
            result = Campaign(self.case, self.builder, on_kill=on_kill).run(kills)
            if not self.bench.stopped:
                self._note(result)
                say(f"{self.board}: {result['kills']} kills during {result['updates']} updates, {result['given_up']} given up, {result['bricks']} bricks")
        except Stopped:
            pass
        except Exception as error:  # the other parts go on
            if not self.bench.stopped:
                self.bench.problems.append(f"{self.board}: {error}"[:2000])
                say(f"{self.board}: {error}")

    def _note(self, result):
        self.found.update(campaign=dict(result), kills=result["kills"], bricks=result["bricks"])
        self.bench.keep()


def simulate(whole):
    with subprocess.Popen([BIN / "stratus-mcu-sim", "--json", *(["--long"] if whole else [])], stdout=subprocess.PIPE, text=True) as running:
        try:
            result = json.loads(running.communicate()[0])
        finally:
            running.kill()
    mutants = sorted((BIN / "mcu-mutants").iterdir())
    caught = sum(subprocess.run([mutant, "--stop-at-failure"], capture_output=True).returncode == 1 for mutant in mutants)
    return {"runs": result["runs"], "failures": result["failures"], "mutants": len(mutants), "mutants_caught": caught}


def row(part, value, unit, mark=None, kept=None):
    return {"part": part, "value": value, "unit": unit, "mark": mark, "kept": kept}


def rows_of(board, found):
    rows = [row(f"{board} {one['part']}", one["bytes"], "B", one["mark"], one["kept"])
            for one in footprint.rows(found.get("footprint", {}), board)]
    rows.append(row(f"{board} small change", found["delta_percent"], "% of the image", MARK_PERCENT, found["delta_percent"] <= MARK_PERCENT))
    for name, update in found["updates"].items():
        marked = MARK_SECONDS if name.startswith("50 KB") else None
        rows.append(row(f"{board} update, {name}", update["seconds"], f"s for {update['fetched_bytes']:,} B; QEMU's CPU {update['qemu_cpu_s']} s",
                        marked, update["seconds"] <= marked if marked else None))
    if "campaign" in found:
        told = found["campaign"]
        rows.append(row(f"{board} kills", found["kills"], f"during {told['updates']} updates, {told['given_up']} given up, {found['bricks']} bricks",
                        MARK_KILLS, found["bricks"] == 0))
    return rows


def checks_of(boards, simulator):
    checks = [(one["part"], one["value"], ">=" if one["part"].endswith(" kills") else "<=", one["mark"])
              for board, found in boards.items() for one in rows_of(board, found) if one["mark"] is not None]
    checks += [(f"{board} bricks", found["bricks"], "==", 0) for board, found in boards.items() if "bricks" in found]
    if simulator:
        checks += [("simulator, failures", simulator["failures"], "==", 0),
                   ("mutants caught", simulator["mutants_caught"], "==", simulator["mutants"])]
    return checks


def result_of(boards, simulator, problems, complete):
    boards = {board: found for board, found in boards.items() if "delta_percent" in found}
    rows = [one for board, found in boards.items() for one in rows_of(board, found)]
    if simulator:
        rows += [row("simulator", simulator["runs"], f"runs, {simulator['failures']} failures", None, simulator["failures"] == 0),
                 row("mutants", simulator["mutants_caught"], f"caught of {simulator['mutants']}", simulator["mutants"],
                     simulator["mutants_caught"] == simulator["mutants"])]
    # Speed on a busy machine is no fault of the client's.
    failed = bool(problems) or any(one["kept"] is False for one in rows if " update, " not in one["part"])
    result = {"rows": rows, "failed": failed, "complete": complete, "problems": list(problems), "simulator": simulator,
              "kills": sum(one.get("kills", 0) for one in boards.values()), "bricks": sum(one.get("bricks", 0) for one in boards.values()),
              "boards": boards, **marks.judge(checks_of(boards, simulator))}
    for found in list(boards.values())[:1]:
        result["delta_percent"] = found["delta_percent"]
        if "footprint" in found:
            result["footprint"] = {name: found["footprint"][name] for name in PUBLISHED}
    result["notes"] += [
        "clang and lld; firmware_ram includes the stack used",
        "update: power-on (or the order to an idle device), TLS, download, restart, TLS, accepted; 50 KB: that much of the image is new, the rest comes as a patch",
        "given up: three kills met the three trials of one image, which is then not tried again", *problems]
    return result


def run(options):
    boards = [name for name in options.board or mcu.MACHINES if shutil.which(mcu.MACHINES[name].emulator)]
    if not boards:
        raise SystemExit("no emulator is installed (packages of section mcu)")
    bench = Bench(options)
    with contextlib.ExitStack() as stack:
        subjects = [Subject(board, bench, stack) for board in boards]
        for subject in subjects:
            subject.update(options.rounds)
            subject.case.board.kill()
        stack.callback(setattr, bench, "stopped", True)  # before the boards are killed below the campaigns
        campaigns = [threading.Thread(target=subject.kill, args=(options.kills,), daemon=True) for subject in subjects]
        for thread in campaigns:
            thread.start()
        say("cutting the power of simulated devices …")
        bench.simulator = simulate(not options.sample)
        bench.keep()
        say(f"simulator: {bench.simulator}")
        for thread in campaigns:
            while thread.is_alive():  # a join without an end would not hear of an interruption
                thread.join(1)
        return bench.keep(complete=True)
