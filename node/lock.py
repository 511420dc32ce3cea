"""One node a data folder. The kernel lets go of the lock when the process ends, however it ends."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from .errors import ConflictError, UserError

NAME = "node.lock"


class FolderLock:
    """Holds `folder`. Raises ConflictError `in-use`, naming the process that has it."""

    def __init__(self, folder: Path) -> None:
        path = folder / NAME
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise UserError(f"{folder} can't be used: {error.strerror}.", code="folder-unusable") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)
        except BlockingIOError as error:
            holder = os.pread(self._descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._descriptor)
            raise ConflictError(
                f"Another node (process {holder}) is running on {folder}. Stop it, or use another folder.", code="in-use"
            ) from error
        except OSError as error:
            os.close(self._descriptor)
            raise UserError(f"{folder} can't be locked: {error.strerror}.", code="folder-unusable") from error

    def release(self) -> None:
        """Let go. The file stays: deleting it would let two nodes hold two locks."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()
