"""What system tests, benchmarks and the demo share: programs, HTTP, a counting proxy, file trees.

Used as `from harness import ...` with tests/ on sys.path (tests/conftest.py and the tools see to that).
Everything started through `Programs` is gone when its `with` block ends, whatever happened inside.
"""
from .agent_case import AgentCase
from .http import HttpClient, Response
from .machine import Machine
from .paths import BIN, ROOT
from .processes import Program, ProgramError, Programs
from .proxy import CountingProxy
from .service import ServiceImage
from .stack import Agent, Stack, StratusFailed, wait_version, write_agent_config
from .trees import HardLink, Symlink, Whole, random_bytes, tree_listing, write_tree
from .waiting import free_port, wait_until

__all__ = ["Agent", "AgentCase", "BIN", "CountingProxy", "HardLink", "HttpClient", "Machine", "Program", "ProgramError", "Programs", "ROOT",
           "Response", "ServiceImage", "Stack", "StratusFailed", "Symlink", "Whole", "free_port", "random_bytes", "tree_listing",
           "wait_until", "wait_version", "write_agent_config", "write_tree"]
