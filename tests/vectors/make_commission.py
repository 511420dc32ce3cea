"""Makes commission.json. `python tests/vectors/make_commission.py`.

`allocate`: plan, lines and team → every amount. `fact`: an accrual fact's bytes and hash. `machine`: event scripts of a ledger entry.
"""

from dataclasses import replace
from typing import Any

from machines import script, vector, write
from make_plan import RATES
from parts import NOW, named
from sale import ANA_MEMBER, BEN_MEMBER, MERCHANT, PLAN, RATE

from protocol import ledger
from protocol.codec import to_bytes
from protocol.commission import AccrualFact, BaseLine, Upline, Why, allocate, fact_hash, order_commitment
from protocol.ledger import Batched, Entry, EntryKey, Held, Paid, Reduced, Released, Tick, Voided
from protocol.plan import Level, Plan, plan_hash

CARA_MEMBER = named("cara")
WHY = Why(10_400, 2_000, plan_hash(PLAN), 0, RATE, "default")
KEY = EntryKey(named("order"), 0, ANA_MEMBER, 0, plan_hash(PLAN), named("accepted"))
ENTRY = Entry(KEY, WHY, 2_080, 2_080 * RATE)
FACT = AccrualFact(
    merchant=MERCHANT.public,
    member=BEN_MEMBER,
    payee=named("ben's address", 20),
    amount=520 * RATE,
    base=10_400,
    bps=500,
    gms_rate=RATE,
    currency="USD",
    plan=plan_hash(PLAN),
    order=order_commitment(named("order"), named("salt")),
    level=1,
    return_window_ms=3_000,
    hold_ms=0,
    accrued_at=NOW,
    issuer=named("merchant's address", 20),
    chain_signature=bytes(65),
)
PAYABLE = [Held(1, 100, 500), Released(2, 400, 500), Tick(500)]
BATCHED = [*PAYABLE, Batched(3, 600, 1)]


def line(place: int, base: int, sku: str = "SERUM-30", product: str = "serum", *categories: str) -> BaseLine:
    return BaseLine(place, sku, named(product), base, categories)


def given_out(comment: str, plan: Plan, lines: list[BaseLine], *uplines: Upline | None) -> dict[str, Any]:
    found = allocate(plan, lines, ANA_MEMBER, uplines)
    given = {"plan": to_bytes(plan), "lines": lines, "seller": ANA_MEMBER, "uplines": uplines}
    return vector("allocate", comment, given, accruals=found.accruals, skipped=found.skipped, gms=found.gms)


def vectors() -> list[dict[str, Any]]:
    ben, cara = Upline(BEN_MEMBER), Upline(CARA_MEMBER)
    deep = replace(PLAN, cap_bps=3_500, levels=(Level(500, 0, active=False), Level(300, 3, active=False), Level(200, 0, active=True)))
    odd = replace(PLAN, gms_rate=3)

    def run(comment: str, events: list[Any], expect: str = "ok", start: Entry = ENTRY) -> dict[str, Any]:
        return script(ledger, comment, start, events, expect)

    minus = ledger.adjustment(ENTRY, ledger.PostAdjustment(RATE, 1), cause=named("refund"), at=900)
    return [
        given_out("20 % and 5 % of 10400", PLAN, [line(0, 5_200), line(1, 5_200)], ben),
        given_out("nobody above", PLAN, [line(0, 10_400)]),
        given_out("a gap is not filled", deep, [line(0, 10_400)], None, Upline(CARA_MEMBER, rank=3)),
        given_out(
            "a rank too low, a month without a sale",
            deep,
            [line(0, 10_400)],
            ben,
            Upline(CARA_MEMBER, rank=2),
            Upline(named("dan"), active=False),
        ),
        given_out("three levels", deep, [line(0, 10_400)], ben, Upline(CARA_MEMBER, rank=3), Upline(named("dan"))),
        given_out("more people than levels", PLAN, [line(0, 10_400)], ben, cara),
        given_out(
            "a rate for each line", RATES, [line(0, 1_000, "CREAM-50", "cream"), line(1, 1_000), line(2, 1_000, "GEL", "gel", "skin")], ben
        ),
        given_out("a base that 20 % does not divide", PLAN, [line(0, 333), line(1, 334)], ben),
        given_out("largest remainder: three lines of 1 at a rate of 3", odd, [line(0, 1), line(1, 1), line(2, 1)], ben),
        given_out("largest remainder: the larger line first", odd, [line(0, 4), line(1, 5)], ben),
        given_out("a line that is free", PLAN, [line(0, 0), line(1, 100)], ben),
        given_out("everything free", PLAN, [line(0, 0)], ben),
        vector("fact", "what is owed to Ben", {"body": to_bytes(FACT)}, hash=fact_hash(FACT), fields=FACT),
        vector("fact", "an address of 19 bytes", {"body": to_bytes(replace(FACT, payee=bytes(19)))}, "malformed"),
        vector("fact", "a negative amount", {"body": to_bytes(replace(FACT, amount=-1))}, "malformed"),
        vector("fact", "a signature that is too short", {"body": to_bytes(replace(FACT, chain_signature=bytes(64)))}, "malformed"),
        run("held, released, payable, batched, paid", [*BATCHED, Paid(4, 700)]),
        run("released before the hold ends: payable when it ends", [Held(1, 100, 500), Released(2, 200, 300), Tick(499)]),
        run("released after the hold: payable then", [Held(1, 100, 500), Released(2, 700, 700), Tick(700)]),
        run("time alone releases nothing", [Held(1, 100, 500), Tick(10**15)]),
        run("reduced while held", [Held(1, 100, 500), Reduced(2, 200, 80 * RATE, 80)]),
        run("reduced twice", [Reduced(1, 100, RATE, 1), Reduced(2, 200, RATE, 1)]),
        run("reduced after the batch: an adjustment", [*BATCHED, Reduced(4, 700, 80 * RATE, 80)]),
        run("voided", [Held(1, 100, 500), Voided(2, 200, "unpaid")]),
        run("a replayed reduction counts once", [Reduced(1, 100, RATE, 1), Reduced(1, 100, RATE, 1)]),
        run("an adjustment goes into the next batch", [Batched(1, 1_000, 2)], start=minus),
        run("a gap", [Released(2, 100, 100)], "out-of-order"),
        run("released before it is held", [Released(1, 100, 100)], "illegal-transition"),
        run("released twice", [*PAYABLE[:2], Released(3, 500, 900)], "illegal-transition"),
        run("batched while held", [Held(1, 100, 500), Batched(2, 200, 1)], "illegal-transition"),
        run("paid without a batch", [*PAYABLE, Paid(3, 600)], "illegal-transition"),
        run("voided after the batch", [*BATCHED, Voided(4, 700, "unpaid")], "illegal-transition"),
        run("reduced by more than it is", [Reduced(1, 100, 2_081 * RATE, 2_081)], "illegal-transition"),
        run("reduced by nothing", [Reduced(1, 100, 0, 0)], "illegal-transition"),
        run(
            "taken back twice, more than it was",
            [*BATCHED, Reduced(4, 700, 2_000 * RATE, 2_000), Reduced(5, 800, 81 * RATE, 81)],
            "illegal-transition",
        ),
        run("an adjustment is not voided", [Voided(1, 100, "unpaid")], "illegal-transition", minus),
    ]


if __name__ == "__main__":
    write("commission", vectors())
