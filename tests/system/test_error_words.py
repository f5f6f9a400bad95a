"""The errors that people meet most: each says what happened, to what, and what to do next, with its exit status."""
import os
import subprocess

import pytest
from harness import BIN, Programs, Stack, free_port, write_tree

KEY, PUBLIC = "{keys}/release.key", "{keys}/release.pub"
SIGN = ["--sign-key", KEY]
AGENT = ["stratus-agent", "run", "--server", "{url}", "--device", "d1", "--image", "app", "--data", "{here}/agent"]
BAD_LISTEN = ["--listen", "127.0.0.1:{taken}"]

# (words, exit status, what happened, to what, what to do)
ERRORS = {
    "no server named": (["stratus", "--server", "", "releases"], 2, "which server?", "--server", "STRATUS_SERVER"),
    "odd address": (["stratus", "--server", "ftp://x", "releases"], 2, "begins with neither", "ftp://x", "https://"),
    "nobody listens": (["stratus", "--server", "https://127.0.0.1:{free}", "releases"], 1, "Couldn't connect",
                       "127.0.0.1:{free}", "is stratus-server running there?"),
    "unknown host": (["stratus", "--server", "https://no.such.invalid:8443", "releases"], 1, "Could not resolve",
                     "no.such.invalid", "is the name in --server or STRATUS_SERVER right?"),
    "certificate not trusted": (["stratus", "--ca", "", "releases"], 4, "certificate problem", "{url}", "STRATUS_CA names the server's"),
    "plain to a TLS port": (["stratus", "--server", "http://{address}", "releases"], 1, "{address}", "/api/v1/releases",
                            "does the server speak https?"),
    "a gateway in the server's place": (["stratus", "--server", "{gateway}", "releases"], 4, "is a gateway", "{gateway}",
                                        "STRATUS_SERVER the server's own address"),
    "write to a gateway": (["stratus", "--server", "{gateway}", "--ca", "{gateway_ca}", "rollout", "create", "app:2", "--all"], 2,
                           "not possible at a gateway", "/api/v1/rollouts", "send this to the server (upstream: {url})"),
    "ask a gateway": (["stratus", "--server", "{gateway}", "--ca", "{gateway_ca}", "rollout", "list"], 3, "a gateway has no endpoint",
                      "/api/v1/rollouts", "ask the server (upstream: {url})"),
    "no such device": (["stratus", "device", "why", "nobody"], 3, "no device nobody", "nobody", "`stratus devices` lists those"),
    "token file missing": (["stratus", "--token-file", "{here}/nothing", "releases"], 3, "No such file", "{here}/nothing",
                           "--token-file or STRATUS_TOKEN_FILE"),
    "token not known": (["stratus", "--token-file", "{here}/wrong.token", "publish", "app:9", "{tree}", *SIGN], 4, "this token is unknown",
                        "publish app:9", "`stratus login`, --token-file or STRATUS_TOKEN_FILE"),
    "key there already": (["stratus", "key", "generate", "{keys}"], 5, "is there already", KEY, "choose another directory"),
    "public key for a private": (["stratus", "publish", "app:9", "{tree}", "--sign-key", PUBLIC], 2, "not an unencrypted private key", PUBLIC,
                                 "the release.key that `stratus key generate` made"),
    "no such tree": (["stratus", "publish", "app:9", "{here}/nothing", *SIGN], 2, "does not exist", "{here}/nothing", "--help"),
    "no version": (["stratus", "publish", "app", "{tree}", *SIGN], 2, "'app'", "say NAME:VERSION", "say NAME:VERSION"),
    "other contents": (["stratus", "publish", "app:1", "{changed}", *SIGN], 5, "published with other contents", "app:1",
                       "publish under the next one"),
    "nothing to build on": (["stratus", "publish", "app:9", "{tree}", "--against", "7", *SIGN], 3, "there is no app:7", "app:7",
                            "--against"),
    "device node": (["stratus", "publish", "app:9", "{device}", *SIGN], 4, "is a device node", "'disk'", "--devices keep"),
    "not signed by us": (["stratus", "publish", "bare:2", "{changed}", *SIGN], 4, "not signed by this key", "bare:1",
                         "`stratus deploy bare:1 --sign-key`"),
    "deploy what is not there": (["stratus", "deploy", "app:9"], 3, "the server has no image", "app:9", "`stratus publish` or push it first"),
    "go back unsigned": (["stratus", "deploy", "app:1"], 5, "was signed before app:2", "app:1", "`stratus deploy app:1 --sign-key"),
    "rollout for nobody": (["stratus", "rollout", "create", "app:2"], 2, "say whom it is for", "say whom", "--device, --group"),
    "rollout of nothing": (["stratus", "rollout", "create", "app:9", "--all"], 3, "no release", "app:9", "publish or register it first"),
    "output in the way": (["stratus", "delta", "apply", "{tree}", "{tree}", "{tree}"], 5, "exists already", "{tree}",
                          "remove it or name another place"),
    "data in use": (["stratus-server", "--data", "{data}", "--listen", "127.0.0.1:0"], 5, "is used by another stratus-server", "{data}",
                    "stop it first"),
    "port taken, server": (["stratus-server", "--data", "{here}/other", *BAD_LISTEN], 1, "Address already in use", "127.0.0.1:{taken}",
                           "stop it or choose another port"),
    "port taken, gateway": (["stratus-gateway", "--upstream", "{url}", "--data", "{here}/gateway", *BAD_LISTEN], 1,
                            "Address already in use", "127.0.0.1:{taken}", "stop it or choose another port"),
    "address without port": (["stratus-server", "--data", "{here}/other", "--listen", "here"], 2, "is not an address and port", "'here'",
                             "such as 127.0.0.1:8443"),
    "nobody upstream to enrol at": (["stratus-gateway", "--upstream", "https://127.0.0.1:{free}", "--data", "{here}/stranger", "--enrol-code",
                                     "123456"], 1, "Couldn't connect", "127.0.0.1:{free}", "--upstream"),
    "upstream's certificate missing": (["stratus-gateway", "--upstream", "{url}", "--upstream-ca", "{here}/nothing", "--data",
                                        "{here}/gateway"], 3, "No such file", "{here}/nothing", "a copy of the upstream's DATA/tls/server.pem"),
    "agent without a key": (AGENT, 2, "is missing", "a release key", "give it in the configuration or as a flag"),
    "agent's key missing": ([*AGENT, "--key", "{here}/nothing"], 3, "No such file", "{here}/nothing",
                            "the release.pub that `stratus key generate` made"),
    "device's id": ([word.replace("d1", "a/b") for word in AGENT] + ["--key", PUBLIC], 2, "is no device id", "'a/b'", "A-Z a-z 0-9"),
    "no agent there": (["stratus-agent", "status", "--data", "{here}/nothing"], 3, "no agent has run there", "{here}/nothing",
                       "--data is the directory that `stratus-agent run` was given"),
    "no such setting": (["stratus-agent", "run", "--config", "{here}/odd.toml"], 2, "no such key", "sevrer",
                        "docs/operations/agent.md lists them"),
    "no such configuration": (["stratus-agent", "run", "--config", "{here}/nothing"], 3, "No such file", "{here}/nothing", "--config"),
}


@pytest.fixture(scope="module")
def site():
    """A server with two releases, and what the rows above name."""
    with Programs() as programs:
        stack = Stack(programs)
        server = stack.start_server()
        gateway = stack.start_gateway(name="their-gateway")
        private, _ = stack.make_key(programs.path("keys"))
        tree = write_tree(programs.path("tree"), {"a": "1"})
        changed = write_tree(programs.path("changed"), {"a": "2"})
        start = ["--cmd", "/a", "--level", "3"]
        stack.stratus("publish", "bare:1", tree, "--unsigned", *start)
        stack.stratus("publish", "app:1", tree, "--sign-key", private, *start)
        stack.stratus("publish", "app:2", changed, "--sign-key", private, *start)
        device = programs.path("device")
        device.mkdir()
        if os.geteuid() == 0:
            subprocess.run(["mknod", device / "disk", "b", "8", "0"], check=True)
        programs.path("wrong.token").write_text("0" * 64)
        programs.path("odd.toml").write_text('sevrer = "x"\n')
        names = {"here": programs.directory, "keys": private.parent, "tree": tree, "changed": changed, "device": device,
                 "gateway": gateway.url, "gateway_ca": gateway.ca, "url": server.url, "address": server.address, "data": server.data, "taken": server.url.rsplit(":", 1)[1],
                 "free": free_port()}
        yield names, {**stack.environment(), "XDG_CACHE_HOME": str(programs.path("cache"))}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_says_what_happened_to_what_and_what_to_do(site, name):
    if name == "device node" and os.geteuid() != 0:
        pytest.skip("making a device node needs root")
    names, environment = site
    words, status, *wanted = ERRORS[name]
    program, *rest = [word.format(**names) for word in words]
    done = subprocess.run([BIN / program, *rest], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, env=environment)
    assert done.returncode == status, done.stderr
    last = "\n".join(done.stderr.splitlines()[-2:])
    for text in wanted:
        assert text.format(**names) in last, done.stderr
