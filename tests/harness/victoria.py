"""Debian's victoria-metrics, for tests of what leaves the server."""
from .http import HttpClient
from .waiting import free_port, wait_until


def start_victoria(stack, port=None):
    """An HttpClient of a new, empty one."""
    port = port or free_port()
    stack.programs.start("victoria", ["victoria-metrics", "-storageDataPath", stack.programs.path("victoria"),
                                      "-httpListenAddr", f"127.0.0.1:{port}", "-retentionPeriod", "100y"])
    client = HttpClient(f"http://127.0.0.1:{port}", checked=False)

    def up():
        try:
            return client.get("/health").status == 200
        except OSError:
            return False
    wait_until(up, 20, what="victoria-metrics")
    return client
