"""How fast the server goes over MQTT, as counts: commands at the pace that is set, and a device that wants certificates without end."""
import collections
import json
import time

from harness import wait_until
from harness.identity import Credentials, enrol, make_request
from harness.mqtt import DeviceMaker
from harness.simulator import Simulation


def start(stack, config):
    server = stack.start_server(options=["--mqtt-listen", "127.0.0.1:0"], config=config)
    wait_until(lambda: server.metric("stratus_mqtt_connected") == 1, what="the server to reach its broker")
    return server


def test_commands_go_out_at_the_pace_that_is_set(stack):
    devices, pace = 12, 4
    server = start(stack, f"mqtt_commands_per_s = {pace}")
    case = Simulation.beside(stack, server, "app")
    case.release("1", b"one")
    case.start(devices)
    wait_until(lambda: server.metric("stratus_mqtt_devices_online") == devices, what="the fleet")
    began = time.monotonic()
    rollout = case.rollout("1")
    wait_until(lambda: server.metric("stratus_commands_total") == devices, what="everybody to be told")
    assert time.monotonic() - began >= (devices - 1) / pace, "not sooner; later is the machine's affair"
    assert server.metric("stratus_commands_waiting") == 0
    case.wait_rollout(rollout, "completed")
    assert server.metric("stratus_commands_total") == devices, "each was told once"


def test_a_thousand_requests_for_certificates_get_ten_and_disturb_nobody(stack, tmp_path):
    server = start(stack, 'identity = "required"\nmqtt_messages_per_s = 100000\nmqtt_message_burst = 100000')
    maker, sessions = DeviceMaker(server, tmp_path / "devices"), {}
    for name in ("greedy", "modest"):
        credentials = enrol(server, tmp_path / "keys", name)
        maker.files = lambda _, file=credentials.file: (file, file)
        sessions[name] = maker.connect(name)
    greedy, modest = sessions["greedy"], sessions["modest"]
    csr = make_request(Credentials(tmp_path / "fresh", "greedy").key, "greedy")
    for number in range(1, 1001):
        greedy.publish("v1/greedy/cert/renew/request", {"seq": number, "csr": csr})
    modest.say("cert/renew/request", csr=make_request(Credentials(tmp_path / "fresh", "modest").key, "modest"))

    def answers(device, count):
        got = wait_until(lambda: (lambda all_: all_ if len(all_) >= count else None)(
            device.messages.get(f"v1/{device.name}/cert/renew/response", [])), 120, what=f"{count} answers for {device.name}")
        return collections.Counter(json.loads(answer).get("code", "certificate") for answer in got)
    assert answers(modest, 1) == {"certificate": 1}
    assert answers(greedy, 1000) == {"certificate": 10, "throttled": 990}
    wait_until(lambda: greedy.stored >= set(range(1, 1001)), what="each request to be told as taken")
    listed = server.http.get("/api/v1/devices/greedy/certificates").json()["items"]
    assert len(listed) == 11, "the first and ten more"
    maker.close()
