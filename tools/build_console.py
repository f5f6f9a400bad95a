"""Builds the console (web/) into web/dist, where the server's build takes it from; nothing when nothing changed.

Run by ./dev build, demo and test. `npm ci` runs when the lock file is newer than what it installed.
"""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
WEB = ROOT / "web"


def npm(*words):
    """Answers what went wrong, or nothing."""
    done = subprocess.run(["npm", *words], cwd=WEB, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return f"npm {' '.join(words)}: {(done.stdout + done.stderr)[-4000:]}" if done.returncode else ""


def is_newer(path, than):
    return not than.exists() or path.stat().st_mtime > than.stat().st_mtime


def install():
    if not is_newer(WEB / "package-lock.json", WEB / "node_modules" / ".package-lock.json"):
        return ""
    print("Installing the packages that build the console", file=sys.stderr, flush=True)
    return npm("ci", "--ignore-scripts")


def sources():
    for name in ("index.html", "vite.config.ts", "package-lock.json", "package.json"):
        yield WEB / name
    for directory in (WEB / "src", WEB / "public", WEB / "scripts", ROOT / "api"):
        for path in directory.rglob("*"):
            # Made by the build itself.
            if path.is_file() and path.name != "schema.d.ts":
                yield path


def build():
    problem = install()
    index = WEB / "dist" / "index.html"
    if problem or not any(is_newer(path, index) for path in sources()):
        return problem
    print("Building the console", file=sys.stderr, flush=True)
    return npm("run", "-s", "build")


if __name__ == "__main__":
    sys.exit(build() or 0)
