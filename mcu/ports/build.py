"""Builds boot loader and example firmware for the emulated boards, with clang and lld alone.

Imported by tests, demo and `./dev bench mcu`; footprint.py beside it builds both and prints what they weigh.
"""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import sources  # noqa: E402  beside this file

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MCU = ROOT / "mcu"
TOOL = ROOT / "build" / "bin" / "stratus-mcu-tool"
# `flags` for all that is compiled, `own` for what is ours; `code`: the board's files, `network`: those that need lwIP.
# `fast`: how FAST is compiled, the rest as small as it gets.
# `rom`: the loader is a file of that many bytes, from which the core starts; without it QEMU loads the ELF file.
BOARDS = {
    "mps2_an385": {"model": "mps2-an385", "flags": ["--target=thumbv7m-none-eabi", "-mcpu=cortex-m3"], "own": ["-mno-global-merge"], "fast": "-O2",
                   "boot_at": 0x0, "app_at": 0x00010000, "ram": 0x20000000, "header": 256, "rom": None,
                   "code": ["board.cpp", "start.cpp"], "network": ["lan9118.cpp"]},
    "riscv_virt": {"model": "riscv-virt", "own": [],
                   "flags": ["--target=riscv32-unknown-elf", "-march=rv32imc", "-mabi=ilp32", "-mno-relax", "-msmall-data-limit=0"], "fast": "-Oz",
                   "boot_at": 0x20000000, "app_at": 0x80100000, "ram": 0x80000000, "header": 256, "rom": 32 << 20,
                   "code": ["board.cpp", "flash.cpp", "start.cpp"], "network": ["virtio_net.cpp"]},
}
COMMON = ["-std=c++20", "-Oz", "-fomit-frame-pointer", "-ffreestanding", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics",
          "-fno-unwind-tables", "-fno-asynchronous-unwind-tables", "-ffunction-sections", "-fdata-sections",
          "-fno-stack-protector", "-Wall", "-Wextra", "-Wshadow", "-Werror"]
CACHE = ["ccache"] if shutil.which("ccache") else []  # the library is the same for every build of a firmware
FAST = ("sha256.cpp", "p256.cpp")  # arithmetic: its time is the time to boot
LIBRARY = [name for name in sorted(p.name for p in (MCU / "stratus" / "mcu").glob("*.cpp")) if not name.endswith("_test.cpp")]


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


class Builder:
    def __init__(self, out, board="mps2_an385", watchdog_ms=30_000):
        """`watchdog_ms`: of a trial. The emulated clock is the wall's, and a handshake's arithmetic feeds no watchdog: on a busy host a
        short one would give good images up."""
        self.out, self.board, self.config = pathlib.Path(out), board, BOARDS[board]
        self.out.mkdir(parents=True, exist_ok=True)
        self.net, self.net_flags, self.loader = [], [], None
        self.key = self.out / "release.pem"
        if not self.key.exists():
            run(TOOL, "key", self.key)
        self.write_key_header(watchdog_ms)
        self.objects = [self.compile(MCU / "stratus" / "mcu" / name, *([self.config["fast"]] if name in FAST else [])) for name in LIBRARY]
        common, own = MCU / "ports" / "common", MCU / "ports" / board
        self.objects += [self.compile(common / "freestanding.cpp", "-fno-builtin"), self.compile(common / "platform.cpp")]
        self.objects += [self.compile(own / name) for name in self.config["code"]]

    def write_key_header(self, watchdog_ms):
        def array(name, raw):
            return f"inline constexpr uint8_t {name}[{len(raw)}] = {{{', '.join(map(str, raw))}}};\n"
        key = bytes.fromhex(run(TOOL, "public", self.key).strip())
        board = hashlib.sha256(self.config["model"].encode()).digest()[:16]
        (self.out / "release_key.hpp").write_text(
            "#pragma once\n#include <stdint.h>\n" + array("kReleaseKey", key) + array("kBoardClass", board) +
            f"constexpr uint32_t kWatchdogMs = {watchdog_ms};\n")

    def compile(self, source, *flags, name=None):
        result = self.out / ((name or source.stem) + ".o")
        run(*CACHE, "clang++", *self.config["flags"], *self.config["own"], *COMMON, *flags, f"-I{MCU}", f"-I{MCU / 'ports' / self.board}",
            "-c", source, "-o", result)
        return result

    def link(self, name, objects, address):
        script = self.out / f"{name}.ld"
        template = (MCU / "ports" / "common" / "link.ld.in").read_text()
        script.write_text(template.replace("@CODE@", hex(address)).replace("@RAM@", hex(self.config["ram"])))
        elf = self.out / f"{name}.elf"
        run("ld.lld", "--gc-sections", "-T", script, "-Map", self.out / f"{name}.map", "-o", elf, *objects)
        return elf

    def boot(self):
        """The loader, as this board's emulator takes it; made once."""
        if self.loader is None:
            main = self.compile(MCU / "ports" / "common" / "boot_main.cpp", f"-I{self.out}")
            self.loader = self.link("boot", [main, *self.objects], self.config["boot_at"])
            if self.config["rom"]:
                raw = self.out / "boot.bin"
                run("llvm-objcopy-14", "-O", "binary", self.loader, raw)
                os.truncate(raw, self.config["rom"])
                self.loader = raw
        return self.loader

    def size_of(self, kind, header):
        """Bytes of a C++ type on this board."""
        source = self.out / "size_of.cpp"
        source.write_text(f'#include "{header}"\nchar sized[sizeof({kind})];\n')
        listed = run("llvm-nm-14", "--print-size", self.compile(source))
        return int(listed.split()[1], 16)

    def network(self, folder=None):
        """Objects of TCP/IP and TLS for this board; raises sources.Unreachable where the packages cannot be had."""
        if not self.net:
            found = sources.fetch()
            archive = sources.build(found, self.config["flags"], folder or ROOT / "build" / "mcu-lib" / self.board)
            flags = sources.include_flags(found)
            own = [MCU / "ports" / self.board / name for name in self.config["network"]]
            files = [*sorted((MCU / "ports" / "net").glob("*.cpp")), *own]
            self.net_flags, self.net = flags, [*(self.compile(file, *flags) for file in files), archive]
        return self.net

    def app(self, version, counter, behaviour=0, padding=0, key=None, model=None, fleet=False, source=None):
        """The example on a serial line, or with `fleet` the device of the fleet; `source`: another main file."""
        name = f"{'fleet' if fleet else 'app'}-{version}-{counter}-{behaviour}-{padding}"
        objects = [*self.objects, *self.network()] if fleet else self.objects
        main = self.compile(source or MCU / "ports" / ("common/fleet_main.cpp" if fleet else f"{self.board}/app_main.cpp"),
                            f"-I{self.out}", f'-DAPP_VERSION="{version}"', f"-DAPP_BEHAVIOUR={behaviour}", *(self.net_flags if fleet else []),
                            name=name)
        elf = self.link(name, [main, *objects], self.config["app_at"] + self.config["header"])
        raw = self.out / f"{name}.bin"
        run("llvm-objcopy-14", "-O", "binary", elf, raw)
        return self._sign(raw, name, version, counter, padding, key, model)

    def repack(self, version, counter, padding=0):
        """The fleet's firmware 1.0.0 once more under another version: quick, where it matters only that the bytes differ."""
        if not (self.out / "fleet-1.0.0-1-0-0.bin").exists():
            self.app("1.0.0", 1, fleet=True)
        return self._sign(self.out / "fleet-1.0.0-1-0-0.bin", f"again-{version}-{counter}-{padding}", version, counter, padding)

    def _sign(self, raw, name, version, counter, padding, key=None, model=None):
        image, payload = self.out / f"{name}.img", raw
        if padding:  # as if it carried that much data
            payload = self.out / f"{name}.padded"
            payload.write_bytes(raw.read_bytes() + hashlib.shake_128(name.encode()).digest(padding))
        run(TOOL, "image", "--key", key or self.key, "--model", model or self.config["model"], "--version", version,
            "--counter", counter, "--load", hex(self.config["app_at"]), payload, image)
        return image

    def manifest(self, image, version, counter, serial, delta_from=None, model=None, key=None, repository="fw"):
        """A signed device manifest for `image`, and the patch bytes when `delta_from` names an older image."""
        out = self.out / f"{image.stem}-{serial}.manifest"
        command = [TOOL, "manifest", "--key", key or self.key, "--model", model or self.config["model"],
                   "--version", version, "--counter", counter, "--serial", serial, "--repository", repository]
        patch = None
        if delta_from:
            patch = self.out / f"{delta_from.stem}-to-{image.stem}.delta"
            run(TOOL, "delta", delta_from, image, patch)
            command += ["--delta-base", delta_from, "--delta", patch]
        run(*command, image, out)
        return out.read_bytes(), patch.read_bytes() if patch else None
