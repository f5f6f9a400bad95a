"""The ESP-IDF port is compiled for the chips' instruction set, without ESP-IDF: against our own declarations of what it uses."""
import pathlib
import re
import shutil
import subprocess

import pytest

MCU = pathlib.Path(__file__).resolve().parent.parent.parent / "mcu"
PORT = MCU / "ports" / "esp_idf"
RV32 = ["--target=riscv32-unknown-elf", "-march=rv32imc", "-mabi=ilp32"]


@pytest.mark.skipif(not shutil.which("clang++"), reason="needs clang (package clang-14)")
def test_the_esp_idf_port_compiles_for_rv32(tmp_path):
    flags = [*RV32, "-std=c++20", "-Os", "-ffreestanding", "-fno-exceptions", "-fno-rtti", "-Wall", "-Wextra", "-Wshadow", "-Werror",
             f"-I{MCU}", f"-I{PORT}", f"-I{PORT / 'stub'}", f"-I{PORT / 'stub' / 'bare'}"]
    for name in ("ports/esp_idf/esp_ports", "stratus/mcu/updater", "stratus/mcu/stratus_mcu"):
        done = subprocess.run(["clang++", *flags, "-c", MCU / f"{name}.cpp", "-o", tmp_path / "out.o"], capture_output=True, text=True)
        assert done.returncode == 0, f"{name}\n{done.stderr[:3000]}"


def test_the_partition_table_has_what_the_port_looks_for():
    rows = [re.split(r",\s*", line.strip()) for line in (PORT / "partitions.csv").read_text().splitlines() if not line.startswith("#")]
    table = {name: (kind, subtype, int(at, 16), int(size, 16)) for name, kind, subtype, at, size in rows}
    end = 0
    for name, (_, _, at, size) in table.items():
        assert at >= end and at % 4096 == 0 and size % 4096 == 0, f"{name} overlaps or is not on a sector"
        end = at + size
    assert end <= 4 << 20, "a chip with 4 MiB"
    assert table["otadata"][1] == "ota" and table["otadata"][3] == 0x2000
    assert all(table[f"ota_{i}"][:2] == ("app", f"ota_{i}") and table[f"ota_{i}"][2] % 0x10000 == 0 for i in (0, 1))
    assert table["stratus"][1] == "0x40" and table["stratus"][3] >= 0xa000
    assert [table[f"assets_{i}"][1] for i in (0, 1)] == ["0x41", "0x42"]
