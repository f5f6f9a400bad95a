"""What a device holds to whatever it is given: signed layers that want more than is theirs, a link that is cut again
and again, the service's own stop signal, and the number of its processes."""
import hashlib
import io
import json
import os
import pathlib
import tarfile

import pytest
from harness import AgentCase, CountingProxy, random_bytes, wait_until
from harness.registry import CONFIG, LAYER, MANIFEST, Registry, descriptor

UNPACKED = "vnd.stratus.unpacked"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="starting containers needs root")


@pytest.fixture
def case(programs):
    case = AgentCase(programs)
    yield case
    case.stop_all()


def member(name, kind=tarfile.REGTYPE, data=b"", link="", **more):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.size, entry.mode = kind, link, len(data), 0o755
    for key, value in more.items():
        setattr(entry, key, value)
    return entry, data


def tar_of(members):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry, data in members:
            archive.addfile(entry, io.BytesIO(data))
    return stream.getvalue()


def push_signed(case, version, tar, annotations=None):
    """The layer as it is, in an image that the release key signs and devices are to run."""
    registry = Registry(case.server.http, "web")
    config = json.dumps({"architecture": "amd64" if os.uname().machine == "x86_64" else "arm64", "os": "linux",
                         "config": {"Cmd": ["/bin/service"]},
                         "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(tar).hexdigest()]}}).encode()
    for blob in (config, tar):
        registry.push_blob(blob)
    layer = descriptor(LAYER, tar, **({"annotations": annotations} if annotations else {}))
    body = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, config), "layers": [layer]})
    pushed = registry.put_manifest(body.encode(), str(version))
    assert pushed.status == 201, pushed
    case.stack.stratus("deploy", f"web:{version}", "--sign-key", case.private)


def test_a_signed_layer_that_reaches_outside_is_refused_and_blamed(case, tmp_path):
    case.publish(1)
    case.start()
    case.wait_committed(1)
    layers = case.layers()
    outside = tmp_path / "outside"
    hostile = [
        ([member("../../../outside", data=b"x")], "path"),
        ([member("out", tarfile.SYMTYPE, link=str(tmp_path)), member("out/outside", data=b"x")], "link"),
        ([member("kept", tarfile.LNKTYPE, link="../../journal")], "link"),
        ([member("disk", tarfile.BLKTYPE, devmajor=8, devminor=0)], "device"),
    ]
    for number, (members, word) in enumerate(hostile, start=2):
        push_signed(case, number, tar_of(members))
        status = case.wait_status(lambda s: s["state"] == "idle" and len(s["bad"]) == number - 1,
                                  what=f"version {number} to be refused")
        assert word in status["reason"], status["reason"]
        assert status["current"]["version"] == "1" and case.answer() == "1"
        assert not outside.exists() and case.layers() == layers and list((case.data / "partial").iterdir()) == []
    assert not list(case.data.parent.rglob("outside")) and (case.data / "journal").stat().st_nlink == 1
    # None of them stands in the way of a good one.
    case.publish(9, options=("--against", "1"))
    case.wait_committed(9)


def test_a_layer_makes_no_more_bytes_than_its_signed_manifest_says(case):
    case.publish(1)
    case.start()
    case.wait_committed(1)
    tar = tar_of([member("zeros", data=bytes(3_000_000))])
    push_signed(case, 2, tar, {UNPACKED: f"{len(tar) - 1} 1"})
    status = case.wait_status(lambda s: s["state"] == "idle" and s["bad"])
    assert f"more than the {len(tar) - 1} bytes that its manifest says" in status["reason"]
    assert case.answer() == "1" and len(case.layers()) == 1


def test_the_plan_knows_how_large_a_published_layer_is_unpacked(case):
    case.publish(1, extra={"etc/hard": random_bytes(1, 3_000_000), "etc/soft": bytes(5_000_000)})
    case.start()
    case.wait_committed(1)
    [line] = [line for line in case.program.log.splitlines() if " plan=full " in line]
    peak = int(line.split("peak_disk=")[1].split()[0])
    blob = int(line.split(" bytes=")[1].split()[0])
    [layer] = [case.data / "layers" / name for name in case.layers()]
    taken = blob + sum(path.lstat().st_blocks * 512 for path in [layer, *layer.rglob("*")])
    # Whole blocks of 4 KiB, whatever this file system makes of directories and long runs of zeros.
    least = blob + sum(path.lstat().st_size for path in layer.rglob("*") if path.is_file())
    assert least <= peak <= max(taken, least) + 100_000, (least, peak, taken)


@pytest.mark.parametrize("plain", [True, False], ids=["http", "tls"])
def test_twenty_cuts_cost_no_byte_twice(programs, plain):
    case = AgentCase(programs, plain=plain)
    with CountingProxy(case.server.url) as proxy:
        programs.on_close(case.stop_all)
        case.publish(1)
        case.reconfigure({"": {"server": proxy.url("http" if plain else "https")}})
        case.start()
        case.wait_committed(1)
        big = random_bytes(5, 4_000_000)
        proxy.reset()
        proxy.cut_after(*[150_000] * 20)
        case.publish(2, extra={"etc/big": big}, options=("--against", "none"))
        case.agent.check()
        case.wait_committed(2, seconds=120)
        assert proxy.cuts_done == 20
        # What was on its way when the connection was cut is lost, never what had arrived.
        assert 4_000_000 < proxy.down < 5_500_000
    assert case.answer() == "2" and case.status()["current"]["version"] == "2"


def test_the_image_names_the_signal_that_stops_its_service(programs):
    # Only that signal ends the service; anything else would be waited for until the grace is over.
    case = AgentCase(programs, options={"service": {"stop_grace": 3600}})
    case.publish(1, "--stop-on-usr1", options=("--stop-signal", "SIGUSR1"))
    try:
        case.start()
        case.wait_committed(1)
        case.publish(2, options=("--stop-signal", "SIGTERM"))
        case.wait_committed(2, seconds=60)
        assert case.answer() == "2" and len(case.service_pids()) == 1
        assert "stopped by SIGUSR1" in (case.data / "service.log").read_text()
    finally:
        case.stop_all()


def pids_group(pid):
    """Where the kernel counts this process's siblings; nothing on a machine that has no such control group."""
    for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for root in ("/sys/fs/cgroup/pids", "/sys/fs/cgroup"):
            place = pathlib.Path(root + path, "pids.max")
            if controllers in ("pids", "") and "stratus" in path and place.exists():
                return place
    return None


def can_count_processes():
    """Asked of the kernel's files and not of the agent: whether this machine lets us limit the number of processes."""
    second = pathlib.Path("/sys/fs/cgroup/cgroup.controllers")
    if second.exists():
        return "pids" in second.read_text().split() and os.access("/sys/fs/cgroup/cgroup.subtree_control", os.W_OK)
    return os.access("/sys/fs/cgroup/pids/cgroup.procs", os.W_OK)


def test_a_service_has_no_more_processes_than_it_may(programs):
    case = AgentCase(programs, options={"service": {"pids": 6}})
    case.publish(1, "--fork", "50")
    try:
        case.start()
        case.wait_committed(1)
        [(_, pid)] = case.service_pids()
        limit = pids_group(pid)
        if limit is None:
            said = [line for line in case.program.log.splitlines() if "no pids limit" in line]
            assert said, "neither limited nor said"
            assert not can_count_processes(), said[0]
            pytest.skip(f"no writable pids controller on this machine: {said[0]}")
        assert limit.read_text().strip() == "6"
        wait_until(lambda: "forked 5 of 50" in (case.data / "service.log").read_text(), what="the sixth to be refused")
        assert case.answer() == "1"
    finally:
        case.stop_all()
