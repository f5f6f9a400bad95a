"""lwIP and BearSSL for firmware, as Debian's source packages: fetched by apt, checked, compiled, never kept in the tree.

apt runs with a configuration of its own, so the machine's lists and sources stay as they are. Versions and SHA-256
are pinned here: another version in the archive is an error to look at, not something to build.
"""
import hashlib
import os
import pathlib
import re
import subprocess
import tarfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PACKAGES = {
    "lwip": ("2.1.3+dfsg1-2", "lwip_2.1.3+dfsg1.orig.tar.xz",
             "0a8276d09fc4e97bbba2f953d74af2388fc2195ea156be9d7589e297a68fde24", "lwip-2.1.3"),
    "bearssl": ("0.6+dfsg.1-3", "bearssl_0.6+dfsg.1.orig.tar.xz",
                "102a625bd8f6155260867a50c508df8d8c3f796985dd744df1a68e5cd1a79004", "bearssl-0.6"),
}
LWIP = ["core/" + name for name in (
    "def.c", "inet_chksum.c", "init.c", "ip.c", "mem.c", "memp.c", "netif.c", "pbuf.c", "tcp.c", "tcp_in.c", "tcp_out.c",
    "timeouts.c", "ipv4/etharp.c", "ipv4/icmp.c", "ipv4/ip4.c", "ipv4/ip4_addr.c")] + ["netif/ethernet.c"]
# What the firmware links of BearSSL: TLS 1.2 client, P-256, AES-128-GCM, SHA-256, X.509. A new one that the linker misses
# is added here.
BEARSSL = """aes_ct aes_ct_ctr aes_ct_enc ccopy dec32be ec_keygen ec_p256_m15 ec_p256_m31 ec_pubkey ec_secp256r1 ec_secp384r1 ec_secp521r1
    ecdsa_i15_bits ecdsa_i15_sign_asn1 ecdsa_i15_sign_raw ecdsa_i31_bits ecdsa_i31_sign_asn1 ecdsa_i31_sign_raw ecdsa_rta enc32be
    ghash_ctmul ghash_ctmul32 hmac hmac_drbg i15_add i15_bitlen i15_decmod i15_decode i15_encode i15_fmont i15_iszero i15_modpow
    i15_montmul i15_muladd i15_ninv15 i15_rshift i15_sub i15_tmont i31_add i31_bitlen i31_decmod i31_decode i31_encode i31_fmont
    i31_iszero i31_modpow i31_montmul i31_muladd i31_ninv31 i31_rshift i31_sub i31_tmont i32_div32 multihash prf prf_sha256 sha2small ssl_ccert_single_ec
    ssl_client ssl_engine ssl_hashes ssl_hs_client ssl_rec_gcm sysrng x509_minimal""".split()


# Arithmetic: its time is the time of a handshake, of a download, of a check. Everything else is as small as it gets.
FAST = "aes_ct aes_ct_ctr aes_ct_enc ec_p256_m15 ec_p256_m31 ghash_ctmul ghash_ctmul32 i15_montmul i31_montmul sha2small inet_chksum".split()


class Unreachable(Exception):
    """The packages cannot be had here: whoever needs them is skipped, and says so."""


def _apt(folder, *words):
    try:
        done = subprocess.run(words, cwd=folder, env={**os.environ, "APT_CONFIG": str(folder / "apt.conf")}, text=True,
                              capture_output=True, timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unreachable(f"{words[0]}: {error}") from error
    if done.returncode != 0:
        raise Unreachable(f"{' '.join(words)}: {(done.stderr or done.stdout)[-500:]}")


def _debian_sources():
    """The machine's own bookworm archive as deb-src lines."""
    for path in sorted(pathlib.Path("/etc/apt/sources.list.d").glob("*.sources")):
        for block in re.split(r"\n\s*\n", path.read_text()):
            fields = dict(re.findall(r"^([\w-]+):[ \t]*(.*)$", block, re.M))
            if "bookworm" in fields.get("Suites", "").split():
                signed = f"[signed-by={fields['Signed-By']}] " if fields.get("Signed-By", "").startswith("/") else ""
                return [f"deb-src {signed}{uri} bookworm main" for uri in fields["URIs"].split()]
    lines = pathlib.Path("/etc/apt/sources.list")
    for line in lines.read_text().splitlines() if lines.exists() else []:
        if re.match(r"deb\s.*\sbookworm\s", line):
            return [re.sub(r"^deb\s", "deb-src ", line)]
    raise Unreachable("this machine names no Debian 12 (bookworm) archive")


def fetch(folder=ROOT / "build" / "mcu-sources"):
    """{"lwip": source folder, "bearssl": …}. Raises Unreachable."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    missing = [name for name, package in PACKAGES.items() if not _is_good(folder / package[1], package[2])]
    if missing:
        for name in ("lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "sources.list").write_text("\n".join(_debian_sources()) + "\n")
        (folder / "apt.conf").write_text(f'Dir::Etc::sourcelist "{folder}/sources.list";\nDir::Etc::sourceparts "/dev/null";\n'
                                         f'Dir::State::lists "{folder}/lists";\nDir::Cache "{folder}/cache";\n')
        _apt(folder, "apt-get", "update")
        for name in missing:
            version, file, digest, _ = PACKAGES[name]
            _apt(folder, "apt-get", "source", "--download-only", f"{name}={version}")
            if not _is_good(folder / file, digest):
                raise RuntimeError(f"{file} is not what {__file__} expects")
    for version, file, _, inside in PACKAGES.values():
        if not (folder / inside / ".complete").exists():
            with tarfile.open(folder / file) as archive:
                archive.extractall(folder)
            (folder / inside / ".complete").write_text(version)
    return {name: folder / package[3] for name, package in PACKAGES.items()}


def _is_good(path, digest):
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == digest


def include_flags(sources):
    return [f"-isystem{path}" for path in (HERE / "libc", HERE / "net" / "include", sources["lwip"] / "src" / "include",
                                           sources["bearssl"] / "inc")]


def build(sources, flags, out):
    """An archive of both for one board; built once a folder."""
    options = ["-ffreestanding", "-fno-builtin", "-ffunction-sections", "-fdata-sections", "-fno-unwind-tables",
               "-fno-asynchronous-unwind-tables", "-w", "-DBR_USE_URANDOM=0", "-DBR_USE_UNIX_TIME=0", "-DBR_USE_GETENTROPY=0",
               "-DBR_LOMUL=1", "-DBR_INT128=0", "-DBR_UMUL128=0", "-DBR_LE_UNALIGNED=0", "-DBR_BE_UNALIGNED=0",
               f"-isystem{sources['bearssl'] / 'src'}", *include_flags(sources)]
    bearssl = sorted(file for file in (sources["bearssl"] / "src").rglob("*.c") if file.stem in BEARSSL)
    files = bearssl + [sources["lwip"] / "src" / name for name in LWIP]
    lines = [["clang", *flags, *options, "-Os" if file.stem in FAST else "-Oz", "-c", str(file)] for file in files]
    key = hashlib.sha256("\n".join([*map(repr, lines), *(p.read_text() for p in sorted(HERE.glob("net/include/**/*.h"))),
                                    *(p.read_text() for p in sorted(HERE.glob("libc/*.h")))]).encode()).hexdigest()[:16]
    archive = pathlib.Path(out) / f"third-party-{key}.a"
    if archive.exists():
        return archive
    objects = pathlib.Path(out) / f"third-party-{key}"
    objects.mkdir(parents=True, exist_ok=True)
    for number, (line, file) in enumerate(zip(lines, files)):
        line += ["-o", str(objects / f"{number}-{file.stem}.o")]
    running = []
    for line in lines:  # two at a time
        running.append((line, subprocess.Popen(line, stderr=subprocess.PIPE, text=True)))
        if len(running) == 2:
            _wait(*running.pop(0))
    for one in running:
        _wait(*one)
    partial = archive.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    subprocess.run(["llvm-ar-14", "rcs", partial, *sorted(str(p) for p in objects.glob("*.o"))], check=True)
    partial.rename(archive)
    return archive


def _wait(line, process):
    _, errors = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(line)}\n{errors}")
