"""Server and device make of an image what umoci makes of it: the very same image, pulled from the server, unpacked by umoci, beside
what the service on a device sees as its root."""
import os
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import AgentCase  # noqa: E402
from harness.agent_case import TEST_SERVICE  # noqa: E402
from publishing import full_listing, three_versions, unpack_with_umoci  # noqa: E402

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="starting containers needs root")
OWN_MOUNTS = ("proc", "sys", "dev", "tmp", "run")
CAPABILITY = "security.capability"
HOST_BASE = 1_000_000_000  # where container ids begin on the host (docs/security/confinement.md)


def with_service(tree):
    """The service that a device runs, and the places where it gets mounts of its own, so that none has to be made there."""
    for name in OWN_MOUNTS:
        (tree / name).mkdir()
    shutil.copy(TEST_SERVICE, tree / "bin/service")
    (tree / "bin/service").chmod(0o755)
    (tree / "etc/version").write_text(f"{tree.name}\n")
    tree.chmod(0o711)
    for name in ("", "bin", "etc"):
        os.utime(tree / name, (1_650_000_000, 1_650_000_000 + int(tree.name)))
    return tree


def comparable(root):
    """The listing without what a container mounts itself, owners as the container sees them, and capabilities in the form that
    the kernel shows of them to everybody (VFS_CAP_REVISION_2; in a user namespace it adds whose root they are for)."""
    listing = {}
    for name, (mode, uid, gid, mtime, device, content, first, attributes) in full_listing(root, OWN_MOUNTS).items():
        attributes = {key: value[4:20] if key == CAPABILITY else value for key, value in attributes.items()}
        listing[name] = (mode, uid % HOST_BASE, gid % HOST_BASE, mtime, device, content, first, attributes)
    return listing


def test_a_device_runs_what_umoci_unpacks_of_the_same_image(programs, tmp_path):
    case = AgentCase(programs)
    start = ["--entrypoint", "/bin/service", "--cmd=--version-file", "--cmd=/etc/version", "--cmd=--port", f"--cmd={case.port}"]
    server, trees = case.server, [with_service(tree) for tree in three_versions(tmp_path)]
    try:
        for number, tree in enumerate(trees, 1):
            case.stack.stratus("publish", f"web:{number}", tree, *start, "--sign-key", case.private)
            if number == 1:
                case.start()
            case.wait_committed(number, seconds=60)
            rootfs = unpack_with_umoci(f"docker://{server.address}/web:{number}", tmp_path / f"bundle{number}",
                                       "--src-tls-verify=false", f"--src-creds=admin:{server.token}")
            wanted = comparable(rootfs)
            assert wanted == comparable(tree)
            [pid] = [pid for version, pid in case.service_pids() if version == str(number)]
            assert comparable(f"/proc/{pid}/root/") == wanted, number
        assert case.status()["plan"] == "delta"  # the last one was made out of files of the device, not fetched whole
    finally:
        case.stop_all()
