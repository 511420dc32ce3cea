"""The catalog file brought up to what the store says: our own feeds from their logs, a batch at a time; what is no longer followed goes.

Broken off anywhere, the next time goes on from where it stopped. It changes nothing in the store (ADR 0060). What is far behind is done
beside all else (ADR 0077, node/store/rebuilding.py).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from types import MappingProxyType

from sqlite_utils import Database

from node.errors import IntegrityError
from node.model.catalog import Brought, Entry, Held
from protocol.codec import from_bytes, to_bytes
from protocol.envelope import verify
from protocol.errors import ProtocolError
from protocol.log import Frontier, leaf_hash, verify_checkpoint
from protocol.operations import Noun
from protocol.plan import TYPE, Plan
from protocol.state_hash import StateHash

from .catalog_feeds import FileFeeds
from .catalog_file import CatalogFile
from .catalog_writer import UNRECKONED, Ended, FileWriter, Logged
from .database import ATTACHED
from .failures import named
from .going_along import Along

BATCH = 5_000
AT_ONCE = 5_000
"""So many entries an opening store catches up with by itself: a second's work."""
MARK = "catalog_file"
_BEFORE = {
    Noun.PRODUCT: ("products", "handle"),
    Noun.OFFER: ("offers", "sku"),
    Noun.SHIPPING: ("shipping_profiles", "name"),
    Noun.RETURNS: ("return_policies", "name"),
}
"""Where a store from before has its records."""
_RANKS = (
    "SELECT f.feed, coalesce(r.rank, 0) FROM feeds AS f LEFT JOIN memberships AS m ON m.merchant = f.identity AND m.status = 'accepted' "
    "LEFT JOIN ranks AS r ON r.merchant = m.merchant AND r.member = m.member WHERE NOT f.own AND NOT f.closed"
)
_PLANS = (
    "SELECT f.feed, p.plan, p.raw FROM feeds AS f JOIN plans AS p ON p.merchant = f.identity WHERE NOT f.own AND NOT f.closed "  # noqa: S608
    f"AND NOT EXISTS (SELECT 1 FROM {ATTACHED}.plans AS k WHERE k.feed = f.feed AND k.plan = p.plan)"
)
"""Those that the file doesn't know yet."""
_NOTHING: Mapping[bytes, Brought] = MappingProxyType({})
Pace = Callable[[], None]
"""Called before each batch; what it raises ends the work there."""


def at_once() -> None:
    """Nothing ends it."""


@dataclass(frozen=True, slots=True)
class _Feed:
    feed: bytes
    own: bool
    size: int
    state: StateHash
    checkpoint: bytes | None
    closed: bool
    tree: Frontier


def catch_up(store: Database, file: CatalogFile, *, own: bool = True, brought: Mapping[bytes, Brought] = _NOTHING) -> None:
    """Project what our own logs have and the file hasn't (`own`), and let go of what the store doesn't follow. Call it outside a
    transaction, where nobody writes to the store meanwhile. `brought`: what the entries that were written just now bring to sections, by
    feed, as far as it is known. Raises as `catch_up_own`.
    """
    with named():
        feeds = {feed.feed: feed for feed in _feeds(store)}
        for found in FileFeeds(store, ATTACHED).all_held():
            known = feeds.get(found.feed)
            if known is None or known.closed:
                file.write_now(FileWriter.let_go, found.feed)
        if own:
            catch_up_own(store, file, at_once, brought)
        _tell(store, file)


def catch_up_own(store: Database, file: CatalogFile, pace: Pace, brought: Mapping[bytes, Brought] = _NOTHING) -> None:
    """Project what our own logs have and the file hasn't. Raises Strayed where what it has turns out to be of another log, which only the
    end tells; IntegrityError `log-damaged`.
    """
    with named():
        for feed, held in _behind(store):
            after = held
            if _strays(feed, held):
                file.write_now(FileWriter.let_go, feed.feed)
                after = Held(feed.feed)
            while not after.size and not file.write_now(FileWriter.forget_gone, feed.feed):
                pace()
            if after.size and not after.divided:
                pace()
                file.write_now(FileWriter.divide, feed.feed)
            _project(store, file, feed, after.size, pace, brought.get(feed.feed))


def end_along(store: Database, along: Along, brought: Mapping[bytes, Brought]) -> None:
    """What went into the file while the store's transaction was under way counts, now that this is committed."""
    feed = next((feed for feed in _feeds(store) if feed.feed == along.feed), None)
    known = brought.get(along.feed)
    is_all = known is not None and feed is not None and (known.first, known.last) == (along.first, feed.size)
    if feed is None or (along.handed and not is_all):
        along.drop()  # undone within the transaction; or of several batches only the last is known by sections
        return
    sections = known.sections if known is not None and along.handed else None
    along.end(feed.size, Ended(feed.tree.root, feed.state, feed.checkpoint), sections)


def begin_anew(store: Database, file: CatalogFile, strayed: bytes, pace: Pace) -> None:
    """Have a feed of ours projected from its first entry on, next time. Raises IntegrityError `log-damaged` where it is the log that isn't
    what was signed: that would lead there again.
    """
    with named():
        _require_signed(store, next(feed for feed in _feeds(store) if feed.feed == strayed), pace)
        file.write_now(FileWriter.let_go, strayed)


def _require_signed(store: Database, feed: _Feed, pace: Pace) -> None:
    """Raises IntegrityError `log-damaged` unless our log is what we signed. It reads all of it."""
    tree = Frontier()
    while entries := _entries(store, feed, tree.size):
        pace()
        tree = tree.append(*(leaf_hash(raw) for _, raw in entries))
    if tree != feed.tree:
        raise IntegrityError("The log of your own catalog isn't what you signed. Restore the latest backup.", code="log-damaged")


def lag(store: Database) -> int:
    """About how many records are to be written before the file has our own logs."""
    with named():
        return sum(_lag(feed, held) for feed, held in _behind(store))


def _behind(store: Database) -> list[tuple[_Feed, Held]]:
    """Our own feeds that the file hasn't as they are, and what it has of them."""
    held = {found.feed: found for found in FileFeeds(store, ATTACHED).all_held()}
    own = [feed for feed in _feeds(store) if feed.own and not feed.closed and feed.checkpoint is not None]
    pairs = [(feed, held.get(feed.feed, Held(feed.feed))) for feed in own]
    return [(feed, found) for feed, found in pairs if found.checkpoint != feed.checkpoint or (found.size and not found.divided)]


def _lag(feed: _Feed, held: Held) -> int:
    if _strays(feed, held):
        return held.size + feed.size
    return feed.size - held.size + (0 if held.divided else held.products + held.offers)


def _tell(store: Database, file: CatalogFile) -> None:
    """What a listing costs us and brings us hangs on our rank and on the merchant's plans: the file learns them, feed by feed."""
    known = dict(store.execute(f"SELECT feed, rank FROM {ATTACHED}.ranks").fetchall())  # noqa: S608
    ranks = dict(store.execute(_RANKS).fetchall())
    plans: dict[bytes, list[tuple[bytes, bytes]]] = {}
    for feed, plan, raw in store.execute(_PLANS).fetchall():
        plans.setdefault(feed, []).append((plan, to_bytes(verify(raw, TYPE).read(Plan))))
    for feed, rank in ranks.items():
        if feed in plans or known.get(feed) != rank:
            file.write_now(FileWriter.know, feed, rank, plans.get(feed, ()))
    for feed in known.keys() - ranks.keys():
        file.write_now(FileWriter.unknow, feed)


def carry_over(store: Database, file: CatalogFile) -> None:
    """Bring the records of followed feeds from a store of before the catalog file into it, so that nobody fetches them again."""
    if not _is_there(store, "products"):
        return
    sql = "SELECT feed, own, size, state, checkpoint, 0, NULL FROM feeds WHERE own = 0 AND checkpoint IS NOT NULL"
    for feed in [_feed(row) for row in store.execute(sql).fetchall()]:
        if FileFeeds(store, ATTACHED).held(feed.feed).size == 0:
            file.write_now(_take_over, feed, _records(store, feed))


def mark(store: Database) -> int:
    """How the catalog file was left when it was closed, 0 when nobody knows."""
    if not _is_there(store, "derived"):
        return 0
    row = store.execute("SELECT version FROM main.derived WHERE name = ?", (MARK,)).fetchone()
    return row[0] if row else 0


def keep_mark(store: Database, value: int) -> None:
    """Remember how the catalog file is left."""
    store.execute("INSERT OR REPLACE INTO main.derived (name, version) VALUES (?, ?)", (MARK, value))


def _is_there(store: Database, table: str) -> bool:
    return bool(store.execute("SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone())


def _feeds(store: Database) -> Iterator[_Feed]:
    return (_feed(row) for row in store.execute("SELECT feed, own, size, state, checkpoint, closed, frontier FROM feeds").fetchall())


def _feed(row: tuple[bytes, int, int, bytes, bytes | None, int, bytes | None]) -> _Feed:
    feed, own, size, state, checkpoint, closed, frontier = row
    tree = from_bytes(Frontier, frontier) if frontier else Frontier()
    return _Feed(feed, bool(own), size, StateHash.from_bytes(state), checkpoint, bool(closed), tree)


def _strays(feed: _Feed, held: Held) -> bool:
    """Whether the file has another log than the store: of a copy that went on differently, or was put back."""
    if held.checkpoint is None and held.size:
        return held.size >= feed.size  # the last batch brings the head: a part as large as all is of a longer log
    if held.size != feed.size or held.checkpoint in (None, feed.checkpoint):
        return held.size > feed.size
    return _root(held.checkpoint) is None or _root(held.checkpoint) != _root(feed.checkpoint)  # a head is signed anew each day


def _root(checkpoint: bytes | None) -> bytes | None:
    """Of the log that a head is of; None for what is none."""
    try:
        return verify_checkpoint(checkpoint or b"").root
    except ProtocolError:
        return None


def _project(store: Database, file: CatalogFile, feed: _Feed, after: int, pace: Pace, brought: Brought | None) -> None:
    handed = brought.sections if brought and (brought.first, brought.last) == (after + 1, feed.size) else None
    if store.execute(f"SELECT 1 FROM {ATTACHED}.heads WHERE feed = ? AND load = ?", (feed.feed, UNRECKONED)).fetchone():  # noqa: S608
        file.write_now(FileWriter.divide, feed.feed)  # a projection was broken off before its sections were reckoned
    whole = (Ended(feed.tree.root, feed.state, feed.checkpoint), handed)
    under_way: Future[None] | None = None
    while entries := _entries(store, feed, after):
        try:
            logged = Logged.of(entries)  # while the file takes those before
        except Exception:
            _require_signed(store, feed, pace)
            raise
        if under_way is not None:
            under_way.result()
        pace()
        end = whole if logged.size == feed.size else None
        under_way, after = file.write_soon(FileWriter.project, feed.feed, logged, handed is not None, end), logged.size
    if under_way is not None:
        under_way.result()
    else:
        file.write_now(FileWriter.conclude, feed.feed, *whole)


def _entries(store: Database, feed: _Feed, after: int) -> list[tuple[int, bytes]]:
    sql = "SELECT seq, operation FROM catalog_log WHERE feed = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
    found: list[tuple[int, bytes]] = store.execute(sql, (feed.feed, after, feed.size, BATCH)).fetchall()
    return found


def _records(store: Database, feed: _Feed) -> Iterator[Entry]:
    """Records as they stood in the store; which entry put them there, nobody wrote down."""
    for noun, (table, column) in _BEFORE.items():
        if not _is_there(store, table):
            continue
        for name, record in store.execute(f"SELECT {column}, record FROM main.{table} WHERE feed = ?", (feed.feed,)):  # noqa: S608
            yield Entry(feed.size, noun, name, record)


def _take_over(writer: FileWriter, feed: _Feed, entries: Iterable[Entry]) -> None:
    state = writer.apply(feed.feed, entries)
    if state == feed.state:
        writer.advance(feed.feed, feed.size, feed.checkpoint)
        writer.prove(feed.feed, writer.held(feed.feed).sealed)
    else:
        writer.forget(feed.feed)
