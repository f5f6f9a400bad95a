"""Where things are. STRATUS_BIN names another directory of programs (a sanitizer build, say)."""
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(os.environ.get("STRATUS_BIN") or ROOT / "build" / "bin").resolve()
