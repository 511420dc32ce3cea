"""Product files over a real store: read, compared, confirmed as one batch, taken back byte for byte."""

import io

import pytest

from node.app.catalog_exports import WRITERS
from node.errors import ConflictError, NotFound, UserError
from node.files.samples import PRODUCTS, sample_path
from node.model import staged as staged_model
from node.services import browse, catalog_batches, catalog_export, catalog_imports, catalog_staging, plans
from node.services.catalog_runs import CatalogRuns
from node.services.catalog_whole import is_whole
from node.services.runs import Run
from protocol.codec import from_bytes
from protocol.offer import Offer
from protocol.operations import Noun
from protocol.product import Product

from .product_files import Files, apply, bring, counts, line, rows, runs, shopify, stage

PLAN = {"currency": "USD", "direct_bps": 2000, "level_bps": [], "return_window_ms": 1000, "gms_rate": "1"}


def feed(node):
    return node.read(browse.list_feeds)[0]


def contents(node):
    """Every record of the merchant's feed, and what it signed of them."""
    found = feed(node)
    id_ = bytes.fromhex(found.feed)

    def read(unit):
        return {
            (noun, name): unit.catalog.record(id_, (noun, name))
            for noun in (Noun.PRODUCT, Noun.OFFER)
            for name in unit.catalog.names(id_, noun)
        }

    return node.read(read), found.state_hash


def product(node, handle):
    return from_bytes(Product, contents(node)[0][Noun.PRODUCT, handle])


def offer(node, sku):
    return from_bytes(Offer, contents(node)[0][Noun.OFFER, sku])


def test_nothing_is_signed_before_it_is_confirmed(lumen):
    staged = stage(lumen, sample_path(PRODUCTS).read_bytes())
    assert lumen.read(browse.list_feeds) == []
    assert counts(lumen, staged) == {"new": 20, "error": 1}
    assert [row.row for row in rows(lumen, staged, "error")] == [24]
    done = apply(lumen, staged)
    assert (done.new, done.error, done.first, done.last) == (20, 1, 1, 57)
    assert (feed(lumen).products, feed(lumen).offers, feed(lumen).checkpoint) == (20, 37, done.checkpoint)
    assert lumen.read(catalog_imports.list_staged) == []
    with pytest.raises(NotFound):
        lumen.read(catalog_imports.get_staged, staged=staged)


def test_the_difference_is_told_by_kind_and_what_is_untouched_is_left_alone(lumen):
    bring(lumen, shopify(line("a", "A", "5.00"), line("b", "B", "6.00"), line("c", "C", "7.00"), line("d", "D", "8.00")))
    size = feed(lumen).size
    staged = stage(
        lumen,
        shopify(
            line("a", "A", "4.50", before="5.00"),
            line("b", "B", "6.00", title="Soap with oil"),
            line("c", "C", "7.00", stock="0"),
            line("e", "E", "1.00"),
        ),
    )
    assert counts(lumen, staged) == {"new": 1, "price": 1, "stock": 1, "changed": 1}
    price, changed = rows(lumen, staged, "price")[0], rows(lumen, staged, "changed")[0]
    assert [(item.field, item.of, item.before, item.after) for item in price.changes] == [
        ("price", "A", "5.00 USD", "4.50 USD"),
        ("price before", "A", "", "5.00 USD"),
    ]
    assert ("title", "", "Soap", "Soap with oil") in [(item.field, item.of, item.before, item.after) for item in changed.changes]
    before = contents(lumen)[0]
    apply(lumen, staged)
    after = contents(lumen)[0]
    assert {slot for slot in after if after[slot] != before.get(slot)} == {
        (Noun.OFFER, "A"), (Noun.PRODUCT, "b"), (Noun.OFFER, "B"), (Noun.OFFER, "C"), (Noun.PRODUCT, "e"), (Noun.OFFER, "E"),
    }  # fmt: skip
    assert feed(lumen).size == size + 6  # and nothing else was logged
    assert offer(lumen, "D") is not None


def test_the_same_file_again_changes_nothing(lumen):
    bring(lumen, sample_path(PRODUCTS).read_bytes())
    staged = stage(lumen, sample_path(PRODUCTS).read_bytes(), withdraw=True)
    assert counts(lumen, staged) == {"same": 20, "error": 1}
    with pytest.raises(ConflictError) as refused:
        apply(lumen, staged)
    assert refused.value.code == "nothing-to-do"


def test_what_the_file_does_not_have_goes_only_when_asked(lumen):
    bring(lumen, shopify(line("a", "A", "5.00"), line("b", "B", "6.00"), line("c", "C", "1"), line("c", "C2", "1", option="")))
    data = shopify(line("a", "A", "5.00"), line("c", "C", "cheap"))
    assert counts(lumen, stage(lumen, data)) == {"same": 1, "error": 1}
    staged = stage(lumen, data, withdraw=True)
    assert counts(lumen, staged) == {"same": 1, "error": 1, "withdrawn": 1}  # c is in the file, though nobody can read its price
    assert [row.handle for row in rows(lumen, staged, "withdrawn")] == ["b"]
    apply(lumen, staged)
    assert set(contents(lumen)[0]) == {(Noun.PRODUCT, "a"), (Noun.OFFER, "A"), (Noun.PRODUCT, "c"), (Noun.OFFER, "C"), (Noun.OFFER, "C2")}


def test_a_file_of_which_nothing_is_sold_takes_nothing_away(lumen):
    bring(lumen, shopify(line("a", "A", "5.00")))
    assert counts(lumen, stage(lumen, shopify(line("z", "Z", "cheap")), withdraw=True)) == {"error": 1}


def test_a_product_the_shop_put_aside_is_withdrawn(lumen):
    bring(lumen, shopify(line("a", "A", "5.00"), line("b", "B", "6.00")))
    staged = stage(
        lumen, shopify(line("a", "A", "5.00", status="archived"), line("x", "X", "5.00", status="draft"), line("b", "B", "6.00"))
    )
    assert counts(lumen, staged) == {"withdrawn": 1, "same": 1, "error": 1}
    assert "archived" in rows(lumen, staged, "withdrawn")[0].reason
    apply(lumen, staged)
    assert set(contents(lumen)[0]) == {(Noun.PRODUCT, "b"), (Noun.OFFER, "B")}


def test_by_its_sku_a_product_is_the_same_whatever_the_file_calls_it(lumen):
    bring(lumen, shopify(line("tee", "T-S", "5.00", option="S"), line("tee", "T-M", "5.00", option="M")))
    feed_file = b"id\ttitle\tprice\tavailability\titem_group_id\tsize\tlink\nT-S\tTee, new\t6.00 USD\tin_stock\tGROUP\tS\tx\n"
    staged = stage(lumen, feed_file, name="feed.tsv")
    assert counts(lumen, staged) == {"changed": 1}
    apply(lumen, staged)
    assert [variant.sku for variant in product(lumen, "tee").variants] == ["T-S", "T-M"]  # what the file does not name stays
    assert (product(lumen, "tee").title, offer(lumen, "T-S").price.minor, offer(lumen, "T-M").price.minor) == ("Tee, new", 600, 500)
    assert offer(lumen, "T-M").product == offer(lumen, "T-S").product
    staged = stage(lumen, feed_file, name="feed.tsv", withdraw=True)
    assert [(item.field, item.of) for item in rows(lumen, staged, "changed")[0].changes] == [
        ("options", ""),
        ("withdrawn", "T-M"),
    ] or counts(lumen, staged)
    apply(lumen, staged)
    assert [variant.sku for variant in product(lumen, "tee").variants] == ["T-S"]
    assert (Noun.OFFER, "T-M") not in contents(lumen)[0]


def test_skus_of_two_products_and_two_rows_of_one_are_told(lumen):
    bring(lumen, shopify(line("a", "A", "5.00"), line("b", "B", "6.00")))
    both = shopify(line("a", "A", "5.00", option="x"), line("a", "B", "5.00", option="y"))
    staged = stage(lumen, both)
    assert "belongs to another of your products" in rows(lumen, staged, "error")[0].reason
    split = b"id\ttitle\tprice\tavailability\tlink\nA1\tOne\t1 USD\tin_stock\tx\n"
    bring(lumen, shopify(line("p", "P1", "1", option="x"), line("p", "P2", "1", option="y")))
    staged = stage(lumen, split.replace(b"A1", b"P1") + b"P2\tTwo\t1 USD\tin_stock\tx\n", name="f.tsv")
    assert "writes the same product" in rows(lumen, staged, "error")[0].reason


def test_what_only_the_catalog_has_stays_with_the_offer(lumen):
    lumen.write(plans.publish_plan, **PLAN)
    bring(lumen, shopify(line("a", "A", "5.00", tags="soft")))
    plan = offer(lumen, "A").plan
    assert plan is not None
    staged = stage(lumen, b"SKU,Price\nA,4\nNEW,1\n", name="prices.csv")
    assert lumen.read(catalog_imports.get_staged, staged=staged).state == "columns"
    runs(lumen)._map(staged, {})
    assert counts(lumen, staged) == {"price": 1, "error": 1}
    assert "no title" in rows(lumen, staged, "error")[0].reason
    apply(lumen, staged)
    assert (offer(lumen, "A").price.minor, offer(lumen, "A").plan, offer(lumen, "A").stock) == (400, plan, "low")
    assert product(lumen, "a").tags == ("soft",)


def test_columns_are_said_once_and_remembered(lumen):
    data = b"Nummer;Was;Kosten\nA;Seife;4,50\n"
    staged = stage(lumen, data, name="liste.csv", currency="EUR")
    columns = lumen.read(catalog_imports.list_columns, staged=staged)
    assert [(column.title, column.field, column.samples) for column in columns] == [
        ("Nummer", "", ("A",)),
        ("Was", "", ("Seife",)),
        ("Kosten", "", ("4,50",)),
    ]
    with pytest.raises(UserError) as refused:
        runs(lumen)._map(staged, {"Nummer": "sku"})
    assert refused.value.code == "bad-mapping"
    with pytest.raises(UserError):
        runs(lumen)._map(staged, {"Preis": "price"})
    with pytest.raises(ConflictError):
        apply(lumen, staged)
    runs(lumen)._map(staged, {"Nummer": "sku", "Was": "title", "Kosten": "price"})
    assert counts(lumen, staged) == {"new": 1}
    again = stage(lumen, data, name="liste.csv", currency="EUR")
    assert counts(lumen, again) == {"new": 1}
    (mapping,) = lumen.read(catalog_imports.list_mappings)
    assert mapping.columns == (("Nummer", "sku"), ("Was", "title"), ("Kosten", "price"))
    lumen.write(catalog_imports.forget_mapping, mapping=bytes.fromhex(mapping.id))
    assert lumen.read(catalog_imports.get_staged, staged=stage(lumen, data)).state == "columns"
    with pytest.raises(NotFound):
        lumen.write(catalog_imports.forget_mapping, mapping=bytes.fromhex(mapping.id))


def test_a_mapping_of_products_is_none_of_customers(lumen):
    test_columns_are_said_once_and_remembered(lumen)
    assert lumen.read(lambda unit: list(unit.staged_imports.mappings())) == []


def test_a_catalog_that_changed_meanwhile_has_the_file_compared_again(lumen):
    bring(lumen, shopify(line("a", "A", "5.00")))
    staged = stage(lumen, shopify(line("a", "A", "4.00")))
    bring(lumen, shopify(line("a", "A", "4.00")))
    assert lumen.read(catalog_imports.get_staged, staged=staged).stale
    with pytest.raises(ConflictError) as refused:
        apply(lumen, staged)
    assert refused.value.code == "changed-since"
    assert counts(lumen, staged) == {"same": 1}


# --- taken back


def batches(node):
    return node.read(catalog_batches.list_batches)


def test_a_batch_is_taken_back_byte_for_byte(lumen):
    bring(lumen, shopify(line("a", "A", "5.00"), line("b", "B", "6.00"), line("c", "C", "1")))
    before = contents(lumen)
    done = bring(lumen, shopify(line("a", "A", "4.00"), line("b", "B", "6.00", title="New"), line("d", "D", "1")), withdraw=True)
    assert contents(lumen) != before
    plan = lumen.read(catalog_batches.plan_rollback, batch=bytes.fromhex(done.batch))
    assert (plan.goods, plan.left) == (4, 0)
    undone = lumen.write(catalog_batches.roll_back, batch=bytes.fromhex(done.batch))
    assert undone.restored == 4
    assert contents(lumen) == before  # records and the state that is signed
    last, middle, _ = batches(lumen)
    assert (last.kind, last.undoes, middle.undone, last.first) == ("rollback", done.batch, True, done.last + 1)
    with pytest.raises(ConflictError) as refused:
        lumen.write(catalog_batches.roll_back, batch=bytes.fromhex(done.batch))
    assert refused.value.code == "already-undone"
    lumen.write(catalog_batches.roll_back, batch=bytes.fromhex(last.id))  # and a rollback is a batch like any other
    assert offer(lumen, "A").price.minor == 400


def test_products_changed_since_stop_it_or_stay_whole(lumen):
    bring(lumen, shopify(line("a", "A", "5.00"), line("b", "B", "6.00")))
    done = bring(lumen, shopify(line("a", "A", "4.00", title="New"), line("b", "B", "5.00", title="New")))
    bring(lumen, shopify(line("a", "A", "3.00", title="New")))
    id_ = bytes.fromhex(done.batch)
    before = contents(lumen)
    with pytest.raises(ConflictError, match=r"^1 of these products was changed since: a") as refused:
        lumen.write(catalog_batches.roll_back, batch=id_)
    assert refused.value.code == "changed-since"
    assert contents(lumen) == before
    done = lumen.write(catalog_batches.roll_back, batch=id_, leave=True)
    assert (done.restored, done.left) == (1, 1)
    assert (product(lumen, "a").title, offer(lumen, "A").price.minor) == ("New", 300)
    assert (product(lumen, "b").title, offer(lumen, "B").price.minor) == ("Soap", 600)
    for handle, sku in (("a", "A"), ("b", "B")):
        assert lumen.read(lambda unit, sku=sku: unit.catalog.offer(bytes.fromhex(feed(lumen).feed), sku)).product.handle == handle


def test_a_seller_sees_one_new_head_for_a_file_and_one_for_taking_it_back(world, lumen):
    ana = world.node("ana")
    world.pair(lumen, ana)
    done = bring(lumen, sample_path(PRODUCTS).read_bytes())
    world.deliver()
    assert feed(ana).state_hash == feed(lumen).state_hash
    lumen.write(catalog_batches.roll_back, batch=bytes.fromhex(done.batch))
    world.deliver()
    assert (feed(ana).state_hash, feed(ana).offers) == (feed(lumen).state_hash, 0)


# --- who may, how many, how long


def test_only_a_merchant_brings_products_in(world):
    with pytest.raises(UserError) as refused:
        stage(world.node("ana"), shopify(line("a", "A", "1")))
    assert refused.value.code == "not-a-merchant"


def test_few_files_wait_and_none_for_ever(world, lumen):
    for _ in range(catalog_staging.MOST_WAITING):
        stage(lumen, shopify(line("a", "A", "1")))
    with pytest.raises(ConflictError) as refused:
        stage(lumen, shopify(line("a", "A", "1")))
    assert refused.value.code == "too-many-waiting"
    world.clock.tick(8 * 86_400_000)
    for _ in range(3):
        lumen.write(catalog_staging.tick)
    assert lumen.read(catalog_imports.list_staged) == []


def kept_rows(node):
    """How many rows of files the store holds, whether anybody sees them or not."""
    return node.read(lambda unit: sum(unit.db[table].count for table in ("product_imports", "product_import_rows", "product_import_cells")))


@pytest.mark.parametrize("way", ["signed", "put aside", "too old"])
def test_a_file_is_gone_at_once_and_its_rows_with_the_clock_and_no_others(world, lumen, monkeypatch, way):
    """Some rows at a time, also where the node was stopped in between; a file that waits beside it keeps all of its own."""
    monkeypatch.setattr(catalog_staging, "_ERASED", 2)
    table = "sku;price;title\nA;3.00;Lamp\nB;4.00;Chair\nC;5.00;Table\n"
    gone = stage(lumen, table.encode(), name="table.csv")
    runs(lumen)._map(gone, {"sku": "sku", "price": "price", "title": "title"})
    world.clock.tick(8 * 86_400_000)
    other = stage(lumen, shopify(*(line(f"soap-{n}", f"S{n}", "1") for n in range(5))))
    waiting, before = rows(lumen, other), kept_rows(lumen)
    match way:
        case "signed":
            assert apply(lumen, gone).new == 3
        case "put aside":
            lumen.write(catalog_staging.let_go, staged=gone)  # as far as a node came that was stopped then
        case "too old":
            lumen.write(catalog_staging.tick)
    assert [view.id for view in lumen.read(catalog_imports.list_staged)] == [other.hex()]
    with pytest.raises(NotFound):
        rows(lumen, gone)
    left = [kept_rows(lumen)]
    assert left[0] > before - 7  # the control: they are not gone yet
    lumen.reopen()
    while not lumen.write(catalog_staging.erase_some):
        left.append(kept_rows(lumen))
    assert left == sorted(left, reverse=True)
    assert left[-1] == before - 7  # three rows as they stood, three products, the file
    assert rows(lumen, other) == waiting


UNREADABLE = [
    b"", b"<urlset/>", b'a,b\n1,2\n"', b"%PDF", shopify(), b"[" * 100_000, b"<html><script type='application/ld+json'>" + b"[" * 100_000 + b"</script></html>",
    b'<!DOCTYPE l [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><rss><channel><item><title>&b;</title></item></channel></rss>', b"<feed>" + b"<a>" * 100_000,
    b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><feed><entry><title>&x;</title></entry></feed>', b"Handle,Title,Variant SKU\na,A,S\n",
    b"Handle,Title,Variant SKU,Variant Price\n" + b"a,A,S,1\n" * 1_500 + b"b,So\xff\x00p,T,1\n", b"First Name,Last Name,E-mail 1 - Value\na,b,c\n",
]  # fmt: skip


@pytest.mark.parametrize("data", UNREADABLE, ids=range(len(UNREADABLE)))
def test_a_file_that_cannot_be_read_leaves_nothing(lumen, data):
    with pytest.raises(UserError):
        stage(lumen, data)
    assert lumen.read(catalog_imports.list_staged) == []
    lumen.write(catalog_staging.tick)
    lumen.write(catalog_staging.tick)
    assert kept_rows(lumen) == 0


WORDS = b"word " * 200
ENDLESS = {
    "shopify": (b"Handle,Title,Variant SKU,Variant Price,Tags\n", b"soap,Soap,S,5.00,%s\n" % WORDS),
    "woocommerce": (b"Type,SKU,Name,Regular price,Tags\n", b"simple,S,Soap,5.00,%s\n" % WORDS),
    "google-table": (b"id\ttitle\tprice\tavailability\tdescription\n", b"S\tSoap\t5.00 USD\tin_stock\t%s\n" % WORDS),
    "google-xml": (b"<rss xmlns:g='http://base.google.com/ns/1.0'><channel>", b"<item><g:id>S</g:id><g:title>%s</g:title></item>" % WORDS),
    "json-ld": (b"[{}", b',{"@type":"Product","sku":"S","name":"%s"}' % WORDS),
    "page": (b"<!doctype html><html><body>", b"<p>%s</p>" % WORDS),
    "gemstra-products": (b'{"gemstra":"products","version":1,"currency":"USD"}\n', b'{"handle":"h","title":"%s","variants":[]}\n' % WORDS),
    "csv": (b"sku;title;price;description\n", b"S;Soap;5.00;%s\n" % WORDS),
}


class Endless(io.RawIOBase):
    """A file that goes on for ever and exists nowhere."""

    def __init__(self, head, again) -> None:
        self.given, self._head, self._again = 0, head, again

    def read(self, _size=-1):
        piece = (b"" if self.given else self._head) + self._again * 64
        self.given += len(piece)
        assert self.given < 1 << 23, "nothing bounds what is read"
        return piece


@pytest.mark.parametrize("form", ENDLESS)
def test_a_file_without_end_is_refused_at_its_bound_and_leaves_nothing(lumen, monkeypatch, form):
    """Said to be so large, not a byte of it is read; not said, reading ends at the bound, here a small one."""
    most = 1 << 18
    monkeypatch.setattr(staged_model, "MOST_BYTES", most)
    for size, read in ((most + 1, 0), (0, most + (1 << 18))):
        source = Endless(*ENDLESS[form])
        with pytest.raises(UserError) as caught:
            runs(lumen).stage_now(source, "shop", "USD", False, size, None)
        assert caught.value.code == "too-large"
        assert source.given <= read
        assert lumen.read(catalog_imports.list_staged) == []


def test_stopping_while_it_is_signed_signs_nothing(lumen, monkeypatch):
    staged = stage(lumen, sample_path(PRODUCTS).read_bytes())
    run = runs(lumen)

    def stop(_feed, _operation, original=None):
        raise UserError("Stopped.", code="import-stopped")

    monkeypatch.setattr(catalog_imports, "merged", lambda *given, **named: stop(None, None))
    with pytest.raises(UserError):
        run.apply_now(staged)
    monkeypatch.undo()
    assert lumen.read(browse.list_feeds) == []
    assert batches(lumen) == []
    assert run.progress(staged).phase == ""
    assert apply(lumen, staged).new == 20  # the control: it waits on


def test_a_record_that_no_catalog_can_hold_is_told_with_its_row(lumen):
    many = [line("a", f"S{n}", "1", option=f"{n}" + "x" * 180) for n in range(250)]
    bring(lumen, shopify(*many))
    staged = stage(lumen, shopify(*(line("a", f"T{n}", "1", option=f"{n}" + "y" * 180) for n in range(100))))
    assert counts(lumen, staged) == {"error": 1}
    assert "does not fit" in rows(lumen, staged, "error")[0].reason


def test_what_is_exported_changes_nothing_when_it_comes_back(lumen):
    bring(lumen, sample_path(PRODUCTS).read_bytes())
    id_, currency = lumen.read(catalog_export.feed_to_export)
    for form, make in WRITERS.items():
        writer, after, data = make(currency, 2), "", b""
        data = writer.begin()
        while after is not None:
            stretch = lumen.read(catalog_export.read_stretch, feed=id_, currency=currency, after=after)
            after, data = stretch.after, data + writer.rows(stretch.products)
        staged = stage(lumen, data + writer.end(), name=form)
        found = counts(lumen, staged)
        assert not {"new", "withdrawn", "price", "error"} & set(found), form
        if form in {"json-lines", "shopify"}:
            assert found == {"same": 20}, form
        runs(lumen).put_aside_now(staged)


def test_an_export_needs_a_catalog_of_that_currency(world, lumen):
    with pytest.raises(NotFound):
        lumen.read(catalog_export.feed_to_export)
    bring(lumen, shopify(line("a", "A", "1")))
    with pytest.raises(NotFound, match="You have one in USD"):
        lumen.read(catalog_export.feed_to_export, currency="EUR")
    with pytest.raises(UserError):
        world.node("ana").read(catalog_export.feed_to_export)


def test_a_signing_that_broke_off_keeps_nothing_open(lumen, monkeypatch):
    """Whoever tells why keeps the error, and by it what was being read."""
    bring(lumen, shopify(line("z", "Z", "2.00")))
    staged = stage(lumen, shopify(*(line(f"p-{number}", f"S{number}", "1") for number in range(1200))))
    tell = Run.tell

    def stopped(run, done, total=None):
        run.stopped = run.phase == "writing" and done > 600
        tell(run, done, total)

    monkeypatch.setattr(Run, "tell", stopped)
    with pytest.raises(UserError, match="Nothing of the file was kept") as told:
        apply(lumen, staged)
    monkeypatch.undo()
    apply(lumen, stage(lumen, shopify(line("y", "Y", "3.00"))))
    assert lumen.write(is_whole)
    lumen.reopen()
    assert told.value.code == "import-stopped"


class _Ticking:
    """The clock looks before each write, as it does each second beside a large file."""

    def __init__(self, store) -> None:
        self.read_now, self._store = store.read_now, store

    def write_now(self, *args, **named):
        self._store.write_now(catalog_staging.tick)
        return self._store.write_now(*args, **named)


def test_an_old_file_that_is_compared_again_is_not_taken_for_one_that_was_cut_short(world, lumen):
    staged = stage(lumen, shopify(*(line(f"p-{number}", f"S{number}", "1") for number in range(1200))))
    bring(lumen, shopify(line("z", "Z", "2.00")))
    world.clock.tick(2 * 3_600_000)
    CatalogRuns(_Ticking(lumen.store), Files(lumen.clock.now)).compare_now(staged)
    assert counts(lumen, staged) == {"new": 1200}
