"""Server, gateway and agents as a user would start them, joined by their URLs, plus the `stratus` command."""
import json
import os
import pathlib
import subprocess

from .http import HttpClient
from .paths import BIN
from .waiting import wait_until


class StratusFailed(RuntimeError):
    def __init__(self, argv, done):
        super().__init__(f"$ {' '.join(argv)}\nexit status {done.returncode}\n{done.stdout}{done.stderr}")
        self.returncode, self.stdout, self.stderr = done.returncode, done.stdout, done.stderr


class Service:
    """A started server or gateway: its program, URL, CA file and a client."""

    def __init__(self, program, url, data, ca=None, token_file=None):
        self.program, self.url, self.data, self.ca, self.token_file = program, url, data, ca, token_file

    @property
    def token(self):
        return self.token_file.read_text().strip() if self.token_file else None

    @property
    def http(self):
        return HttpClient(self.url, self.ca, self.token)

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
    def __init__(self, program, data):
        self.program, self.data = program, data

    def status(self):
        """The object of `stratus-agent status --json`."""
        done = subprocess.run([str(BIN / "stratus-agent"), "status", "--data", str(self.data), "--json"],
                              capture_output=True, text=True, timeout=20)
        if done.returncode:
            raise StratusFailed(["stratus-agent", "status"], done)
        return json.loads(done.stdout)

    def check(self):
        """Asks the agent to look for an update now."""
        done = subprocess.run([str(BIN / "stratus-agent"), "check", "--data", str(self.data)],
                              capture_output=True, text=True, timeout=20)
        if done.returncode:
            raise StratusFailed(["stratus-agent", "check"], done)


class Stack:
    """Starts programs in `programs` (harness.Programs). TLS unless plain=True."""

    def __init__(self, programs, plain=False):
        self.programs, self.plain = programs, plain
        self.server = None

    def start_server(self, name="server", data=None, listen="127.0.0.1:0", options=()):
        data = pathlib.Path(data) if data else self.programs.path(name)
        program = self.programs.start(name, [BIN / "stratus-server", "--data", data, "--listen", listen,
                                             *(["--plain-http"] if self.plain else []), *options])
        url = program.wait_ready()["url"]
        ca = None if self.plain else data / "tls" / "server.pem"
        self.server = Service(program, url, data, ca, data / "admin.token")
        return self.server

    def start_gateway(self, upstream=None, upstream_ca=None, name="gateway", data=None, listen="127.0.0.1:0",
                      options=()):
        """upstream: a URL (a proxy's, say); the server of this stack when left out."""
        upstream = upstream or self.server.url
        upstream_ca = upstream_ca or (self.server.ca if self.server else None)
        data = pathlib.Path(data) if data else self.programs.path(name)
        program = self.programs.start(
            name, [BIN / "stratus-gateway", "--upstream", upstream, *(["--upstream-ca", upstream_ca] if upstream_ca else []),
                   "--data", data, "--listen", listen, *(["--plain-http"] if self.plain else []), *options])
        url = program.wait_ready()["url"]
        # Without an own certificate the gateway makes one at first start, as the server does.
        ca = None if self.plain else next(iter(sorted((data / "tls").glob("*.pem"))), None)
        return Service(program, url, data, ca)

    def start_agent(self, image, server_url, key, name="device-1", ca=None, data=None, poll=1, options=()):
        """Starts an agent for `image` (a release name) against server_url; `key` is release.pub."""
        data = pathlib.Path(data) if data else self.programs.path(name)
        program = self.programs.start(
            name, [BIN / "stratus-agent", "run", "--server", server_url, *(["--ca", ca] if ca else []), "--device", name,
                   "--image", image, "--data", data, "--key", key, "--poll", str(poll), *options])
        return Agent(program, data)

    def stratus(self, *words, check=True, timeout=120):
        """Runs `stratus WORDS` against the server with its CA and token; stdout as text."""
        environment = dict(os.environ)
        if self.server:
            environment.update(STRATUS_SERVER=self.server.url, STRATUS_TOKEN_FILE=str(self.server.token_file))
            if self.server.ca:
                environment["STRATUS_CA"] = str(self.server.ca)
        argv = [str(BIN / "stratus"), *[str(word) for word in words]]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
                              env=environment)
        if check and done.returncode:
            raise StratusFailed(argv, done)
        return done.stdout if check else done

    def make_key(self, directory=None):
        """(private, public) release keys in files."""
        directory = pathlib.Path(directory) if directory else self.programs.path("keys")
        self.stratus("key", "generate", directory)
        return directory / "release.key", directory / "release.pub"

    def publish(self, reference, tree, sign_key=None, command=None, options=()):
        """`stratus publish NAME:VERSION TREE`, which also deploys it unless --no-deploy is among the options."""
        words = ["publish", reference, tree, *(["--sign-key", sign_key] if sign_key else [])]
        if command:
            words += ["--entrypoint", command[0]]
            for word in command[1:]:
                words += ["--cmd", word]
        return self.stratus(*words, *options)


def wait_version(service_image, version, seconds=30):
    """Waits until the service of an image answers with this version."""
    client = HttpClient(service_image.url, timeout=2)
    return wait_until(lambda: client.get("/").body.decode() == str(version), seconds,
                      what=f"version {version} to answer at {service_image.url}")
