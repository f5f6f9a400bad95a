"""A network of one's own: the loopback interface of a new network namespace, whose packets get lost or wait, in the kernel.

What the calling thread starts from then on lives in it, and reaches nothing else. Needs root."""
import ctypes
import os
import subprocess

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _check(result):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def _run(*words, text=None):
    subprocess.run(words, input=text, check=True, text=True, stdout=subprocess.DEVNULL)


class PrivateNetwork:
    def __enter__(self):
        self._before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        _check(_libc.unshare(_CLONE_NEWNET))
        try:
            _run("ip", "link", "set", "lo", "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        _check(_libc.setns(self._before, _CLONE_NEWNET))
        os.close(self._before)

    def lose(self, per_cent, *ports):
        """From now on so many of the TCP packets to and from these ports are dropped, by chance."""
        # Packets as an Ethernet carries them: loopback would pass 64 KiB as one, and lose them as one.
        _run("ip", "link", "set", "lo", "mtu", "1500", "gso_max_size", "1500", "gso_max_segs", "1")
        some = "" if per_cent == 100 else f"numgen random mod 1000 < {round(per_cent * 10)} "
        rules = "".join(f"tcp {end} {port} {some}counter drop\n" for port in ports for end in ("sport", "dport")) if per_cent else ""
        _run("nft", "-f", "-", text=f"""
            table inet loss
            delete table inet loss
            table inet loss {{
              chain input {{
                type filter hook input priority 0
                {rules}
              }}
            }}""")

    def lost(self):
        """Packets since the last `lose`."""
        said = subprocess.run(["nft", "list", "table", "inet", "loss"], check=True, capture_output=True, text=True).stdout
        words = said.split()
        return sum(int(count) for word, count in zip(words, words[1:]) if word == "packets")

    def slow_down(self, bits_per_second, port):
        """What this port sends comes at such a rate."""
        _run("tc", "qdisc", "replace", "dev", "lo", "root", "handle", "1:", "htb")
        _run("tc", "class", "replace", "dev", "lo", "parent", "1:", "classid", "1:1", "htb", "rate", f"{bits_per_second}bit", "burst", "3000",
             "cburst", "3000")
        _run("tc", "filter", "replace", "dev", "lo", "parent", "1:", "protocol", "ip", "prio", "1", "u32", "match", "ip", "sport", str(port),
             "0xffff", "flowid", "1:1")
