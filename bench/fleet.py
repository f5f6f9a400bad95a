"""A fleet of simulated devices beside a real server with its broker: the figures of the fleet control plane.

plain_1000   1,000 devices update 1.5 MB each: mutual TLS, MQTT, HTTPS, a rollout, every result stored
rate_10000   10,000 devices, 150 KB each
faults_1000  1,000 devices with 1 % of TCP packets lost (dropped by the kernel) and 5 % losing power once, server killed twice, broker once

messages     1,000 devices that send 25 measurements a second each, over mutual TLS and MQTT into the server's database: ingest_per_s
catalogue    100,000 devices: those of `./dev bench fleet_db`; its ingest, by the server's bulk path alone, is ingest_storage_per_s

Devices are enrolled beforehand. wall_s: from the order to roll out until every device runs the version and its report is
stored. nginx_wall_s: nginx on the same machine gives the same bytes over TLS to as many plain downloads, nothing else.
upstream_ratio: bytes of blobs that the server sent or the devices received, whichever is more, over what one download each takes.
cpu_ms: user and system time from that order to the end, of the simulator, the server and its broker, for each device.
"""
import argparse
import contextlib
import random
import resource
import subprocess
import sys
import time

import fanout
import fleet_db
import marks
from measure import Spent, resident_mb

from harness import Programs, ROOT, Stack, free_port, wait_until
from harness.network import PrivateNetwork
from harness.simulator import Simulation

DESCRIPTION = "simulated devices: 1,000 and 10,000 updates, the same with faults, beside nginx"
RUNS = {"plain_1000": (1_000, 1_500_000), "rate_10000": (10_000, 150_000), "faults_1000": (1_000, 1_500_000)}
RUN_KEYS = ("name", "devices", "succeeded", "wall_s", "nginx_wall_s", "upstream_ratio", "devices_per_min",
            "cpu_ms", "simulator_cpu_ms", "server_cpu_ms", "broker_cpu_ms")
PARTS = (*RUNS, "messages", "catalogue")
FAULTS = ("--latency", "5", "--power-cut", "0.05", "--chunk", "256KiB")


def add_options(parser):
    parser.add_argument("--only", default=",".join(PARTS), help="parts: " + ", ".join(PARTS))
    parser.add_argument("--devices", type=int, help="a quick trial: so many devices in every run (and in the catalogue 100 times as many)")
    parser.add_argument("--seconds", type=int, default=600, help="longest time of a run (default 600)")


class Nginx(fanout.Bench):
    """nginx with one file, and the load generator that fetches it."""

    def __init__(self, programs, server, path, data):
        self.programs, self.path, self.size = programs, path, len(data)
        self.load = programs.path("load")
        if not self.load.exists():
            subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", self.load, ROOT / "bench" / "load.c", "-lssl", "-lcrypto"], check=True)
        file = programs.path("www", *path.strip("/").split("/"))
        file.write_bytes(data)
        self.port = free_port()
        certificate = server.data / "tls" / "server.pem"
        self.program = self._nginx(f"nginx-{self.port}", f"""
            server {{ listen 127.0.0.1:{self.port} ssl backlog=4096; root {programs.path("www", "x").parent};
              ssl_certificate {certificate}; ssl_certificate_key {certificate.with_suffix(".key")}; ssl_protocols TLSv1.3; }}""")

    def seconds(self, downloads):
        """Of so many downloads, each on a connection of its own, at most 4,000 at once."""
        took = 0
        while downloads > 0:
            part = min(downloads, 4_000)
            got = self.download(self.port, part, tls=True)
            assert got["answered"] == part and got["failed"] == 0, got
            took, downloads = took + got["seconds"], downloads - part
        return took


class Bed:
    def __init__(self, programs, network, options):
        self.options, self.network = options, network
        self.case = Simulation(Stack(programs))
        self.programs = programs
        self.killed_sent = 0

    def enrol(self, runs):
        """What it took, and the server's memory with the smallest fleet connected, when it knows no other."""
        seconds, resident = 0, None
        # Devices of their own, so that nothing is left from another run.
        for name, (devices, _) in sorted(runs.items(), key=lambda run: run[1]):
            begin = time.monotonic()
            self.case.enrol(devices, "--prefix", name + "-")
            seconds += time.monotonic() - begin
            resident = resident or self.idle_mb(name, devices)
        return {"devices": sum(devices for devices, _ in runs.values()), "seconds": round(seconds, 2)}, resident

    def idle_mb(self, name, devices):
        """The server's resident memory with so many connected devices that have nothing to do."""
        devices_up = self.case.start(devices, "--prefix", name + "-", image=name)
        wait_until(lambda: self.case.server.metric("stratus_mqtt_devices_online") >= devices, 60, what="the server to see them all")
        resident = resident_mb(self.case.server.program.pid)
        devices_up.stop(60)
        return resident

    def measure(self, name, devices, size, faults):
        data = random.Random(name).randbytes(size)
        self.case.use(name)
        path, blob_size = self.case.release("1", data)
        sim = self.case.start(devices, "--prefix", name + "-", "--until-version", "1", "--for", str(self.options.seconds),
                              "--metrics-interval", "0", *(FAULTS if faults else ()))
        self.killed_sent, before = 0, self._sent()
        spent = {"server": Spent(self.case.server.program.pid), "broker": Spent(self.case.broker())}
        connected, ended = Spent(sim.process.pid).before, resource.getrusage(resource.RUSAGE_CHILDREN)
        begin = time.monotonic()
        rollout = self.case.rollout("1", targets={"devices": [f"{name}-{number:05}" for number in range(1, devices + 1)]})
        if faults:
            self.network.lose(1, *self.case.ports())
            self._disturb(rollout, devices)
        code = sim.process.wait(self.options.seconds + 60)
        wall = time.monotonic() - begin
        report, lost = sim.report(), self.network.lost() if faults else None
        if faults:
            self.network.lose(0)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = {"simulator": used.ru_utime + used.ru_stime - ended.ru_utime - ended.ru_stime - connected}
        if not faults:  # the killed ones took theirs along
            cpu.update({who: meter.usage().cpu_s for who, meter in spent.items()})
        cpu = {f"{who}_cpu_ms": seconds / devices * 1_000 for who, seconds in cpu.items()}
        if not faults:
            cpu["cpu_ms"] = sum(cpu.values())
        shown = self.case.wait_rollout(rollout, "completed", "aborted", "paused", seconds=30)
        nginx = Nginx(self.programs, self.case.server, path, data)
        nginx_wall = nginx.seconds(devices)
        nginx.program.stop()
        received = max(report["bytes"], self._sent() + self.killed_sent - before)
        return {"name": name, "devices": devices, "succeeded": shown["counts"]["success"], "wall_s": wall, "nginx_wall_s": nginx_wall,
                "upstream_ratio": received / (devices * blob_size), "devices_per_min": devices / wall * 60,
                "download_p50_ms": report["download_ms"]["p50"], "download_p99_ms": report["download_ms"]["p99"],
                "partial_recovery": report["recovery"]["partial_download"]["rate"], "power_cuts": report["power_cuts"],
                "kib_per_device": report["peak_memory_kib_per_device"], "exit": code, "lost_packets": lost, **cpu}, report["causes"]

    def messages(self, name, devices, seconds):
        """Device messages from MQTT into storage: how many a second, and what one costs the server and its broker."""
        stored = 'stratus_messages_total{outcome="stored"}'
        sim = self.case.start(devices, "--prefix", name + "-", "--metrics-interval", "0.04", image=name)
        before = self.case.server.metric(stored)
        wait_until(lambda: self.case.server.metric(stored) >= before + 10 * devices, 120, what="messages to flow")
        spent = {"server": Spent(self.case.server.program.pid), "broker": Spent(self.case.broker()), "simulator": Spent(sim.process.pid)}
        before, begin = self.case.server.metric(stored), time.monotonic()
        time.sleep(seconds)
        count, wall = self.case.server.metric(stored) - before, time.monotonic() - begin
        cpu = {f"mqtt_{who}_us": meter.usage().cpu_s / count * 1e6 for who, meter in spent.items()}
        sim.stop(60)
        return {"ingest_per_s": count / wall, **cpu}

    def _sent(self):
        return self.case.server.metric("stratus_registry_sent_bytes_total")

    def _disturb(self, rollout, devices):
        """Kills the server twice and the broker once, when a quarter, a half and three quarters are done."""
        for share, who in ((0.2, "server"), (0.45, "broker"), (0.7, "server")):
            wait_until(lambda: self.case.show(rollout)["counts"]["success"] >= share * devices, self.options.seconds,
                       what=f"{share:.0%} of the devices", interval=0.05)
            if who == "broker":
                self.case.kill_broker()
            else:
                self.killed_sent += self._sent()
                self.case.kill_server()


def run(options):
    parts = options.only.split(",")
    runs = {name: (options.devices or devices, size) for name, (devices, size) in RUNS.items() if name in parts}
    rows, result, notes = [], {"runs": []}, []
    # Packets are lost in a network of its own only, which needs root.
    with PrivateNetwork() if "faults_1000" in runs else contextlib.nullcontext() as network, Programs("stratus-fleet-") as programs:
        bed = Bed(programs, network, options)
        talkers = options.devices or 1_000
        if "messages" in parts:
            bed.case.enrol(talkers, "--prefix", "messages-")
        if runs:
            print("enrolling …", file=sys.stderr, flush=True)
            result["enrolment"], result["server_rss_mb"] = bed.enrol(runs)
        if "messages" in parts:
            print("messages …", file=sys.stderr, flush=True)
            result.update(bed.messages("messages", talkers, 10 if not options.devices else 3))
            notes.append("ingest_per_s: {ingest_per_s:,.0f} messages/s from devices over MQTT into synced storage, each {mqtt_server_us:.1f} µs of "
                         "the server, {mqtt_broker_us:.1f} µs of the broker and {mqtt_simulator_us:.1f} µs of the simulator".format(**result))
        for name, (devices, size) in runs.items():
            print(f"{name} …", file=sys.stderr, flush=True)
            row, causes = bed.measure(name, devices, size, faults=name.startswith("faults"))
            rows.append(row)
            result["runs"].append({key: row[key] for key in RUN_KEYS if key in row})
            notes += [f"{name}: {times} × {cause}" for cause, times in causes.items()]
    if "catalogue" in parts:
        print("catalogue …", file=sys.stderr, flush=True)
        devices = options.devices * 100 if options.devices else 100_000
        catalogue = fleet_db.run(argparse.Namespace(devices=devices, rounds=20, seconds=10 if not options.devices else 2, database=None))
        result.update({key: catalogue[key] for key in ("ready_after_kill_s", "list_p99_ms")})
        result["ingest_storage_per_s"] = catalogue["ingest_per_s"]
        notes.append("ingest_storage_per_s: {:,.0f} messages/s by the server's bulk path into synced storage, no broker".format(
            catalogue["ingest_per_s"]))
        rows = rows or catalogue["rows"]
    rows = rows or [{key: value for key, value in result.items() if key.startswith(("mqtt_", "ingest_"))}]
    notes.append("the fleet report that plain_1000 is compared with: 390 s")
    judged = marks.judge(marks.fleet_checks(result, rows, full=not options.devices))
    failed = any(row.get("succeeded", 0) != row.get("devices", 0) for row in rows if "name" in row)
    return {"rows": rows, "failed": failed, "details": rows, **result, "marks": judged["marks"], "notes": notes + judged["notes"]}
