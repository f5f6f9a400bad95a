"""What the microcontroller client weighs, read from linker maps; the marks that it must keep.

Run: /usr/bin/python3 mcu/ports/footprint.py [--out DIR] [--board BOARD] [--accept]: builds boot loader and firmware, prints the table.
Status 0: every mark is kept and nothing has grown by more than GROWTH since it was last accepted (footprint.json); 1: not; 77: it cannot
be built here. `./dev test` runs it; tests and `./dev bench mcu` import it.
"""
import argparse
import json
import pathlib
import re
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import build  # noqa: E402  beside this file

KIB = 1024
# What updates a device: the OTA core, delta, manifest, HTTP, MQTT, agent, and what they stand on. Digests and signatures are
# BearSSL's in the firmware.
CLIENT = ("journal", "image", "updater", "delta", "manifest", "http", "mqtt", "agent", "bytes", "cause", "text")
FLEET = ("link", "client", "json", "text_json")  # presence, status, signed results, orders
ENROLMENT = ("csr", "identity")
PARTS = ("components", "assets")  # of a release beside the firmware
# Objects of fleet_main.cpp that are the client's: the map knows them by name. All must be found, or the sum would be wrong in silence.
CLIENT_OBJECTS = ("http", "journal", "updater", "packet", "mqtt", "path", "agent")
FLEET_OBJECTS = ("link", "client")
PARTS_OBJECTS = ("assets", "configuration", "components")
_COMMON = {"client_ram": 2 * KIB, "delta_ram": 512, "boot_flash": 24 * KIB, "firmware_ram": 40 * KIB}
MARKS = {"mps2_an385": {**_COMMON, "client_flash": 10 * KIB, "delta_flash": KIB, "firmware_flash": 96 * KIB},
         # Its code is a third larger.
         "riscv_virt": {**_COMMON, "client_flash": 13 * KIB, "delta_flash": 1280, "firmware_flash": 112 * KIB}}
KNOWN = pathlib.Path(__file__).with_name("footprint.json")
GROWTH = 0.02  # another build of clang 14 may differ by less
_INPUT = re.compile(r"\s*[0-9a-f]+\s+[0-9a-f]+\s+([0-9a-f]+)\s+\d+\s+(\S+):\((\.[\w.$-]+)\)")
_OUTPUT = re.compile(r"\s*[0-9a-f]+\s+[0-9a-f]+\s+([0-9a-f]+)\s+\d+ (\.\w+)$")


class Map:
    """A map of lld: {section: bytes} of the result, and what each object file brought into it."""

    def __init__(self, file):
        self.sections, self.inputs = {}, []
        for line in file.read_text().splitlines():
            if match := _OUTPUT.match(line):
                self.sections[match.group(2)] = self.sections.get(match.group(2), 0) + int(match.group(1), 16)
            elif match := _INPUT.match(line):  # <internal> holds the merged literals
                stem = re.search(r"([\w-]+)\.o\)?$", match.group(2))
                self.inputs.append((stem.group(1) if stem else "strings", match.group(3), int(match.group(1), 16)))

    @property
    def flash(self):
        return self.sections[".text"] + self.sections.get(".data", 0)

    @property
    def ram(self):
        return self.sections.get(".bss", 0) + self.sections.get(".data", 0)

    def code_by_part(self):
        """{object file: bytes in flash}; "strings": the literals of all of them, shared."""
        parts = {}
        for part, section, size in self.inputs:
            if section.split(".")[1] in ("text", "rodata", "data", "init_array", "vectors"):
                parts[part] = parts.get(part, 0) + size
        return parts

    def object_bytes(self, names):
        """Static memory of these variables, wherever they are declared."""
        sizes = {name: [size for _, section, size in self.inputs if re.search(rf"^\.(bss|data)\..*\D{len(name)}{name}E?$", section)]
                 for name in names}
        missing = [name for name, found in sizes.items() if not found]
        if missing:
            raise RuntimeError(f"the map does not name {', '.join(missing)}: the footprint would lie")
        return sum(map(sum, sizes.values()))


def literals(builder, parts):
    """Bytes of the text literals of these parts, before the linker shares what is the same."""
    return sum(int(line.split()[1]) for part in parts for line in build.run("llvm-size-14", "-A", builder.out / f"{part}.o").splitlines()
               if line.startswith(".rodata.str"))


def measure(builder, image, stack):
    """{name: bytes} of the boot loader and the fleet's firmware. `stack`: the deepest that a run of it was seen to use."""
    boot, firmware = Map(builder.boot().with_suffix(".map")), Map(image.with_suffix(".map"))
    code = firmware.code_by_part()

    def flash(parts):
        return sum(code[part] for part in parts) + literals(builder, parts)

    return {
        "client_flash": flash(CLIENT), "client_ram": firmware.object_bytes(CLIENT_OBJECTS),
        "parts_flash": flash(PARTS), "parts_ram": firmware.object_bytes(PARTS_OBJECTS),
        "fleet_flash": flash(FLEET), "fleet_ram": firmware.object_bytes(FLEET_OBJECTS), "enrolment_flash": flash(ENROLMENT),
        "delta_flash": code["delta"], "delta_ram": builder.size_of("stratus::mcu::DeltaDecoder", "stratus/mcu/delta.hpp"),
        "boot_flash": boot.flash, "firmware_flash": image.stat().st_size, "firmware_ram": firmware.ram + stack, "stack": stack}


def rows(footprint, board):
    marks = MARKS[board]
    return [{"part": name, "bytes": size, "mark": marks.get(name), "kept": size <= marks[name] if name in marks else None}
            for name, size in footprint.items()]


def over(footprint, board):
    """The marks that are not kept, in words; none: all are."""
    return [f"{board}, {name}: {footprint[name]:,} bytes, {most:,} allowed" for name, most in MARKS[board].items() if footprint[name] > most]


def grown(footprint, board):
    """What is larger than it was accepted to be, in words."""
    known = json.loads(KNOWN.read_text()).get(board, {}) if KNOWN.exists() else {}
    return [f"{board}, {name}: {footprint[name]:,} bytes, {size:,} before: if that is meant, run footprint.py --accept"
            for name, size in known.items() if footprint[name] > size * (1 + GROWTH)]


def table(footprint, board):
    return "\n".join(f"{row['part']:<16} {row['bytes']:>8,} B" + (f"  of {row['mark']:>7,}{'' if row['kept'] else '  TOO MUCH'}" if row["mark"] else "")
                     for row in rows(footprint, board))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default=str(build.ROOT / "build" / "mcu"))
    parser.add_argument("--accept", action="store_true", help="what is measured now is what later runs are held against")
    parser.add_argument("--board", choices=list(MARKS), action="append", help="only this one (default: all)")
    arguments = parser.parse_args()
    missing = [tool for tool in ("clang++", "ld.lld", "llvm-objcopy-14") if not shutil.which(tool)]
    if missing:
        print(f"missing: {', '.join(missing)}", file=sys.stderr)
        return 77
    too_much, accepted = [], {}
    for board in arguments.board or MARKS:
        builder = build.Builder(pathlib.Path(arguments.out) / board, board)
        try:
            footprint = measure(builder, builder.app("1.0.0", 1, fleet=True), 0)
        except build.sources.Unreachable as error:
            print(error, file=sys.stderr)
            return 77
        print(f"{board}\n{table(footprint, board)}")
        accepted[board] = {name: size for name, size in footprint.items() if name != "stack"}
        too_much += over(footprint, board) + ([] if arguments.accept else grown(footprint, board))
    if arguments.accept:
        before = json.loads(KNOWN.read_text()) if KNOWN.exists() else {}
        KNOWN.write_text(json.dumps({**before, **accepted}, indent=1) + "\n")
    print("firmware_ram is without the stack here: ./dev bench mcu and the tests measure that in a run")
    for one in too_much:
        print(one, file=sys.stderr)
    return 1 if too_much else 0


if __name__ == "__main__":
    sys.exit(main())
