"""One writer a folder: a lock file held for as long as the process lives, released by the system even after SIGKILL."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from node.errors import ConflictError


class FolderLock:
    """Context manager. `ConflictError("chain-folder-busy")` when another process holds the folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "chain.lock"
        self._handle: int | None = None

    def __enter__(self) -> Self:
        import fcntl

        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(handle)
            raise ConflictError(
                f"Another chain (process {holder}) already runs on {self._path.parent}. "
                "Stop it first, or give this one its own folder with --data.",
                code="chain-folder-busy",
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        self._handle = handle
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
