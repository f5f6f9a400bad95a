"""A disk that loses for real what was not synced: ext4 on a loop device, shut down without writing its log."""
import fcntl
import os
import shutil
import struct
import subprocess
import threading

import pytest

EXT4_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32)
NO_LOG_FLUSH = struct.pack("I", 2)


class LostDisk:
    """An ext4 file system in a file; cut() loses what was not synced. Skips the test where that cannot be had.

    `is_cut` is set before the cut. What a program acknowledges after that does not count: a power cut would have ended it, but here
    it goes on for a moment, and a sync that the kernel was about when the cut came may be called good.
    """

    def __init__(self, programs):
        if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
            pytest.skip("needs root and mkfs.ext4")
        self.is_cut = threading.Event()
        self.image, self.mount = programs.path("disk.img"), programs.path("disk/x").parent
        with open(self.image, "wb") as image:
            image.truncate(96 << 20)
        try:
            subprocess.run(["mkfs.ext4", "-q", "-F", self.image], check=True, capture_output=True)
            self.attach()
        except subprocess.CalledProcessError:
            pytest.skip("cannot mount a loop device here")

    def attach(self):
        subprocess.run(["mount", "-o", "loop", self.image, self.mount], check=True, capture_output=True)

    def cut(self):
        self.is_cut.set()
        descriptor = os.open(self.mount, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN, NO_LOG_FLUSH)
        finally:
            os.close(descriptor)

    def detach(self):
        subprocess.run(["umount", self.mount], check=True, capture_output=True)

    def again(self):
        """As the machine finds it when the power is back."""
        self.detach()
        self.attach()
        self.is_cut.clear()
