"""Many devices behind one gateway: what crosses the link to the server, and how fast it is beside nginx.

Upstream bytes with 1 … 1,000 devices, cache on and off (drawn into docs/numbers/fanout.svg); a cold stampede of 1,000; 1,000 downloads
of 1.5 MB at once, over TLS and plain, beside nginx's proxy_cache; 16 KiB Range requests; memory at 1,000 connections. The origin is
nginx, whose log says exactly what it sent. The same load generator (bench/load.c) and cipher for all; figures are ratios within one run.
"""
import hashlib
import json
import os
import pathlib
import random
import socket
import statistics
import subprocess
import sys
import urllib.error
import urllib.request

import marks
from measure import Spent, resident_mb

from harness import BIN, Programs, ROOT, free_port, wait_until

DESCRIPTION = "devices behind a gateway: upstream bytes, speed and memory beside nginx"
COUNTS = (1, 10, 100, 1000)
SIZE = 1_500_000
RANGE = 16_384


def add_options(parser):
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds of each comparison (default 5)")
    parser.add_argument("--seconds", type=float, default=4, help="length of each Range measurement (default 4)")
    parser.add_argument("--only", default="fanout,stampede,serve", help="parts: fanout, stampede, serve")


class Bench:
    def __init__(self, programs):
        self.programs = programs
        self.load = programs.path("load")
        subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", self.load, ROOT / "bench" / "load.c", "-lssl", "-lcrypto"], check=True)
        data = random.Random(23).randbytes(SIZE)
        self.size = SIZE
        self.digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self.path = f"/v2/app/blobs/{self.digest}"
        blob = programs.path("www", *self.path.strip("/").split("/"))
        blob.write_bytes(data)
        self.number = 0
        self.origin_log = programs.path("origin", "log")
        self.origin_port = free_port()
        self._nginx("origin", f"""
            log_format sent '$bytes_sent $uri';
            server {{ listen 127.0.0.1:{self.origin_port} backlog=4096; root {programs.path("www", "x").parent};
                      access_log {self.origin_log} sent; }}""")

    def _nginx(self, name, http):
        home = self.programs.path(name, "x").parent
        config = home / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        config.write_text(f"""{user} daemon off; worker_processes 1; pid {home}/pid; error_log {home}/error.log; worker_rlimit_nofile 19000;
            events {{ worker_connections 9000; }}
            http {{ access_log off; sendfile on; tcp_nodelay on; keepalive_requests 100000000; default_type application/octet-stream;
              client_body_temp_path {home}/a; proxy_temp_path {home}/b; fastcgi_temp_path {home}/c; uwsgi_temp_path {home}/d;
              scgi_temp_path {home}/e; {http} }}""")
        program = self.programs.start(name, ["nginx", "-e", home / "error.log", "-c", config])
        port = int(http.split("listen 127.0.0.1:")[1].split()[0].rstrip(";"))
        wait_until(lambda: _connects(port), what=f"nginx {name}")
        children = pathlib.Path(f"/proc/{program.pid}/task/{program.pid}/children")
        program.worker = wait_until(lambda: [int(pid) for pid in children.read_text().split()])[0]
        return program

    def nginx_cache(self, certificate, key):
        self.number += 1
        name = f"nginx-{self.number}"
        home = self.programs.path(name, "x").parent
        tls, plain = free_port(), free_port()
        program = self._nginx(name, f"""
            proxy_cache_path {home}/cache keys_zone=z:10m max_size=1g inactive=1d use_temp_path=off;
            server {{ listen 127.0.0.1:{plain} backlog=4096; listen 127.0.0.1:{tls} ssl backlog=4096;
              ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_protocols TLSv1.3; ssl_session_tickets on;
              location / {{ proxy_pass http://127.0.0.1:{self.origin_port}; proxy_cache z; proxy_cache_lock on;
                            proxy_cache_valid 200 1d; proxy_http_version 1.1; }} }}""")
        return program.worker, plain, tls

    def gateway(self, *options, plain=False):
        self.number += 1
        name = f"gateway-{self.number}"
        program = self.programs.start(name, [
            BIN / "stratus-gateway", "--upstream", f"http://127.0.0.1:{self.origin_port}", "--data", self.programs.path(name),
            "--listen", "127.0.0.1:0", "--log-level", "error", *(["--plain-http"] if plain else []), *options])
        return program, int(program.wait_ready()["url"].rsplit(":", 1)[1])

    def download(self, port, connections, tls, requests=1, hold=False):
        return self._load(port, connections, requests, 0, 0, tls, hold)

    def ranges(self, port, connections, seconds, tls):
        return self._load(port, connections, 0, RANGE, seconds, tls, True)

    def _load(self, port, connections, requests, range_size, seconds, tls, hold):
        done = subprocess.run([self.load, str(port), self.path, str(connections), str(requests), str(range_size), str(self.size),
                               str(seconds), "1" if tls else "0"], capture_output=True, text=True, check=True,
                              env={**os.environ, **({"HOLD": "1"} if hold else {})})
        return json.loads(done.stdout)

    def origin_sent(self):
        """(bytes, requests) since the last call, every request counted, however little of it was sent.

        The one worker writes a line after each response, so a request of our own comes after all that are over.
        """
        self._asked = getattr(self, "_asked", 0) + 1
        own = f"/asked-{self._asked}"
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.origin_port}{own}", timeout=60)
        except urllib.error.HTTPError:
            pass  # there is no such file
        lines = wait_until(lambda: self._lines_until(own), 60, what="the origin's log")
        seen, self._seen = getattr(self, "_seen", 0), len(lines)
        new = [line.split() for line in lines[seen:]]
        return sum(int(size) for size, uri in new if uri != own), sum(1 for _, uri in new if uri != own)

    def _lines_until(self, uri):
        lines = self.origin_log.read_text().splitlines() if self.origin_log.exists() else []
        return lines if lines and lines[-1].endswith(" " + uri) else None


def _connects(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def fanout(bench, rows, checks):
    points = {"on": [], "off": []}
    for mode in points:
        for count in COUNTS:
            program, port = bench.gateway(*([] if mode == "on" else ["--no-cache"]), plain=True)
            bench.origin_sent()
            got = bench.download(port, count, tls=False)
            program.stop()
            sent, transfers = bench.origin_sent()
            points[mode].append((count, sent))
            rows.append({"what": f"{count} devices, cache {mode}", "upstream MB": sent / 1e6, "copies": sent / SIZE,
                         "transfers": transfers, "seconds": got["seconds"], "ok": got["answered"] == count and got["failed"] == 0})
    checks.append(("upstream bytes at 1,000 devices, cache on, in copies", points["on"][-1][1] / SIZE, "<=", 1.02))
    return points


def stampede(bench, rows, checks, rounds):
    for tls in (False, True):
        seconds, transfers, good = [], [], True
        for _ in range(rounds):
            program, port = bench.gateway(plain=not tls)
            bench.origin_sent()
            got = bench.download(port, 1000, tls, hold=True)
            program.stop()
            transfers.append(bench.origin_sent()[1])
            seconds.append(got["seconds"])
            good = good and got["answered"] == 1000 and got["failed"] == 0
        name = "TLS" if tls else "plain"
        rows.append({"what": f"cold stampede of 1,000, {name}", "transfers": max(transfers), "seconds": statistics.median(seconds), "ok": good})
        checks += [(f"upstream requests of a stampede, {name}, the {word}", pick(transfers), "==", 1)
                   for word, pick in (("most", max), ("fewest", min))]


def serve(bench, rows, checks, options):
    program, tls_port = bench.gateway()
    plain_program, plain_port = bench.gateway(plain=True)
    directory = next(path for path in bench.programs.directory.glob("gateway-*/tls"))
    certificate = next(directory.glob("*.pem"))
    key = next(directory.glob("*.key"))
    nginx, nginx_plain, nginx_tls = bench.nginx_cache(certificate, key)
    servers = {True: {"gateway": (program.pid, tls_port), "nginx": (nginx, nginx_tls)},
               False: {"gateway": (plain_program.pid, plain_port), "nginx": (nginx, nginx_plain)}}
    for tls, pair in servers.items():
        name = "TLS 1.3" if tls else "plain"
        for _, port in pair.values():
            bench.download(port, 4, tls)  # fills the cache
        figures = {who: {"seconds": [], "cpu": [], "rate": [], "range_cpu": [], "memory": []} for who in pair}
        good = True
        for number in range(options.rounds):
            for who, (pid, port) in sorted(pair.items(), reverse=number % 2 == 1):  # either goes first in turn
                spent = Spent(pid)
                got = bench.download(port, 1000, tls)
                usage = spent.usage()
                good = good and got["answered"] == 1000 and got["failed"] == 0
                figures[who]["seconds"].append(got["seconds"])
                figures[who]["cpu"].append(usage.cpu_s / (got["bytes"] / 1e9))
                figures[who]["memory"].append(usage.rss_mb)
        for _ in range(options.rounds):
            for who, (pid, port) in pair.items():
                spent = Spent(pid)
                got = bench.ranges(port, 64, options.seconds, tls)
                good = good and got["failed"] == 0
                figures[who]["rate"].append(got["answered"] / got["seconds"])
                figures[who]["range_cpu"].append(spent.usage().cpu_s / max(1, got["answered"]) * 1e6)
        median = {who: {key: statistics.median(values) for key, values in f.items()} for who, f in figures.items()}
        for who, f in median.items():
            rows.append({"what": f"{who}, {name}", "seconds": f["seconds"], "CPU s/GB": f["cpu"], "ranges/s": f["rate"],
                         "us CPU/range": f["range_cpu"], "peak MiB at 1,000": f["memory"], "ok": good})
        mine, theirs = median["gateway"], median["nginx"]
        checks.append((f"1,000 × 1.5 MB, {name}: wall, gateway / nginx", mine["seconds"] / theirs["seconds"], "<=", 1.0))
        checks.append((f"1,000 × 1.5 MB, {name}: CPU per GB, gateway / nginx", mine["cpu"] / theirs["cpu"], "<=", 1.0))
        checks.append((f"16 KiB ranges/s, {name}: gateway / nginx", mine["rate"] / theirs["rate"], ">=", 0.8))
        checks.append((f"peak resident MiB at 1,000 connections, {name}", mine["memory"], "<=", 64))
    rows.append({"what": "gateway resident afterwards, TLS", "peak MiB at 1,000": resident_mb(program.pid)})


def draw(points, path):
    """Upstream megabytes over the number of devices, both axes logarithmic."""
    from math import log10
    left, top, width, height = 70, 30, 440, 260
    largest = max(sent for series in points.values() for _, sent in series) / 1e6

    def xy(count, sent):
        return (left + width * log10(count) / 3, top + height * (1 - log10(max(sent / 1e6, 1)) / log10(max(largest, 10) * 1.2)))

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 120} {top + height + 60}" font-family="sans-serif" '
             f'font-size="13"><rect width="100%" height="100%" fill="#fff"/>',
             f'<path d="M{left} {top}V{top + height}H{left + width}" fill="none" stroke="#333"/>']
    for count in COUNTS:
        x, _ = xy(count, 1e6)
        parts.append(f'<text x="{x:.0f}" y="{top + height + 20}" text-anchor="middle">{count:,}</text>')
    for megabytes in (1, 10, 100, 1000):
        if megabytes <= largest * 1.2:
            _, y = xy(1, megabytes * 1e6)
            parts.append(f'<text x="{left - 8}" y="{y + 4:.0f}" text-anchor="end">{megabytes:,}</text>'
                         f'<path d="M{left} {y:.0f}h{width}" stroke="#ddd"/>')
    for mode, color, label in (("off", "#b3261e", "without cache"), ("on", "#1a73e8", "with cache")):
        line = " ".join("%.0f,%.0f" % xy(*point) for point in points[mode])
        x, y = xy(*points[mode][-1])
        parts.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += ['<circle cx="%.0f" cy="%.0f" r="3" fill="%s"/>' % (*xy(*point), color) for point in points[mode]]
        parts.append(f'<text x="{x + 8:.0f}" y="{y + 4:.0f}" fill="{color}">{label}</text>')
    parts.append(f'<text x="{left + width / 2}" y="{top + height + 45}" text-anchor="middle">devices behind the gateway, 1.5 MB each</text>'
                 f'<text x="{left}" y="{top - 12}" text-anchor="middle">upstream MB</text></svg>')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(parts) + "\n")


def run(options):
    parts = options.only.split(",")
    rows, checks, result = [], [], {}
    with Programs() as programs:
        bench = Bench(programs)
        if "fanout" in parts:
            print("fan-out, cache on and off …", file=sys.stderr, flush=True)
            points = fanout(bench, rows, checks)
            draw(points, ROOT / "docs" / "numbers" / "fanout.svg")
            result["points"] = {mode: [{"devices": count, "upstream_bytes": sent} for count, sent in series] for mode, series in points.items()}
        if "stampede" in parts:
            print("cold stampede …", file=sys.stderr, flush=True)
            stampede(bench, rows, checks, options.rounds)
        if "serve" in parts:
            print("beside nginx …", file=sys.stderr, flush=True)
            serve(bench, rows, checks, options)
    result.update(marks.judge(checks))
    columns = list(dict.fromkeys(column for row in rows for column in row))
    rows = [{column: row.get(column) for column in columns} for row in rows]
    failed = not all(row["ok"] in (True, None) for row in rows)
    return {"rows": rows, "failed": failed, **result}
