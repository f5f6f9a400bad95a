"""What a benchmark must reach: each mark is judged in the run that measured it, and `--strict` makes a missed one a failure."""

SIGNS = {"<=": lambda value, mark: value <= mark, ">=": lambda value, mark: value >= mark, "==": lambda value, mark: value == mark}


def judge(checks):
    """checks: [(what, value, sign, mark)] -> {"marks": [...], "notes": [...]}, parts of a benchmark's result."""
    marks = [{"what": what, "value": value, "mark": f"{sign} {mark:g}", "met": SIGNS[sign](value, mark)}
             for what, value, sign, mark in checks]
    return {"marks": marks,
            "notes": [f"{'met' if one['met'] else 'MISSED'}: {one['what']}: {one['value']:,.10g} (mark {one['mark']})" for one in marks]}


def missed(result):
    """The marks of a benchmark's result that were not reached."""
    return [one["what"] for one in result.get("marks", []) if not one["met"]]


# `./dev bench update`. Bytes are all bytes of the wire, both ways; the best peer is looked for in the same run.
WHOLE, WHOLE_TLS, ALONE = "stratus, everything", "stratus, everything over TLS", "stratus, delta alone"
WIRE_MARKS = {"W1a": 23_000, "W1b": 23_000, "W1c": 23_000, "W1a_text": 6_500}
FULL = "full tar, zstd -19"


def update_checks(rows):
    """The marks of issue 2 that these rows can say anything about."""
    by_name = {(row["workload"], row["tool"]): row for row in rows}
    checks = []

    def check(workload, tool, column, sign, mark, what):
        row = by_name.get((workload, tool))
        if row and row[column] is not None:
            checks.append((f"{workload}: {what}, {tool}", row[column], sign, mark))

    for workload, mark in WIRE_MARKS.items():
        for tool in (WHOLE, WHOLE_TLS):
            check(workload, tool, "wire_bytes", "<=", mark, "bytes")
            check(workload, tool, "requests", "<=", 3, "requests")
    for tool in (WHOLE, WHOLE_TLS):
        check("W1b", tool, "prepare_cpu_s", "<=", 1, "CPU seconds to prepare")
        check("W1b", tool, "prepare_rss_mb", "<=", 200, "MB to prepare")
        check("W1b", tool, "apply_cpu_s", "<=", 0.1, "CPU seconds to apply")
    check("W1b", ALONE, "apply_cpu_s", "<=", 0.1, "CPU seconds to apply")
    check("W1b", ALONE, "apply_rss_mb", "<=", 8, "MB to apply")
    for workload in dict.fromkeys(row["workload"] for row in rows):
        if workload in WIRE_MARKS:
            continue
        peers = [row["wire_bytes"] for row in rows if row["workload"] == workload and row["ok"] and not row["tool"].startswith("stratus")]
        if peers:
            check(workload, ALONE, "wire_bytes", "<=", 1.05 * min(peers), "bytes, beside the best peer")
        full = by_name.get((workload, FULL))
        for tool in (ALONE, WHOLE) if full else ():
            check(workload, tool, "wire_bytes", "<=", full["wire_bytes"], "bytes, beside the full image")
    return checks


# `./dev bench swap`: milliseconds, and MiB of the agent itself.
SWAP_MARKS = {"swap: start-first": {"median_ms": 100, "downtime_ms": 0, "client_failures": 0},
              "swap: stop-first": {"median_ms": 100, "downtime_ms": 20},
              "agent: memory": {"idle_mib": 16, "patching_mib": 48}}


def swap_checks(rows):
    return [(f"{row['what']}, {column}", row[column], "<=", mark)
            for row in rows for column, mark in SWAP_MARKS.get(row["what"], {}).items()]


# `./dev bench fleet`. What depends on the number of devices is judged at full size only.
FLEET_MARKS = {"ingest_per_s": (">=", 20_000), "ingest_storage_per_s": (">=", 20_000)}
FLEET_FULL_MARKS = {"ready_after_kill_s": ("<=", 2), "list_p99_ms": ("<=", 50), "server_rss_mb": ("<=", 64)}
RUN_MARKS = {"rate_10000": {"devices_per_min": (">=", 10_000), "kib_per_device": ("<=", 100), "cpu_ms": ("<=", 12)},
             "faults_1000": {"upstream_ratio": ("<=", 1.05)}}
RUN_FULL_MARKS = {"plain_1000": {"wall_s": ("<=", 20)}}


def fleet_checks(result, rows, full):
    wanted = {**FLEET_MARKS, **(FLEET_FULL_MARKS if full else {})}
    checks = [(what, result[what], *mark) for what, mark in wanted.items() if what in result]
    for row in (row for row in rows if "name" in row):
        checks.append((f"{row['name']}: succeeded", row["succeeded"], "==", row["devices"]))
        of_run = {**RUN_MARKS.get(row["name"], {}), **(RUN_FULL_MARKS.get(row["name"], {}) if full else {})}
        checks += [(f"{row['name']}: {what}", row[what], *mark) for what, mark in of_run.items() if what in row]
    return checks
