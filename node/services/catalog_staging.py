"""A product file that is read and waits: its products lie in the encrypted store, compared with the catalog. Nothing is signed.

Reading itself is `node/files`, driven by catalog_runs.py; looking and confirming are in catalog_imports.py.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from node.errors import ConflictError, NotFound, UserError
from node.model.contact_fields import fingerprint
from node.model.listing import ProductRow, Skipped
from node.model.product_fields import checked, require_product
from node.model.product_import import ProductImport, Verdict, WaitingProduct
from node.model.staged import Mapping as ColumnMapping
from protocol.encoding import peek
from protocol.operations import Noun, Slot

from .brand_plans import BrandsUnit
from .catalog import plan_for, require_writer
from .catalog_batches import BatchesUnit
from .catalog_whole import require_whole
from .exact_merging import House, merged_exact
from .product_merging import Looked, Merged, merged

MOST_WAITING = 8
LONGEST = 200
_BATCH = 500
_ERASED = 5000
_WEEK = 7 * 86_400_000
_HOUR = 3_600_000
Tell = Callable[[int, int], None]
Compared = tuple[str, int]
"""The currency of a catalog that a file was compared with, and how long its feed was."""


class ProductImportBook(Protocol):
    """Files that wait, as this service keeps them (node/store/product_imports.py says what each does)."""

    def add(self, staged: ProductImport) -> int: ...  # noqa: D102
    def keep(self, staged: ProductImport) -> None: ...  # noqa: D102
    def get(self, id_: bytes, /) -> ProductImport | None: ...  # noqa: D102
    def all(self) -> Sequence[ProductImport]: ...  # noqa: D102
    def let_go(self, seq: int) -> None: ...  # noqa: D102
    def erase(self, rows: int) -> bool: ...  # noqa: D102
    def add_cells(self, seq: int, first: int, rows: Sequence[tuple[int, Sequence[str]]]) -> None: ...  # noqa: D102
    def cells(self, seq: int, after: int, limit: int) -> Sequence[tuple[int, int, tuple[str, ...]]]: ...  # noqa: D102
    def add_rows(self, seq: int, rows: Iterable[tuple[WaitingProduct, Verdict]]) -> None: ...  # noqa: D102
    def clear_rows(self, seq: int, *, outcome: str = ...) -> None: ...  # noqa: D102
    def rows(self, seq: int, outcome: str, after: int, limit: int) -> Sequence[WaitingProduct]: ...  # noqa: D102
    def taken(self, seq: int, handles: Collection[str], before: int) -> set[str]: ...  # noqa: D102
    def last(self, seq: int) -> int: ...  # noqa: D102
    def judge(self, seq: int, verdicts: Iterable[Verdict]) -> None: ...  # noqa: D102
    def count(self, seq: int) -> Mapping[str, int]: ...  # noqa: D102
    def promotions(self, seq: int) -> int: ...  # noqa: D102
    def original(self, seq: int, row: int) -> tuple[str, ...]: ...  # noqa: D102
    def left(self, seq: int) -> int: ...  # noqa: D102
    def leave(self, seq: int, number: int, *, out: bool) -> None: ...  # noqa: D102
    def written(self, seq: int) -> Iterator[tuple[str, ProductRow | None]]: ...  # noqa: D102


class MappingBook(Protocol):
    """Mappings of columns (node/store/staged_imports.py)."""

    def mapping(self, fingerprint: bytes) -> ColumnMapping | None: ...  # noqa: D102
    def mappings(self, *, products: bool = ...) -> Sequence[ColumnMapping]: ...  # noqa: D102
    def remember(self, mapping: ColumnMapping, *, products: bool = ...) -> None: ...  # noqa: D102
    def forget(self, fingerprint: bytes) -> bool: ...  # noqa: D102


class ProductsUnit(BatchesUnit, BrandsUnit, Protocol):
    """A unit that knows our catalogs, their batches, and product files that wait."""

    @property
    def product_imports(self) -> ProductImportBook: ...  # noqa: D102
    @property
    def staged_imports(self) -> MappingBook: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is known of a file when it is opened."""

    name: str
    dialect: str
    currency: str
    header: Sequence[str] = ()
    guess: Sequence[str] = ()
    withdraw: bool = False
    source: bytes | None = None


def kind_of(header: Sequence[str]) -> bytes:
    """What product tables with the same columns have in common; apart from tables of customers."""
    return fingerprint(("products", *header))


# --- while it is read (catalog_runs.py)


def begin_staging(unit: ProductsUnit, found: Beginning) -> ProductImport:
    """A file to be read. An unknown table waits for its columns unless such a table was mapped before."""
    require_writer(unit)
    require_whole(unit)
    if len(unit.product_imports.all()) >= MOST_WAITING:
        raise ConflictError(f"{MOST_WAITING} files wait already. Confirm them or put them aside first.", code="too-many-waiting")
    remembered = unit.staged_imports.mapping(kind_of(found.header)) if found.header else None
    known = remembered is not None and len(remembered.targets) == len(found.header)
    targets = tuple(target for _, target in remembered.targets) if remembered and known else tuple(found.guess)
    named = (found.name[:LONGEST], found.dialect, found.currency)
    staged = ProductImport(unit.random(32), *named, unit.now, "reading", tuple(found.header), targets, found.withdraw, source=found.source)
    staged = replace(staged, seq=unit.product_imports.add(staged))
    return replace(staged, state="columns" if found.header and not known else "ready")  # what it becomes once it is read


def add_cells(unit: ProductsUnit, staged: ProductImport, first: int, rows: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Rows of an unknown table. Raises NotFound once the file was discarded."""
    find_import(unit, staged.id)
    unit.product_imports.add_cells(staged.seq, first, rows)


def cells(unit: ProductsUnit, staged: ProductImport, after: int, limit: int) -> Sequence[tuple[int, int, tuple[str, ...]]]:
    """(number, row, cells) of a table as they stand in the file."""
    return unit.product_imports.cells(staged.seq, after, limit)


def add_entries(unit: ProductsUnit, staged: ProductImport, first: int, entries: Sequence[ProductRow | Skipped]) -> Compared:
    """Products `first`, `first` + 1, … as they were read, compared at once with the catalog of the currency that the file has so far: with
    which, that is, for it may turn out to be another. Raises NotFound once the file was discarded.
    """
    find_import(unit, staged.id)
    rows = [_waiting(number, entry) for number, entry in enumerate(entries, first)]
    unit.product_imports.add_rows(staged.seq, zip(rows, _verdicts(unit, staged, rows), strict=True))
    return compared_with(unit, staged.currency)


def _waiting(number: int, entry: ProductRow | Skipped) -> WaitingProduct:
    if isinstance(entry, Skipped):
        name, sku = entry.name[:LONGEST], entry.sku[:LONGEST]
        return WaitingProduct(number, entry.row, name, sku, None, entry.reason, "error", entry.handle, (), entry.code)
    first = entry.variants[0].sku if entry.variants else ""
    sku = first + (f" + {len(entry.variants) - 1}" if len(entry.variants) > 1 else "")
    return WaitingProduct(number, entry.row, entry.title or first, sku, entry, "", "error", "", ())


def end_staging(unit: ProductsUnit, staged: ProductImport) -> None:
    """All of it was read: what waits for its columns shows them, the rest is compared next."""
    unit.product_imports.keep(replace(staged, at=unit.now))
    unit.touched("changes")


# --- compared with the catalog, some products at a time


def compared_with(unit: ProductsUnit, currency: str) -> Compared:
    """What a file in this currency is compared with now."""
    feed = feed_of(unit, currency)
    row = unit.catalog.feed(feed) if feed else None
    return currency, row.size if row else 0


def end_comparing(unit: ProductsUnit, staged: ProductImport, seen: Collection[Compared]) -> bool:
    """All is read, and was compared with `seen` on the way. False where that isn't the catalog as it is: it is to be compared again."""
    unit.product_imports.keep(replace(staged, state="reading", at=unit.now))
    if any(compared != compared_with(unit, staged.currency) for compared in seen):
        return False
    end_judging(unit, staged.id)
    return True


def judge_some(unit: ProductsUnit, id_: bytes, after: int) -> int:
    """Compare the next products with the catalog; the number to go on after, 0 at the end. The first call forgets what was withdrawn."""
    staged = find_import(unit, id_)
    if not after:
        unit.product_imports.clear_rows(staged.seq, outcome="withdrawn")
    rows = unit.product_imports.rows(staged.seq, "", after, _BATCH)
    unit.product_imports.judge(staged.seq, _verdicts(unit, staged, rows))
    return rows[-1].number if len(rows) == _BATCH else 0


def feed_of(unit: ProductsUnit, currency: str) -> bytes:
    """Our feed of this currency, or nothing where there is none yet."""
    return next((row.feed for row in unit.catalog.feeds(own=True) if row.currency == currency), b"")


@dataclass(slots=True)
class _Judging:
    """Some rows that are compared with the feed; `handles` by the ids of its products; `taken`: those that rows write, and rows before."""

    staged: ProductImport
    feed: bytes
    plan: bytes | None
    shelf: Looked
    handles: Mapping[bytes, str]
    taken: set[str] = field(default_factory=set)
    first: int = 0
    """The number of the first of them."""
    house: House = field(init=False)


def _verdicts(unit: ProductsUnit, staged: ProductImport, rows: Sequence[WaitingProduct]) -> list[Verdict]:
    """What becomes of rows that stand one after the other."""
    require_whole(unit)
    feed = feed_of(unit, staged.currency)
    judging = _Judging(staged, feed, plan_for(unit, staged.currency), Looked(unit.catalog), _handles(unit, feed, rows))
    judging.house = House(unit, feed, staged.currency, judging.plan, partial(_brings, unit, judging))
    targets = [row.handle if row.product is None else _target(judging, row.product) for row in rows]
    judging.first = rows[0].number if rows else 0
    judging.taken = unit.product_imports.taken(staged.seq, targets, judging.first)
    return [_judged(unit, judging, row, target) for row, target in zip(rows, targets, strict=True)]


def _judged(unit: ProductsUnit, judging: _Judging, row: WaitingProduct, handle: str) -> Verdict:
    if row.product is None:
        handle = _known(judging, row.sku) or handle
        aside = bool(row.handle) and judging.shelf.record(judging.feed, (Noun.PRODUCT, handle)) is not None
        return Verdict(row.number, "withdrawn" if aside else "error", handle, (), row.reason, code=row.code)
    if handle in judging.taken:
        reason = f"Another row of this file writes the same product of your catalog, “{handle}”."
        return Verdict(row.number, "error", handle, (), reason, code="same-product")
    judging.taken.add(handle)
    found = _merged(unit, judging, row.product, handle)
    return Verdict(row.number, found.outcome, handle, found.changes, found.reason, found.promotions, found.code)


def _merged(unit: ProductsUnit, judging: _Judging, product: ProductRow, handle: str) -> Merged:
    if product.exact is not None:
        return merged_exact(judging.shelf, judging.house, product, product.exact, handle, look=True)
    whole, priced = judging.staged.withdraw, is_priced(unit)
    return merged(judging.shelf, judging.feed, product, handle, judging.plan, whole=whole, priced=priced, look=True)


def _brings(unit: ProductsUnit, judging: _Judging, slot: Slot) -> bool:
    """Whether a row of the file before this one is what is to be in the slot."""
    name = f"{slot[0]}: {slot[1]}"
    return name in judging.taken or bool(unit.product_imports.taken(judging.staged.seq, [name], judging.first))


def is_priced(unit: ProductsUnit) -> bool:
    """Whether our feed holds offers: a brand's holds products only."""
    return unit.me.role != "brand"


def _target(judging: _Judging, product: ProductRow) -> str:
    """The handle of the catalog's product that this one is: by its SKUs, else by its own."""
    known = (_known(judging, variant.sku) for variant in product.variants)
    return next(filter(None, known), product.handle)


def _known(judging: _Judging, sku: str) -> str:
    """The handle of the product that has this SKU in our catalog."""
    offer = judging.shelf.offer(judging.feed, sku) if sku else None
    return judging.handles.get(offer.product, "") if offer is not None else ""


def _handles(unit: ProductsUnit, feed: bytes, rows: Sequence[WaitingProduct]) -> Mapping[bytes, str]:
    """Product id → handle, of the products of the catalog that have SKUs of these rows; all that they are compared with is at hand then."""
    if not feed:
        return {}
    skus = {variant.sku for row in rows if row.product for variant in row.product.variants} | {row.sku for row in rows}
    unit.catalog.look_up(feed, Noun.OFFER, skus)
    raws = (unit.catalog.record(feed, (Noun.OFFER, sku)) for sku in skus)
    handles = unit.catalog.handles(feed, {peek(raw)[2] for raw in raws if raw is not None})
    unit.catalog.look_up(feed, Noun.PRODUCT, {*handles.values(), *(row.product.handle if row.product else row.handle for row in rows)})
    return handles


def end_judging(unit: ProductsUnit, id_: bytes) -> None:
    """Every product is compared: with `withdraw`, what the file does not have is listed as well."""
    require_whole(unit)
    staged = find_import(unit, id_)
    feed = feed_of(unit, staged.currency)
    if staged.withdraw and feed and set(unit.product_imports.count(staged.seq)) - {"error", "withdrawn"}:  # a file of nothing takes nothing
        _add_withdrawn(unit, staged, feed)
    unit.product_imports.keep(replace(staged, state="ready", judged=compared_with(unit, staged.currency)[1]))
    unit.touched("changes")


def _add_withdrawn(unit: ProductsUnit, staged: ProductImport, feed: bytes) -> None:
    left = unit.catalog.names(feed, Noun.PRODUCT)
    after = 0
    while rows := unit.product_imports.rows(staged.seq, "", after, _BATCH):
        left.difference_update(row.handle for row in rows)
        after = rows[-1].number
    number = unit.product_imports.last(staged.seq)
    reason = "It is not in the file."
    gone = [
        WaitingProduct(number + at, 0, handle, "", None, reason, "withdrawn", handle, (), "not-in-file")
        for at, handle in enumerate(sorted(left), 1)
    ]
    verdicts = (Verdict(row.number, row.outcome, row.handle, (), row.reason, code=row.code) for row in gone)
    unit.product_imports.add_rows(staged.seq, zip(gone, verdicts, strict=True))


# --- one that waits


def find_import(unit: ProductsUnit, staged: bytes, *states: str) -> ProductImport:
    """The file that waits. Raises NotFound, ConflictError `not-ready`."""
    found = unit.product_imports.get(staged)
    if found is None:
        raise NotFound("That file is not waiting here: it was put aside, or confirmed. Choose it again.")
    if states and found.state not in states:
        columns = f"Say first what the columns of {found.name} hold: on its page, or see them with gemstra catalog columns {staged.hex()}"
        why = {"reading": "It is still being read.", "columns": columns}
        raise ConflictError(why.get(found.state, "Its columns are known already."), code="not-ready")
    return found


def let_go(unit: ProductsUnit, staged: bytes) -> None:
    """Nobody wants the file any more: it is gone at once, its rows are erased next."""
    found = unit.product_imports.get(staged)
    if found is not None:
        unit.product_imports.let_go(found.seq)
        unit.touched("changes")


def erase_some(unit: ProductsUnit) -> bool:
    """Erase the next rows of files that are gone, in a transaction of its own so that nobody waits long. True once there are none."""
    return unit.product_imports.erase(_ERASED)


def tick(unit: ProductsUnit) -> None:
    """Files nobody came back to go after a week; one whose reading a stop of the node cut short after an hour. Of those that are gone some
    rows are erased: nobody waits for that once a file is signed.
    """
    for staged in unit.product_imports.all():
        if staged.at + (_HOUR if staged.state == "reading" else _WEEK) < unit.now:
            let_go(unit, staged.id)
    erase_some(unit)


# --- columns


def checked_targets(unit: ProductsUnit, staged: bytes, fields: Mapping[str, str]) -> ProductImport:
    """The file once `fields` (title → field) are set for its columns; the others stay. Raises UserError `bad-mapping`."""
    found = find_import(unit, staged, "columns", "ready")
    if not found.header:
        raise ConflictError("The columns of this file are known: a program wrote it.", code="not-ready")
    unknown = sorted(set(fields) - set(found.header))
    if unknown:
        raise UserError(f"There is no column “{unknown[0][:40]}”. Columns are: {', '.join(found.header)[:500]}", code="bad-mapping")
    targets = [checked(fields[title]) if title in fields else known for title, known in zip(found.header, found.targets, strict=True)]
    require_product(targets)
    return replace(found, targets=tuple(targets))


def begin_mapping(unit: ProductsUnit, staged: ProductImport) -> None:
    """The columns are said: remember it for the next table like this; the rows are about to be read anew."""
    unit.product_imports.keep(replace(staged, state="reading", at=unit.now))
    unit.product_imports.clear_rows(staged.seq)
    targets = tuple(zip(staged.header, staged.targets, strict=True))
    name = ", ".join(staged.header)[:LONGEST]
    unit.staged_imports.remember(ColumnMapping(kind_of(staged.header), name, targets, unit.now), products=True)
