"""Bounded waiting on a condition, so that no test sleeps and hopes."""
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
    """A port that was free a moment ago. Prefer --listen 127.0.0.1:0 where a program reports its port."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]
