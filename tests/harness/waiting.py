"""Bounded waiting on a condition, so that no test sleeps and hopes."""
import random
import socket
import time


def wait_until(predicate, seconds=20, what=None, interval=0.02):
    """Calls predicate until it returns something true and returns that.

    An exception counts as "not yet". After `seconds` a TimeoutError tells what was awaited and what came last.
    """
    deadline = time.monotonic() + seconds
    while True:
        value, problem = None, None
        try:
            value = predicate()
            if value:
                return value
        except Exception as error:  # the thing asked may not be up yet
            problem = error
        if time.monotonic() >= deadline:
            name = what or getattr(predicate, "__name__", "the condition")
            last = f"raised {problem!r}" if problem else f"was {value!r}"
            raise TimeoutError(f"waited {seconds} s for {name}; the last answer {last}")
        time.sleep(interval)


def free_port(address="127.0.0.1"):
    """A port that was free a moment ago. Prefer --listen 127.0.0.1:0 where a program reports its port.

    Below those that the kernel gives to connections (32768 and up), so that none of them takes it while its program is down.
    """
    for _ in range(100):
        with socket.socket() as probe:
            try:
                probe.bind((address, random.randrange(10000, 32768)))
                return probe.getsockname()[1]
            except OSError:  # taken
                continue
    raise RuntimeError("no free port below 32768")
