"""A target that is watched while a run uses it: how far the run came, and a way to stop it between two objects."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from node.errors import UserError

from .backup_target import Stored, Target


@dataclass(frozen=True, slots=True)
class Moved:
    """Objects and bytes so far, either way."""

    put: int = 0
    put_bytes: int = 0
    got: int = 0
    got_bytes: int = 0


class Watched:
    """`inner`, counted. After `stop` every call raises UserError `backup-cancelled`."""

    def __init__(self, inner: Target) -> None:
        self._inner = inner
        self._stopped = threading.Event()
        self.moved = Moved()

    def stop(self) -> None:
        """Let nothing more through. From any thread."""
        self._stopped.set()

    def entries(self, prefix: str) -> Sequence[Stored]:
        """As the target."""
        self._go_on()
        return self._inner.entries(prefix)

    def get(self, name: str, most: int) -> bytes:
        """As the target."""
        self._go_on()
        data = self._inner.get(name, most)
        seen = self.moved
        self.moved = Moved(seen.put, seen.put_bytes, seen.got + 1, seen.got_bytes + len(data))
        return data

    def put(self, name: str, data: bytes, *, replace: bool = False) -> None:
        """As the target."""
        self._go_on()
        self._inner.put(name, data, replace=replace)
        seen = self.moved
        self.moved = Moved(seen.put + 1, seen.put_bytes + len(data), seen.got, seen.got_bytes)

    def delete(self, name: str) -> None:
        """As the target."""
        self._go_on()
        self._inner.delete(name)

    def keeps_old_versions(self) -> bool:
        """As the target."""
        self._go_on()
        return self._inner.keeps_old_versions()

    def _go_on(self) -> None:
        if self._stopped.is_set():
            raise UserError("You stopped it. What is there already is used when it goes on.", code="backup-cancelled")
