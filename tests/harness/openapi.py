"""api/openapi.yaml as a judge of real answers: `Api().check(response, "GET", "/api/v1/devices/d1")`.

Fails when no operation of the document takes the path, when the status is not described, and when the body does
not fit its schema.
"""
import json
import os
import pathlib
import re

import jsonschema
import yaml

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "api" / "openapi.yaml"
NAMES_LAST = ("/api/v1/next/", "/api/v1/mcu/", "/api/v1/files/")
METHODS = ("get", "put", "post", "patch", "delete")
_loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Undescribed(AssertionError):
    """The server does something that the document does not say."""


class Operation:
    def __init__(self, method, path, node, document):
        self.method, self.path, self.node, self.document = method.upper(), path, node, document
        # A parameter stands for one part; the names of repositories at the end of a path may hold slashes.
        pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path))
        if path.startswith(NAMES_LAST):
            pattern = pattern.removesuffix("[^/]+") + ".+"
        self.pattern = re.compile(pattern + "$")

    @property
    def id(self):
        return self.node.get("operationId", f"{self.method} {self.path}")

    @property
    def scope(self):
        return self.node.get("x-scope")

    def response(self, status):
        responses = self.node.get("responses", {})
        for key in (str(status), f"{str(status)[0]}XX", "default"):
            if key in responses:
                return responses[key]
        return None

    def body_schema(self):
        """Schema of the JSON request body, or None."""
        return self.node.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")


class Api:
    """The document with every $ref replaced by what it points to."""

    def __init__(self, document=DOCUMENT):
        self._files, self._validators = {}, {}
        root = self._load(document)
        self.operations = []
        for path, item in root["paths"].items():
            item = self._resolve(item, document)
            for method in METHODS:
                if method in item:
                    self.operations.append(Operation(method, path, item[method], self))

    def _load(self, path):
        path = pathlib.Path(path).resolve()
        if path not in self._files:
            self._files[path] = yaml.load(path.read_text(), Loader=_loader)
        return self._files[path]

    def _resolve(self, node, base):
        if isinstance(node, list):
            return [self._resolve(one, base) for one in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            file, _, pointer = node["$ref"].partition("#")
            base = (pathlib.Path(base).parent / file).resolve() if file else base
            target = self._load(base)
            for part in pointer.strip("/").split("/") if pointer.strip("/") else []:
                target = target[part.replace("~1", "/").replace("~0", "~")]
            return self._resolve(target, base)
        return {key: self._resolve(value, base) for key, value in node.items()}

    def _validator(self, schema):
        if id(schema) not in self._validators:
            self._validators[id(schema)] = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
        return self._validators[id(schema)]

    def find(self, method, path):
        path = path.split("?")[0]
        found = [operation for operation in self.operations
                 if operation.method == method.upper() and operation.pattern.match(path)]
        if not found:
            raise Undescribed(f"{method} {path}: api/openapi.yaml has no such operation")
        # Literal parts win over parameters, as in the server's router.
        return min(found, key=lambda operation: operation.path.count("{"))

    def check(self, response, method, path):
        """Raises unless `response` (harness.http.Response) is what the document says; answers it."""
        operation = self.find(method, path)
        described = operation.response(response.status)
        if described is None:
            raise Undescribed(f"{operation.id}: status {response.status} is not described: {response}")
        content = described.get("content", {})
        kind = (response.headers.get("Content-Type") or "").split(";")[0]
        if not response.body:
            if response.status not in (204, 304) and "application/json" in content:
                raise Undescribed(f"{operation.id}: an empty body with status {response.status}")
            return response
        if kind not in content:
            raise Undescribed(f"{operation.id}: {kind} with status {response.status}, described: {list(content)}")
        if kind.endswith("json"):
            schema = content[kind].get("schema", {})
            try:
                self._validator(schema).validate(json.loads(response.body))
            except jsonschema.ValidationError as error:
                where = "/".join(str(part) for part in error.absolute_path)
                raise Undescribed(f"{operation.id}: {where or 'body'}: {error.message}") from None
        return response


class CheckedClient:
    """A harness.HttpClient whose every answer is checked."""

    def __init__(self, http, api=None):
        self.http, self.api = http, api or Api()

    def request(self, method, path, **options):
        return self.api.check(self.http.request(method, path, **options), method, path)

    def __getattr__(self, name):
        if name in METHODS:
            return lambda path, **options: self.request(name.upper(), path, **options)
        raise AttributeError(name)


class Judge:
    """Checks every success that tests get from /api/ (HttpClient.judge) and keeps what is wrong in `problems`: an exception would
    be lost in those who wait until something works.

    Where `answered` is given, a file, it gets the id of each operation at its first sound success, for `answered_by_nobody`.
    """

    def __init__(self, answered=None):
        self.answered, self.problems = answered, []
        self._api, self._sound, self._ids = None, set(), set()

    def __call__(self, response, method, path):
        if not path.startswith("/api/") or not 200 <= response.status < 300 or method.lower() not in METHODS:
            return
        self._api = self._api or Api()
        try:
            operation = self._api.find(method, path)
            answer = (operation.id, response.status, response.headers.get("Content-Type"), response.body)
            if answer in self._sound:  # whoever waits asks the same again and again
                return
            self._api.check(response, method, path)
        except Undescribed as problem:
            self.problems.append(f"{method} {path}: {problem}")
            return
        self._sound.add(answer)
        self._note(operation.id)

    def _note(self, operation):
        if self.answered and operation not in self._ids:
            self._ids.add(operation)
            with open(self.answered, "a") as file:  # of several test processes
                file.write(f"{operation}\n")


def answered_by_nobody(answered):
    """Ids of the operations that no test got a sound success from, sorted."""
    seen = set(pathlib.Path(answered).read_text().split()) if os.path.exists(answered) else set()
    return sorted({operation.id for operation in Api().operations} - seen)
