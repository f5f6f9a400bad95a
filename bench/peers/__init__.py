"""The tools an update of Stratus is compared with. Each is a function of a `Job` that returns a `Outcome`.

Wire bytes are what a counting proxy saw in both directions on plain HTTP (or rsync's own protocol), every protocol
byte included; tools that only make a patch file report its size and no requests. Installing the old version and
starting daemons is not counted: prepare is what the publisher's side computes for this one update (rsync: while
it serves), apply is what the device's side computes.
"""
import filecmp
import pathlib
import shutil

from harness import CountingProxy, Programs, free_port, tree_listing, wait_until
from measure import Meter, Usage


class Outcome:
    def __init__(self, wire_bytes, requests, prepare, apply, ok, seconds=None):
        self.wire_bytes, self.requests, self.prepare, self.apply, self.ok = wire_bytes, requests, prepare, apply, ok
        self.seconds = seconds  # wall: from asking for the update until its success is stored

    def row(self, workload, tool):
        return {"workload": workload, "tool": tool, "wire_bytes": self.wire_bytes, "requests": self.requests,
                "prepare_cpu_s": round(self.prepare.cpu_s, 3), "prepare_rss_mb": round(self.prepare.rss_mb, 1),
                "apply_cpu_s": round(self.apply.cpu_s, 3), "apply_rss_mb": round(self.apply.rss_mb, 1),
                "seconds": self.seconds and round(self.seconds, 3), "ok": self.ok}


class Job:
    """One (workload, tool): scratch space, a meter and programs that end with it."""

    def __init__(self, workload):
        self.workload = workload
        self.programs = Programs("stratus-bench-")
        self.meter = Meter()
        self.closed = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closed = True
        self.meter.__exit__()
        self.programs.close()

    def path(self, *parts):
        return self.programs.path(*parts)

    def run(self, *argv, **options):
        return self.meter.run(*argv, **options)

    def proxy(self, target):
        proxy = CountingProxy(target)
        self.programs.on_close(proxy.close)
        return proxy

    def serve_files(self, directory):
        """nginx over directory, behind a counting proxy."""
        port = free_port()
        configuration = self.path("nginx.conf")
        configuration.write_text(f"""daemon off; master_process off; pid {self.path('nginx.pid')}; error_log stderr warn;
events {{ worker_connections 512; }}
http {{ access_log off; keepalive_requests 100000; default_type application/octet-stream; sendfile on;
  client_body_temp_path {self.path('nginx-tmp/a')}; proxy_temp_path {self.path('nginx-tmp/b')};
  fastcgi_temp_path {self.path('nginx-tmp/c')}; uwsgi_temp_path {self.path('nginx-tmp/d')}; scgi_temp_path {self.path('nginx-tmp/e')};
  server {{ listen 127.0.0.1:{port}; root {directory}; }} }}
""")
        program = self.programs.start("nginx", ["nginx", "-p", self.programs.directory, "-c", configuration])
        wait_listening(port, program)
        return self.proxy(("127.0.0.1", port))

    def same_as_new_tar(self, path):
        return filecmp.cmp(path, self.workload.new_tar, shallow=False)

    def same_as_new_tree(self, tree):
        """Names, kinds, permissions and contents; owners as the tar has them (root)."""
        wanted, got = listing(self.workload.new), listing(tree)
        return wanted == got


def listing(root, skip=()):
    return {name: (kind, mode, content) for name, (kind, mode, _, content) in tree_listing(root, skip).items()}


def wait_listening(port, program):
    import socket

    def connects():
        if not program.running():
            raise RuntimeError(program.describe())
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True

    wait_until(connects, what=f"{program.name} to listen")


def copy(source, target):
    pathlib.Path(target).parent.mkdir(parents=True, exist_ok=True)
    return shutil.copy(source, target)


NOTHING = Usage()
