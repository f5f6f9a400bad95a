"""Server, gateway and agents as a user would start them, joined by their URLs, plus the `stratus` command."""
import contextlib
import json
import os
import pathlib
import sqlite3
import subprocess

from . import postgres
from .http import HttpClient
from .paths import BIN
from .waiting import wait_until


class StratusFailed(RuntimeError):
    def __init__(self, argv, done):
        super().__init__(f"$ {' '.join(argv)}\nexit status {done.returncode}\n{done.stdout}{done.stderr}")
        self.returncode, self.stdout, self.stderr = done.returncode, done.stdout, done.stderr


class Service:
    """A started server or gateway: its program, URL, CA file and a client."""

    def __init__(self, program, url, data, ca=None, token_file=None, database=None):
        self.program, self.url, self.data, self.ca, self.token_file = program, url, data, ca, token_file
        self.database = database  # URL of its PostgreSQL; None: its own SQLite

    @property
    def token(self):
        return self.token_file.read_text().strip() if self.token_file else None

    @property
    def http(self):
        return HttpClient(self.url, self.ca, self.token)

    def rows(self, query):
        """What a query of the server's database answers, as tuples."""
        if self.database:
            return postgres.rows(self.database, query)
        with sqlite3.connect(f"file:{self.data}/catalogue.db?mode=ro", uri=True) as database:
            return database.execute(query).fetchall()

    @contextlib.contextmanager
    def nothing_stored(self):
        """What devices tell cannot be stored meanwhile: another writer keeps that to itself."""
        if self.database:
            with postgres.locked(self.database, "device_events"):
                yield
            return
        with contextlib.closing(sqlite3.connect(self.data / "catalogue.db", timeout=30, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            yield

    def dump(self):
        """Everything that the server's database holds, as bytes."""
        if self.database:
            return postgres.dump(self.database)
        return b"".join(path.read_bytes() for path in self.data.glob("catalogue.db*"))

    @property
    def address(self):
        return self.url.split("//")[1]

    def metric(self, name):
        """Value of a sample without labels (or with them spelled out) at /metrics; 0 when absent."""
        for line in self.http.get("/metrics", token=None).body.decode().splitlines():
            key, _, value = line.rpartition(" ")
            if key == name:
                return float(value)
        return 0.0


class Agent:
    """A device: its agent's program, its data directory, its configuration file."""

    def __init__(self, program, name, data, config):
        self.program, self.name, self.data, self.config = program, name, data, config

    def _ask(self, *words):
        argv = [str(BIN / "stratus-agent"), words[0], "--data", str(self.data), *words[1:]]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise StratusFailed(argv, done)
        return done.stdout

    def status(self):
        """The object of `stratus-agent status --json`."""
        return json.loads(self._ask("status", "--json"))

    def check(self):
        """Asks the agent to look for an update now."""
        self._ask("check")


def write_agent_config(path, **keys):
    """A TOML file; values that are dicts become tables: update={"order": "stop-first"}."""
    tables = {key: value for key, value in keys.items() if isinstance(value, dict)}
    plain = {key: value for key, value in keys.items() if key not in tables}

    def lines(values):  # strings, numbers, booleans and lists of strings look the same in JSON and TOML
        return [f"{key} = {json.dumps(value, default=str)}" for key, value in values.items() if value is not None]

    text = lines(plain)
    for name, values in tables.items():
        text += ["", f"[{name}]", *lines(values)]
    path.write_text("\n".join(text) + "\n")
    return path


class Stack:
    """Starts programs in `programs` (harness.Programs). TLS unless plain=True."""

    databases = None  # of all servers that name none themselves (harness.postgres.Databases); None: SQLite

    def __init__(self, programs, plain=False):
        self.programs, self.plain = programs, plain
        self.server = None

    def start_server(self, name="server", data=None, listen="127.0.0.1:0", options=(), config=None):
        """config: what its server.toml says."""
        data = pathlib.Path(data) if data else self.programs.path(name)
        named = "--database" in options or "database = " in (config or "")
        database = Stack.databases.of(data, self.programs) if Stack.databases and not named else None
        if config is not None:
            path = self.programs.path(f"{name}.toml")
            path.write_text(config + "\n")
            options = [*options, "--config", path]
        program = self.programs.start(name, [BIN / "stratus-server", "--data", data, "--listen", listen,
                                             *(["--plain-http"] if self.plain else []),
                                             *(["--database", database] if database else []), *options])
        url = program.wait_ready()["url"]
        ca = None if self.plain else data / "tls" / "server.pem"
        self.server = Service(program, url, data, ca, data / "admin.token", database)
        return self.server

    def start_strict_server(self):
        """One that lets in only whom its CA knows, with its broker, which it has reached."""
        server = self.start_server(options=["--mqtt-listen", "127.0.0.1:0"], config='identity = "required"')
        wait_until(lambda: server.metric("stratus_mqtt_connected") == 1, what="the server to reach its broker")
        return server

    def start_gateway(self, upstream=None, upstream_ca=None, name="gateway", data=None, listen="127.0.0.1:0",
                      options=()):
        """upstream: a URL (a proxy's, say); the server of this stack when left out.

        It tells the server nothing about itself unless `options` say so: tests count what goes upstream.
        """
        if "--status-interval" not in options:
            options = [*options, "--status-interval", "0"]
        upstream = upstream or self.server.url
        upstream_ca = upstream_ca or (self.server.ca if self.server else None)
        data = pathlib.Path(data) if data else self.programs.path(name)
        program = self.programs.start(
            name, [BIN / "stratus-gateway", "--upstream", upstream, *(["--upstream-ca", upstream_ca] if upstream_ca else []),
                   "--data", data, "--listen", listen, *(["--plain-http"] if self.plain else []), *options])
        url = program.wait_ready()["url"]
        # It makes a certificate at the first start, as the server does, unless its enrolment brought one for its names.
        ca = None if self.plain else next(iter(sorted((data / "tls").glob("*.pem"))), data / "identity" / "trust.pem")
        return Service(program, url, data, ca)

    def start_agent(self, image, server_url, key, name="device-1", ca=None, data=None, poll=0.2, **tables):
        """Starts an agent for `image` (a release name) against server_url; `key` is release.pub.

        tables: update={...}, service={...}, health={...} of the agent's configuration (docs/operations/agent.md).
        """
        data = pathlib.Path(data) if data else self.programs.path(name)
        tables.setdefault("update", {"probation": "200ms"})
        config = write_agent_config(self.programs.path("config", f"{name}.toml"), server=server_url, ca=ca, device=name,
                                    image=image, data=data, keys=[str(key)], poll=poll, **tables)
        program = self.programs.start(name, [BIN / "stratus-agent", "run", "--config", config])
        return Agent(program, name, data, config)

    def restart_agent(self, agent):
        """Starts a stopped or killed agent again with the same data and configuration."""
        agent.program = self.programs.start(agent.name, [BIN / "stratus-agent", "run", "--config", agent.config])
        return agent

    def device(self, name):
        """What the server knows about a device."""
        return self.server.http.get(f"/api/v1/devices/{name}").json()

    def wait_reported(self, name, version, state="committed", seconds=60):
        """Waits until the server has the device's report that it is `state` for `version`."""
        def said():
            known = self.device(name)
            return known if known.get("state") == state and known.get("target_version") == str(version) else None

        return wait_until(said, seconds, what=f"{name} to report {state} for {version}")

    def environment(self, extra=None):
        """What a shell that talks to this server would export."""
        environment = dict(os.environ, **(extra or {}))
        if self.server:
            environment.update(STRATUS_SERVER=self.server.url, STRATUS_TOKEN_FILE=str(self.server.token_file))
            if self.server.ca:
                environment["STRATUS_CA"] = str(self.server.ca)
        return environment

    def stratus(self, *words, check=True, timeout=120, env=None):
        """Runs `stratus WORDS` against the server with its CA and token; stdout as text (check=False: the whole run)."""
        argv = [str(BIN / "stratus"), *[str(word) for word in words]]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
                              env=self.environment(env))
        if check and done.returncode:
            raise StratusFailed(argv, done)
        return done.stdout if check else done

    def make_key(self, directory=None):
        """(private, public) release keys in files."""
        directory = pathlib.Path(directory) if directory else self.programs.path("keys")
        self.stratus("key", "generate", directory)
        return directory / "release.key", directory / "release.pub"

    def publish(self, reference, tree, sign_key=None, command=None, options=(), **run):
        """`stratus publish NAME:VERSION TREE`, which also deploys it unless --no-deploy is among the options."""
        words = ["publish", reference, tree, *(["--sign-key", sign_key] if sign_key else [])]
        if command:
            words += ["--entrypoint", command[0]]
            words += [f"--cmd={word}" for word in command[1:]]
        return self.stratus(*words, *options, **run)


def wait_version(service_image, version, seconds=30):
    """Waits until the service of an image answers with this version."""
    client = HttpClient(service_image.url, timeout=2)
    return wait_until(lambda: client.get("/").body.decode().strip() == str(version), seconds,
                      what=f"version {version} to answer at {service_image.url}")
