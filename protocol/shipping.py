"""Shipping profiles: where a merchant sends, and what that costs by weight or by price; what need not be sent at all.

It decides the zone of a destination and the cost of one parcel. It knows no carrier and no address beyond country and postcode.
"""

from dataclasses import dataclass
from enum import StrEnum

from .codec import key, refuse_empty
from .country import check_country
from .errors import Conflict, Malformed
from .money import Money, exponent

MOST_ZONES = 100


class Measure(StrEnum):
    """What the steps of a zone's table count: nothing, grams, or minor units of the goods' price."""

    FLAT = "flat"
    WEIGHT = "weight"
    PRICE = "price"


@dataclass(frozen=True, slots=True)
class Step:
    """One row of a table: `cost` in minor units for all that measures at most `upto`; without it, for all the rest."""

    OPEN_ENDED = True
    cost: int = key(0)
    upto: int | None = key(2, default=None)


@dataclass(frozen=True, slots=True)
class Zone:
    """Where the same costs hold: `countries`, none = wherever no other zone is; only under `postcodes`, where it lists beginnings of such.

    From a price of `free_from` minor units on, nothing is charged. `days_least` and `days_most` are how long it takes.
    """

    OPEN_ENDED = True
    name: str = key(0, longest=64)
    countries: tuple[str, ...] = key(2, longest=2, most=250)
    measure: Measure = key(4)
    steps: tuple[Step, ...] = key(6, most=100)
    postcodes: tuple[str, ...] | None = key(8, longest=10, most=500, default=None)
    free_from: int | None = key(10, default=None)
    days_least: int | None = key(11, high=366, default=None)
    days_most: int | None = key(13, high=366, default=None)

    def __post_init__(self) -> None:
        if not self.name:
            raise Malformed("a zone has a name")
        for country in self.countries:
            check_country(country)
        refuse_empty(self, "postcodes")
        if self.postcodes is not None and (len(self.countries) != 1 or any(plain(item) != item or not item for item in self.postcodes)):
            raise Malformed(f"{self.name}: postcodes are of one country, in capitals without spaces", code="bad-postcode")
        limits = [step.upto for step in self.steps]
        counted = limits[:-1] if limits and limits[-1] is None else limits
        rising = None not in counted and counted == sorted({limit for limit in counted if limit is not None})
        if not limits or not rising or (self.measure is Measure.FLAT and limits != [None]):
            raise Malformed(f"{self.name}: steps rise, only the last is open, and a flat cost is one open step", code="bad-steps")
        if self.days_most is not None and self.days_most < (self.days_least or 0):
            raise Malformed(f"{self.name}: the longest time is shorter than the shortest", code="bad-period")

    def places(self) -> list[tuple[str, str]]:
        """(country, beginning of the postcode) of all it covers; ("", "") = wherever no other zone is."""
        countries = self.countries or ("",)
        return [(country, prefix) for country in countries for prefix in self.postcodes or ("",)]

    def cost(self, weight: int, price: int) -> int:
        """Minor units for goods of `weight` grams and `price` minor units. Raises Conflict `too-heavy`, `too-dear`."""
        if self.free_from is not None and price >= self.free_from:
            return 0
        size = weight if self.measure is Measure.WEIGHT else price
        for step in self.steps:
            if step.upto is None or size <= step.upto:
                return step.cost
        if self.measure is Measure.WEIGHT:
            raise Conflict(f"{self.name}: {weight} g are more than is sent there at once", code="too-heavy")
        raise Conflict(f"{self.name}: goods of that price are not sent there at once", code="too-dear")


@dataclass(frozen=True, slots=True)
class ShippingProfile:
    """How goods of this profile reach the customer. `pickup`: they may be fetched; `digital`: nothing is sent, nothing is charged."""

    OPEN_ENDED = True
    name: str = key(0, longest=64)
    currency: str = key(2, longest=3)
    zones: tuple[Zone, ...] = key(4, most=MOST_ZONES)
    pickup: bool = key(6)
    digital: bool = key(8)

    def __post_init__(self) -> None:
        if not self.name:
            raise Malformed("a shipping profile has a name")
        exponent(self.currency)
        places = [place for zone in self.zones for place in zone.places()]
        if len(set(places)) != len(places):
            raise Malformed(f"{self.name}: two zones for one place", code="duplicate-zone")
        if self.digital and (self.zones or self.pickup):
            raise Malformed(f"{self.name}: what is digital is neither sent nor fetched", code="bad-profile")
        if not (self.zones or self.pickup or self.digital):
            raise Malformed(f"{self.name}: it leads nowhere: a zone, pickup or digital", code="bad-profile")

    def zone(self, country: str, postcode: str = "") -> Zone | None:
        """The zone of a destination: by the longest beginning of its postcode, else by its country, else the one for all the rest."""
        code = plain(postcode)
        best: tuple[int, Zone] | None = None
        for zone in self.zones:
            for where, prefix in zone.places():
                if where not in ("", country) or not code.startswith(prefix):
                    continue
                rank = len(prefix) + 1 if where else 0
                if best is None or rank > best[0]:
                    best = (rank, zone)
        return best[1] if best else None


def plain(postcode: str) -> str:
    """A postcode as it is compared: capitals, without spaces and hyphens."""
    return postcode.upper().replace(" ", "").replace("-", "")


def cost_of(profile: ShippingProfile, country: str, postcode: str, *, weight: int, price: Money) -> Money:
    """What it costs to send goods of `weight` grams and `price` together to a place.

    Raises Conflict `currency`, `no-shipping` (nowhere near), `too-heavy`, `too-dear`.
    """
    if price.currency != profile.currency:
        raise Conflict(f"the goods are priced in {price.currency}, their shipping in {profile.currency}", code="currency")
    if profile.digital:
        return Money(0, profile.currency)
    zone = profile.zone(country, postcode)
    if zone is None:
        raise Conflict(f"{profile.name}: it is not sent to {country}", code="no-shipping")
    return Money(zone.cost(weight, price.minor), profile.currency)
