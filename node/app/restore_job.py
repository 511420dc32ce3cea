"""A restore that the first-open page began: looked at first, then made in a thread, then unlocked, with the place kept for new backups."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from node.app.threads import in_thread
from node.errors import ConflictError, NodeError, NotFound
from node.model.restore import FoundView, RestoreView
from node.model.target import Description
from node.services.backup_targets import OpenTarget
from node.services.backup_watch import Watched
from protocol.errors import ProtocolError

if TYPE_CHECKING:
    from node.app.backups import Backups

MOST_NUMBERS = 60
NOTHING = RestoreView("nothing", 0, 0, "", "")


class RestoreJob:
    """At most one restore of a node that is not set up yet."""

    def __init__(
        self,
        data: Path,
        unlock: Callable[[str], Coroutine[Any, Any, None]],
        backups: Callable[[], "Backups"],
        changed: Callable[[], None],
        costs: Any = None,
    ) -> None:
        self._data = data
        self._unlock = unlock
        self._backups = backups
        self._changed = changed
        self._costs = costs
        self._view = NOTHING
        self._watched: Watched | None = None
        self._task: asyncio.Task[None] | None = None

    def view(self) -> RestoreView:
        """How far it is."""
        if self._view.doing != "reading" or self._watched is None:
            return self._view
        moved = self._watched.moved
        return replace(self._view, got=moved.got, got_bytes=moved.got_bytes)

    async def look_at(self, description: Description) -> FoundView:
        """What backups lie at a place, before any words. Raises NotFound `no-backup`, and what targets raise."""
        return await in_thread(lambda: _found(description))

    async def begin(self, description: Description, words: str, passphrase: str, number: int = 0) -> RestoreView:
        """Check words and passphrase against what lies there, then restore beside the page; `number` of the backup, 0 = the newest.

        Raises ConflictError `restore-running`, `vault-exists`; UserError `bad-words`, `passphrase-too-short`; IntegrityError
        `backup-other-keys` and what else the newest backup there shows; what targets raise.
        """
        if self._task is not None and not self._task.done():
            raise ConflictError("Your desk is being restored already. Look at how far it is.", code="restore-running")
        self._view, self._watched = RestoreView("checking", 0, 0, "", ""), None
        try:
            opened = await in_thread(lambda: _checked(self._data, description, words, passphrase))
        except (NodeError, ProtocolError):
            self._view = NOTHING
            raise
        self._view, self._watched = RestoreView("reading", 0, 0, "", ""), Watched(opened)
        work = partial(self._restore, opened, self._watched, words, passphrase, number)
        self._task = asyncio.create_task(self._go(work, description, passphrase), name="restore")
        return self.view()

    def stop(self) -> RestoreView:
        """End it between two objects; nothing of it stays."""
        if self._watched is not None:
            self._watched.stop()
        return self.view()

    async def close(self) -> None:
        """The node ends: what the thread still does counts for nothing."""
        self.stop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _go(self, work: Callable[[], None], description: Description, passphrase: str) -> None:
        try:
            await in_thread(work)
            self._view = RestoreView("opening", *self._moved(), "", "")
            await self._unlock(passphrase)
            with suppress(NodeError):  # the place can be read but not written: another is chosen later, Today asks for it
                await self._backups().add_target(description, "")
            self._view = RestoreView("done", *self._moved(), "", "")
        except (NodeError, ProtocolError) as error:
            self._view = RestoreView("failed", *self._moved(), error.code, str(error))
        finally:
            self._changed()

    def _moved(self) -> tuple[int, int]:
        moved = self._watched.moved if self._watched else None
        return (moved.got, moved.got_bytes) if moved else (0, 0)

    def _restore(self, opened: OpenTarget, watched: Watched, words: str, passphrase: str, number: int) -> None:
        """In the thread."""
        from node.app.restoring import restore

        with closing(opened):
            restore(self._data, passphrase, words, watched, number=number, costs=self._costs)


def _found(description: Description) -> FoundView:
    from node.services.backup_read import list_manifests
    from node.targets.opening import open_target

    with closing(open_target(description)) as target:
        listed = list_manifests(target)
    if not listed:
        raise NotFound("There is no backup here. Choose the folder or bucket that the backups went to.", code="no-backup")
    numbers = sorted({item.number for item in listed}, reverse=True)
    return FoundView(len({item.folder for item in listed}), len(listed), numbers[0], tuple(numbers[:MOST_NUMBERS]))


def _checked(data: Path, description: Description, words: str, passphrase: str) -> OpenTarget:
    """The open target; what would fail is told before anything is made."""
    from node.services.backup_read import open_newest
    from node.targets.opening import open_target
    from node.vault import kdf, keyfile, sheets
    from node.vault.backup_cipher import BackupCipher

    if (data / keyfile.NAME).exists():
        raise ConflictError(f"There is a node in {data} already. Unlock it, or choose another folder.", code="vault-exists")
    kdf.check_new(passphrase)
    secret = sheets.opening_secret(words)
    target = open_target(description)
    try:
        open_newest(target, BackupCipher(lambda: [secret]), None)
    except BaseException:
        target.close()
        raise
    return target
