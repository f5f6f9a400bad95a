"""Kills an emulated microcontroller at random moments of one update after the other, and counts what did not survive it."""
import random
import time

from .waiting import wait_until

PADDING = 200_000  # bytes that no patch can save: an update writes for a while
BOOT_SHARE = 0.2   # of the kills that come before the firmware has said a word


class Brick(Exception):
    """The board did not come up again."""


class Campaign:
    """One board that follows the rollouts of `case`, which ends and begins them as they end."""

    def __init__(self, case, builder, seed=7, on_kill=None):
        """`on_kill`: called with the result so far after each kill; it may raise to end the campaign."""
        self.case, self.board, self.builder, self.chance = case, case.board, builder, random.Random(seed)
        self.versions, self.rollout, self.on_kill = 1, None, on_kill
        self.result = {"kills": 0, "bricks": 0, "updates": 0, "given_up": 0}

    def _offer(self):
        """The next version for the board; each is new to it, as one that was given up is never fetched again."""
        self.versions += 1
        version = f"{self.versions}.0.0"
        self.case.push(version, self.builder.repack(version, 1, padding=PADDING))
        self.rollout = self.case.roll_out(version)

    def _over(self):
        state = self.case.state_in(self.rollout).get("state")
        if state in ("success", "rolled_back", "failed"):
            self.result["updates" if state == "success" else "given_up"] += 1
            return True
        return False

    def _boot(self):
        def up():
            return self.board.said("app: version") or self.board.said("nothing bootable") or self.board.process.poll() is not None
        try:
            wait_until(up, 600, interval=0.005)
        except TimeoutError:
            raise Brick from None
        if not self.board.said("app: version"):
            raise Brick

    def run(self, kills):
        """{"kills", "bricks", "updates", "given_up"}; the last update is let come to its end."""
        self._offer()
        self.board.start()
        began = time.monotonic()
        self.board.wait_said("accepted, ok", 600)
        span = 1.2 * (time.monotonic() - began)
        wait_until(self._over, 300, what="the first update to be told")
        self.board.kill()
        self._offer()
        while self.result["kills"] < kills:
            self.board.start()
            try:
                if self.chance.random() < BOOT_SHARE:
                    time.sleep(self.chance.uniform(0, 0.2))  # the moment of the cut, not a wait for anything
                else:
                    self._boot()
                    time.sleep(self.chance.uniform(0, span))
            except Brick:
                self.result["bricks"] += 1
                break
            finally:
                self.board.kill()
            self.result["kills"] += 1
            if self.on_kill:
                self.on_kill(self.result)
            if self._over():
                self._offer()
        if self.result["bricks"] == 0:
            self._finish()
        return self.result

    def _finish(self):
        self.board.start()
        try:
            self._boot()
            wait_until(self._over, 600, what=f"the last update to end\n{self.board}")
        except Brick:
            self.result["bricks"] += 1
