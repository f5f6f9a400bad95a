"""A plain HTTP client for tests: one connection a request, nothing hidden, TLS checked against a given CA."""
import http.client
import json as json_module
import ssl
import urllib.parse


class Response:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json_module.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {dict(self.headers.items())} {self.body[:400]!r}>"


class HttpClient:
    """Requests against base_url. `token` is sent as Bearer; per request `token=None` leaves it out.

    checked=False: for whom is not ours, or lies; its answers are not held against api/openapi.yaml.
    """

    judge = None  # of all clients: called with each answer, its method and its path (harness.openapi.Judge)

    def __init__(self, base_url, ca=None, token=None, timeout=30, checked=True):
        self.base_url, self.token, self.timeout, self.checked = base_url.rstrip("/"), token, timeout, checked
        parts = urllib.parse.urlsplit(self.base_url)
        self.host, self.port, self.prefix = parts.hostname, parts.port, parts.path
        self.context = ssl.create_default_context(cafile=str(ca)) if parts.scheme == "https" else None

    def connect(self):
        """A connection of http.client, for tests that write their requests by hand."""
        if self.context:
            return http.client.HTTPSConnection(self.host, self.port, timeout=self.timeout, context=self.context)
        return http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)

    def request(self, method, path, body=None, json=None, headers=None, token=...):
        headers = dict(headers or {})
        if json is not None:
            body = json_module.dumps(json).encode()
            headers.setdefault("Content-Type", "application/json")
        token = self.token if token is ... else token
        if token:
            headers.setdefault("Authorization", f"Bearer {token}")
        if path.startswith(("http://", "https://")):
            path = urllib.parse.urlsplit(path)._replace(scheme="", netloc="").geturl()
        connection = self.connect()
        try:
            connection.request(method, self.prefix + path, body=body, headers=headers)
            answer = connection.getresponse()
            response = Response(answer.status, answer.headers, answer.read())
        finally:
            connection.close()
        if self.checked and HttpClient.judge:
            HttpClient.judge(response, method, path)
        return response

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def head(self, path, **options):
        return self.request("HEAD", path, **options)

    def put(self, path, **options):
        return self.request("PUT", path, **options)

    def post(self, path, **options):
        return self.request("POST", path, **options)

    def patch(self, path, **options):
        return self.request("PATCH", path, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)
