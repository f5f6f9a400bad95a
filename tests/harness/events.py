"""The server's event stream, event by event."""
import json

from .http import HttpClient, Response


class Stream:
    """An open GET /api/v1/events; `next()` answers the next event as (id, name, data)."""

    def __init__(self, client, query="", last=None):
        self.connection = client.connect()
        headers = {"Authorization": f"Bearer {client.token}"}
        if last:
            headers["Last-Event-ID"] = last
        self.connection.request("GET", "/api/v1/events" + query, headers=headers)
        self.answer = self.connection.getresponse()
        if HttpClient.judge:  # of the head; there is no end to the body
            HttpClient.judge(Response(self.answer.status, self.answer.headers, b":"), "GET", "/api/v1/events")

    def next(self):
        event = {}
        while True:
            line = self.answer.readline().decode().rstrip("\n")
            if not line and "event" in event:
                return event["id"], event["event"], json.loads(event["data"])
            if line and not line.startswith(":"):
                key, _, value = line.partition(": ")
                event[key] = value

    def next_with(self, key, *values):
        """(name, data) of the next event whose data has that key, with one of the values when there are any."""
        while True:
            _, name, data = self.next()
            if key in data and (not values or data[key] in values):
                return name, data

    def close(self):
        self.connection.close()
