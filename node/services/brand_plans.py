"""Bounds of brands: a brand signs what merchants may pay on its products; merchants and their sellers keep it under its hash."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from node.errors import UserError
from node.model.brand import BrandPlanRecord, BrandRow, HeadRow, ReportRow
from node.model.peers import Peer
from protocol.brand_plan import TYPE, BrandPlan, brand_plan_hash, check_bounds
from protocol.codec import from_bytes, to_bytes
from protocol.envelope import Signed, check_time, sign, verify
from protocol.errors import Conflict
from protocol.identity import IdentityState, Presentation, Role
from protocol.kinds import Topic

from .catalog import CatalogUnit
from .exchange import Exchange, Incoming, send

DAY_MS = 86_400_000
VERSIONS_A_DEVICE = 1000


class BrandBook(Protocol):
    """Brands as services keep them (node/store/brands.py says what each does)."""

    def get(self, identity: bytes, /) -> BrandRow | None: ...  # noqa: D102
    def keep(self, identity: bytes, name: str, presentation: Presentation, now: int) -> None: ...  # noqa: D102
    def relays(self, feed: bytes, /) -> Sequence[bytes]: ...  # noqa: D102
    def relayed(self, via: bytes, /) -> Sequence[bytes]: ...  # noqa: D102
    def keep_relay(self, feed: bytes, via: bytes) -> None: ...  # noqa: D102
    def drop_relay(self, feed: bytes, via: bytes) -> None: ...  # noqa: D102
    def keep_head(self, feed: bytes, head: HeadRow) -> None: ...  # noqa: D102
    def heads(self, feed: bytes, after: int) -> Sequence[HeadRow]: ...  # noqa: D102
    def head_at(self, feed: bytes, size: int) -> bytes | None: ...  # noqa: D102
    def keep_plan(self, record: BrandPlanRecord, now: int) -> None: ...  # noqa: D102
    def plan(self, plan: bytes, /) -> BrandPlanRecord | None: ...  # noqa: D102
    def plans(self, brand: bytes | None = None) -> Sequence[BrandPlanRecord]: ...  # noqa: D102
    def keep_goods(self, product: bytes, feed: bytes, handle: str) -> None: ...  # noqa: D102
    def goods(self, product: bytes, /) -> tuple[bytes, str] | None: ...  # noqa: D102
    def keep_report(self, row: ReportRow) -> None: ...  # noqa: D102
    def reports(self, merchant: bytes | None = None, feed: bytes | None = None, period: str = "") -> Sequence[ReportRow]: ...  # noqa: D102


class BrandsUnit(CatalogUnit, Protocol):
    """What services of brands need of a transaction."""

    @property
    def brands(self) -> BrandBook: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class BrandPlanView:
    """A brand's bounds, in basis points of a line's price. `current` until a later version of the same name is signed."""

    plan: str
    brand: str
    brand_name: str
    name: str
    version: int
    direct_least: int
    direct_most: int
    levels_most: int
    total_most: int
    window_least: int
    current: bool


def publish_bounds(
    unit: BrandsUnit,
    name: str = "standard",
    direct_least: int = 0,
    direct_most: int = 10_000,
    levels_most: int = 7,
    total_most: int = 10_000,
    window_least: int = 14 * DAY_MS,
) -> BrandPlanView:
    """Sign the next version of a brand's bounds; offers to come keep them, those that name an earlier version go on."""
    require_brand(unit)
    known = [record.bounds.version for record in unit.brands.plans(unit.me.identity) if record.bounds.name == name]
    floor = (unit.peers.own().number_of(unit.me.device.public) - 1) * VERSIONS_A_DEVICE  # what a device before may have signed unseen
    version = max([*known, floor]) + 1
    bounds = BrandPlan(unit.me.identity, name.strip(), version, direct_least, direct_most, levels_most, total_most, window_least)
    from_bytes(BrandPlan, to_bytes(bounds))  # raises what every receiver would, before it is signed for good
    check_bounds(bounds)
    signed = sign(unit.me.device, TYPE, bounds, created=unit.now)
    record = BrandPlanRecord(brand_plan_hash(bounds), bounds, signed.raw)
    unit.brands.keep_plan(record, unit.now)
    _tell(unit, Role.MERCHANT, signed, record)
    unit.touched("changes")
    return _view(unit, record, {name.strip(): version})


def tick(unit: BrandsUnit) -> None:
    """Bounds that a device signed which is gone by now are signed anew, as they are, so that those who come later can check them."""
    if unit.me.role != "brand":
        return
    gone = unit.peers.own().revoked
    for record in unit.brands.plans(unit.me.identity) if gone else ():
        if verify(record.raw, TYPE).envelope.author in gone:
            signed = sign(unit.me.device, TYPE, record.bounds, created=unit.now)
            again = BrandPlanRecord(record.hash, record.bounds, signed.raw)
            unit.brands.keep_plan(again, unit.now)
            _tell(unit, Role.MERCHANT, signed, again)


def list_bounds(unit: BrandsUnit) -> list[BrandPlanView]:
    """Our bounds, or those of the brands we sell, newest version first."""
    return [_view(unit, record, _newest(unit, record.bounds.brand)) for record in unit.brands.plans()]


def current_bounds(unit: BrandsUnit, brand: bytes) -> list[BrandPlanRecord]:
    """The newest version of each of a brand's plans."""
    newest = _newest(unit, brand)
    return [record for record in unit.brands.plans(brand) if record.bounds.version == newest[record.bounds.name]]


def require_brand(unit: CatalogUnit) -> None:
    """Raises UserError `not-a-brand`."""
    if unit.me.role != "brand":
        raise UserError(
            "Only a brand's node does that. Merchants and sellers follow the brands whose products they sell.", code="not-a-brand"
        )


def brand_state(unit: BrandsUnit, identity: bytes) -> IdentityState | None:
    """Who may speak for a brand: from itself where we are paired with it, else from what a merchant showed."""
    peer = unit.peers.by_identity(identity)
    if peer is not None:
        return peer.state
    shown = unit.brands.get(identity)
    return shown.state if shown else None


def brand_name(unit: BrandsUnit, identity: bytes) -> str:
    """What a brand calls itself; empty for one we don't know."""
    if identity == unit.me.identity:
        return unit.me.name
    known = unit.peers.by_identity(identity) or unit.brands.get(identity)
    return known.name if known else ""


def take_bounds(unit: BrandsUnit, state: IdentityState, raw: bytes) -> BrandPlanRecord:
    """Keep bounds that a live device of the brand signed.

    Raises BadSignature, Unauthorized `not-live`, Conflict `wrong-identity`, `bad-bounds`.
    """
    signed = verify(raw, TYPE)
    state.require_live(signed.envelope.author)
    check_time(signed.envelope, unit.now)
    bounds = signed.read(BrandPlan)
    if bounds.brand != state.identity:
        raise Conflict("a brand signs its own bounds only", code="wrong-identity")
    check_bounds(bounds)
    record = BrandPlanRecord(brand_plan_hash(bounds), bounds, raw)
    unit.brands.keep_plan(record, unit.now)
    unit.touched("changes")
    return record


def _on_bounds(unit: BrandsUnit, incoming: Incoming) -> None:
    """From the brand itself, or from a merchant that relays it."""
    signed = incoming.message.signed
    assert signed is not None
    bounds: BrandPlan = incoming.message.record
    state = brand_state(unit, bounds.brand)
    if state is None or unit.me.role == "brand" or incoming.peer.role is Role.SELLER:
        raise Conflict("bounds of a brand that is not known here", code="unknown-brand")
    known = unit.brands.plan(brand_plan_hash(bounds))
    record = take_bounds(unit, state, signed.raw)
    if known is None:
        _tell(unit, Role.SELLER, signed, record)


def _tell(unit: BrandsUnit, role: Role, signed: Signed, record: BrandPlanRecord) -> None:
    if unit.me.role == "seller":
        return
    for peer in unit.peers.all():
        if peer.role is role:
            send(unit, peer.peer, signed, topic=Topic.CATALOG, about=("brand-plan", record.hash))


def tell_all(unit: BrandsUnit, peer: Peer) -> None:
    """A merchant that asks what feeds we have gets every bounds we signed: it may have come after them."""
    if unit.me.role != "brand" or peer.role is not Role.MERCHANT:
        return
    for record in unit.brands.plans(unit.me.identity):
        send(unit, peer.peer, verify(record.raw, TYPE), topic=Topic.CATALOG, about=("brand-plan", record.hash))


def _newest(unit: BrandsUnit, brand: bytes) -> dict[str, int]:
    newest: dict[str, int] = {}
    for record in unit.brands.plans(brand):
        newest[record.bounds.name] = max(newest.get(record.bounds.name, 0), record.bounds.version)
    return newest


def _view(unit: BrandsUnit, record: BrandPlanRecord, newest: dict[str, int]) -> BrandPlanView:
    bounds = record.bounds
    return BrandPlanView(
        record.hash.hex(),
        bounds.brand.hex(),
        brand_name(unit, bounds.brand),
        bounds.name,
        bounds.version,
        bounds.direct_least,
        bounds.direct_most,
        bounds.levels_most,
        bounds.total_most,
        bounds.window_least,
        bounds.version == newest[bounds.name],
    )


EXCHANGE = Exchange(answers={TYPE: _on_bounds})
