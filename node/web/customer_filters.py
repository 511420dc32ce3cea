"""The filters of the customers' list on a page: what the address names, the form, the chips, and the links from page to page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from node.errors import UserError
from node.model.filters import Filters
from node.services.customer_search import FilterValues, several
from node.web import formats

LISTED = 50  # so many values are in a select; the commonest of them
_TEXTS = ("tag", "city", "country", "consent", "no_consent", "has", "lacks", "language", "source")
_NAMES = ("q", *_TEXTS, "month", "ordered", "since", "before", "archived", "segment", "sort")
_LABELS = {
    "q": "“{}”",
    "tag": "Tag {}",
    "city": "In {}",
    "country": "Country {}",
    "consent": "Agrees to {}",
    "no_consent": "Does not agree to {}",
    "has": "Has {}",
    "lacks": "No {}",
    "language": "Language {}",
    "source": "Came by {}",
    "since": "Ordered since {}",
    "before": "No order since {}",
}
_ORDERED = (
    ("", "Any time"),
    ("since-30", "In the last 30 days"),
    ("since-90", "In the last 90 days"),
    ("since-365", "In the last year"),
    ("before-30", "Not for 30 days"),
    ("before-90", "Not for 90 days"),
    ("before-365", "Not for a year"),
    ("never", "Never"),
)
_REACH = (("", "Anyone"), ("phone", "Has a phone"), ("email", "Has an e-mail"), ("postal", "Has a postal address"))
_LACKS = (("", "Anyone"), ("phone", "Has no phone"), ("email", "Has no e-mail"), ("postal", "Has no postal address"))
_WORDS = {"phone": "phone", "email": "e-mail", "postal": "postal address"}
_ARCHIVED = (("", "Left out"), ("only", "Only these"), ("all", "Shown too"))
_SORTS = (("", "Best match, then name"), ("name", "Name"), ("newest", "Newest first"), ("order", "Last order first"))


@dataclass(frozen=True, slots=True)
class Given:
    """What the address names, by the names of `_NAMES`."""

    values: Mapping[str, str]

    def query(self) -> dict[str, Any]:
        """As `list_customers` takes it."""
        found: dict[str, Any] = {name: self[name] for name in (*_TEXTS, "since", "before", "archived", "sort") if self[name]}
        way, _, days = self["ordered"].partition("-")
        found |= {"never": True} if way == "never" else {way: days} if way in ("since", "before") else {}
        found |= {"month": _month(self["month"])} if self["month"] else {}
        return found | {"search": self["q"], "segment": _segment(self["segment"])}

    def href(self, **changed: str) -> str:
        """The list with some of it changed; "" leaves a filter out."""
        values = {name: value for name, value in {**self.values, **changed}.items() if value}
        return "/customers" + ("?" + urlencode(values) if values else "")

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")


def given_in(values: Mapping[str, str]) -> Given:
    """What a query or a form names."""
    return Given({name: value.strip()[:500] for name in _NAMES if (value := values.get(name, "")).strip()})


def given_of(filters: Filters) -> Given:
    """Filters as an address names them."""
    texts = {name: getattr(filters, name) for name in ("city", "country", "consent", "no_consent", "since", "before", "language", "source")}
    lists = {"tag": ",".join(filters.tags), "has": ",".join(filters.has), "lacks": ",".join(filters.lacks)}
    rest = {"q": filters.text, "month": str(filters.month or ""), "ordered": "never" if filters.never else ""}
    return given_in({**rest, **lists, **texts, "archived": "" if filters.archived == "no" else filters.archived})


def filters(given: Given) -> Filters:
    """As a segment keeps them."""
    query = given.query()
    return Filters(
        text=given["q"],
        tags=several(given["tag"]),
        city=given["city"],
        country=given["country"],
        consent=given["consent"],
        no_consent=given["no_consent"],
        month=int(query.get("month", 0)),
        has=several(given["has"]),
        lacks=several(given["lacks"]),
        since=str(query.get("since", "")),
        before=str(query.get("before", "")),
        never="never" in query,
        archived=given["archived"] or ("all" if given["segment"] else "no"),
        language=given["language"],
        source=given["source"],
    )


def chips(given: Given, segment: str) -> list[dict[str, str]]:
    """What is filtered by, in words, each with the list without it. `segment`: the name of the saved one."""
    found = [{"text": segment, "href": given.href(segment="")}] if segment else []
    for name, value in given.values.items():
        if name in ("tag", "has", "lacks"):
            parts = [part.strip() for part in value.split(",")]
            for part in parts:
                rest = ",".join(other for other in parts if other != part)
                found.append({"text": _LABELS[name].format(_WORDS.get(part, part)), "href": given.href(**{name: rest})})
        elif name in _LABELS:
            found.append({"text": _LABELS[name].format(value), "href": given.href(**{name: ""})})
        elif text := _chip(name, value):
            found.append({"text": text, "href": given.href(**{name: ""})})
    return found


def _chip(name: str, value: str) -> str:
    if name == "ordered":
        return {"never": "Never ordered"}.get(value) or "Ordered: " + dict(_ORDERED).get(value, value).lower()
    if name == "archived":
        return {"only": "Put aside", "all": "Also those put aside"}.get(value, "")
    return f"Birthday in {formats.month_name(_month(value))}" if name == "month" else ""


def form(given: Given, values: FilterValues) -> dict[str, Any]:
    """The options of each select, what is chosen, and what is carried along unseen."""
    months = (("", "Any month"), *((str(month), formats.month_name(month)) for month in range(1, 13)))
    listed = {
        "tag": ("Any tag", values.tags),
        "city": ("Anywhere", values.cities),
        "country": ("Anywhere", values.countries),
        "consent": ("Anything", values.purposes),
        "no_consent": ("Anything", values.purposes),
        "language": ("Any language", values.languages),
        "source": ("Any way", values.sources),
    }
    options = {name: (("", none), *((text, text) for text in _with(found, given[name]))) for name, (none, found) in listed.items()}
    fixed = {"month": months, "ordered": _ORDERED, "has": _REACH, "lacks": _LACKS, "archived": _ARCHIVED, "sort": _SORTS}
    fixed |= {name: _other(fixed[name], given[name]) for name in ("has", "lacks", "ordered")}
    return {"options": options | fixed, "chosen": given.values, "hidden": _unseen(given, ("q", "since", "before", "segment"))}


def kept(given: Given) -> dict[str, str]:
    """What a search by text carries along: the filters."""
    return _unseen(given, tuple(name for name in _NAMES if name != "q"))


def _unseen(given: Given, names: tuple[str, ...]) -> dict[str, str]:
    return {name: given[name] for name in names if given[name]}


def _with(found: tuple[str, ...], chosen: str) -> tuple[str, ...]:
    listed = tuple(sorted(found[:LISTED], key=str.casefold))
    return listed if not chosen or chosen in listed else (chosen, *listed)


def _other(options: tuple[tuple[str, str], ...], chosen: str) -> tuple[tuple[str, str], ...]:
    return options if not chosen or chosen in dict(options) else (*options, (chosen, chosen))


def _month(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:3]) <= 12:
        raise UserError("Give the month of the birthday as a number from 1 to 12.", code="bad-filter")
    return int(text)


def _segment(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text) if text else None
    except ValueError:
        raise UserError("That is no segment: choose one from the list.", code="bad-filter") from None
