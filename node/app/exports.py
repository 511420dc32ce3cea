"""An export as it leaves: stretches of rows from the store, written by the writer of the form, a piece at a time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from node.errors import UserError
from node.files.export_csv import TableWriter
from node.files.export_json import JsonWriter
from node.files.export_vcard import CardWriter
from node.model.export import Export, Writer
from node.services import export

_WRITERS: Mapping[str, Callable[[], Writer]] = {"json": JsonWriter, "vcard": CardWriter, "csv": TableWriter}


def begin(read: Callable[..., Awaitable[Any]], form: str, kind: str, now: int) -> Export:
    """An export in a form: all kinds in JSON, one in a table, customers in cards. Raises UserError `unknown-form`, `unknown-kind`."""
    if form not in _WRITERS:
        raise UserError(f"There is no form {form!r}; say one of {', '.join(_WRITERS)}.", code="unknown-form")
    if kind and kind not in export.SECTIONS:
        raise UserError(f"There is no {kind!r} to export; say one of {', '.join(export.SECTIONS)}.", code="unknown-kind")
    if form == "vcard" and kind not in ("", "customer"):
        raise UserError("Cards are of customers only: choose json or csv for the rest.", code="unknown-kind")
    kinds = [kind or "customer"] if form != "json" else [kind] if kind else list(export.SECTIONS)
    writer = _WRITERS[form]()
    day = datetime.fromtimestamp(now / 1000, UTC).date().isoformat()
    name = f"gemstra-{kinds[0] if len(kinds) == 1 else 'all'}-{day}.{writer.ending}"
    return Export(name, writer.media_type, _pieces(read, writer, kinds))


async def _pieces(read: Callable[..., Awaitable[Any]], writer: Writer, kinds: list[str]) -> AsyncIterator[bytes]:
    yield writer.begin(await read(export.header))
    counts: dict[str, int] = {}
    for kind in kinds:
        counts[kind] = 0
        after: bytes | None = b""
        while after is not None:
            stretch: export.Stretch = await read(export.read_stretch, kind=kind, after=after)
            after = stretch.after
            counts[kind] += len(stretch.values)
            if piece := await asyncio.to_thread(writer.rows, kind, export.SECTIONS[kind].view, stretch.values):
                yield piece
    if last := writer.end(counts):
        yield last
