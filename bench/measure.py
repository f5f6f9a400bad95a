"""CPU and memory of programs: whole runs (`Meter.run`) and of programs that go on running (`Spent`)."""
import os
import pathlib
import subprocess
import tempfile

_HERE = pathlib.Path(__file__).resolve().parent
_TICK = os.sysconf("SC_CLK_TCK")


class Usage:
    """CPU seconds add up, memory peaks do not."""

    def __init__(self, cpu_s=0.0, rss_mb=0.0):
        self.cpu_s, self.rss_mb = cpu_s, rss_mb

    def __add__(self, other):
        return Usage(self.cpu_s + other.cpu_s, max(self.rss_mb, other.rss_mb))


class CommandFailed(RuntimeError):
    pass


class Meter:
    """Runs commands below a small C helper, so that peaks are those of the command alone."""

    def __init__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="stratus-meter-")
        self._helper = pathlib.Path(self._directory.name) / "measure"
        subprocess.run(["cc", "-O1", "-static", "-o", self._helper, _HERE / "measure.c"], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._directory.cleanup()

    def run(self, *argv, timeout=900, ok=(0,), **options):
        """Usage of one command and everything it waited for; raises CommandFailed with its output."""
        words = [str(word) for word in argv]
        report = pathlib.Path(self._directory.name) / f"report-{os.getpid()}-{id(words)}"
        options.setdefault("stdout", subprocess.PIPE)
        done = subprocess.run([str(self._helper), str(report), *words], stdin=options.pop("stdin", subprocess.DEVNULL),
                              stderr=subprocess.PIPE, timeout=timeout, **options)
        if not report.exists() or done.returncode not in ok:
            output = b"".join(part for part in (done.stdout, done.stderr) if part)
            raise CommandFailed(f"{' '.join(words)[:300]}: exit {done.returncode}: {output.decode(errors='replace')[-500:]}")
        cpu, rss, _ = report.read_text().split()
        report.unlink()
        return Usage(float(cpu), int(rss) / 1024)


class Spent:
    """CPU that running processes used since this object was made, and their peak memory since then.

    Children that ended and were waited for count in the CPU.
    """

    def __init__(self, *pids):
        self.pids = pids
        self.before = sum(map(_cpu, pids))
        for pid in pids:
            try:
                pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # resets the peak
            except OSError:
                pass

    def usage(self):
        return Usage(sum(map(_cpu, self.pids)) - self.before, max(_peak_mb(pid) for pid in self.pids))


def _cpu(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(field) for field in fields[11:15]) / _TICK


def _peak_mb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def resident_mb(pid):
    """Resident memory now."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
