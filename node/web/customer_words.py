"""How a customer's record, its changes and its likenesses read."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from node.model.details import AddressEntry, Details
from node.model.phone_numbers import readable
from node.services import orders
from node.services.customer_timeline import TimelineEvent
from node.services.notes import NoteView
from node.web import formats, grant_words, task_parts
from node.web import order_words as words

_MOST_ORDERS = 50
_FIELDS = {
    "name": "Name",
    "given": "Given name",
    "middle": "Middle name",
    "family": "Family name",
    "prefix": "Before the name",
    "suffix": "After the name",
    "nickname": "Called",
    "organisation": "Organisation",
    "title": "Title",
    "birthday": "Birthday",
    "language": "Language",
    "came_by": "Came by",
    "referrer": "Sent by",
    "note": "Note",
    "phones": "Phones",
    "emails": "E-mails",
    "addresses": "Addresses",
    "dates": "Days",
    "handles": "Handles",
    "urls": "Links",
    "preferences": "Wishes",
    "custom": "Own fields",
    "tags": "Tags",
    "consents": "Consent",
    "other": "From the file",
    "archived": "Put aside",
}
SINGLE = ("name", "nickname", "organisation", "title", "birthday", "language", "came_by", "referrer")
_KINDS = {
    "edit": "Changed",
    "import": "Changed by an import",
    "merge": "Merged with another",
    "unmerge": "Made two again",
    "split": "Split",
    "restore": "Taken back",
    "backup": "Brought back from a backup",
    "archive": "Put aside",
    "unarchive": "Taken back among the others",
    "bulk": "Changed with others",
    "undo": "A change made with others was undone",
}
_TABLES = {
    "customer_apart": ("note that someone is another person", "notes that someone is another person"),
    "customer_bulk_rows": ("change made to many at once", "changes made to many at once"),
    "customer_changes": ("change by an import", "changes by imports"),
    "customer_history": ("earlier state", "earlier states"),
    "customer_index": ("entry of the search", "entries of the search"),
    "customer_orders": ("order in their habits", "orders in their habits"),
    "customer_purchases": ("purchase in their habits", "purchases in their habits"),
    "customer_reorders": ("reminder to reorder", "reminders to reorder"),
    "customer_secrets": ("key of their backups", "keys of their backups"),
    "staged_judgements": ("row of a file that waits", "rows of files that wait"),
    "customer_keys": ("thing they are found again by", "things they are found again by"),
    "customer_merges": ("merge that could be undone", "merges that could be undone"),
    "customer_notes": ("note", "notes"),
    "customer_photos": ("picture", "pictures"),
    "disclosures": ("field in the ledger", "fields in the ledger"),
    "grants": ("grant", "grants"),
    "order_secrets": ("order that can be opened", "orders that can be opened"),
    "orders": ("order", "orders"),
    "tasks": ("follow-up", "follow-ups"),
}
_SHARED = {"who": "the same name and address", "email": "an e-mail", "phone": "a phone number"}


def rows(table: str, count: int) -> str:
    """What of a customer a table held: "2 notes"."""
    one, many = _TABLES.get(table, (f"row of {table}", f"rows of {table}"))
    return f"{count} {one if count == 1 else many}"


def field(name: str) -> str:
    """A field of the record."""
    return _FIELDS[name]


def change(kind: str, fields: Iterable[str]) -> str:
    """A change: "Changed: phones, tags"."""
    what = ", ".join(_FIELDS[name].lower() for name in fields if kind not in ("archive", "unarchive"))
    return f"{_KINDS[kind]}: {what}" if what else _KINDS[kind]


def shared(kinds: Iterable[str]) -> str:
    """What two customers have in common."""
    return "They share " + " and ".join(_SHARED[kind] for kind in kinds)


def event(row: TimelineEvent, titles: Mapping[str, str]) -> dict[str, Any]:
    """Something that happened, in a line; `titles` are of orders by their drafts."""
    return {"at": row.at, "text": _EVENTS[row.kind](row, titles), "href": _HREFS.get(row.kind, "").format(id=row.about[:64]) or None}


def titles(unit: Any, drafts: Iterable[str]) -> dict[str, str]:
    """What orders are called."""
    return {draft: words.title(orders.get_order(unit, bytes.fromhex(draft))) for draft in drafts}


def _disclosed(row: TimelineEvent, _: Mapping[str, str]) -> str:
    return f"{row.detail} saw: {', '.join(grant_words.field(name).lower() for name in row.what.split())}"


def _noted(row: TimelineEvent, _: Mapping[str, str]) -> str:
    direction, channel = row.detail.split(" ")
    return task_parts.said(NoteView(row.about, "", row.at, row.what, channel, direction))


_EVENTS: Mapping[str, Callable[[TimelineEvent, Mapping[str, str]], str]] = {
    "added": lambda *_: "Added",
    "order": lambda row, titles: f"{titles.get(row.about, 'An order')}: {words.STATUS[row.what][0]}",
    "note": _noted,
    "task": lambda row, _: f"Done: {row.what}",
    "disclosure": _disclosed,
    "consent": lambda row, _: f"{row.what}: consent {row.detail}",
    "import": lambda row, _: f"{'Came with' if row.detail == 'created' else 'Changed by'} {row.what}",
    "merge": lambda *_: "Another customer became part of this one",
    "edit": lambda *_: "Changed",
    "unmerge": lambda *_: "Made two customers again",
    "split": lambda *_: "Split",
    "restore": lambda *_: "A change was taken back",
    **{kind: lambda row, _: _KINDS[row.kind] for kind in ("backup", "archive", "unarchive", "bulk", "undo")},
}
_HREFS = {"order": "/orders/{id}", "disclosure": "/grants/{id}"}


def value(person: Details, name: str) -> str:
    """A field of one value, as it reads."""
    text = str(getattr(person, name))
    return formats.birthday(text) if name == "birthday" else text


def address(item: AddressEntry) -> str:
    """An address in a line."""
    town = " ".join(part for part in (item.postcode, item.city) if part)
    return ", ".join(part for part in (*item.street.split("\n"), town, item.region, item.country) if part)


def terms(person: Details) -> list[tuple[str, str]]:
    """What is kept of a person as terms and texts, in the order of the form; a label of the seller's own is the term."""
    pairs = [(item.label or "Phone", readable(item.whole or item.value)) for item in person.phones]
    pairs += [(item.label or "E-mail", item.value) for item in person.emails]
    pairs += [(item.label or "Address", address(item)) for item in person.addresses]
    pairs += [
        (_FIELDS[name], value(person, name))
        for name in ("nickname", "organisation", "title", "birthday", "language")
        if getattr(person, name)
    ]
    pairs += [(item.label or "Day", formats.birthday(item.value)) for item in person.dates]
    pairs += [(item.label or "Handle", item.value) for item in person.handles]
    pairs += [(item.label or "Link", item.value) for item in person.urls]
    pairs += [(item.label or "Wish", item.value) for item in person.preferences]
    pairs += [(item.label or "Other", item.value) for item in person.custom]
    return pairs + [(_FIELDS[name], value(person, name)) for name in SINGLE[6:] if getattr(person, name)]


def consents(person: Details) -> list[dict[str, Any]]:
    """What was said of consent, newest first. Only the last word for a purpose holds; `holds` tells it."""
    last = {item.purpose.casefold(): number for number, item in enumerate(person.consents)}
    return [
        {
            "purpose": item.purpose,
            "word": ("Given", "done") if item.given else ("Withdrawn", "stopped"),
            "text": ", ".join(part for part in (formats.birthday(item.day), item.how) if part),
            "holds": last[item.purpose.casefold()] == number,
        }
        for number, item in reversed(list(enumerate(person.consents)))
    ]


def orders_of(unit: Any, customer: bytes) -> list[tuple[str, str]]:
    """A customer's orders by id, as they read."""
    found = [orders.get_order(unit, row.draft) for row in unit.orders.of_customer(customer)[:_MOST_ORDERS]]
    return [(order.id, f"{words.title(order)}, {formats.date(order.placed_at or order.updated)}") for order in found]
