"""Packs the built console into two files that the compiler takes: pack_console.py DIST FALLBACK OUTPUT.

OUTPUT/console_files.bin holds the files of DIST and what `npm run build` packed them to (.br, .gz), one after the other;
OUTPUT/console_files.cpp the table of them. Without DIST (a tree in which the console was never built) FALLBACK is the
index page. Nothing is written when nothing changed, so that nothing is compiled again.
"""
import hashlib
import pathlib
import sys

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".svg": "image/svg+xml", ".png": "image/png", ".json": "application/json", ".wasm": "application/wasm",
         ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8"}

TABLE = """// Made by tools/pack_console.py from web/dist: {hash}
#include "stratus/server/console.hpp"

asm(".section .rodata\\n"
    ".global stratus_console_bytes\\n"
    ".balign 16\\n"
    "stratus_console_bytes:\\n"
    ".incbin \\"{binary}\\"\\n"
    ".previous\\n");
extern "C" const char stratus_console_bytes[];

namespace stratus::server {{
namespace {{
std::string_view at(std::size_t offset, std::size_t size) {{ return {{stratus_console_bytes + offset, size}}; }}
}}  // namespace

std::span<const ConsoleFile> embedded_console() {{
  static const ConsoleFile files[] = {{
{rows}
  }};
  return files;
}}

}}  // namespace stratus::server
"""


def collect(dist, fallback):
    """Path in the address -> its bytes."""
    if not (dist / "index.html").is_file():
        return {"/index.html": fallback.read_bytes()}
    return {"/" + path.relative_to(dist).as_posix(): path.read_bytes() for path in sorted(dist.rglob("*")) if path.is_file()}


def write_if_changed(path, data):
    if not path.exists() or path.read_bytes() != data:
        path.write_bytes(data)


def main():
    dist, fallback, output = map(pathlib.Path, sys.argv[1:4])
    files = collect(dist, fallback)
    blob, rows = bytearray(), []

    def place(data):
        blob.extend(data)
        return f"at({len(blob) - len(data)}, {len(data)})"

    for name, data in files.items():
        if name.endswith((".br", ".gz")) and name[:-3] in files:
            continue
        kind = TYPES.get(pathlib.PurePosixPath(name).suffix, "application/octet-stream")
        tag = hashlib.sha256(data).hexdigest()[:16]
        packed = [place(files.get(name + ending, b"")) for ending in (".br", ".gz")]
        rows.append(f'      {{"{name}", "{kind}", "{tag}", {place(data)}, {packed[0]}, {packed[1]}}},')
    output.mkdir(parents=True, exist_ok=True)
    binary = output / "console_files.bin"
    write_if_changed(binary, bytes(blob))
    table = TABLE.format(hash=hashlib.sha256(blob).hexdigest(), binary=binary, rows="\n".join(rows))
    write_if_changed(output / "console_files.cpp", table.encode())


if __name__ == "__main__":
    main()
