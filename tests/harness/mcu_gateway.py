"""A gateway whose HTTPS certificate comes from the server's authority, as devices that know only its root want it."""
from . import CountingProxy
from .identity import make_code


def start_gateway_for_devices(stack, server, name="gw1"):
    """(gateway, proxy to the server's HTTPS): the proxy counts what the gateway itself fetches."""
    links = CountingProxy(server.url), CountingProxy(server.program.ready["mqtt"])
    for link in links:
        stack.programs.on_close(link.close)
    code = make_code(server, kind="gateway", device=name, names=["localhost", "127.0.0.1"])

    def start(*options, data=None):
        return stack.start_gateway(links[0].url("https"), server.ca, data=data, options=[
            *options, "--mqtt-listen", "127.0.0.1:0", "--mqtt-upstream", links[1].url("mqtts")])

    gateway = start("--enrol-code", code)
    gateway.program.stop()
    # Not the certificate that the gateway made for itself, but the authority's.
    key, *certificates = (gateway.data / "identity" / "identity.pem").read_text().partition("-----BEGIN CERTIFICATE-----")
    (gateway.data / "tls" / "gateway.key").write_text(key)
    (gateway.data / "tls" / "gateway.pem").write_text("".join(certificates))
    gateway = start(data=gateway.data)
    gateway.ca = server.data / "ca" / "root.pem"
    return gateway, links[0]
