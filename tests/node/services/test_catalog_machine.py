"""Whatever a merchant publishes, takes back or forks, whatever a seller chooses of it, wherever the network or a node stops on the way: a
seller holds what the merchant signed, as far as it follows it, or names why not.

Real stores, real catalog files and real services on both sides. Only the network between them, and where a node stops, are made here.
"""

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from node.errors import Unavailable
from node.model.catalog_batch import Batch
from node.services import browse, catalog_batches, catalog_choice, catalog_packs, catalog_serving, evidence
from node.services import catalog_following as following
from node.services.catalog_sync import CatalogSync
from node.store.catalog_file import files_of
from protocol import rows
from protocol.codec import from_bytes
from protocol.log import Checkpoint, sign_checkpoint
from protocol.money import Money
from protocol.offer import Offer, Stock
from protocol.operations import Noun, Operation, put, remove
from protocol.product import Product, Variant, product_id
from protocol.return_policy import ReturnCost, ReturnPolicy
from tests.node.services.world import Line, World, finished

BRANDS = ("", "Alba", "Boreal", "Cedar")
CATEGORIES = ("", "Bath", "Face", "Bath > Soap")
LIES = ("left out", "slipped in", "altered")


class Stopped(BaseException):
    """The power goes: nothing of the transaction under way stays, and nothing after it runs."""


class Counted:
    """The catalog file or the store of a node that stops at its `left`th write, before it or after."""

    def __init__(self, inner, stop) -> None:
        self.inner, self.stop = inner, stop

    def __getattr__(self, name) -> object:
        return getattr(self.inner, name)

    async def write(self, run, /, *args):
        self.stop["left"] -= 1
        if self.stop["left"] == 0 and not self.stop["after"]:
            raise Stopped
        found = await self.inner.write(run, *args)
        if self.stop["left"] == 0:
            raise Stopped
        return found


class Flaky(Line):
    """A network that carries so many requests, and then none."""

    left = 10**9

    async def request(self, *given):
        self.left -= 1
        if self.left < 0:
            raise Unavailable("the line is cut")
        return await super().request(*given)


def product(number, brand, category, title):
    return Product(f"p{number}", f"Soap {title}", vendor=brand, category=category, variants=(Variant(f"P{number}", ""),))


def offer(of, price):
    return Offer(of.variants[0].sku, product_id(put(of).record), Money(price, "USD"), Stock.IN_STOCK)


def within(records, part):
    """What of a state is in a part, found from the records alone."""
    if part is None:
        return records
    vendor = {product_id(raw): from_bytes(Product, raw) for (noun, _), raw in records.items() if noun is Noun.PRODUCT}
    found = {}
    for slot, raw in records.items():
        of = from_bytes(Product, raw) if slot[0] is Noun.PRODUCT else None
        if slot[0] is Noun.OFFER:
            of = vendor.get(from_bytes(Offer, raw).product)
        name = getattr(of, "vendor" if part.division == "brand" else "category") if of else ""
        if name in part.names or (part.division == "category" and any(name.startswith(f"{top} > ") for top in part.names if top)):
            found[slot] = raw
    return found


def lied(lie, page):
    """A page as a merchant that lies would send it; the same where it holds nothing to lie about."""
    found = list(rows.read_rows(rows.unpress(page.rows)))
    at = next((index for index, row in enumerate(found) if row.noun is Noun.PRODUCT and row.record is not None), None)
    if at is None:
        return page
    if lie == "left out":
        changed = found[:at] + found[at + 1 :]
    else:
        change = {"vendor": "Dune", "category": "Dunes"} if lie == "slipped in" else {"title": "Cheap"}
        changed = [*found]
        changed[at] = found[at]._replace(record=put(replace(from_bytes(Product, found[at].record), **change)).record)
    return replace(page, rows=rows.pressed(changed))


class Catalogs(RuleBasedStateMachine):
    """One merchant, one seller."""

    folder = None
    runs = 0
    part = ""
    """The brand that the seller begins with; empty: all."""

    @initialize(packed=st.booleans())
    def begin(self, packed):
        type(self).runs += 1
        place = self.folder / str(self.runs)
        place.mkdir()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(rows, "MAX_ROWS_BYTES", 1_500)
        if packed:
            self.patch.setattr(catalog_packs, "LEAST_ROWS", 1)
            self.patch.setattr(catalog_packs, "LEAST_CHANGED", 3)
        self.world = World(place)
        self.lumen, self.ana = self.world.node("lumen", "merchant"), self.world.node("ana")
        self.world.pair(self.lumen, self.ana)
        self.records, self.history, self.batches, self.forked, self.count = {}, {}, [], False, 0
        self.publish([(number, BRANDS[1 + number % 3], CATEGORIES[1 + number % 3], 0, 100) for number in range(6)], "policy")
        self.world.deliver()
        if self.part:
            self.ana.write(catalog_choice.choose, feed=self.feed, division="brand", names=(self.part,))

    def teardown(self):
        if hasattr(self, "world"):
            self.world.close()
            self.patch.undo()

    # --- the merchant

    @rule(
        goods=st.lists(
            st.tuples(st.integers(0, 7), st.sampled_from(BRANDS), st.sampled_from(CATEGORIES), st.integers(0, 2), st.integers(1, 3)),
            min_size=1,
            max_size=4,
        ),
        more=st.sampled_from(("", "policy", "gone", "orphan")),
    )
    def publish(self, goods, more):
        """A batch: goods with offers, perhaps something that belongs nowhere, something that goes, a product that leaves its offers."""
        made = {}
        for number, brand, category, title, price in goods:
            one = product(number, brand, category, title)
            made[one.handle] = [put(one)] if more == "orphan" else [put(one), put(offer(one, price))]
        first = next(iter(made))
        if more == "policy":
            made["policy"] = [put(ReturnPolicy("returns", 14 + self.count % 300, ReturnCost.CUSTOMER, 0, ""))]
        if more == "gone":
            made[first] = [remove(Noun.OFFER, first.upper()), remove(Noun.PRODUCT, first)]
        self.count += 1
        id_ = self.count.to_bytes(32)
        batch = Batch(id_, bytes(32), "drafts", "batch", self.world.clock.now, 0, 0)
        done, _ = self.lumen.write(catalog_batches.publish_batch, "USD", list(made.items()), batch)
        if done.last >= done.first:
            self.batches.append(id_)
        self._note()

    @precondition(lambda self: self.batches)
    @rule(data=st.data())
    def take_back(self, data):
        """A batch is rolled back, as far as nothing was changed since."""
        batch = data.draw(st.sampled_from(self.batches))
        self.batches.remove(batch)
        self.lumen.write(catalog_batches.roll_back, batch=batch, leave=True)
        self._note()

    @precondition(lambda self: not self.forked)
    @rule()
    def fork(self):
        """The merchant signs another state for the size it has, and shows that from now on."""
        row = self._own()
        root = row.frontier.root
        other = sign_checkpoint(self.lumen.keys.device, Checkpoint(row.feed, row.size, root, bytes(32), self.world.clock.now + 1))
        self._show(replace(row, checkpoint=other.raw, checkpoint_id=other.id))
        self.forked = row

    @precondition(lambda self: self.forked)
    @rule()
    def think_better_of_it(self):
        """It shows what it signed first."""
        self._show(self.forked)
        self.forked = False

    def _show(self, row):
        self.lumen.write(lambda unit: unit.catalog.keep_feed(row))
        self.lumen.store.catalog.write_now(lambda writing: writing.advance(row.feed, row.size, row.checkpoint))

    def _own(self):
        return self.lumen.read(lambda unit: unit.catalog.feeds(own=True)[0])

    def _note(self):
        """What the feed holds at this size, by its own log alone."""
        row = self._own()
        if self.forked and row.size > self.forked.size:
            self.forked = False  # it goes on from the honest log, whose head it signed anew
        log = self.lumen.read(lambda unit: list(unit.catalog.entries(row.feed, 0)))
        state = {}
        for _, raw in log:
            operation = from_bytes(Operation, raw)
            if operation.record is None:
                state.pop(operation.slot, None)
            else:
                state[operation.slot] = operation.record
        self.feed, self.records = row.feed, state
        self.history[row.size] = state

    # --- the seller

    @rule(
        division=st.sampled_from(("", "brand", "brand", "category")),
        names=st.sets(st.sampled_from((*BRANDS[1:], *CATEGORIES[1:], "Nobody")), min_size=1, max_size=3),
    )
    def choose(self, division, names):
        """All, or some brands or categories, some of which there are not."""
        if self.ana.read(lambda unit: unit.catalog.feed(self.feed)) is not None:
            self.ana.write(catalog_choice.choose, feed=self.feed, division=division, names=tuple(names) if division else ())

    @rule(requests=st.integers(0, 6))
    def sync_over_a_line_that_is_cut(self, requests):
        line = Flaky(self.world, self.ana)
        line.left = requests
        self._round(line, self.ana.store, self.ana.store.catalog)

    @rule(left=st.integers(1, 8), after=st.booleans(), store=st.booleans())
    def sync_and_be_killed(self, left, after, store):
        """The node stops at a write of its catalog file, or of its store, and starts again."""
        stop = {"left": left, "after": after}
        files = (self.ana.store, Counted(self.ana.store.catalog, stop))
        if store:
            files = (Counted(self.ana.store, stop), self.ana.store.catalog)
        try:
            self._round(Line(self.world, self.ana), *files)
        except Stopped:
            self.ana.reopen()

    @rule(lie=st.sampled_from(LIES))
    def sync_with_a_liar(self, lie):
        """What the merchant's answers hold is not what it signed: it has no effect, and is named where it was seen."""
        original = catalog_serving.page
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(catalog_serving, "page", lambda *given: lied(lie, original(*given)))
            self._round(Line(self.world, self.ana), self.ana.store, self.ana.store.catalog)

    @rule()
    def lose_the_file(self):
        """The seller's catalog file is gone."""
        self.ana.store.close()
        for path in files_of(self.ana.path):
            path.unlink(missing_ok=True)
        self.ana.store = type(self.ana.store).open(self.ana.path, self.ana.keys.store_key, self.ana.keys, clock=self.ana.clock)

    def _round(self, line, store, file):
        self.ana.write(following.sync)
        finished(CatalogSync(store, file, self.ana.files, line).round())

    @rule(packs=st.booleans())
    def sync_in_peace(self, packs):
        """An honest merchant, a line that holds: the seller has all that it follows. Of one that forked it says so, and keeps the proof."""
        if packs:
            self.lumen.make_packs()
        self.ana.write(following.sync)
        for _ in range(4):
            self.world.tick(1)
            self.world.deliver()
            self.ana.audit()  # what came by packs counts once it was reckoned
        view = self._view()
        if view.error:
            # A part is proved by its sections alone: who took the forked head with them names the contradiction once the honest one comes.
            assert self.forked or (view.error == "equivocation" and self.ana.read(evidence.list_evidence))
            assert view.error in ("equivocation", "state-mismatch", "rollback")
            return
        assert (view.verified, view.size) == (True, self._own().size)
        assert self._held() == within(self.records, self._part())

    # --- what holds

    def _view(self):
        return next((view for view in self.ana.read(browse.list_feeds) if view.feed == self.feed.hex()), None)

    def _part(self):
        return self.ana.read(lambda unit: unit.catalog.feed(self.feed)).part

    def _held(self):
        return {(row.noun, row.name): row.record for row in self.ana.read(lambda unit: list(unit.catalog.since(self.feed, 0)))}

    @invariant()
    def what_is_verified_is_what_was_signed(self):
        view = self._view() if hasattr(self, "feed") else None
        if view is not None and view.verified:
            assert self._held() == within(self.history[view.held], self._part())


def run(folder, **options):
    class Here(Catalogs):
        pass

    Here.folder, Here.runs = folder, 0
    run_state_machine_as_test(Here, settings=settings(deadline=None, **options))


def test_a_seller_holds_what_was_signed_or_names_why_not(tmp_path):
    run(tmp_path, max_examples=6, stateful_step_count=14)


def lied_to(folder):
    """A seller of one brand, once lied to of it."""
    folder.mkdir()

    class Here(Catalogs):
        part = "Alba"

    Here.folder = folder
    case = Here()
    case.begin(packed=False)
    case.sync_in_peace(packs=False)
    case.publish([(0, "Alba", "Bath", 1, 2)], "")
    case.sync_with_a_liar("left out")
    return case


def test_the_control_a_seller_that_compares_no_sections_is_found_by_what_holds(tmp_path, monkeypatch):
    honest = lied_to(tmp_path / "honest")
    honest.what_is_verified_is_what_was_signed()
    honest.sync_in_peace(packs=False)
    honest.teardown()
    monkeypatch.setattr("node.services.catalog_apply.check_sections", lambda *_: None)
    believing = lied_to(tmp_path / "believing")
    with pytest.raises(AssertionError):
        believing.what_is_verified_is_what_was_signed()
    believing.teardown()
