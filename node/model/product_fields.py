"""What a column of a product table can hold: the fields a mapping names, and how a person calls them.

A mapping gives each column a target: a field, with `:label` for options (`option:Size`) and for weights in a unit (`weight:kg`), and `!` at
its end where an empty cell clears what the catalog has; without it an empty cell leaves it.
"""

from collections.abc import Sequence

from node.errors import UserError

LEAVE = ""
FIELDS = {
    "sku": "SKU", "title": "Title", "price": "Price", "compare_at": "Price before", "sale_price": "Sale price",
    "sale_days": "Days of the sale",
    "description": "Description", "vendor": "Brand", "category": "Category", "google_category": "Google category", "tags": "Tags",
    "gtin": "GTIN or EAN",
    "mpn": "Maker's number (MPN)", "stock": "Pieces in stock", "available": "Can be bought (yes or no)",
    "published": "Published (yes or no)",
    "weight": "Weight", "image": "Picture", "images": "Further pictures", "group": "Number of its group",
    "option": "An option, such as Size",
    "origin": "Country of origin", "handle": "Handle", "taxable": "Taxable (yes or no)",
}  # fmt: skip
CLEAR = "!"
CLEARABLE = frozenset(
    ("description", "vendor", "category", "google_category", "tags", "gtin", "mpn", "stock", "weight", "image", "images", "origin")
)
"""Fields that an empty cell can clear. A price before and a sale are cleared by one in any case."""
UNITS = ("g", "kg", "lb", "oz")
_LONGEST = 100


def checked(target: str) -> str:
    """A target as a mapping may name it. Raises UserError `bad-mapping`."""
    named, clears = without_clear(target.strip())
    field, colon, label = named.partition(":")
    if field.casefold() in {"", "leave", "leave out", "-"}:
        return LEAVE
    if field not in FIELDS or len(label) > _LONGEST:
        raise UserError(
            f"“{field[:40]}” is no field of a product. Fields are: {', '.join(FIELDS)}; leave drops a column.", code="bad-mapping"
        )
    if field == "weight" and label.strip() not in ("", *UNITS):
        raise UserError(f"A weight is in {', '.join(UNITS)}: write weight:kg.", code="bad-mapping")
    if clears and field not in CLEARABLE:
        text = f"An empty cell can't clear “{FIELDS[field]}”. It can clear: {', '.join(name for name in FIELDS if name in CLEARABLE)}."
        raise UserError(text, code="bad-mapping")
    return (f"{field}:{label.strip()}" if colon and label.strip() else field) + (CLEAR if clears else "")


def without_clear(target: str) -> tuple[str, bool]:
    """A target without its mark, and whether an empty cell clears."""
    return target.removesuffix(CLEAR), target.endswith(CLEAR)


def require_product(targets: Sequence[str]) -> None:
    """Raise UserError `bad-mapping` unless some column says which SKU a row is about, and some what of it."""
    fields = [without_clear(target)[0].partition(":")[0] for target in targets if target]
    if "sku" not in fields:
        raise UserError("Say which column is the SKU: by it a product is ordered and found again.", code="bad-mapping")
    if len(set(fields)) < 2:
        raise UserError("Say what another column holds as well, such as the price.", code="bad-mapping")
    twice = next((field for field in fields if fields.count(field) > 1 and field not in {"option", "images", "tags"}), "")
    if twice:
        raise UserError(f"Two columns are said to hold “{FIELDS[twice]}”. Leave one of them out.", code="bad-mapping")
