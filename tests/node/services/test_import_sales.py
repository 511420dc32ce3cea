"""Sales with days in a file become promotions, which begin and end by themselves; a file in each format takes them away and brings them back."""

import pytest

from node.app.catalog_exports import WRITERS
from node.services import catalog_export, catalog_imports
from node.web.product_words import summary
from protocol.money import Money
from protocol.offer import Promotion

from .product_files import apply, bring, counts, rows, stage
from .test_catalog_imports import contents, offer
from .test_import_untouched import lines
from .world import World

DAY = 86_400_000
HEAD = "Type,SKU,Name,Regular price,Sale price,Date sale price starts,Date sale price ends\n"
SALE = Promotion("Sale", Money(1200, "USD"), 1_796_083_200_000, 1_798_761_600_000)  # 2026-12-01 up to and with 2026-12-31


@pytest.fixture
def lumen(tmp_path):
    world = World(tmp_path)
    made = world.node("lumen", "merchant")
    made.clock.now = SALE.start - 5 * DAY
    yield made
    world.close()


def woo(sku="A", price="19.00", sale="12.00", starts="2026-12-01", ends="2026-12-31"):
    return f"{HEAD}simple,{sku},Soap,{price},{sale},{starts},{ends}\n".encode()


def google(days="2026-12-01/2026-12-31"):
    return f"id\ttitle\tprice\tsale_price\tsale_price_effective_date\tavailability\tcondition\nA\tSoap\t19.00 USD\t12.00 USD\t{days}\tin_stock\tnew\n".encode()


@pytest.mark.parametrize("data", [woo(), google()], ids=["woocommerce", "google"])
@pytest.mark.parametrize("days", [0, 10], ids=["before it begins", "while it is on"])
def test_a_sale_with_days_is_a_promotion_beside_the_regular_price(lumen, data, days):
    lumen.clock.now += days * DAY
    staged = stage(lumen, data)
    view = lumen.read(catalog_imports.get_staged, staged=staged)
    assert (view.new, view.promotions, summary(view)) == (1, 1, "1 new, 1 promotion new")
    apply(lumen, staged)
    found = offer(lumen, "A")
    assert (found.price, found.compare_at, found.promotions) == (Money(1900, "USD"), None, (SALE,))


def test_what_changes_of_a_promotion_is_told_with_its_days(lumen):
    bring(lumen, woo())
    assert counts(lumen, stage(lumen, woo())) == {"same": 1}
    longer = stage(lumen, woo(sale="11.00", ends="2027-01-06"))
    [row] = rows(lumen, longer)
    [change] = row.changes
    assert (row.outcome, change.field, change.of) == ("price", "promotion", "A")
    assert change.before == "12.00 USD from 2026-12-01 until 2026-12-31"
    assert change.after == "11.00 USD from 2026-12-01 until 2027-01-06"
    assert summary(lumen.read(catalog_imports.get_staged, staged=longer)) == "1 price change, 1 promotion new"
    bring(lumen, woo(sale=""))
    assert offer(lumen, "A").promotions is None


def test_a_sale_without_an_end_is_the_price_while_it_is_on(lumen):
    bring(lumen, woo(starts="", ends=""))
    found = offer(lumen, "A")
    assert (found.price.minor, found.compare_at.minor, found.promotions) == (1200, 1900, None)


def test_a_sale_that_ends_before_it_begins_is_told_with_its_row(lumen):
    for data in (woo(starts="2026-12-31", ends="2026-12-01"), lines(_line({"price": "1.00", "starts": 9, "ends": 8}))):
        staged = stage(lumen, data)
        assert counts(lumen, staged) == {"error": 1}
        assert "before it begins" in rows(lumen, staged)[0].reason


def _line(sale):
    return {"handle": "soap", "title": "Soap", "variants": [{"sku": "A", "price": "19.00", "sale": sale}]}


def test_what_was_promised_by_hand_stays_beside_a_files_sale(lumen):
    bring(lumen, woo(sale=""))
    own = Promotion("Birthday", Money(1500, "USD"), SALE.start, SALE.start + DAY)
    bring(lumen, woo())
    found = offer(lumen, "A")

    def add(unit):
        from dataclasses import replace

        from node.services.catalog import publish
        from protocol.operations import put

        publish(unit, "USD", [put(replace(found, promotions=(SALE, own)))])

    lumen.write(add)
    bring(lumen, woo(ends="2027-01-06"))
    kept = offer(lumen, "A").promotions
    assert own in kept
    assert [(item.name, item.end) for item in kept if item != own] == [("Sale", SALE.end + 6 * DAY)]
    bring(lumen, woo(sale=""))
    assert offer(lumen, "A").promotions == (own,)


@pytest.mark.parametrize("form", ["woocommerce", "google-xml", "google-table", "json-lines"])
@pytest.mark.parametrize("days", [0, 10], ids=["before it begins", "while it is on"])
def test_a_promotion_comes_back_from_an_export(lumen, form, days):
    bring(lumen, woo())
    bring(lumen, woo("B", ends="2026-12-24 18:00:00"))
    before = contents(lumen)
    lumen.clock.now += days * DAY
    feed, currency = lumen.read(catalog_export.feed_to_export)
    writer = WRITERS[form](currency, 2)
    products = lumen.read(catalog_export.read_stretch, feed=feed, currency=currency).products
    data = writer.begin() + writer.rows(products) + writer.end()
    assert counts(lumen, stage(lumen, data)) == {"same": 2}
    assert contents(lumen) == before
