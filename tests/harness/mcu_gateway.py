"""A gateway whose HTTPS certificate comes from the server's authority, as devices that know only its root want it."""
from . import CountingProxy
from .identity import make_code


def start_gateway_for_devices(stack, server, name="gw1"):
    """(gateway, its two links to the server): proxies that count what it sends and fetches itself by HTTPS and by MQTT."""
    links = CountingProxy(server.url), CountingProxy(server.program.ready["mqtt"])
    for link in links:
        stack.programs.on_close(link.close)
    code = make_code(server, kind="gateway", device=name, names=["localhost", "127.0.0.1"])
    gateway = stack.start_gateway(links[0].url("https"), server.ca, options=[
        "--enrol-code", code, "--mqtt-listen", "127.0.0.1:0", "--mqtt-upstream", links[1].url("mqtts")])
    gateway.ca = server.data / "ca" / "root.pem"  # the code's names make its enrolment bring what devices accept
    return gateway, links
