"""The catalogue with many devices: list and search, ingest, ready after kill -9; SQLite unless told otherwise.

list_p99_ms is the slowest hundredth of a mix of pages, filters, searches and counts over HTTP by one client, with the
database's own share beside it; ingest is device messages per second through the bulk path into storage, synced.
"""
import json
import statistics
import subprocess
import tempfile
import time
from urllib.parse import quote

import marks
from harness import BIN, Programs, Stack

DESCRIPTION = "catalogue of 100,000 devices: list p99, ingest, ready after kill -9"
QUESTIONS = ("", "filter=region%3Dregion-07", "filter=state%3Dfailed", "filter=tag.site%3D77", "filter=device-09999",
             "filter=nowhere-at-all", "filter=building", "sort=-seen", "sort=label", "filter=version~9.9",
             "filter=" + quote("region=region-10 state=failed") + "&sort=-seen",
             *("filter=" + quote(question) for question in
               ("label~nowhere", "label~nowhere region=-", "location~nowhere", "target~9.9", "reason~nowhere", "reason~disk label~99",
                "health=never", "compliance=failing", "gateway=nowhere", "created<1m", "tag.site~nowhere")),
             "filter=" + quote("location~\"building 39\"") + "&sort=label")


def add_options(parser):
    parser.add_argument("--devices", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=20, help="times that each question is asked (default 20)")
    parser.add_argument("--seconds", type=int, default=10, help="of ingest (default 10)")
    parser.add_argument("--database", help="postgresql://… of an empty database, instead of SQLite")


def fleet_database(url, verb, number):
    done = subprocess.run([BIN / "fleet-database", url, verb, str(number)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout) if done.stdout else {}


def ask(server, rounds):
    took = []
    for _ in range(rounds):
        for question in QUESTIONS:
            begin = time.perf_counter()
            answer = server.http.get(f"/api/v1/devices?{question}")
            took.append((time.perf_counter() - begin) * 1000)
            assert answer.status == 200, answer
    return took


def run(options):
    with Programs() as programs, tempfile.TemporaryDirectory(prefix="stratus-fleet-db-") as directory:
        url = options.database or f"{directory}/catalogue.db"
        fleet_database(url, "fill", options.devices)
        stack = Stack(programs, plain=True)
        started = []
        for number in range(3):
            begin = time.perf_counter()
            server = stack.start_server(f"server{number}", data=f"{directory}/data", options=("--database", url))
            started.append(time.perf_counter() - begin)
            if number < 2:
                server.program.kill()
                server.program.process.wait()
        took = sorted(ask(server, options.rounds))
        rss = next(line for line in open(f"/proc/{server.program.pid}/status") if line.startswith("VmRSS"))
        server.program.stop()
        engine = fleet_database(url, "list", options.rounds)
        ingest = fleet_database(url, "ingest", options.seconds)
    result = {"devices": options.devices, "list_p99_ms": took[len(took) * 99 // 100],
              "list_p50_ms": statistics.median(took), "database_list_p99_ms": engine["list_p99_ms"],
              "database_list_p99_cpu_ms": engine["list_p99_cpu_ms"], "ready_after_kill_s": max(started[1:]),
              "ingest_per_s": ingest["ingest_per_s"], "ingest_cpu_us": ingest["cpu_s"] / ingest["messages"] * 1e6,
              "server_rss_mb": int(rss.split()[1]) / 1024}
    judged = marks.judge([(name, result[name], sign, mark) for name, sign, mark in
                          (("list_p99_ms", "<=", 50), ("ready_after_kill_s", "<=", 2), ("ingest_per_s", ">=", 20_000))])
    return {"rows": [result], **judged,
            "questions_ms": engine["questions"], **result}
