"""The lint must catch what it is for: each check is shown a planted violation and a good twin."""
import importlib.util
import pathlib
import shutil

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def lint(tmp_path):
    """tools/lint.py looking at an empty source tree; plant(name, text) adds a file to it."""
    specification = importlib.util.spec_from_file_location("lint_under_test", ROOT / "tools" / "lint.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    module.ROOT, module.SOURCE = tmp_path, tmp_path / "src" / "stratus"
    shutil.copy(ROOT / ".clang-format", tmp_path)

    def plant(name, text):
        path = module.SOURCE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    module.plant = plant
    return module


@pytest.mark.parametrize("path, text, message", [
    ("base/a.cpp", '#include "stratus/net/task.hpp"\n', "base must not include net"),
    ("delta/a.cpp", '#include "stratus/store/blob_store.hpp"\n', "delta must not include store"),
    ("server/a.cpp", '#include "stratus/gateway/a.hpp"\n', "server must not include gateway"),
    ("cli/a.cpp", '  #  include "stratus/agent/a.hpp"\n', "cli must not include agent"),
    ("update/a.cpp", "#include <boost/asio/io_context.hpp>\n", "update is pure"),
    ("wire/a.cpp", "#include <sys/socket.h>\n", "wire is pure"),
    ("oci/a.hpp", "#include <openssl/sha.h>\n", "heavy header"),
    ("wire/a.hpp", "#include <boost/json.hpp>\n", "heavy header"),
    ("base/a.hpp", "#include <spdlog/spdlog.h>\n", "heavy header"),
    ("server/a.cpp", "#include <curl/curl.h>\n", "only net sees"),
    ("agent/a.cpp", "#include <boost/beast/http.hpp>\n", "only net sees"),
    ("misc/a.cpp", "", "not in the module table"),
])
def test_forbidden_include_is_found(lint, path, text, message):
    lint.plant(path, "// first line\n" + text)
    findings = list(lint.check_includes())
    assert len(findings) == 1 and message in findings[0], findings
    assert findings[0].startswith(f"src/stratus/{path}:{2 if text else 1}: ")


def test_allowed_includes_pass(lint):
    lint.plant("server/a.cpp", '#include "stratus/net/task.hpp"\n#include "stratus/store/blob_store.hpp"\n#include <openssl/evp.h>\n')
    lint.plant("net/a.cpp", "#include <boost/beast/http.hpp>\n#include <curl/curl.h>\n")
    lint.plant("oci/a.hpp", '#include "stratus/crypto/sha256.hpp"\n#include <boost/json/fwd.hpp>\n')
    lint.plant("oci/b.cpp", '#include "stratus/oci/a.hpp"\n#include <boost/json.hpp>\n// #include "stratus/net/task.hpp"\n')
    assert list(lint.check_includes()) == []


BAD_AWAITS = [
    "if (co_await f(x)) return;",
    "g(co_await f(x));",
    "auto v = g(co_await f(x));",
    "auto v = *co_await f(x);",
    "auto v = co_await f(x) + co_await f(y);",
    "auto v = co_await f(x), w = co_await f(y);",
    "auto v = c ? co_await f(x) : y;",
    "auto v = co_await f(c ? x : y);",
    "auto v = co_await f(Options{1});",
    "auto v = co_await f({1, 2});",
    "auto v = co_await f([x]() { return x; });",
    "auto v = co_await f([&](int n) { g(n); });",
    "switch (co_await f(x)) { default: break; }",
    "while (co_await f(x)) g();",
    "for (auto v : co_await f(x)) g(v);",
    "co_return 1 + co_await f(x);",
    "a && co_await f(x);",
    "T v[2] = {co_await f(x), 1};",
    "auto v = S{co_await f(x)};",
    "g({co_await f(x)});",
    "co_return {co_await f(x)};",
    "STRATUS_CO_TRY(v, co_await f(x));",
]

GOOD_AWAITS = [
    "switch (n) { case A::b: x = co_await f(y); }",
    "co_await f(x);",
    "x = co_await f(y);",
    "auto x = co_await f(y, 1, \"{?\");",
    "const Result<int> x = co_await f(y);",
    "Result<std::vector<int>> x = co_await object.f(std::move(y));",
    "co_return co_await f(x);",
    "if (ready) co_await f(x);",
    "if (ready) { co_await f(x); } else co_await g(y);",
    "auto run = [&]() -> Task<int> { co_await f(x); };",
    "auto run = [&]() -> Work { co_await f(x); };",
    "do { co_await f(x); } while (more);",
    "while (more) x = co_await f(y);",
    "(void)co_await f(x);",
    "object.member = co_await f(x[3]);",
    "// if (co_await f(x)) in a comment\n  co_await f(x);",
    "const char* text = \"g(co_await f())\"; g(text);",
    "auto task = f(Options{1});\n  auto v = co_await std::move(task);",
]


@pytest.mark.parametrize("statement", BAD_AWAITS)
def test_bad_co_await_is_found(lint, statement):
    lint.plant("net/a.cpp", "Task<int> run() {\n  int before = 1;\n  " + statement + "\n}\n")
    findings = list(lint.check_coawait())
    assert findings, statement
    assert findings[0].startswith("src/stratus/net/a.cpp:3: ")


@pytest.mark.parametrize("statement", GOOD_AWAITS)
def test_good_co_await_passes(lint, statement):
    lint.plant("net/a.cpp", "Task<int> run() {\n  int before = 1;\n  " + statement + "\n}\n")
    assert list(lint.check_coawait()) == []


def test_file_beyond_the_hard_limit_is_found(lint):
    lint.plant("base/long.cpp", "//\n" * (lint.HARD_LINES + 1))
    lint.plant("base/fits.cpp", "//\n" * lint.HARD_LINES)
    findings = list(lint.check_sizes())
    assert len(findings) == 1 and "base/long.cpp" in findings[0]


@pytest.mark.skipif(not shutil.which("clang-format"), reason="clang-format is not installed")
def test_unformatted_file_is_found(lint):
    lint.plant("base/bad.cpp", "int   f( ){return 1 ;}\n")
    lint.plant("base/good.cpp", "int f() { return 1; }\n")
    findings = list(lint.check_format())
    assert len(findings) == 1 and "bad.cpp" in findings[0]


def test_module_table_is_the_same_as_in_the_architecture_document(lint):
    """ARCHITECTURE.md prints the table for people; the two must not drift apart."""
    document = ROOT / "ARCHITECTURE.md"
    rows = {}
    for line in document.read_text().splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
        if len(cells) == 3 and cells[0] in lint._LEAVES:
            rows[cells[0]] = set(cells[1].replace("–", "").split())
    present = {path.parent.name for path in (ROOT / "src" / "stratus").glob("*/CMakeLists.txt")}
    assert set(rows) == present & set(lint._LEAVES)
    for module, allowed in rows.items():
        assert allowed == set(lint._LEAVES[module].split()), module
