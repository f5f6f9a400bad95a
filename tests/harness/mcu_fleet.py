"""Fixtures for tests of the microcontroller of the fleet (mcu_case.py)."""
import functools
import os
import shutil

import pytest

from . import mcu
from .mcu_case import Case

needs_tools = pytest.mark.skipif(not all(map(shutil.which, ("clang++", "ld.lld", "llvm-objcopy-14"))),
                                 reason="needs clang, lld and llvm (packages of section mcu)")
# Tests of what no board does in its own way: on the others only in the long form.
one_board = pytest.mark.parametrize("builder", list(mcu.MACHINES) if os.environ.get("STRATUS_LONG") else ["mps2_an385"], indirect=True)


@functools.lru_cache(maxsize=None)
def _builder(board, directory):
    """One for all modules of a run: it keeps what it compiled."""
    return mcu.build.Builder(directory, board)


@pytest.fixture(scope="module", params=list(mcu.MACHINES))
def builder(request, tmp_path_factory):
    machine = mcu.MACHINES[request.param]
    if not shutil.which(machine.emulator):
        pytest.skip(f"needs {machine.emulator} (package {machine.package})")
    made = _builder(request.param, tmp_path_factory.getbasetemp() / f"fleet-{request.param}")
    try:
        made.network()
    except mcu.build.sources.Unreachable as error:
        pytest.skip(f"lwIP and BearSSL cannot be had: {error}")
    return made


@pytest.fixture(scope="module")
def first(builder):
    return builder.app("1.0.0", 1, fleet=True)


@pytest.fixture
def case(stack, builder, first, tmp_path):
    case = Case(stack, builder, first, tmp_path)
    yield case
    case.board.kill()
