"""Words for what a product says of itself, and for what its offers say: why a price, how many, when, how it is sent."""

from collections.abc import Iterable, Iterator
from typing import Any

from node.services.product_sheet import ProductSheet, SheetVariant
from node.web import formats
from protocol.money import Money
from protocol.shipping import Measure, ShippingProfile, Step, Zone

_KILO = 1000


def facts(product: ProductSheet, now: int) -> list[tuple[str, str]]:
    """What is known of the thing itself, each where it is said."""
    pairs = [
        ("Category", product.category),
        ("Google category", str(product.google_category or "")),
        ("Care", product.care),
        ("Ingredients", product.ingredients),
        ("Made in", country(product.origin) if product.origin else ""),
        ("Only under the bounds", ", ".join(product.plans)),
        ("May be sold", period(product.valid_from, product.valid_to, now)),
    ]
    return [(term, text) for term, text in pairs if text]


def article(item: SheetVariant) -> dict[str, Any]:
    """What is said of one SKU as a thing."""
    pairs = [
        ("GTIN", item.gtin),
        ("Maker's number", item.mpn),
        ("Weight", weight(item.weight) if item.weight else ""),
        ("Size as packed", " × ".join(formats.number(side) for side in item.size) + " mm" if item.size else ""),
        ("Ingredients", item.ingredients),
        ("Suggested price", amounts(item.suggested)),
        ("Qualified volume", amounts(item.volume)),
    ]
    return {"sku": item.sku, "title": item.title, "facts": [(term, text) for term, text in pairs if text]}


def notes(item: SheetVariant, now: int) -> list[str]:
    """Why the price is what it is and what comes, how many may be ordered, and when."""
    return [*_price(item, now), *_quantity(item), *_times(item, now)] if item.price is not None else []


def _price(item: SheetVariant, now: int) -> Iterator[str]:
    if item.rule == "promotion":
        yield f"{item.promotion}{f' until {formats.datetime_text(item.until)}' if item.until else ''}"
    if item.rule == "rank":
        yield "Your rank's price"
    for sale in item.promotions:
        if sale.start > now:
            yield f"{sale.name} from {formats.datetime_text(sale.start)}: {formats.money(sale.price)}"


def _quantity(item: SheetVariant) -> Iterator[str]:
    if item.count is not None:
        yield f"{formats.number(item.count)} left"
    if item.least > 1 or item.most is not None:
        most = f"at most {item.most}" if item.most is not None else ""
        least = f"At least {item.least}" if item.least > 1 else ""
        yield " and ".join(part for part in (least, most) if part).capitalize() + " in an order"


def _times(item: SheetVariant, now: int) -> Iterator[str]:
    if item.available_from:
        yield f"There from {formats.date(item.available_from)}; what is ordered before is sent then"
    if item.available_to:
        yield f"There until {formats.datetime_text(item.available_to)}"
    if item.valid_from > now:
        yield f"On sale from {formats.datetime_text(item.valid_from)}"
    if item.valid_to:
        yield f"On sale until {formats.datetime_text(item.valid_to)}"


# --- how it is sent


def sending(profiles: Iterable[ShippingProfile], *, flat: bool) -> list[tuple[str, list[str]]]:
    """How goods reach the customer, by profile. `flat`: some go at the shop's flat price, which its catalog doesn't say."""
    found = [(profile.name, list(_ways(profile))) for profile in profiles]
    return [*found, *([("", ["What sending costs is in the quote"])] if flat else [])]


def _ways(profile: ShippingProfile) -> Iterator[str]:
    if profile.digital:
        yield "Digital: nothing is sent or charged"
    for zone in profile.zones:
        yield f"{zone.name} ({_where(zone)}): {_costs(zone, profile.currency)}"
    if profile.pickup:
        yield "Can be fetched"


def _where(zone: Zone) -> str:
    if not zone.countries:
        return "everywhere else"
    places = ", ".join(country(code) for code in zone.countries[:8]) + (" and others" if len(zone.countries) > 8 else "")
    return f"{places}, postcodes {', '.join(zone.postcodes[:8])}…" if zone.postcodes else places


def _costs(zone: Zone, currency: str) -> str:
    found = [", ".join(_step(zone, step, currency) for step in zone.steps)]
    if zone.free_from is not None:
        found.append(f"free from {_money(zone.free_from, currency)}")
    if zone.days_least is not None or zone.days_most is not None:
        days = sorted({day for day in (zone.days_least, zone.days_most) if day is not None})
        found.append(f"{'–'.join(map(str, days))} {'day' if days == [1] else 'days'}")
    return "; ".join(found)


def _step(zone: Zone, step: Step, currency: str) -> str:
    cost = _money(step.cost, currency) if step.cost else "free"
    if zone.measure is Measure.FLAT:
        return cost
    if step.upto is None:
        return f"{cost} beyond" if len(zone.steps) > 1 else cost
    return f"{cost} up to {weight(step.upto) if zone.measure is Measure.WEIGHT else _money(step.upto, currency)}"


# --- values


def country(code: str) -> str:
    """A country by its name in the reader's language."""
    return str(formats.reader_var.get().words.territories.get(code, code))


def weight(grams: int) -> str:
    """Grams, or kilograms from one on."""
    return f"{grams / _KILO:g} kg" if grams >= _KILO else f"{grams} g"


def amounts(values: Iterable[Money]) -> str:
    """Amounts of several currencies."""
    return ", ".join(formats.money(value) for value in values)


def period(start: int | None, end: int | None, now: int) -> str:
    """From when and until when, as far as that is still of interest."""
    found = [f"from {formats.datetime_text(start)}" if start and start > now else "", f"until {formats.datetime_text(end)}" if end else ""]
    return " ".join(part for part in found if part)


def _money(minor: int, currency: str) -> str:
    return formats.money({"minor": minor, "currency": currency})
