"""Fixtures for tests of the microcontroller of the fleet (mcu_case.py)."""
import shutil

import pytest

from . import mcu
from .mcu_case import IDENTITY, Case  # noqa: F401  for the tests

needs_tools = pytest.mark.skipif(
    not all(map(shutil.which, ("qemu-system-arm", "clang++", "ld.lld", "llvm-objcopy-14"))),
    reason="needs qemu-system-arm, clang, lld and llvm (packages of section mcu)")


@pytest.fixture(scope="module")
def builder(tmp_path_factory):
    made = mcu.build.Builder(tmp_path_factory.mktemp("fleet-firmware"))
    try:
        made.network()
    except mcu.build.sources.Unreachable as error:
        pytest.skip(f"lwIP and BearSSL cannot be had: {error}")
    return made


@pytest.fixture(scope="module")
def boot(builder):
    return builder.boot()


@pytest.fixture(scope="module")
def first(builder):
    return builder.app("1.0.0", 1, fleet=True)


@pytest.fixture
def case(stack, boot, first, tmp_path):
    case = Case(stack, boot, first, tmp_path)
    yield case
    case.board.kill()
