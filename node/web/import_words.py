"""Words for a contacts file on the page: what becomes of a row, and why."""

from node.services.customer_imports import PastImport
from node.services.customer_preview import RowView
from node.services.import_besides import BesidesView

OUTCOMES = {
    "new": ("New", "done"),
    "update": ("Updated", "active"),
    "known": ("Already here", "waiting"),
    "duplicate": ("Duplicate", "attention"),
    "error": ("Cannot be read", "stopped"),
}
KINDS = {"who": "Name and address", "email": "E-mail", "phone": "Phone number"}
PHASES = {
    "reading": "Reading the file",
    "mapping": "Reading the columns anew",
    "matching": "Looking for who is here already",
    "writing": "Taking the rows over",
}


def counted(row: PastImport) -> str:
    """What an import did, in one line."""
    return f"{row.created} new, {row.updated} updated, {row.known} already here"


def besides(view: BesidesView) -> str:
    """What comes with the customers of an export: "1 note, 2 follow-ups"; "" for nothing."""
    words = (
        ("notes", "note", "notes"),
        ("tasks", "follow-up", "follow-ups"),
        ("segments", "segment", "segments"),
        ("rules", "rule", "rules"),
    )
    found = [(getattr(view, name), one, many) for name, one, many in words]
    return ", ".join(f"{count:,} {one if count == 1 else many}" for count, one, many in found if count)


def outcome(row: RowView) -> tuple[str, str]:
    """The status of a row."""
    if row.action == "skip" and row.outcome != "error":
        return ("Left out", "stopped") if row.chosen or row.outcome != "duplicate" else ("Duplicate", "attention")
    return OUTCOMES[row.outcome]


def row_words(row: RowView) -> str:
    """Why a row is what it is."""
    if row.outcome == "error":
        return ""
    if row.candidates and not row.chosen:
        return "Several of your customers are like this one. It is left out until you say who it is."
    if row.twin and row.action == "skip":
        return f"The same as row {row.twin}: taken once."
    if row.twin and row.action == "merge":
        return f"Like row {row.twin}: goes into that customer."
    if row.twin:
        return f"Like row {row.twin}, but a customer of its own."
    return f"This is {row.customer.name}." if row.customer and row.action == "update" else ""


def choices_of(row: RowView) -> list[tuple[str, str]]:
    """What can be decided about a row."""
    if row.outcome == "error":
        return []
    people = [row.customer] if row.customer else []
    people += [person for person in row.candidates if person not in people]
    options = [(f"update:{person.id}", f"Update {person.name}{', ' + person.detail if person.detail else ''}") for person in people]
    options.append(("new", "Make a new customer"))
    if row.twin:
        options.append(("merge", f"Put into row {row.twin}"))
    return [*options, ("skip", "Leave out")]
