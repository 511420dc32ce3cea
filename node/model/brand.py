"""Brands, their bounds and their figures as the node keeps them. Times in milliseconds UTC."""

from dataclasses import dataclass

from protocol.brand_plan import BrandPlan
from protocol.identity import IdentityState, Presentation
from protocol.performance import Performance


@dataclass(frozen=True, slots=True)
class BrandRow:
    """A brand that we know by what merchants showed of it. `state` is what its root log comes to."""

    identity: bytes
    name: str
    presentation: Presentation
    state: IdentityState


@dataclass(frozen=True, slots=True)
class HeadRow:
    """A head of a feed that was taken: the raw checkpoint, and the proof that it goes on from the one taken before."""

    size: int
    checkpoint: bytes
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class BrandPlanRecord:
    """Signed bounds and their hash."""

    hash: bytes
    bounds: BrandPlan
    raw: bytes


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A part of a month's figures. `id` names the signed record."""

    id: bytes
    report: Performance
    raw: bytes
    at: int
