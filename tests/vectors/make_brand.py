"""Vectors of brands: the bounds of a plan, offers held against them, performance figures."""

from dataclasses import replace
from typing import Any

from make_catalog import OFFER, SERUM
from make_plan import RATES
from parts import NOW, Made, bad, good, named
from sale import PLAN

from protocol.brand_plan import BrandPlan, brand_plan_hash
from protocol.catalog_sync import Page
from protocol.codec import to_bytes, to_tree
from protocol.encoding import encode
from protocol.feed import Feed, FeedsAnswer, Hop, Relayed
from protocol.identity import Presentation
from protocol.offer import BrandTerms
from protocol.performance import Figure, Performance, RegionFigure
from protocol.plan import Level, plan_hash
from protocol.product import Withdrawal, product_id
from protocol.rows import Press

BRAND = named("solis identity")
BOUNDS = BrandPlan(BRAND, "standard", 1, 1_500, 2_500, 2, 3_000, PLAN.return_window_ms)
HASH = brand_plan_hash(BOUNDS)
SOLD = replace(OFFER, plan=plan_hash(PLAN), brand=BrandTerms(named("solis feed"), "serum", HASH))
TOLD = Figure("serum", 40, 6, 9, (RegionFigure("DE", 22), RegionFigure("AT", 12)))
REPORT = Performance(named("lumen identity"), named("solis feed"), "2026-11", 1, 1, 1, (TOLD, Figure("balm")))


def _bounds() -> list[Made]:
    def wrong(comment: str, **changes: Any) -> Made:
        return bad("bad-bounds", "bounds", comment, bytes=to_bytes(replace(BOUNDS, **changes)))

    def within(comment: str, plan: Any, expect: str = "ok", **changes: Any) -> Made:
        given = {"plan": to_bytes(plan), "bounds": to_bytes(replace(BOUNDS, **changes)), "sku": "S-30", "product": named("serum")}
        return good("within", comment, **given) if expect == "ok" else bad(expect, "within", comment, **given)

    return [
        good("bounds", "a brand's plan", bytes=to_bytes(BOUNDS)),
        wrong("a least rate above the most", direct_least=2_501),
        wrong("a most rate above what all may come to", total_most=2_499),
        wrong("no name", name=" "),
        within("a plan inside", PLAN),
        within("exactly at each end", PLAN, direct_least=2_000, direct_most=2_000, total_most=2_500, levels_most=1),
        within("the seller earns too little", PLAN, "outside-bounds", direct_least=2_001),
        within("the seller earns too much", PLAN, "outside-bounds", direct_most=1_999),
        within("too many levels", replace(PLAN, levels=(Level(0, 0, active=False),) * 3), "outside-bounds"),
        within("too much together", PLAN, "outside-bounds", total_most=2_499, direct_most=2_400),
        within("a shorter time to send back", PLAN, "outside-bounds", window_least=PLAN.return_window_ms + 1),
        within("an override of another product changes nothing", RATES),
    ]


def _offers() -> list[Made]:
    def offer(comment: str, expect: str = "ok", **named_: Any) -> Made:
        product = named_.get("product", SERUM)
        sold = named_.get("sold", replace(SOLD, product=product_id(to_bytes(product))))
        given = {
            "offer": to_bytes(sold),
            "product": to_bytes(product),
            "bounds": to_bytes(named_.get("bounds", BOUNDS)),
            "plan": to_bytes(named_.get("plan", PLAN)),
            "brand": BRAND,
            "now": NOW,
        }
        return good("brand-offer", comment, **given) if expect == "ok" else bad(expect, "brand-offer", comment, **given)

    return [
        offer("a brand's product, offered"),
        offer("under a plan that the product names", product=replace(SERUM, plans=(HASH,))),
        offer("withdrawn later", product=replace(SERUM, withdrawal=Withdrawal("splinters", NOW + 1))),
        offer("withdrawn", "withdrawn", product=replace(SERUM, withdrawal=Withdrawal("splinters", NOW))),
        offer("before its time", "not-sellable", product=replace(SERUM, valid_from=NOW + 1)),
        offer("after its time", "not-sellable", product=replace(SERUM, valid_to=NOW)),
        offer("a SKU it doesn't have", "unknown-sku", sold=replace(SOLD, sku="S-31")),
        offer("another record of the product", "changed-product", sold=SOLD, product=replace(SERUM, title="New Serum")),
        offer("under a plan that the product doesn't name", "wrong-brand-plan", product=replace(SERUM, plans=(named("other"),))),
        offer("under another brand's plan", "wrong-brand-plan", bounds=replace(BOUNDS, brand=named("other"))),
        offer("under an earlier version than it says", "wrong-brand-plan", bounds=replace(BOUNDS, version=2)),
        offer("another commission plan than it names", "wrong-plan", plan=replace(PLAN, version=9)),
    ]


def _reports() -> list[Made]:
    def figure(comment: str, expect: str, made: dict[int, Any]) -> Made:
        return bad(expect, "record", comment, type="Figure", bytes=encode(made))

    def report(comment: str, expect: str, changes: dict[int, Any]) -> Made:
        tree: Any = to_tree(REPORT)
        return bad(
            expect, "record", comment, type="Performance", bytes=encode({**tree, **{name: to_tree(v) for name, v in changes.items()}})
        )

    def sales(comment: str, *rows: tuple[int, str, int, int]) -> Made:
        """Rows of (orders, country, units each, returned each), each order another seller's."""
        made: list[dict[str, Any]] = []
        for count, country, units, returned in rows:
            made += [
                {"handle": "serum", "order": named(f"{len(made) + i}"), "seller": named(f"s{len(made) + i}"), "country": country}
                | {"units": units, "returned": returned}
                for i in range(count)
            ]
        return good("figures", comment, sales=made)

    return [
        good("record", "a month", type="Performance", bytes=to_bytes(REPORT)),
        figure("a small number of units", "small-count", {0: "serum", 2: 4}),
        figure("a small number of returns", "small-count", {0: "serum", 2: 10, 4: 1}),
        figure("a small region", "small-count", {0: "serum", 2: 10, 8: [{0: "DE", 2: 4}]}),
        figure("regions that leave a small rest", "small-count", {0: "serum", 2: 10, 8: [{0: "DE", 2: 8}]}),
        figure("regions beyond the whole", "bad-figures", {0: "serum", 2: 10, 8: [{0: "DE", 2: 11}]}),
        figure("sellers without units", "bad-figures", {0: "serum", 6: 10}),
        figure("a country twice", "country", {0: "serum", 2: 30, 8: [{0: "DE", 2: 6}, {0: "DE", 2: 7}]}),
        figure("a country that is none", "country", {0: "serum", 2: 30, 8: [{0: "XX", 2: 6}]}),
        figure("an empty list of regions", "malformed", {0: "serum", 2: 30, 8: []}),
        report("a month that is none", "bad-period", {4: "2026-13"}),
        report("a part beyond the last", "bad-figures", {8: 2}),
        report("a product twice", "bad-figures", {12: [TOLD, TOLD]}),
        sales("four orders are nothing", (4, "DE", 9, 0)),
        sales("five orders", (5, "DE", 1, 1)),
        sales(
            "a small region is left out, and with it the next that would give it away", (7, "DE", 1, 0), (6, "AT", 1, 0), (2, "CH", 1, 0)
        ),
        sales("two small regions are left out together", (7, "DE", 1, 0), (3, "AT", 1, 0), (3, "CH", 1, 0)),
        sales("few returns are left out", (9, "DE", 1, 0), (4, "DE", 1, 1)),
        sales("what was fetched is in no region", (6, "DE", 1, 0), (5, "", 2, 0)),
    ]


def _relays() -> list[Made]:
    item = Relayed(Feed(BRAND, "main", "USD"), "Solis", Presentation(b"inception", (b"entry",)), (b"bounds",))
    answer = FeedsAnswer((Feed(named("lumen identity"), "main", "USD"),), (item,))
    page = Page(b"head", (named("a"),), Press().close(), 2, hops=(Hop(b"between", (named("b"), named("c"))),))
    return [
        good("record", "a feed that is relayed beside one's own", type="FeedsAnswer", bytes=to_bytes(answer)),
        good("record", "nothing is relayed", type="FeedsAnswer", bytes=to_bytes(replace(answer, relayed=None))),
        bad("malformed", "record", "an empty list of relayed feeds", type="FeedsAnswer", bytes=encode({0: [], 1: []})),
        bad(
            "missing-key",
            "record",
            "a relayed feed without its writer",
            type="FeedsAnswer",
            bytes=encode({0: [], 1: [{0: to_tree(item.feed), 2: "x"}]}),
        ),
        good("record", "a page with the heads between", type="Page", bytes=to_bytes(page)),
        bad("malformed", "record", "an empty list of heads between", type="Page", bytes=encode({**to_tree(page), 9: []})),  # type: ignore[dict-item]
    ]


def brands() -> list[Made]:
    """All of them."""
    return [*_bounds(), *_offers(), *_reports(), *_relays()]
