"""Names of Google's product data specification, as its XML and its tables write them."""

from collections.abc import Iterable, Mapping

from .items import Item

OPTIONS = {"color": "Color", "size": "Size", "material": "Material", "pattern": "Pattern", "gender": "Gender", "age group": "Age group"}
REQUIRED = {"id": "id", "title": "title", "price": "price"}
_PICTURES = ("image_link", "additional_image_link")


def name_of(title: str) -> str:
    """A column or element as it is named here: “g:Image Link” and “image_link” are one."""
    return title.strip().casefold().removeprefix("g:").replace(" ", "_")


def recognises(columns: Iterable[str]) -> bool:
    """Whether a table with these titles is a product feed."""
    found = {name_of(title) for title in columns}
    signs = ("availability", "image_link", "link", "google_product_category", "item_group_id", "condition", "gtin", "brand")
    return (
        {"id", "price"} <= found and len(found & {"title", *signs}) >= 3 and bool(found & {"image_link", "availability", "item_group_id"})
    )


def item(row: int, values: Mapping[str, str], pictures: Iterable[str]) -> Item:
    """The item with these values."""
    options = {shown: values[name_of(name)] for name, shown in OPTIONS.items() if values.get(name_of(name))}
    return Item(row, values, tuple(pictures), (), options if values.get("item_group_id") else {})


def pictures_of(values: Mapping[str, list[str]]) -> list[str]:
    """Addresses of pictures; a table writes further ones into one cell, with commas."""
    found = [address.strip() for name in _PICTURES for cell in values.get(name, ()) for address in _parts(cell)]
    return [address for address in found if address]


def _parts(cell: str) -> list[str]:
    """A comma belongs to an address unless another one follows it."""
    if ",http" not in cell.replace(" ", ""):
        return [cell]
    first, *rest = cell.replace(", http", ",http").split(",http")
    return [first, *("http" + part for part in rest)]
