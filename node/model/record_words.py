"""What is wrong with a record, in words for a person: which field, why, and what to do. The one place where fields of records have names.

It decides nothing: the rules are the records' own (protocol/).
"""

from collections.abc import Mapping

from protocol.errors import BadField, ProtocolError

_INSIDE = {
    "variants": "of a variant", "translations": "of a translation", "images": "of a picture", "ranks": "of a price by rank",
    "promotions": "of a promotion", "zones": "of a zone", "steps": "of a step", "withdrawal": "of the withdrawal", "size": "",
    "suggested": "of a suggested price", "volume": "of a qualified volume", "brand": "of the brand's terms", "price": "", "compare_at": "",
}  # fmt: skip
"""Fields that hold further fields, as they stand behind the name of one of these."""
_NAMES = {
    "sku": "SKU", "gtin": "GTIN (bar code)", "mpn": "Maker's number (MPN)", "url": "Address", "alt": "Description", "weight": "Weight",
    "google_category": "Google category", "tax_class": "Tax class", "compare_at": "Price before", "ranks": "Prices by rank",
    "min_rank": "Rank", "count": "Pieces in stock",
    "least": "Least quantity", "most": "Most quantity", "valid_from": "Sold from", "valid_to": "Sold until",
    "available_from": "Sent from", "available_to": "Sent until", "values": "Values of the options", "volume": "Qualified volume",
    "returns": "Return policy", "upto": "Upper end", "fee_bps": "What is kept", "days_least": "Shortest time", "days_most": "Longest time",
    "free_from": "Free from", "suggested": "Suggested prices", "plans": "Allowed plans", "images": "Pictures", "hash": "Hash",
    "direct_bps": "Rate of a sale", "level_bps": "Rates of levels", "return_window_ms": "Return window", "hold_ms": "Further wait",
}  # fmt: skip
_KINDS = {
    "str": "text", "int": "a whole number", "bytes": "an id of 64 letters and digits", "bool": "yes or no (true or false)",
    "list": "a list", "map": "a group of fields",
}  # fmt: skip
_FAR = 1 << 52
_SHORT = {
    "origin": "two capitals, such as DE or PT",
    "countries": "two capitals each, such as DE or PT",
    "currency": "three capitals, such as EUR",
}
_ADVICE: Mapping[str, str] = {
    "bad-gtin": "Copy it from under the bar code, or leave it out.",
    "bad-period": "Choose an end that is later than the beginning.",
    "bad-price": "Enter a price of 0 or more.",
    "bad-ranks": "Write each rank once, the lowest first.",
    "bad-stock": "Say that it is sold out, or how many pieces are left.",
    "country": "Write two capitals, such as DE or PT.",
    "language": "Write the language's code, such as de or pt-BR.",
    "duplicate-sku": "Give each variant another SKU.",
    "bad-withdrawal": "Write the reason that everybody will read.",
}
"""What to do where a record's own words say only what is wrong."""


def words_of(error: Exception) -> str:
    """A sentence or two for a person; an error of the node's own says it itself."""
    if isinstance(error, BadField):
        return f"{name_of(error.path)} {_fault(error)}"
    if not isinstance(error, ProtocolError):
        return str(error)
    text = str(error).rstrip(".")
    advice = _ADVICE.get(error.code, "")
    return f"{text[:1].upper()}{text[1:]}. {advice}".rstrip()


def name_of(path: str) -> str:
    """A field as it is called: “Title of a translation” for Product.translations.title, “Price” for Offer.price.minor."""
    first, *rest = path.split(".")
    if not rest:
        return f"The {_spaced(first).lower()}"
    if rest[-1] == "minor" and len(rest) > 1:  # an amount is what holds it
        rest.pop()
    *outer, leaf = rest
    named = _NAMES.get(leaf) or leaf.replace("_", " ").capitalize()
    return " ".join(filter(None, (named, *(_INSIDE.get(part, "") for part in reversed(outer)))))


def _spaced(name: str) -> str:
    return "".join(f" {letter}" if letter.isupper() else letter for letter in name).strip()


def _fault(error: BadField) -> str:
    limit = error.limit
    number = f"{limit:,}" if isinstance(limit, int) else str(limit)
    match error.fault:
        case "missing":
            return "is missing. Fill it in."
        case "kind":
            return f"is something else than {_KINDS.get(str(limit), str(limit))}. Write it as such."
        case "low":
            return f"is too small. Enter {number} or more." if isinstance(limit, int) and abs(limit) < _FAR else "is too small."
        case "high":
            return f"is too large. Enter {number} at most." if isinstance(limit, int) and limit < _FAR else "is too large. Enter less."
        case "long" if (short := _SHORT.get(error.path.rpartition(".")[2])) is not None:
            return f"is too long. Write {short}."
        case "long":
            return f"is too long. Shorten it to {number} characters."
        case "many":
            return f"has too many entries. Keep {number} at most."
        case "few":
            return "has no entry. Leave it out, or write one."
        case "size":
            return "is no such id. Copy all of its letters and digits from where it is shown."
        case _:
            return f"is none of {number}. Choose one of these."
