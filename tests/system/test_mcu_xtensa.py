"""The microcontroller library's core, built by GCC for the ESP8266's instruction set and run on QEMU's Xtensa machine."""
import hashlib
import shutil
import subprocess

import pytest

from harness.mcu import build

GCC, QEMU = "xtensa-lx106-elf-g++", "qemu-system-xtensa"
PARTS = ("boot", "bytes", "cause", "delta", "image", "journal", "p256", "sha256", "updater")
FLAGS = ["-std=c++20", "-Os", "-ffreestanding", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", "-mtext-section-literals",
         "-mlongcalls", "-nostdlib", "-Wall", "-Wextra", "-Werror"]


@pytest.mark.skipif(not (shutil.which(GCC) and shutil.which(QEMU)), reason="needs gcc-xtensa-lx106 and qemu-system-misc")
def test_journal_patch_and_boot_decisions_on_xtensa(tmp_path):
    key = tmp_path / "release.pem"
    build.run(build.TOOL, "key", key)
    payload = hashlib.shake_128(b"core").digest(6000)
    arrays = {"kReleaseKey": bytes.fromhex(build.run(build.TOOL, "public", key).strip()),
              "kBoardClass": hashlib.sha256(b"core").digest()[:16]}
    for name, version, data in (("kOld", "1.0.0", payload), ("kNew", "2.0.0", payload[:3000] + b"changed" + payload[3007:])):
        (tmp_path / f"{name}.bin").write_bytes(data)
        build.run(build.TOOL, "image", "--key", key, "--model", "core", "--version", version, "--counter", 1,
                  tmp_path / f"{name}.bin", tmp_path / name)
        arrays[name] = (tmp_path / name).read_bytes()
    build.run(build.TOOL, "delta", tmp_path / "kOld", tmp_path / "kNew", tmp_path / "kPatch")
    arrays["kPatch"] = (tmp_path / "kPatch").read_bytes()
    assert len(arrays["kPatch"]) < len(arrays["kNew"]) / 4
    (tmp_path / "core_data.hpp").write_text("#pragma once\n#include <stdint.h>\n" + "".join(
        f"constexpr uint8_t {name}[] = {{{', '.join(map(str, data))}}};\n" for name, data in arrays.items()))

    ports = build.MCU / "ports"
    script = tmp_path / "core.ld"
    script.write_text((ports / "common" / "link.ld.in").read_text().replace("@CODE@", "0x40100000").replace("@RAM@", "0x3ffc0000"))
    sources = [build.MCU / "stratus" / "mcu" / f"{part}.cpp" for part in PARTS]
    sources += [ports / "common" / f"{name}.cpp" for name in ("core_main", "platform", "freestanding")]
    sources += sorted((ports / "xtensa_sim").glob("*.cpp"))
    build.run(GCC, *FLAGS, "-fno-builtin", "-fno-tree-loop-distribute-patterns", f"-I{build.MCU}", f"-I{ports / 'xtensa_sim'}", f"-I{tmp_path}",
              *sources, f"-Wl,-T,{script}", "-Wl,--section-start=.reset=0x50000000", "-Wl,-u,on_start", "-lgcc", "-o", tmp_path / "core.elf")
    done = subprocess.run([QEMU, "-M", "sim", "-cpu", "lx106", "-semihosting", "-display", "none", "-monitor", "none", "-serial", "none",
                           "-kernel", tmp_path / "core.elf"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.returncode) == ("core: ok\n", 0), done
