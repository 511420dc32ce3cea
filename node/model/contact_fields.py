"""What a column of a table can hold of a person: the fields a mapping names, and how a person calls them.

A mapping gives each column a target: a field, with `:label` where there may be several (`phone:work`, `street:home`, `agrees:newsletter`).
"""

import hashlib
from collections.abc import Sequence

from node.errors import UserError

NAMES = ("name", "given", "family", "middle", "prefix", "suffix")
PLACES = ("street", "street2", "street3", "postcode", "city", "region", "country", "block")
OWN, RAW, LEAVE = "own", "raw", ""
FIELDS = {
    "name": "Full name", "given": "First name", "family": "Last name", "middle": "Middle name", "prefix": "Title before the name",
    "suffix": "Suffix after the name", "nickname": "Nickname", "email": "E-mail", "phone": "Phone", "street": "Street and number",
    "street2": "Second line of the street", "street3": "Third line of the street", "postcode": "Postcode", "city": "Town",
    "region": "Region or state", "country": "Country", "block": "Whole address in one", "birthday": "Birthday",
    "date": "Another day to remember", "organisation": "Organisation", "title": "Job title", "tags": "Tags", "note": "Note",
    "language": "Language", "url": "Website", "handle": "Account elsewhere", "came_by": "How they came", "referrer": "Recommended by",
    "preference": "Standing wish", "agrees": "Agreed to (yes or no)", OWN: "Keep as a field of your own", RAW: "Keep as it is",
}  # fmt: skip
PERSONAL = frozenset((*NAMES, "email", "phone", "nickname", "organisation"))
"""One of these must be mapped: by it a person is known."""
_LONGEST = 100


def checked(target: str) -> str:
    """A target as a mapping may name it. Raises UserError `bad-mapping`."""
    field, colon, label = target.strip().partition(":")
    if field.casefold() in {"", "leave", "leave out", "-"}:
        return LEAVE
    if field not in FIELDS or len(label) > _LONGEST:
        raise UserError(
            f"“{field[:40]}” is no field of a customer. Fields are: {', '.join(FIELDS)}; leave drops a column.", code="bad-mapping"
        )
    return f"{field}:{label.strip()}" if colon and label.strip() else field


def require_person(targets: Sequence[str]) -> None:
    """Raise UserError `bad-mapping` unless some column says who a row is about."""
    if not {target.partition(":")[0] for target in targets} & PERSONAL:
        text = "Say which column is the name, the e-mail or the phone: without one of them nobody is known by a row."
        raise UserError(text, code="bad-mapping")


def fingerprint(header: Sequence[str]) -> bytes:
    """What tables with the same columns have in common, whatever the case and spaces of their titles."""
    titles = "\0".join(" ".join(title.casefold().split()) for title in header)
    return hashlib.blake2b(titles.encode("utf-8", "replace"), digest_size=32).digest()
