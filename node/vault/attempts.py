"""Wrong passphrases slow the next try down, over restarts too. It counts tries; it knows no passphrase.

A try is counted before it is made and forgiven when it succeeds, so that killing the process gains nothing. Who can copy the
folder guesses elsewhere: against that stands the derivation's cost.
"""

import json
from pathlib import Path

from node.errors import UserError

from .keyfile import write_atomically

NAME = "attempts.json"
FREE = 3
MAX_PAUSE_MS = 15 * 60_000


class Attempts:
    """The tries on one folder's vault. `now` in milliseconds UTC."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def begin(self, now: int) -> None:
        """Count a try. Raises UserError `too-many-attempts`, saying how long to wait."""
        failures, until = self._read()
        until = min(until, now + MAX_PAUSE_MS)  # the clock may have gone back
        if now < until:
            wait = -(-(until - now) // 1000)
            raise UserError(f"Too many wrong passphrases: try again in {wait} seconds.", code="too-many-attempts")
        failures += 1
        pause = 0 if failures < FREE else min(1000 << min(failures - FREE, 20), MAX_PAUSE_MS)
        write_atomically(self._path, json.dumps({"failures": failures, "until": now + pause}).encode())

    def succeeded(self) -> None:
        """Forgive what came before."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> tuple[int, int]:
        try:
            found = json.loads(self._path.read_bytes())
            return max(0, int(found["failures"])), int(found["until"])
        except FileNotFoundError:
            return 0, 0
        except (ValueError, KeyError, TypeError):
            return FREE, 0  # written by nobody of ours
