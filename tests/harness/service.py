"""A small image with a real process in it: a static program that serves HTTP and misbehaves on demand."""
import pathlib
import shutil
import subprocess
import tempfile

from .trees import write_tree
from .waiting import free_port

_SOURCE = pathlib.Path(__file__).with_name("service.c")
_built = None


def service_program():
    """Path of the compiled service; compiled once a run."""
    global _built
    if _built is None or not _built.exists():
        directory = pathlib.Path(tempfile.mkdtemp(prefix="stratus-service-"))
        import atexit
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
        subprocess.run(["cc", "-O1", "-static", "-o", directory / "service", _SOURCE], check=True)
        _built = directory / "service"
    return _built


class ServiceImage:
    """Describes a file tree to publish and the command that runs in it.

    image = ServiceImage(); tree = image.tree(path, version="1"); args = image.publish_args("1")
    """

    def __init__(self, port=None):
        self.port = port or free_port()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def tree(self, path, version, extra=None):
        """Writes bin/service, a few usual directories, etc/version and `extra` (as for write_tree)."""
        root = write_tree(path, {"dev": None, "proc": None, "sys": None, "tmp": None, "etc/version": f"{version}\n",
                                 **(extra or {})})
        (root / "bin").mkdir(exist_ok=True)
        shutil.copy(service_program(), root / "bin" / "service")
        (root / "bin" / "service").chmod(0o755)
        return root

    def command(self, version, *behaviours):
        return ["/bin/service", str(self.port), str(version), *behaviours]
