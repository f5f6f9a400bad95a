"""Microcontroller client: footprint from the linker map (with a gate), patch size, power-cut simulator, mutants."""
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "mcu" / "ports"))
DESCRIPTION = "microcontroller client: footprint, patch size, power cuts"
CLIENT = ("journal", "image", "boot", "updater", "delta", "manifest", "http", "agent", "bytes")
GATE = {"client_flash": 10 * 1024, "delta_flash": 1152, "boot_flash": 24 * 1024}


def add_options(parser):
    parser.add_argument("--long", action="store_true", help="every cut of the simulator, not a sample")


def run(options):
    import build
    with tempfile.TemporaryDirectory() as directory:
        builder = build.Builder(directory)
        boot, old, new = builder.boot(), builder.app("1.0.0", 1), builder.app("1.0.1", 2)
        _, patch = builder.manifest(new, "1.0.1", 2, 1, delta_from=old)
        parts = build.footprint(old.with_suffix(".map"))
        footprint = {"client_flash": sum(parts.get(name, 0) for name in CLIENT), "delta_flash": parts["delta"],
                     "boot_flash": sum(build.footprint(builder.out / "boot.map").values()),
                     "firmware_flash": sum(parts.values())}
        delta_percent = 100 * len(patch) / len(new.read_bytes())
    programs = ROOT / "build" / "bin"
    command = [programs / "stratus-mcu-sim", "--json"] + (["--long"] if options.long else [])
    simulator = json.loads(subprocess.run(command, capture_output=True, text=True).stdout)
    mutants = sorted((programs / "mcu-mutants").iterdir())
    caught = sum(subprocess.run([m, "--stop-at-failure"], capture_output=True).returncode == 1 for m in mutants)
    simulator.update(mutants=len(mutants), mutants_caught=caught)
    over = [f"{name}: {footprint[name]} of {most} bytes" for name, most in GATE.items() if footprint[name] > most]
    if over:
        raise SystemExit("footprint gate: " + ", ".join(over))
    rows = [{"part": name, "bytes": size} for name, size in footprint.items()]
    return {"rows": rows, "footprint": footprint, "delta_percent": round(delta_percent, 2), "simulator": simulator,
            "notes": [f"patch {delta_percent:.1f} % of the image", f"simulator {simulator}"]}
