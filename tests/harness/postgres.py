"""A PostgreSQL of Debian's package for one test: own directory, unix socket only, no fsync."""
import contextlib
import itertools
import json
import os
import pathlib
import pwd
import shutil
import signal
import subprocess

from .waiting import wait_until

PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")


def installed():
    return (PROGRAMS / "postgres").exists()


def rows(url, query):
    """What a query answers, as tuples."""
    done = subprocess.run([PROGRAMS / "psql", "-d", url, "-qtAc", f"SELECT to_json(one) FROM ({query}) one"], check=True,
                          capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return [tuple(json.loads(line).values()) for line in done.stdout.splitlines()]


@contextlib.contextmanager
def locked(url, table):
    """Nobody else writes the table meanwhile."""
    with subprocess.Popen([PROGRAMS / "psql", "-d", url, "-qtA", "-v", "ON_ERROR_STOP=1"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as session:
        session.stdin.write(f"BEGIN;\nLOCK TABLE {table} IN EXCLUSIVE MODE;\nSELECT 'locked';\n")
        session.stdin.flush()
        assert session.stdout.readline() == "locked\n"
        yield


def dump(url):
    """Everything that is in the database, as bytes of SQL."""
    return subprocess.run([PROGRAMS / "pg_dump", "-d", url], check=True, capture_output=True, stdin=subprocess.DEVNULL).stdout


class Postgres:
    """Started in `programs` (harness.Programs), which also ends it. `url` names an empty database."""

    def __init__(self, programs, name="postgres"):
        self.directory = programs.path(name)
        self.directory.mkdir()
        # It refuses to run as root.
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        # The user must get through the directories above.
        for parent in (programs.directory, self.directory):
            os.chmod(parent, 0o755)
        shutil.chown(self.directory, self.user)
        data = self.directory / "data"
        self._as_user([PROGRAMS / "initdb", "-D", data, "-U", "stratus", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                       "--no-sync", "--no-instructions"])
        command = [PROGRAMS / "postgres", "-D", data, "-k", self.directory, "-c", "listen_addresses=", "-c", "fsync=off",
                   "-c", "max_connections=60", "-c", "max_wal_size=64MB"]
        self._start = lambda: programs.start(name, self._command(command))
        self.start()
        self.sql("CREATE DATABASE fleet")
        self.url = f"postgresql:///fleet?user=stratus&host={self.directory}"

    def start(self):
        """Also again, after crash()."""
        self.program = self._start()
        wait_until(lambda: self.try_sql("SELECT 1"), 30, what="PostgreSQL to start")

    def crash(self):
        """Ends it and every session at once, without a checkpoint; the next start recovers what was committed."""
        self.program.process.send_signal(signal.SIGQUIT)
        self.program.process.wait(30)

    def _command(self, command):
        command = [str(word) for word in command]
        return ["setpriv", "--reuid", self.user, "--regid", self.user, "--clear-groups", *command] if os.geteuid() == 0 else command

    def _as_user(self, command):
        subprocess.run(self._command(command), check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/")

    def make_database(self, name):
        """An empty one; its URL."""
        self.sql(f"CREATE DATABASE {name}")
        return self.url.replace("/fleet?", f"/{name}?")

    def drop_database(self, name):
        self.sql(f"DROP DATABASE {name} WITH (FORCE)")

    def _psql(self, text, database):
        return subprocess.run([PROGRAMS / "psql", "-h", self.directory, "-U", "stratus", "-d", database, "-qtAc", text],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def sql(self, text, database="postgres"):
        """Runs it, answers the text of its rows."""
        done = self._psql(text, database)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def try_sql(self, text, database="postgres"):
        return self._psql(text, database).returncode == 0


class Databases:
    """A fresh database of one PostgreSQL for each server; one that starts again with its data finds its own."""

    def __init__(self, postgres):
        self.postgres, self._names, self._urls = postgres, itertools.count(1), {}

    def of(self, data, programs):
        """Its URL. The database goes when `programs` close."""
        if data not in self._urls:
            name = f"server{next(self._names)}"
            self._urls[data] = self.postgres.make_database(name)
            programs.on_close(lambda: self.postgres.drop_database(name))
        return self._urls[data]
