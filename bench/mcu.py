"""The microcontroller client on emulated boards: what it weighs, what an update costs, what it survives. All is measured in this run.

footprint      from the linker's maps, the image's size, and the stack that the firmware used in QEMU; marks in mcu/ports/footprint.py
delta_percent  a small code change, as a patch, of the whole image (mark 4)
update         from power-on to the confirmed new version, through mutual TLS (mark 1 s for 50 KB that travel)
simulator      power cuts at every flash operation on the host, and the ten mutants that must be caught
kills, bricks  QEMU killed at random moments of updates from the real server (marks 200 and 0), on all boards together

Of several boards, footprint and delta_percent are the Cortex-M3's; `boards` has them of each.
"""
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time

from harness import BIN, Programs, Stack, mcu
from harness.mcu_case import Case
from harness.mcu_kills import Campaign

from measure import Spent

import footprint  # noqa: E402  mcu/ports/footprint.py, by way of harness.mcu

DESCRIPTION = "microcontroller client: footprint, patch size, power cuts, kills"
PUBLISHED = ("client_flash", "client_ram", "boot_flash", "firmware_flash", "firmware_ram")
MARK_PERCENT, MARK_SECONDS = 4.0, 1.0
TRAVELS = 50_000  # bytes that no patch can save


def add_options(parser):
    parser.add_argument("--kills", type=int, default=200, help="of QEMU during updates on each board (default 200)")
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


def timed_update(case, version):
    """Seconds from power-on to the confirmed version, and what was fetched for it."""
    case.board.kill()
    rollout = case.roll_out(version)
    began = time.monotonic()
    case.board.start()
    emulator = Spent(case.board.process.pid)
    case.board.wait_said("accepted, ok", 600)
    seconds, used = time.monotonic() - began, emulator.usage()
    fetched = next(int(re.search(r"fetched (\d+)", line).group(1)) for line in case.board.lines if "reboot, ok" in line)
    case.wait_state(rollout, "success", 600)
    return {"seconds": round(seconds, 3), "qemu_cpu_s": round(used.cpu_s, 3), "fetched_bytes": fetched, "stack": case.board.stack()}


def measure(board, kills):
    """One board, from its first start to the last kill."""
    with tempfile.TemporaryDirectory() as directory, Programs("stratus-mcu-") as programs:
        say(f"{board}: building the firmware …")
        builder = mcu.build.Builder(directory, board)
        try:
            first = builder.app("1.0.0", 1, fleet=True)
        except mcu.build.sources.Unreachable as error:
            raise SystemExit(f"lwIP and BearSSL cannot be had: {error}") from None
        changed, larger = edited(builder), builder.repack("1.0.2", 1, padding=TRAVELS)
        _, patch = builder.manifest(changed, "1.0.1", 1, 1, delta_from=first)
        say(f"{board}: updating over mutual TLS …")
        programs.path("board").mkdir()
        case = Case(Stack(programs), builder, first, programs.path("board"))
        try:
            case.provision()
            case.board.install(builder.app("0.9.0", 1, fleet=True))  # never released: there is no patch from it
            case.board.start().wait_said("app: stack", 300)  # said after the first round, which comes after the enrolment
            stack = case.board.stack()
            case.push("1.0.1", changed)
            case.push("1.0.2", larger)
            updates = {name: timed_update(case, version)
                       for name, version in (("whole image", "1.0.0"), ("small change", "1.0.1"), ("50 KB", "1.0.2"))}
            case.board.kill()
            say(f"{board}: " + ", ".join(f"{name} {one['seconds']} s" for name, one in updates.items()))
            say(f"{board}: killing QEMU {kills} times …")
            killed = Campaign(case, builder).run(kills)
            say(f"{board}: {killed['kills']} kills during {killed['updates']} updates, {killed['given_up']} given up, {killed['bricks']} bricks")
        finally:
            case.board.kill()
        stack = max([stack, *(one.pop("stack") for one in updates.values())])
        return {"footprint": footprint.measure(builder, first, stack), "updates": updates, "campaign": killed, "kills": killed["kills"],
                "bricks": killed["bricks"], "delta_percent": round(100 * len(patch) / changed.stat().st_size, 2)}


def simulate(whole):
    done = subprocess.run([BIN / "stratus-mcu-sim", "--json", *(["--long"] if whole else [])], capture_output=True, text=True)
    result = json.loads(done.stdout)
    mutants = sorted((BIN / "mcu-mutants").iterdir())
    caught = sum(subprocess.run([mutant, "--stop-at-failure"], capture_output=True).returncode == 1 for mutant in mutants)
    return {"runs": result["runs"], "failures": result["failures"], "mutants": len(mutants), "mutants_caught": caught}


def row(part, value, unit, mark=None, kept=None):
    return {"part": part, "value": value, "unit": unit, "mark": mark, "kept": kept}


def rows_of(board, found):
    rows = [row(f"{board} {one['part']}", one["bytes"], "B", one["mark"], one["kept"])
            for one in footprint.rows(found["footprint"], board)]
    rows.append(row(f"{board} small change", found["delta_percent"], "% of the image", MARK_PERCENT, found["delta_percent"] <= MARK_PERCENT))
    for name, update in found["updates"].items():
        marked = name == "50 KB"
        rows.append(row(f"{board} update, {name}", update["seconds"], f"s for {update['fetched_bytes']:,} B; QEMU's CPU {update['qemu_cpu_s']} s", MARK_SECONDS if marked else None,
                        update["seconds"] <= MARK_SECONDS if marked else None))
    rows.append(row(f"{board} kills", found["kills"],
                    f"during {found['campaign']['updates']} updates, {found['campaign']['given_up']} given up, {found['bricks']} bricks", None, found["bricks"] == 0))
    return rows


def run(options):
    boards = [name for name in options.board or mcu.MACHINES if shutil.which(mcu.MACHINES[name].emulator)]
    if not boards:
        raise SystemExit("no emulator is installed (packages of section mcu)")
    found = {board: measure(board, options.kills) for board in boards}
    say("cutting the power of simulated devices …")
    simulator = simulate(not options.sample)
    rows = [one for board in boards for one in rows_of(board, found[board])]
    rows += [row("simulator", simulator["runs"], f"runs, {simulator['failures']} failures", None, simulator["failures"] == 0),
             row("mutants", simulator["mutants_caught"], f"caught of {simulator['mutants']}", simulator["mutants"],
                 simulator["mutants_caught"] == simulator["mutants"])]
    notes = ["clang and lld; firmware_ram includes the stack used",
             "update: power-on, TLS, download, restart, TLS, accepted; 50 KB: that much of the image is new, the rest comes as a patch",
             "given up: three kills met the three trials of one image, which is then not tried again"]
    # Speed on a busy machine is no fault of the client's.
    failed = any(one["kept"] is False for one in rows if " update, " not in one["part"])
    chosen = found[boards[0]]
    return {"rows": rows, "notes": notes, "failed": failed, "footprint": {name: chosen["footprint"][name] for name in PUBLISHED},
            "delta_percent": chosen["delta_percent"], "simulator": simulator, "kills": sum(one["kills"] for one in found.values()),
            "bricks": sum(one["bricks"] for one in found.values()), "boards": found}
