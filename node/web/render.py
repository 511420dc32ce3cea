"""Templates and formats: what a page looks like to this reader, in their language, zone and theme.

Every string is hostile: autoescape is on for all templates and links pass `local`, which lets only paths of this desk through.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from node.web import formats
from node.web.sessions import Session


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose desk it is. role: "seller" | "merchant" | "brand"; counts: nav key → how many things wait there."""

    name: str
    role: str = "seller"
    place: str = ""
    locale: str = "en"
    zone: str = "UTC"
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Frame:
    """What the request brings to its page: the nonce, the session's token, the reader."""

    nonce: str
    token: str
    reader: formats.Reader


_frame: ContextVar[Frame] = ContextVar("frame")

Group = tuple[str, tuple[tuple[str, str, str], ...]]
_GROUPS: tuple[Group, ...] = (
    ("", (("today", "Today", "/"),)),
    ("Sell", (("customers", "Customers", "/customers"), ("orders", "Orders", "/orders"), ("catalog", "Catalog", "/catalog"))),
    ("Earn", (("team", "Team", "/team"), ("commissions", "Commissions", "/commissions"), ("wallet", "Wallet", "/wallet"))),
    (
        "Trust",
        (
            ("grants", "Who sees what", "/grants"),
            ("peers", "Peers", "/peers"),
            ("backup", "Backup", "/backup"),
            ("keys", "Keys and devices", "/keys"),
        ),
    ),
)
_SHOP: tuple[Group, ...] = (
    _GROUPS[0],
    ("Sell", (("merchant", "Shop", "/merchant"), ("orders", "Orders", "/orders"), ("catalog", "Catalog", "/catalog"))),
    ("Money", (("commissions", "Commissions", "/commissions"), ("wallet", "Wallet", "/wallet"))),
    _GROUPS[-1],
)


_BRAND: tuple[Group, ...] = (
    _GROUPS[0],
    ("Products", (("brand", "Brand", "/brand"), ("catalog", "Catalog", "/catalog"))),
    (_GROUPS[-1][0], _GROUPS[-1][1][1:]),
)


def nav_groups(viewer: Viewer) -> tuple[Group, ...]:
    """The nav of a role: who sells for a shop does not see the shop's own pages; a shop has no customers and no team, a brand no orders."""
    return {"merchant": _SHOP, "brand": _BRAND}.get(viewer.role, _GROUPS)


def nav_tabs(viewer: Viewer) -> tuple[tuple[str, str, str], ...]:
    """The four that fit on a phone: the first two groups."""
    groups = nav_groups(viewer)
    return (*groups[0][1], *groups[1][1])


def _section(viewer: Viewer | None, section: str) -> str:
    """The nav's entry of a page. What a shop and a brand do alike is the shop's section on one desk, the brand's on the other."""
    return "brand" if section == "merchant" and viewer is not None and viewer.role == "brand" else section


class Renderer:
    """One per app: the environment over the template folder, and `now` for relative times."""

    def __init__(self, templates: Path, now: Callable[[], int]) -> None:
        self._now = now
        self.env = environment(templates)

    def reader(self, viewer: Viewer | None) -> formats.Reader:
        """The reader of this moment, for whoever formats before the page is drawn."""
        locale, zone = (viewer.locale, viewer.zone) if viewer else ("en", "UTC")
        return formats.Reader(locale, zone, self._now())

    def page(self, template: str, values: Mapping[str, Any], *, nonce: str, session: Session | None, viewer: Viewer | None) -> str:
        """The text of one page. `values` must give what the template's head names; an absent one is an error."""
        reader = self.reader(viewer)
        frame = _frame.set(Frame(nonce, session.token if session else "", reader))
        shown = formats.reader_var.set(reader)
        try:
            return self.env.get_template(template).render({
                "viewer": viewer, "reader": reader, "look": session.look if session else "",
                "errors": {}, "notice": "", "notice_kind": "", **values, "section": _section(viewer, str(values.get("section", ""))),
            })  # fmt: skip
        finally:
            formats.reader_var.reset(shown)
            _frame.reset(frame)


def environment(templates: Path) -> Environment:
    """Autoescape everywhere, icons included; an undefined name is an error, not an empty place."""
    env = Environment(loader=FileSystemLoader(templates), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    env.globals.update(nonce=lambda: _frame.get().nonce, csrf=lambda: _frame.get().token, nav_groups=nav_groups, nav_tabs=nav_tabs)
    env.filters.update(formats.FILTERS)
    return env
