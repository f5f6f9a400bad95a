"""Makes the record that a device of the fleet is born with (ports/common/provision.hpp)."""
import ipaddress
import os
import struct
import subprocess
import zlib


def _der(data, at=0):
    """(start of the content, end) of the DER value at `at`."""
    length, start = data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7f
        length, start = int.from_bytes(data[start:start + count], "big"), start + count
    return start, start + length


def subject_and_key(certificate):
    """DER of the subject, and the uncompressed point, of a P-256 certificate in PEM."""
    der = subprocess.run(["openssl", "x509", "-in", str(certificate), "-outform", "DER"], capture_output=True, check=True).stdout
    at, _ = _der(der, _der(der)[0])  # inside TBSCertificate
    fields = []
    while len(fields) < 7:  # version, serial, algorithm, issuer, validity, subject, key
        _, end = _der(der, at)
        fields.append(der[at:end])
        at = end
    return fields[5], fields[6][-65:]


def record(address, https_port, mqtt_port, server_name, device, code, firmware, root, assignment_key, poll_seconds=60):
    name, point = subject_and_key(root)
    body = struct.pack("<IHHHH64s64s16s64s65s64s32s3s256s", int(ipaddress.IPv4Address(address)), https_port, mqtt_port,
                       poll_seconds, len(name), server_name.encode(), device.encode(), code.encode(), firmware.encode(), point,
                       assignment_key, os.urandom(32), b"\0\0\0", name)
    return struct.pack("<4sI", b"SPV1", zlib.crc32(body)) + body
