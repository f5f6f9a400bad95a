"""Checks that need no compiler: include directions, the co_await rule, file sizes, formatting.

Run as ./dev lint; part of ./dev test. Each check is a function that yields "file:line: message".
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "stratus"

# The module table of ARCHITECTURE.md: module -> modules whose headers it may include.
_LEAVES = {
    "base": "",
    "wire": "base",
    "crypto": "base",
    "oci": "base crypto",
    "delta": "base crypto oci",
    "store": "base crypto oci",
    "db": "base",
    "update": "base wire crypto oci delta",
    "rollout": "base wire oci",
    "net": "base wire crypto",
    "runtime": "base oci",
}
_LIBRARIES = " ".join(_LEAVES)
MODULES = {name: set(may.split()) | {name} for name, may in _LEAVES.items()}
for _program in ("server", "gateway", "agent", "sim", "cli", "workspace"):
    MODULES[_program] = set(_LIBRARIES.split()) | {_program}

# Modules that decide and do no I/O of their own must not see these headers.
PURE = {"wire", "rollout", "update"}
IMPURE_HEADERS = re.compile(r"<(boost/asio|boost/beast|curl/|sys/socket|netinet/|poll\.h|sys/epoll)")
# Heavy headers stay in .cpp files; Beast and curl stay in net.
HEAVY_IN_HEADER = re.compile(r"<(boost/beast|openssl/|curl/|boost/json\.hpp|boost/asio\.hpp|CLI/|toml\+\+|spdlog/)")
NET_ONLY = re.compile(r"<(boost/beast|curl/)")

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<][^">]+[">])')
SOFT_LINES, HARD_LINES = 400, 800


def sources():
    for path in sorted(SOURCE.rglob("*.[ch]pp")):
        yield path


def mcu_sources():
    yield from sorted((ROOT / "mcu").rglob("*.[ch]pp"))


def where(path, line):
    return f"{path.relative_to(ROOT)}:{line}"


def check_includes():
    # The device library is freestanding: its own headers, two of the language, and mem* (bytes.hpp).
    for path in sorted((ROOT / "mcu" / "stratus").rglob("*.[ch]pp")):
        if path.stem.endswith(("_test", "_testing")):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            allowed = ("<stdint.h>", "<stddef.h>") + (("<string.h>",) if path.name == "bytes.hpp" else ())
            if match and match.group(1) not in allowed and not match.group(1).startswith('"stratus/mcu/'):
                yield f"{where(path, number)}: the freestanding library must not include {match.group(1)}"
    for path in sources():
        module = path.relative_to(SOURCE).parts[0]
        if module not in MODULES:
            yield f"{where(path, 1)}: module '{module}' is not in the module table"
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            name = match.group(1)
            inner = re.match(r'"stratus/([a-z_]+)/', name)
            if inner and inner.group(1) not in MODULES[module]:
                yield f"{where(path, number)}: {module} must not include {inner.group(1)}"
            if module in PURE and IMPURE_HEADERS.search(name) and "/platform/" not in str(path):
                yield f"{where(path, number)}: {module} is pure and must not include {name}"
            if path.suffix == ".hpp" and not path.stem.endswith("_testing") and HEAVY_IN_HEADER.search(name):
                yield f"{where(path, number)}: heavy header {name} belongs in a .cpp file"
            if module != "net" and NET_ONLY.search(name):
                yield f"{where(path, number)}: only net sees {name}"


def strip_comments_and_strings(text):
    """Same length and lines, with comments and literals blanked."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"\((?:.|\n)*?\)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)


# g++ 12.2 miscompiles co_await inside larger expressions (docs/traps/coroutines.md), so a statement may be
#   co_await f(args);   x = co_await f(args);   auto x = co_await f(args);   co_return co_await f(args);
# with no brace, lambda or ?: in the same statement.
ALLOWED = re.compile(
    r"^(?:(?:const\s+)?[A-Za-z_][\w:<>,\s*&]*?[\s&*][A-Za-z_]\w*\s*=\s*|[A-Za-z_][\w.\->\[\]]*\s*=\s*|co_return\s+|\(void\)\s*)?co_await\s",
    re.S)


# What stands before a "{" that opens an initializer rather than a block: =, (, a comma, or a type's name.
INITIALIZER = re.compile(r"(?:[=(,]|\breturn|(?<!-> )\b(?!(?:else|do|try|const|noexcept|mutable|override)$)[A-Za-z_]\w*)$")


def check_coawait():
    for path in sources():
        text = strip_comments_and_strings(path.read_text())
        for match in re.finditer(r"\bco_await\b", text):
            start = max(text.rfind(mark, 0, match.start()) for mark in ";{}") + 1
            statement = text[start:text.find(";", match.start())]
            line = text.count("\n", 0, match.start()) + 1
            if text[start - 1:start] == "{" and INITIALIZER.search(text[:start - 1].rstrip()[-80:]):
                yield f"{where(path, line)}: no co_await inside a braced initializer"
                continue
            label = re.sub(r"^\s*(?:case (?:[^:]|::)+:|default:|else\b|do\b)\s*", "", statement).strip()
            label = re.sub(r"^(?:if|while|for)\s*\((?:[^()]|\([^()]*\))*\)\s*", "", label) if "co_await" not in (
                re.match(r"^(?:if|while|for)\s*\((?:[^()]|\([^()]*\))*\)", label) or [""])[0] else label
            if not ALLOWED.match(label):
                yield f"{where(path, line)}: co_await must be the whole right-hand side of its statement"
            elif label.count("co_await") > 1:
                yield f"{where(path, line)}: one co_await per statement"
            elif "{" in label or "?" in label or re.search(r"\[[^\]]*\]\s*\(", label):
                yield f"{where(path, line)}: no braces, lambdas or ?: in a statement with co_await"


def check_sizes():
    for path in [*sources(), *mcu_sources()]:
        count = path.read_text().count("\n")
        if count > HARD_LINES:
            yield f"{where(path, 1)}: {count} lines, more than {HARD_LINES}"


def check_format():
    tool = shutil.which("clang-format")
    if not tool:
        return
    files = [str(p) for p in [*sources(), *mcu_sources()]]
    done = subprocess.run([tool, "--dry-run", "-Werror", *files], capture_output=True, text=True, cwd=ROOT)
    seen = set()
    for line in done.stderr.splitlines():
        match = re.match(r"^(.*?):(\d+):\d+: error", line)
        if match and match.group(1) not in seen:
            seen.add(match.group(1))
            yield f"{where(pathlib.Path(match.group(1)), int(match.group(2)))}: not formatted (./dev fmt)"


CHECKS = {"includes": check_includes, "co_await": check_coawait, "sizes": check_sizes, "format": check_format}


def main():
    parser = argparse.ArgumentParser(prog="./dev lint", description=__doc__)
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=f"one of {', '.join(CHECKS)}; all by default")
    arguments = parser.parse_args()
    findings = [finding for name in arguments.checks or CHECKS for finding in CHECKS[name]()]
    print("\n".join(findings) if findings else "lint: nothing found")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
