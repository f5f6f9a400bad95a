"""Measurements go on to a time series database, and an outage of it holds nothing up."""
import urllib.parse

import pytest
from harness import wait_until
from harness.mqtt import DeviceMaker
from harness.victoria import start_victoria, free_port


@pytest.fixture
def started(plain_stack, tmp_path):
    port = free_port()
    config = plain_stack.programs.path("server.toml")
    config.write_text(f'influx_url = "http://127.0.0.1:{port}/write"\nmqtt_messages_per_s = 100000\nmqtt_message_burst = 100000\n')
    server = plain_stack.start_server(options=["--mqtt-listen", "127.0.0.1:0", "--config", config])
    wait_until(lambda: server.metric("stratus_mqtt_connected") == 1, what="the broker")
    devices = DeviceMaker(server, tmp_path / "devices")
    yield server, devices, port
    devices.close()


def points(store, name):
    """Every value of a series, as VictoriaMetrics names it."""
    store.get("/internal/force_flush")
    query = urllib.parse.quote('{__name__="stratus_%s"}' % name)
    lines = store.get(f"/api/v1/export?match[]={query}").body.decode().splitlines()
    import json
    return {json.loads(line)["metric"]["device"]: json.loads(line)["values"] for line in lines}


def test_measurements_arrive_also_those_of_an_outage(started, plain_stack):
    server, devices, port = started
    device = devices.connect("door 1".replace(" ", "-"))
    for number in range(1, 6):
        device.say("status/system", seq=number, cpu=number + 0.5, time_ms=1_700_000_000_000 + number * 1000)
    wait_until(lambda: len(device.stored) == 5, what="the messages to be stored while the other database is away")
    wait_until(lambda: server.metric("stratus_influx_failures_total") >= 1, what="a first try that fails")
    assert server.metric("stratus_influx_waiting_bytes") > 0
    store = start_victoria(plain_stack, port)
    values = wait_until(lambda: points(store, "cpu").get("door-1"), 60, what="what waited")
    wait_until(lambda: len(points(store, "cpu")["door-1"]) == 5, 30, what="all of it")
    assert sorted(points(store, "cpu")["door-1"]) == [1.5, 2.5, 3.5, 4.5, 5.5], values
    device.say("data/sensors", seq=9, temperature=-3.25)
    wait_until(lambda: points(store, "temperature").get("door-1") == [-3.25], 30, what="the next message")
    assert server.metric("stratus_influx_lines_total") is not None
