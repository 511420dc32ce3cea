"""Pieces of a counted offer that a quote or an order holds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hold:
    """`quantity` pieces of a SKU for the order `draft` of a member. state: quoted or placed (until `until`, ms), taken, back.

    `back`: of what was taken, how many are on the shelf again.
    """

    draft: bytes
    sku: str
    currency: str
    member: bytes
    quantity: int
    until: int
    state: str = "quoted"
    back: int = 0
