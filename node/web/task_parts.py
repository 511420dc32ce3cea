"""A follow-up as pages show it: for whom, when, and the one tap that does it."""

import re
from typing import Any
from urllib.parse import quote

from node.services.notes import NoteView
from node.services.tasks import TaskView
from node.web import formats

CHANNELS = {"call": "Call", "message": "Message", "visit": "Visit", "other": "Other"}
RULES = {
    "delivered": ("After a delivery", "Days after the delivery"),
    "birthday": ("Birthdays", "Days ahead"),
    "reorder": ("Time to reorder", "Days ahead"),
    "quiet": ("No contact for long", "Days without contact"),
}
_BACK = re.compile(r"/(?:tasks(?:\?[\w=&%.-]*)?|customers/[0-9a-f]{64})\Z|/\Z")
_SAID = {("out", "call"): "You called", ("in", "call"): "They called", ("out", "message"): "You wrote", ("in", "message"): "They wrote"}
_MEETING = {"visit": "You met", "call": "A call", "message": "Messages", "other": "Noted"}


def row(task: TaskView, back: str) -> dict[str, Any]:
    """What the macros of tasks/parts.html take; its buttons lead to the page `back`."""
    return {
        "id": task.id,
        "title": task.title,
        "note": task.note,
        "customer": task.customer,
        "name": task.customer_name,
        "rule": RULES[task.rule][0] if task.rule else "",
        "due": due(task),
        "done": task.status == "done",
        "dropped": task.status == "dropped",
        "finished": task.finished,
        "reach": reach(task) if task.status == "open" else [],
        "open": _open(task),
        "back": back,
    }


def due(task: TaskView) -> tuple[str, str]:
    """When, in words, and the shape of it."""
    if task.days < 0:
        return ("Yesterday" if task.days == -1 else f"{-task.days} days late", "attention")
    named = {0: ("Today", "attention"), 1: ("Tomorrow", "waiting")}
    return named.get(task.days, (formats.birthday(task.day), "waiting"))


def reach(task: TaskView) -> list[tuple[str, str]]:
    """Words and links to reach the customer, the way the follow-up means first."""
    call, text = _dialled(task.call), _dialled(task.sms)
    links = [("call", "Call", f"tel:{call}" if call else ""), ("message", "Text", f"sms:{text}" if text else "")]
    links.append(("message", "E-mail", f"mailto:{quote(task.mail, safe='@+._-')}" if "@" in task.mail else ""))
    return [(word, href) for way, word, href in sorted(links, key=lambda link: link[0] != task.channel) if href]


def back_of(given: str, undo: str = "") -> str:
    """Where a form leads to: a page that shows follow-ups, with what can be undone there."""
    path = given if _BACK.match(given) else "/tasks"
    return path if not undo else f"{path}{'&' if '?' in path else '?'}undo={undo}"


def said(note: NoteView) -> str:
    """A note in a timeline."""
    return f"{_SAID.get((note.direction, note.channel), _MEETING[note.channel])}: {note.text}"


def _open(task: TaskView) -> tuple[str, str] | None:
    if task.rule == "reorder" and task.customer:
        return "Order again", f"/catalog?customer={task.customer}"
    return ("Open the order", f"/orders/{task.order}") if task.order else None


def _dialled(number: str) -> str:
    plain = re.sub(r"[^0-9+*#]", "", number)
    return plain if sum(letter.isdigit() for letter in plain) >= 3 else ""
