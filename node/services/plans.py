"""Commission plans: a merchant signs one; everyone who sells for it keeps it under its hash."""

from dataclasses import dataclass

from node.errors import NotFound, UserError
from node.model.catalog import PlanRecord
from protocol.codec import from_bytes, to_bytes
from protocol.envelope import check_time, sign, verify
from protocol.errors import Conflict
from protocol.identity import Role
from protocol.kinds import Topic
from protocol.plan import TYPE, Leftover, Level, Plan, check_plan, plan_hash

from . import brand_offers
from .brand_plans import BrandsUnit
from .catalog import CatalogUnit, adopt_plan
from .exchange import Exchange, Incoming, send

DAY_MS = 86_400_000
VERSIONS_A_DEVICE = 1000


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan in numbers. Basis points of a line's price; `gms_rate` is GMS base units per minor unit."""

    plan: str
    merchant: str
    merchant_name: str
    version: int
    currency: str
    direct_bps: int
    level_bps: tuple[int, ...]
    cap_bps: int
    return_window_ms: int
    hold_ms: int
    gms_rate: str
    retail_bps: int
    signed: bool


def publish_plan(
    unit: BrandsUnit,
    currency: str,
    direct_bps: int,
    level_bps: list[int],
    return_window_ms: int = 14 * DAY_MS,
    hold_ms: int = 0,
    gms_rate: str = "10000000000000000",
    cap_bps: int = 5000,
) -> PlanView:
    """Sign the next version of a currency's plan; offers name it from now on, orders already placed keep theirs."""
    if unit.me.role != "merchant":
        raise UserError("Only a merchant's node signs a commission plan.", code="not-a-merchant")
    if not gms_rate.isdecimal():
        raise UserError("The rate is a whole number of GMS base units per minor unit.", code="bad-request")
    known = [record.plan.version for record in unit.catalog.plans(unit.me.identity) if record.plan.currency == currency]
    plan = Plan(
        merchant=unit.me.identity,
        version=max([*known, _floor(unit)]) + 1,
        currency=currency,
        direct_bps=direct_bps,
        levels=tuple(Level(bps, 0, False) for bps in level_bps),
        overrides=(),
        cap_bps=cap_bps,
        leftover=Leftover.MERCHANT,
        return_window_ms=return_window_ms,
        hold_ms=hold_ms,
        gms_rate=int(gms_rate),
        enrolment_bonus=0,
        purchase_to_qualify=0,
        retail_bps=10_000,
    )
    from_bytes(Plan, to_bytes(plan))  # raises what every receiver would, before it is signed for good
    check_plan(plan)
    brand_offers.check_plan_of_offers(unit, currency, plan)
    signed = sign(unit.me.device, TYPE, plan, created=unit.now)
    record = PlanRecord(plan_hash(plan), plan, signed.raw)
    unit.catalog.keep_plan(record, unit.now)
    for peer in unit.peers.all():
        if peer.role is Role.SELLER:
            send(unit, peer.peer, signed, topic=Topic.CATALOG, about=("plan", record.hash))
    adopt_plan(unit, currency, record.hash)
    unit.touched("changes")
    return _view(unit, record)


def tick(unit: CatalogUnit) -> None:
    """A plan that a device signed which is gone by now is signed anew, as it is, so that sellers who come later can check it."""
    gone = unit.peers.own().revoked
    for record in unit.catalog.plans(unit.me.identity) if gone else ():
        if verify(record.raw, TYPE).envelope.author in gone:
            signed = sign(unit.me.device, TYPE, record.plan, created=unit.now)
            unit.catalog.keep_plan(PlanRecord(record.hash, record.plan, signed.raw), unit.now)


def _floor(unit: CatalogUnit) -> int:
    """No version below it is signed by this device: a device from before a restore may have signed it."""
    return (unit.peers.own().number_of(unit.me.device.public) - 1) * VERSIONS_A_DEVICE


def list_plans(unit: CatalogUnit) -> list[PlanView]:
    """Our plans, or our merchants'."""
    return [_view(unit, record) for record in unit.catalog.plans()]


def get_plan(unit: CatalogUnit, plan: bytes) -> PlanView:
    """One plan."""
    record = unit.catalog.plan(plan)
    if record is None:
        raise NotFound("There is no such plan here.")
    return _view(unit, record)


def _on_plan(unit: CatalogUnit, incoming: Incoming) -> None:
    signed = incoming.signed
    check_time(signed.envelope, unit.now)
    plan = signed.read(Plan)
    if plan.merchant != incoming.peer.identity:
        raise Conflict("a merchant sends its own plans only", code="wrong-identity")
    check_plan(plan)
    unit.catalog.keep_plan(PlanRecord(plan_hash(plan), plan, signed.raw), unit.now)


EXCHANGE = Exchange(answers={TYPE: _on_plan})


def _view(unit: CatalogUnit, record: PlanRecord) -> PlanView:
    plan = record.plan
    peer = unit.peers.by_identity(plan.merchant)
    name = unit.me.name if plan.merchant == unit.me.identity else peer.name if peer else ""
    return PlanView(
        record.hash.hex(),
        plan.merchant.hex(),
        name,
        plan.version,
        plan.currency,
        plan.direct_bps,
        tuple(level.bps for level in plan.levels),
        plan.cap_bps,
        plan.return_window_ms,
        plan.hold_ms,
        str(plan.gms_rate),
        plan.retail_bps,
        signed=True,
    )
