"""Which currency counts where amounts of catalogs are compared. It knows no exchange rates: amounts of another currency are left out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from node.errors import UserError
from node.model.catalog import FeedRow

from .catalog import CatalogUnit


@dataclass(frozen=True, slots=True)
class Counting:
    """The currencies that something is offered in here, and which one counts: what was chosen; else yours, or that of most offers. Of
    several, `is_mine` says why it is this one. Where nothing is offered, as by a brand's own catalogs, there is nothing to compare.
    """

    held: tuple[str, ...]
    counts: str
    is_mine: bool
    is_offered: bool = True

    def words(self) -> str:
        """How it is said where nobody chose it."""
        why = "your currency" if self.is_mine else "the currency of most offers here"
        others = ", ".join(name for name in self.held if name != self.counts)
        return (
            f"Amounts in several currencies can't be compared. Shown is what is sold in {self.counts}, {why}. "
            f"To see what is sold otherwise, choose another currency: {others}."
        )


def counting(unit: CatalogUnit, merchant: bytes | None = None) -> Counting:
    """The currencies in the catalogs here, of all merchants or one."""
    return counting_in(unit, [row for row in unit.catalog.feeds() if merchant in (None, row.identity)])


def counting_in(unit: CatalogUnit, rows: Sequence[FeedRow]) -> Counting:
    """The currencies of these feeds. Those that offer nothing, as brands' do, have a say only where there is no other."""
    offers = {row.currency: 0 for row in rows}
    if len(offers) > 1:
        for row in rows:
            offers[row.currency] += unit.catalog.held(row.feed).offers
    is_offered, mine = any(offers.values()), unit.me.currency
    held = tuple(sorted(name for name in offers if offers[name] or not is_offered))
    counts = mine if mine in held else min(held, key=lambda name: (-offers[name], name), default=mine)
    return Counting(held, counts, is_mine=counts == mine, is_offered=is_offered)


def chosen(found: Counting, currency: str) -> str:
    """One that was chosen. Raises UserError `bad-request` where nothing is in it."""
    name = currency.strip().upper()
    if name and name not in found.held:
        raise UserError(f"No catalog here is in {name}. There is: {_listed(found.held)}.", code="bad-request")
    return name


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none yet"
