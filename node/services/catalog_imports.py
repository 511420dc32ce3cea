"""A product file that waits, looked at and confirmed: what is new, which prices change, what goes. Confirming signs one batch.

What waits and how it is compared is catalog_staging.py; taking a batch back is catalog_batches.py.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from node.errors import ConflictError, NotFound, UserError
from node.model.catalog_batch import Batch
from node.model.listing import CODES
from node.model.product_import import LEFT, OUTCOMES, WRITTEN, ProductImport, WaitingProduct
from protocol.money import Money
from protocol.operations import Noun, Operation, Slot

from .catalog import plan_for
from .catalog_batches import publish_batch
from .catalog_staging import ProductsUnit, feed_of, find_import, is_priced, let_go
from .exact_merging import House, merged_exact
from .product_merging import Looked, amount, merged, withdrawn

MOST_ROWS = 200
_SAMPLE_ROWS = 50
_WRITTEN_AT_ONCE = 250
Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ProductImportView:
    """A file that waits. state: reading, columns, ready. Of its products `new`, `price` (prices only), `stock` (stock only), `changed`,
    `withdrawn` would be written, `promotions`: SKUs that come by one; `left`: left out on your word; `same` would not change; `error` rows
    are not sold. `stale`: the catalog changed since it was compared.
    """

    id: str
    name: str
    dialect: str
    currency: str
    at: int
    state: str
    withdraw: bool
    stale: bool
    source: str
    writes: int
    new: int
    price: int
    stock: int
    changed: int
    withdrawn: int
    same: int
    error: int
    promotions: int
    left: int


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A field that would change; `of` is the SKU it is about, or nothing for the product."""

    field: str
    of: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ProductRowView:
    """A product of the file, or a row that is not sold, and what becomes of it. `notes`: what of it was left out. `code` says why it is not
    sold, `column` which field that is about; `left`: you leave the whole product out.
    """

    number: int
    row: int
    name: str
    sku: str
    outcome: str
    reason: str
    handle: str
    prices: tuple[str, ...]
    changes: tuple[ChangeView, ...]
    notes: tuple[str, ...]
    code: str
    column: str
    left: bool


@dataclass(frozen=True, slots=True)
class ProductRowPage:
    """Rows, and after which number to go on: `cursor` 0 = the end."""

    rows: tuple[ProductRowView, ...]
    cursor: int


@dataclass(frozen=True, slots=True)
class ProductColumnView:
    """A column of an unknown table: its title, the field it is taken for ("" = left out), and what stands in its first rows."""

    title: str
    field: str
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AppliedView:
    """What confirming did. `batch` is empty where nothing had to change; `first` to `last` are its entries in the feed's log."""

    batch: str
    feed: str
    checkpoint: str
    dialect: str
    currency: str
    first: int
    last: int
    new: int
    price: int
    stock: int
    changed: int
    withdrawn: int
    same: int
    error: int


@dataclass(frozen=True, slots=True)
class ProductMappingView:
    """A kind of product table whose columns were mapped once: its titles with their fields."""

    id: str
    name: str
    columns: tuple[tuple[str, str], ...]
    used: int


# --- looking


def list_staged(unit: ProductsUnit) -> list[ProductImportView]:
    """The files that wait, newest first."""
    return [_view(unit, staged) for staged in unit.product_imports.all()]


def get_staged(unit: ProductsUnit, staged: bytes) -> ProductImportView:
    """One file that waits."""
    return _view(unit, find_import(unit, staged))


def list_rows(unit: ProductsUnit, staged: bytes, outcome: str = "", after: int = 0, limit: int = 50) -> ProductRowPage:
    """Its products and rows, all or of one outcome: new, price, stock, changed, withdrawn, same, error; or what is `left` out."""
    if outcome and outcome not in (*OUTCOMES, LEFT):
        raise UserError(f"Outcomes are: {', '.join((*OUTCOMES, LEFT))}.", code="bad-request")
    found, count = find_import(unit, staged), min(max(limit, 1), MOST_ROWS)
    rows = unit.product_imports.rows(found.seq, outcome, after, count + 1)
    return ProductRowPage(tuple(_row(row) for row in rows[:count]), rows[count - 1].number if len(rows) > count else 0)


def decide_row(unit: ProductsUnit, staged: bytes, number: int, take: bool) -> ProductImportView:
    """Leave a product of the file out of what is signed (`take` false), or take it in again. `number` is the row's own."""
    found = find_import(unit, staged, "ready")
    row = next(iter(unit.product_imports.rows(found.seq, "", number - 1, 1)), None)
    if row is None or row.number != number:
        raise NotFound(f"The file has no product {number}. See them with: gemstra catalog import {staged.hex()} --dry-run")
    if row.outcome not in WRITTEN:
        why = row.reason or "Nothing of it differs from your catalog."
        raise ConflictError(f"Nothing of “{row.name or row.sku or number}” would be signed. {why}", code="nothing-to-do")
    unit.product_imports.leave(found.seq, number, out=not take)
    unit.touched("changes")
    return _view(unit, found)


def list_columns(unit: ProductsUnit, staged: bytes) -> list[ProductColumnView]:
    """The columns of an unknown table, what each is taken for, and samples."""
    found = find_import(unit, staged)
    rows = unit.product_imports.cells(found.seq, 0, _SAMPLE_ROWS)
    views = []
    for at, (title, field) in enumerate(zip(found.header, found.targets, strict=True)):
        texts = dict.fromkeys(cells[at].strip()[:80] for _, _, cells in rows if at < len(cells) and cells[at].strip())
        views.append(ProductColumnView(title, field, tuple(texts)[:3]))
    return views


def list_mappings(unit: ProductsUnit) -> list[ProductMappingView]:
    """The product tables whose columns are remembered, the last used first."""
    found = unit.staged_imports.mappings(products=True)
    return [ProductMappingView(row.fingerprint.hex(), row.name, row.targets, row.used) for row in found]


def forget_mapping(unit: ProductsUnit, mapping: bytes) -> None:
    """Forget what the columns of a kind of table hold; the next one is asked for again."""
    if not unit.staged_imports.forget(mapping):
        raise NotFound("No such mapping is remembered.")


# --- confirming


def is_stale(unit: ProductsUnit, staged: bytes) -> bool:
    """Whether the catalog changed since the file was compared with it."""
    return _stale(unit, find_import(unit, staged, "ready"))


def refuse_stale(_unit: ProductsUnit) -> None:
    """Raises ConflictError `changed-since`."""
    text = "Your catalog changed since you looked. The file was compared again: look at what it changes now, then confirm."
    raise ConflictError(text, code="changed-since")


def apply_import(unit: ProductsUnit, staged: bytes, tell: Tell, how: str = "hand") -> AppliedView:
    """Sign what a file changes as one batch, all of it or nothing; `tell` hears how far it is and may raise to stop."""
    found = find_import(unit, staged, "ready")
    if _stale(unit, found):
        refuse_stale(unit)
    counts = unit.product_imports.count(found.seq)
    total = sum(counts.get(outcome, 0) for outcome in WRITTEN)
    if not total:
        raise ConflictError("Nothing in this file would change your catalog.", code="nothing-to-do")
    feed = feed_of(unit, found.currency)
    written = {outcome: counts.get(outcome, 0) for outcome in WRITTEN}
    batch = Batch(unit.random(32), feed, "import", found.name, unit.now, 0, 0, written, how=how)
    done, row = publish_batch(unit, found.currency, _goods(unit, found, total, tell), batch)
    head = row.checkpoint_id.hex() if row.checkpoint_id else ""
    named = (done.batch.hex(), row.feed.hex(), head, found.dialect, found.currency, done.first, done.last)
    let_go(unit, staged)
    return AppliedView(*named, *(counts.get(outcome, 0) for outcome in OUTCOMES))


def _goods(unit: ProductsUnit, found: ProductImport, total: int, tell: Tell) -> Iterator[tuple[str, Iterable[Operation]]]:
    plan, priced = plan_for(unit, found.currency), is_priced(unit)
    feed = feed_of(unit, found.currency)  # which the first import begins just before
    rows, done = unit.product_imports.written(found.seq), 0
    brought: set[Slot] = set()
    house = House(unit, feed, found.currency, plan, brought.__contains__)
    while part := list(islice(rows, _WRITTEN_AT_ONCE)):
        unit.catalog.look_up(feed, Noun.PRODUCT, [handle for handle, _ in part])
        unit.catalog.look_up(feed, Noun.OFFER, [item.sku for _, product in part if product for item in product.variants])
        shelf = Looked(unit.catalog)
        for handle, product in part:
            done += 1
            if product is None:
                yield handle, withdrawn(unit.catalog, feed, handle)
            elif product.exact is not None:
                exact = merged_exact(shelf, house, product, product.exact, handle, look=False)
                if exact.outcome == "error":  # what it names was left out
                    raise ConflictError(exact.reason, code=exact.code)
                brought.update(operation.slot for operation in exact.operations)
                yield handle, exact.operations
            else:
                made = merged(shelf, feed, product, handle, plan, whole=found.withdraw, priced=priced, look=False)
                yield handle, made.operations
            tell(done, total)


# --- inside


def _stale(unit: ProductsUnit, found: ProductImport) -> bool:
    feed = feed_of(unit, found.currency)
    row = unit.catalog.feed(feed) if feed else None
    return found.state == "ready" and found.judged != (row.size if row else 0)


def _view(unit: ProductsUnit, staged: ProductImport) -> ProductImportView:
    counts: Mapping[str, int] = unit.product_imports.count(staged.seq) if staged.state == "ready" else {}
    named = (staged.id.hex(), staged.name, staged.dialect, staged.currency, staged.at, staged.state, staged.withdraw, _stale(unit, staged))
    book = unit.product_imports
    numbers = [*(counts.get(outcome, 0) for outcome in OUTCOMES), book.promotions(staged.seq), book.left(staged.seq)]
    source = staged.source.hex() if staged.source else ""
    return ProductImportView(*named, source, sum(counts.get(outcome, 0) for outcome in WRITTEN), *numbers)


def _row(row: WaitingProduct) -> ProductRowView:
    changes = tuple(ChangeView(item.field, item.of, item.before, item.after) for item in row.changes)
    product = row.product
    priced = product.variants[:3] if product else ()
    prices = tuple(amount(Money(item.price_minor, item.currency)) for item in priced if item.currency)
    named = (row.number, row.row, row.name, row.sku, row.outcome, row.reason, row.handle, prices, changes)
    return ProductRowView(*named, product.notes if product else (), row.code, CODES.get(row.code, ""), row.left)
