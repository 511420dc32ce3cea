"""Makes plan.json: plans as bytes with their hash (`plan`), and the direct rate of a line (`rate`). `python tests/vectors/make_plan.py`."""

from dataclasses import replace
from typing import Any

from machines import vector, write
from parts import named
from sale import PLAN

from protocol.codec import to_bytes, to_tree
from protocol.encoding import encode
from protocol.plan import Level, Override, Scope, direct_rate, plan_hash

RATES = replace(
    PLAN,
    cap_bps=4_000,
    overrides=(
        Override(Scope.CATEGORY, "skin", 1_500),
        Override(Scope.PRODUCT, named("cream").hex(), 2_500),
        Override(Scope.SKU, "CREAM-50", 3_000),
    ),
)


def refused(comment: str, code: str, **changes: Any) -> dict[str, Any]:
    return vector("plan", comment, {"body": to_bytes(replace(PLAN, **changes))}, code)


def vectors() -> list[dict[str, Any]]:
    level = Level(0, 0, active=False)
    good = (
        ("direct 20 %, one level 5 %", PLAN),
        ("overrides", RATES),
        ("seven levels", replace(PLAN, levels=(level,) * 7)),
        ("exactly its cap", replace(PLAN, cap_bps=2_500)),
    )
    rates = (
        ("the SKU first", "CREAM-50", "cream", ("skin",), 3_000, "sku"),
        ("then the product", "CREAM-100", "cream", ("skin",), 2_500, "product"),
        ("then the category", "SERUM-30", "serum", ("hair", "skin"), 1_500, "category"),
        ("then the default", "SERUM-30", "serum", ("hair",), 2_000, "default"),
    )
    found = [vector("plan", comment, {"body": to_bytes(plan)}, hash=plan_hash(plan), fields=plan) for comment, plan in good]
    for comment, sku, product, categories, bps, rule in rates:
        assert direct_rate(RATES, sku=sku, product=named(product), categories=categories) == (bps, rule)
        given = {"plan": to_bytes(RATES), "sku": sku, "product": named(product), "categories": categories}
        found.append(vector("rate", comment, given, bps=bps, rule=rule))
    tree = to_tree(PLAN)
    return [
        *found,
        refused("eight levels", "plan-levels", levels=(level,) * 8),
        refused("over its cap", "plan-cap", cap_bps=2_499),
        refused("an override over its cap", "plan-cap", overrides=(Override(Scope.SKU, "CREAM-50", 2_001),)),
        refused("pays for enrolling", "plan-enrolment", enrolment_bonus=1),
        refused("demands a purchase to qualify", "plan-purchase", purchase_to_qualify=1),
        refused("fewer than two thirds on retail", "plan-retail", retail_bps=6_666),
        refused("a rate of zero", "plan-rate", gms_rate=0),
        refused("one rate twice", "plan-overrides", overrides=(Override(Scope.SKU, "CREAM-50", 1), Override(Scope.SKU, "CREAM-50", 2))),
        refused("no such currency", "currency", currency="usd"),
        vector("plan", "more than the whole price", {"body": encode({**tree, 6: 10_001})}, "malformed"),
        vector("plan", "an unknown key", {"body": encode({**tree, 28: 1})}, "unknown-key"),
        vector("plan", "version zero", {"body": encode({**tree, 2: 0})}, "malformed"),
    ]


if __name__ == "__main__":
    write("plan", vectors())
