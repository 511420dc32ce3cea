"""Many drafts at once, in an open vault: made, signed at your word or at their time.

What is large is reckoned beside the store's writer.
"""

import asyncio
import logging

from node.errors import ConflictError, NodeError
from protocol.errors import ProtocolError

from . import catalog_bulk, publishing
from .catalog_bulk import SHOWN_ROWS, BulkEditView, BulkRowView, Change, Piece, Selection
from .catalog_whole import is_whole
from .publishing import Prepared, PublishedView
from .runs import Transactions

log = logging.getLogger(__name__)
_TRIES = 5
_DROPPED = 5000


class CatalogEdits:
    """The drafts of one open vault; what changes many of them at once is asked here, from the event loop."""

    def __init__(self, store: Transactions) -> None:
        self._store = store

    async def publish(self, pile: bytes, name: str = "", anyway: bool = False) -> PublishedView:
        """Sign a pile as one batch. Raises what `publishing.prepare` raises."""
        return await asyncio.to_thread(self.publish_now, pile, name, anyway, "edit")

    def publish_now(self, pile: bytes, name: str = "", anyway: bool = False, kind: str = "edit") -> PublishedView:
        """`publish`, for a thread. Where the log went on meanwhile it is prepared again."""
        for _ in range(_TRIES):
            self._store.write_now(publishing.begin, pile)  # after it the catalog file has what was signed before
            prepared: Prepared | None = self._store.read_now(publishing.prepare, pile, anyway, lambda _: None)
            if prepared is None:
                continue
            done: PublishedView | None = self._store.write_now(publishing.commit, prepared, kind, name)
            if done is not None:
                self.sweep_now()
                return done
        raise ConflictError("Your catalog is being changed all the time just now. Try again in a moment.", code="import-busy")

    async def preview_many(self, currency: str, selection: Selection, change: Change) -> BulkEditView:
        """What a change would make of many offers. Raises what `catalog_bulk.check_change` raises."""
        return await asyncio.to_thread(self.change_many_now, currency, selection, change, dry=True)

    async def change_many(self, currency: str, selection: Selection, change: Change) -> BulkEditView:
        """Draft a change of many offers. Raises what `catalog_bulk.check_change` raises."""
        return await asyncio.to_thread(self.change_many_now, currency, selection, change, dry=False)

    def change_many_now(self, currency: str, selection: Selection, change: Change, *, dry: bool) -> BulkEditView:
        """`change_many`, for a thread. Each piece is looked at on a snapshot and kept in a transaction of its own."""
        self._store.read_now(catalog_bulk.check_change, currency, change)
        rows: list[BulkRowView] = []
        chosen = found = refused = drafts = 0
        after, begun = "", False
        while after or not begun:
            begun = True
            piece: Piece = self._store.read_now(catalog_bulk.look, currency, selection, change, after)
            if piece.drafts and not dry:
                drafts += self._store.write_now(catalog_bulk.keep, currency, piece.drafts)
            rows += piece.rows[: SHOWN_ROWS - len(rows)]
            chosen, found, refused = chosen + piece.chosen, found + len(piece.drafts), refused + piece.refused
            after = piece.after
        return BulkEditView(chosen, found, refused, tuple(rows), drafts)

    async def publish_due(self) -> None:
        """Sign what was put off until now. What cannot be signed says so on Today, and waits for the person."""
        await asyncio.to_thread(self.publish_due_now)

    def publish_due_now(self) -> None:
        """`publish_due`, for a thread."""
        if not self._store.read_now(is_whole):
            return  # it is looked at again at the next tick
        for pile in self._store.read_now(lambda unit: unit.drafts.due(unit.now)):
            try:
                self.publish_now(pile.pile, pile.name, kind="schedule")
            except (NodeError, ProtocolError) as error:
                self._store.write_now(publishing.fail, pile.pile, error.code, str(error))
                log.warning("a batch that was planned was not signed: %s", error.code)
        self.sweep_now()

    def sweep_now(self) -> None:
        """Erase drafts that are done with, some at a time."""
        if self._store.read_now(lambda unit: bool(unit.drafts.spent())):
            while not self._store.write_now(publishing.sweep, _DROPPED):
                pass
