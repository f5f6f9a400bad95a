"""Builds the demo's images: a shop (Python, its packages, a web service, a catalogue) and the gateway's own software."""
import pathlib
import random
import shutil
import sqlite3
import subprocess

from harness import BIN
from harness.python_image import INTERPRETER, python_tree, shared_libraries

HERE = pathlib.Path(__file__).resolve().parent
# A tar of about 66,800 KB with the catalogue in it, the size of the image in the paper this is measured against.
PYTHON_SIZE = 65_000_000
PRODUCTS, CHANGED, TEXT = 24_000, 160, 128
COMMAND = [str(INTERPRETER), "-S", "-E", "-s", "/srv/app.py"]
CHECK = [str(INTERPRETER), "-S", "-E", "-s", "/srv/check.py"]
ENVIRONMENT = ["PYTHONDONTWRITEBYTECODE=1", "PATH=/usr/bin:/bin"]


def shop(directory):
    """Trees of versions 1, 2 and 3 below directory; 2 changes 20 KB of the catalogue, 3 is broken on purpose."""
    first = python_tree(directory / "1", PYTHON_SIZE)
    if first is None:
        raise SystemExit("demo: Debian's python3.11 is needed for the image (apt-get install python3)")
    service = first / "srv"
    service.mkdir()
    for name in ("app.py", "check.py"):
        shutil.copy(HERE / name, service)
    (service / "VERSION").write_text("1\n")
    _catalogue(service / "catalogue.db")

    second = _next_version(first, directory / "2", "2")
    generator = random.Random(2)
    with _replacing(second / "srv/catalogue.db") as path, sqlite3.connect(path) as database:
        for number in sorted(generator.sample(range(PRODUCTS), CHANGED)):
            database.execute("UPDATE product SET description = ? WHERE id = ?", (_text(generator, dense=True), number))

    third = _next_version(second, directory / "3", "3")
    with _replacing(third / "srv/app.py") as path:
        source = path.read_text()
        broken = source.replace("products = catalogue_answers()", "products = 0  # a mistake that only shows when it runs")
        assert broken != source
        path.write_text(broken)
    return {"1": first, "2": second, "3": third}


def gateway(directory):
    """Trees of versions 1 and 2 of the gateway's own software: the program and the libraries it loads."""
    program = BIN / "stratus-gateway"
    first = directory / "gateway-1"
    for library in shared_libraries([program]):
        place = first / str(library).lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(library, place)
    (first / "usr/bin").mkdir(parents=True, exist_ok=True)
    shutil.copy2(program, first / "usr/bin/stratus-gateway")
    for name in ("dev", "proc", "sys", "tmp", "data", "etc"):
        (first / name).mkdir(exist_ok=True)
    (first / "etc/stratus-release").write_text("gateway 1\n")
    second = directory / "gateway-2"
    subprocess.run(["cp", "-al", first, second], check=True)
    with _replacing(second / "etc/stratus-release") as path:
        path.write_text("gateway 2\n")
    return {"1": first, "2": second}


def tree_size(tree):
    return sum(path.lstat().st_size for path in pathlib.Path(tree).rglob("*") if path.is_file())


def _catalogue(path):
    generator = random.Random(1)
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT, price INTEGER, description TEXT)")
        database.executemany("INSERT INTO product VALUES (?, ?, ?, ?)",
                             ((number, f"Product {number}", generator.randrange(100, 99999), _text(generator))
                              for number in range(PRODUCTS)))


_WORDS = ("steel oak light warm small round strong soft quiet clever classic modern fine robust blue green amber lamp table "
          "chair shelf mug kettle blanket carpet clock mirror drawer hook basket frame with for and from in of the made hand "
          "kitchen office garden hall winter summer every day guests family durable washable").split()


def _text(generator, dense=False):
    """TEXT characters: words, or with `dense` letters that hardly compress."""
    if dense:
        return "".join(generator.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", k=TEXT))
    return " ".join(generator.choices(_WORDS, k=TEXT // 3))[:TEXT].ljust(TEXT, ".")


def _next_version(tree, target, version):
    subprocess.run(["cp", "-al", tree, target], check=True)
    with _replacing(target / "srv/VERSION") as path:
        path.write_text(f"{version}\n")
    return target


class _replacing:
    """Gives a private copy of a file that shares its inode with the version before."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        copy = self.path.with_name(self.path.name + ".new")
        shutil.copy2(self.path, copy)
        copy.replace(self.path)
        return self.path

    def __exit__(self, *_):
        return False
