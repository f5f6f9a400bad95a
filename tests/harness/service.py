"""A small image with a real process in it: stratus-test-service (tests/fixtures), static, misbehaving on demand."""
import shutil

from .paths import BIN
from .trees import write_tree
from .waiting import free_port


class ServiceImage:
    """Describes file trees to publish and the command that runs in them.

    The version is read from etc/version, so two versions may differ in that file alone. `url` answers the version.
    """

    def __init__(self, port=None):
        self.port = port or free_port()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def tree(self, path, version, extra=None):
        """Writes bin/service, a few usual directories, etc/version and `extra` (as for write_tree); returns path."""
        root = write_tree(path, {"dev": None, "proc": None, "sys": None, "tmp": None, "bin": None,
                                 "etc/version": f"{version}\n", **(extra or {})})
        shutil.copy(BIN / "stratus-test-service", root / "bin" / "service")
        return root

    def command(self, *behaviours):
        """What the image starts; behaviours as the service's options: "--unhealthy", "--crash-after", "100"."""
        return ["/bin/service", "--port", str(self.port), "--reuse-port", "--version-file", "/etc/version", *behaviours]
