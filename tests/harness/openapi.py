"""api/openapi.yaml as a judge of real answers: `Api().check(response, "GET", "/api/v1/devices/d1")`.

Fails when no operation of the document takes the path, when the status is not described, and when the body does
not fit its schema.
"""
import json
import pathlib
import re

import jsonschema
import yaml

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "api" / "openapi.yaml"
METHODS = ("get", "put", "post", "patch", "delete")
_loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Undescribed(AssertionError):
    """The server does something that the document does not say."""


class Operation:
    def __init__(self, method, path, node, document):
        self.method, self.path, self.node, self.document = method.upper(), path, node, document
        # A parameter stands for one part; those of `next` may hold slashes.
        pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path))
        self.pattern = re.compile(re.sub(r"next/\[\^/\]\+$", "next/.+", pattern) + "$")

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
        self._files = {}
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
                jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(
                    json.loads(response.body))
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
