"""./dev bench NAME [--json FILE] [options]: measures Stratus beside its peers; prints a table, writes JSON.

A benchmark is a module of this directory with
  DESCRIPTION              one line for the list
  add_options(parser)      its own options (argparse)
  run(options) -> dict     {"rows": [{column: value, ...}], "notes": ["..."], "marks": [...]}; other keys go to the JSON as they
                           are. Marks are judged by marks.py; with --strict a missed one is exit status 1
Speed belongs here and never into a test: figures are ratios within one run.
"""
import argparse
import importlib
import os
import pathlib
import platform
import signal
import sys
import time

import marks
from results import write_json

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]
NAMES = ("update", "fanout", "swap", "mcu", "fleet", "fleet_db", "console")


def text_of(value):
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, float):
        return f"{value:,.3f}" if abs(value) < 10 else f"{value:,.1f}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def format_table(rows, group=None):
    """Markdown; numbers to the right. With `group` one table per value of that column, under a heading."""
    if group:
        values = list(dict.fromkeys(row[group] for row in rows))
        parts = []
        for value in values:
            members = [{k: v for k, v in row.items() if k != group} for row in rows if row[group] == value]
            parts.append(f"### {value}\n\n{format_table(members)}")
        return "\n\n".join(parts)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    table = [columns] + [[text_of(row.get(column)) for column in columns] for row in rows]
    numeric = [all(isinstance(row.get(column), (int, float, type(None))) for row in rows) for column in columns]
    widths = [max(len(line[i]) for line in table) for i in range(len(columns))]

    def line(cells):
        return "| " + " | ".join(c.rjust(w) if n else c.ljust(w) for c, w, n in zip(cells, widths, numeric)) + " |"

    rule = "|" + "|".join("-" * (w + 1) + (":" if n else "-") for w, n in zip(widths, numeric)) + "|"
    return "\n".join([line(table[0]), rule, *map(line, table[1:])])


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parsers = parser.add_subparsers(dest="name", metavar="NAME", required=True)
    modules = {}
    for name in NAMES:
        if not (HERE / f"{name}.py").exists():
            continue
        module = modules[name] = importlib.import_module(name)
        child = parsers.add_parser(name, help=module.DESCRIPTION, description=module.__doc__,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
        child.add_argument("--json", metavar="FILE", type=pathlib.Path, help="also write everything measured to FILE")
        child.add_argument("--strict", action="store_true", help="exit status 1 when a mark is missed, or none was judged")
        module.add_options(child)
    options = parser.parse_args()
    if os.environ.get("STRATUS_PARSE_ONLY"):  # ./dev asks first
        return 0
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)

    started = time.monotonic()
    result = modules[options.name].run(options)
    print(format_table(result["rows"], result.get("group_by")) if result["rows"] else "no rows")
    for note in result.get("notes", []):
        print(f"note: {note}")
    print(f"{len(result['rows'])} rows in {time.monotonic() - started:.0f} s on {os.cpu_count()} cores ({platform.machine()})")
    if options.json:
        write_json(options.json, result)
    return exit_status(result, options.strict)


def exit_status(result, strict):
    """1 without rows or with a wrong result; when strict also for a missed mark, or when no mark was judged."""
    if not result["rows"] or result.get("failed"):
        return 1
    if not strict:
        return 0
    missed = marks.missed(result) if result.get("marks") else ["no mark was judged in this run"]
    for what in missed:
        print(f"strict: {what}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted; everything started has been stopped")
