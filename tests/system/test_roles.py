"""Every route with every role: nobody may more than docs/security/roles.md says.

Made from the server's own table of routes and api/openapi.yaml: a route that either of them lacks fails the test.
Routes are asked with ids that mean nothing, so what is allowed may answer 400 or 404; what matters is 401 and 403.
"""
import pytest
from harness.http import HttpClient
from harness.openapi import Api
from harness.people import make_token, make_user

API = Api()
READS = {"devices:read", "releases:read", "rollouts:read"}
ROLES = {
    "viewer": READS,
    "operator": READS | {"devices:write", "rollouts:write"},
    "releaser": READS | {"releases:write"},
    "auditor": READS | {"audit:read"},
    "admin": READS | {"devices:write", "rollouts:write", "releases:write", "audit:read", "people:admin", "system:admin"},
}
FOR_ALL = {"open", "device"}
SKIPPED = {"watchEvents"}  # never ends; tests/system/test_events.py looks at it


def fill(path):
    for name in ("{id}", "{name}", "{version}"):
        path = path.replace(name, "nothing-here")
    while "{" in path:
        path = path[:path.index("{")] + "nothing-here" + path[path.index("}") + 1:]
    return path


@pytest.fixture(scope="module")
def table(request):
    from harness import Programs, Stack
    with Programs() as programs:
        server = Stack(programs, plain=True).start_server()
        people = {role: make_user(server, role, role) for role in ROLES}
        people["token"] = make_token(people["admin"], scopes=["audit:read"])  # of the administrator, for one thing only
        people["nobody"] = HttpClient(server.url)
        routes = server.http.get("/api/v1").json()["routes"]
        yield server, people, routes


def test_the_document_describes_every_route_and_no_other(table):
    _, _, routes = table
    served = {(route["method"], route["path"].replace("*}", "}")): route["scope"] for route in routes}
    described = {(operation.method, operation.path): operation.scope for operation in API.operations}
    assert served == described


def allowed(scope, role):
    if scope in FOR_ALL:
        return True
    return scope == "self" or scope in ROLES[role]


@pytest.mark.parametrize("role", [*ROLES, "nobody", "token"])
def test_a_role_may_what_the_table_says(table, role):
    server, people, _ = table
    client = people[role]
    wrong = []
    # Ending one's own session comes last.
    for operation in sorted(API.operations, key=lambda one: one.id in ("signOut", "changePassword")):
        if operation.id in SKIPPED:
            continue
        if role == "nobody":
            expected = operation.scope in FOR_ALL
        elif role == "token":
            expected = operation.scope in FOR_ALL | {"self", "audit:read"}
        else:
            expected = allowed(operation.scope, role)
        json = {} if operation.method in ("POST", "PUT", "PATCH") else None
        answer = client.request(operation.method, fill(operation.path), json=json)
        if operation.response(answer.status) is None:
            wrong.append(f"{operation.id}: {answer.status} is not described")
        refused = answer.status == (401 if role == "nobody" else 403)
        # Some routes know more reasons to refuse; then it is not for the lack of a permission.
        if refused and expected and "lacks the permission" not in answer.body.decode() and role != "nobody":
            continue
        if refused == expected:
            wrong.append(f"{role}: {operation.method} {operation.path} ({operation.scope}): {answer}")
    assert not wrong, "\n".join(wrong)


def test_somebody_elses_things_are_refused_by_method_too(table):
    server, people, _ = table
    for path in ("/api/v1/users", "/api/v1/devices"):
        answer = people["viewer"].request("PROPFIND", path)
        assert answer.status == 405 and "GET" in answer.headers["Allow"]
    assert people["viewer"].get("/api/v1/nothing").status == 404
