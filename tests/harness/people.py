"""Signing in as somebody: sessions with their cookie and CSRF token, tokens of any scopes."""
import re

from .http import HttpClient


def setup_code(server):
    """The code that the server printed because nobody can sign in yet."""
    return re.search(r"set-up code: (\S+)", server.program.log).group(1)


class Session(HttpClient):
    """A browser's view: sends the cookie, and the CSRF token with every change unless csrf=False."""

    def __init__(self, server, name, password, answer=None):
        super().__init__(server.url, server.ca)
        self.answer = answer or self.request("POST", "/api/v1/session", json={"name": name, "password": password},
                                             csrf=False)
        self.cookie = (self.answer.headers["Set-Cookie"] or "").split(";")[0] if self.answer.status < 300 else None
        self.me = self.answer.json()

    def request(self, method, path, csrf=True, headers=None, **options):
        headers = dict(headers or {})
        if getattr(self, "cookie", None):
            headers["Cookie"] = self.cookie
            if csrf and method not in ("GET", "HEAD"):
                headers["X-CSRF-Token"] = self.me["csrf"]
        return super().request(method, path, headers=headers, **options)


PASSWORD = "a long enough secret"


def make_user(server, name, *roles, password=PASSWORD):
    """A user made by the administrator's token, who has chosen the password already; the open session."""
    made = server.http.post("/api/v1/users", json={"name": name, "password": "first " + password, "roles": roles})
    assert made.status == 201, made
    first = Session(server, name, "first " + password)
    changed = first.put("/api/v1/me/password", json={"old": "first " + password, "new": password})
    assert changed.status == 204, changed
    return Session(server, name, password)


def make_token(client, name="t", **members):
    """A client that sends a new token, made by `client` (the administrator's, a session's)."""
    made = client.post("/api/v1/tokens", json={"name": name, **members})
    assert made.status == 201, made
    return HttpClient(client.base_url, token=made.json()["token"]) if not client.context else _with_context(client, made)


def _with_context(client, made):
    other = HttpClient(client.base_url, token=made.json()["token"])
    other.context = client.context
    return other
