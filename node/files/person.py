"""What a contacts file says about one person, in one shape for every format. It decides what stands for a name."""

from dataclasses import dataclass, field
from typing import TypeVar

from node.model.person import Address, Contact, Labelled, Names, Phone, Raw, RowError

_Value = TypeVar("_Value")


@dataclass(slots=True)
class Sketch:
    """A contact while its properties are gathered; `preferred` values are put first at the end."""

    row: int
    names: dict[str, str] = field(default_factory=dict)
    phones: list[tuple[int, Phone]] = field(default_factory=list)
    emails: list[tuple[int, Labelled]] = field(default_factory=list)
    addresses: list[tuple[int, Address]] = field(default_factory=list)
    birthday: str = ""
    organisation: str = ""
    title: str = ""
    notes: list[str] = field(default_factory=list)
    nickname: str = ""
    urls: list[Labelled] = field(default_factory=list)
    dates: list[Labelled] = field(default_factory=list)
    photo: bytes | None = None
    language: str = ""
    handles: list[Labelled] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    other: list[Raw] = field(default_factory=list)

    def shown_name(self) -> str:
        """The full name or the best that stands for it; "" when there is nothing to know the person by."""
        parts = (self.names.get(part, "") for part in ("prefix", "given", "middle", "family", "suffix"))
        return (
            self.names.get("full", "")
            or " ".join(part for part in parts if part)
            or self.nickname
            or self.organisation
            or next((email.value for _, email in self.emails), "")
            or next((phone.raw for _, phone in self.phones), "")
        )

    def finish(self) -> Contact | RowError:
        """The contact, or why there is none."""
        full = self.shown_name()
        if not full:
            return RowError(self.row, "It has no name, e-mail, phone or organisation to know the person by.")
        return Contact(
            row=self.row,
            names=Names(full, **{part: text for part, text in self.names.items() if part != "full"}),
            phones=_best_first(self.phones),
            emails=_best_first(self.emails),
            addresses=_best_first(self.addresses),
            birthday=self.birthday,
            organisation=self.organisation,
            title=self.title,
            notes="\n\n".join(self.notes),
            nickname=self.nickname,
            urls=tuple(self.urls),
            dates=tuple(self.dates),
            photo=self.photo,
            language=self.language,
            handles=tuple(self.handles),
            tags=tuple(dict.fromkeys(self.tags)),
            other=tuple(self.other),
        )


def _best_first(values: list[tuple[int, _Value]]) -> tuple[_Value, ...]:
    return tuple(value for _, value in sorted(values, key=lambda pair: pair[0]))


def text_lines(*blocks: str) -> tuple[str, ...]:
    """The lines of `blocks` without empty ones and trailing commas."""
    return tuple(line for block in blocks for piece in block.splitlines() if (line := piece.strip().rstrip(",").strip()))
