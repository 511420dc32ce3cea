"""vCard 2.1, 3.0 and 4.0 → contacts. It decides which property goes where (docs/imports.md); what has no place is kept raw."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from node.model.person import Address, Consent, Entry, Labelled, Raw, day

from .content_lines import Property, begins_property, binary, components, listed, parse, text, unfold
from .exact_card import PROPERTY as EXACT
from .exact_card import exact_person
from .person import Sketch, text_lines

MAX_CARD = 16_000_000
MAX_PROPERTIES = 5_000
LONGEST_PROPERTY = 7_000_000
"""A picture of 5 MB in base64."""
LONGEST_LINE = LONGEST_PROPERTY
_NO_END = "The card has no end (END:VCARD), so it may be cut off. What there was is imported."
_SILENT_TYPES = frozenset(("pref", "internet", "voice", "x-internet", "postal", "parcel", "dom", "intl", "other"))
_HANDLES = {
    "IMPP": "", "X-AIM": "aim", "X-ICQ": "icq", "X-JABBER": "jabber", "X-MSN": "msn", "X-YAHOO": "yahoo", "X-SKYPE": "skype",
    "X-SKYPE-USERNAME": "skype", "X-QQ": "qq", "X-GTALK": "gtalk", "X-GOOGLE-TALK": "gtalk", "X-MS-IMADDRESS": "im",
    "X-TWITTER": "twitter", "X-SOCIALPROFILE": "", "SOCIALPROFILE": "", "X-TELEGRAM": "telegram", "X-INSTAGRAM": "instagram",
}  # fmt: skip
_DATES = {"ANNIVERSARY": "anniversary", "X-ANNIVERSARY": "anniversary", "X-MS-ANNIVERSARY": "anniversary", "X-ABDATE": ""}
_NAME_PARTS = ("family", "given", "middle", "prefix", "suffix")
_FRAME = frozenset(("BEGIN", "END", "VERSION", "LABEL"))
"""What `_place` has no place for; a printed label waits until the addresses are known."""
_FRAME_LETTERS = frozenset((b"B", b"b", b"E", b"e", b" ", b"\t"))


def read_cards(lines: Iterable[bytes], region: str) -> Iterator[Entry]:
    """Each card of `lines` (bytes without line ends) as an entry."""
    for number, card in enumerate(_cards(lines), 1):
        yield _entry(number, card, region)


class _Card:
    """The lines of one card. A property that is too long is left out, and told; a card that is, is nothing but that."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.problems: list[str] = []
        self.size = self.depth = 0
        self.nested = False  # a card within it was begun
        self._begin, self._length = -1, 0  # of the property that is being read, once the card is so large that it matters

    def add(self, line: bytes) -> None:
        """One more line."""
        if self._begin < 0 and (size := self.size + len(line)) <= LONGEST_PROPERTY:
            self.size = size
            self.lines.append(line)
            return
        if self._begin < 0:
            self._begin = next((at for at in range(len(self.lines) - 1, -1, -1) if begins_property(self.lines[at])), 0)
            self._length = sum(map(len, self.lines[self._begin :]))
        if begins_property(line):
            self._begin, self._length = len(self.lines), 0
        before, self._length = self._length, self._length + len(line)
        if self._length > LONGEST_PROPERTY:
            if before <= LONGEST_PROPERTY:
                self._too_long(line)
            return
        self.size += len(line)
        if self.size <= MAX_CARD:
            self.lines.append(line)

    def _too_long(self, line: bytes) -> None:
        head = (self.lines[self._begin] if self._begin < len(self.lines) else line)[:80]
        name = head.partition(b":")[0].partition(b";")[0].rpartition(b".")[2].decode("ascii", "replace").upper()
        what = "Its picture" if name == "PHOTO" else f"Its property {name[:40]}"
        self.problems.append(f"{what} is larger than 5 MB and is left out; the rest is imported.")
        self.size -= sum(map(len, self.lines[self._begin :]))
        del self.lines[self._begin :]


def _cards(lines: Iterable[bytes]) -> Iterator[_Card]:
    card: _Card | None = None
    for line in lines:
        word = line[:16].strip().upper() if line[:1] in _FRAME_LETTERS and len(line) < 40 else b""
        if word == b"BEGIN:VCARD":
            if card and card.lines and card.lines[-1].strip().upper().startswith(b"AGENT"):
                card.depth += 1
                card.nested = True
            elif card is not None:
                card.problems.append(_NO_END)
                yield card
                card = None
            if card is None:
                card = _Card()
                continue
        elif word == b"END:VCARD" and card is not None:
            if card.depth == 0:
                yield card
                card = None
                continue
            card.depth -= 1
        if card is not None:
            card.add(line)
    if card is not None:
        card.problems.append(_NO_END)
        yield card


def _entry(number: int, card: _Card, region: str) -> Entry:
    if card.size > MAX_CARD:
        return Entry(number, None, (f"The card is larger than {MAX_CARD // 1_000_000} MB. Make its pictures smaller and import it again.",))
    sketch = Sketch(number, problems=card.problems)
    names = _read(card, sketch, region)
    if names is None:
        return Entry(number, None, (f"The card has more than {MAX_PROPERTIES:,} properties.",), (_text(card.lines),))
    found = sketch.finish()
    if EXACT in names and (exact := exact_person(card.lines)) is not None:
        return Entry(number, replace(exact, row=number, photo=sketch.photo))
    return found if found.person else Entry(number, None, (*card.problems, *found.problems), (_text(card.lines),))


def _text(lines: list[bytes]) -> str:
    """A card as it stood in the file, for the error file."""
    return "\r\n".join(["BEGIN:VCARD", *(line.decode("utf-8", "replace") for line in lines), "END:VCARD", ""])


def _read(card: _Card, sketch: Sketch, region: str) -> set[str] | None:
    """Gather the card into `sketch`; the names of its properties, or None where there are too many."""
    version = next((line for line in card.lines[:20] if line.lstrip()[:8].upper() == b"VERSION:"), b"")
    old = version.strip().upper() == b"VERSION:2.1"
    lines = _without_agents(card.lines, sketch) if card.nested else card.lines
    properties = [found for line in unfold(lines, old=old) if (found := parse(line, old=old))]
    if len(properties) > MAX_PROPERTIES:
        return None
    names = {prop.name for prop in properties}
    labels, used = _labels(properties) if "X-ABLABEL" in names else ({}, set())
    for prop in properties:
        if prop.name not in _FRAME and not (prop.name == "X-ABLABEL" and prop.group in used):
            _place(sketch, prop, labels.get(prop.group) or _label(prop), region)
    for prop in properties if "LABEL" in names else ():
        if prop.name == "LABEL":
            _postal_label(sketch, prop)
    return names


def _labels(properties: Iterable[Property]) -> tuple[dict[str, str], set[str]]:
    """The labels of groups, and the groups where another property takes it along."""
    labels = {prop.group: _apple(text(prop)) for prop in properties if prop.name == "X-ABLABEL" and prop.group}
    return labels, {prop.group for prop in properties if prop.name in _PLACES or prop.name in _HANDLES or prop.name in _DATES}


def _without_agents(card: list[bytes], sketch: Sketch) -> Iterator[bytes]:
    """The lines of `card` outside cards within it, which are kept raw."""
    inner: list[str] = []
    depth = 0
    for line in card:
        word = line.strip().upper()
        depth += word == b"BEGIN:VCARD"
        if depth:
            inner.append(line.decode("utf-8", "replace"))
        else:
            yield line
        depth -= word == b"END:VCARD" and depth > 0
    if inner:
        sketch.other.append(Raw("AGENT", "", "\n".join(inner)))


def _place(sketch: Sketch, prop: Property, label: str, region: str) -> None:
    place = _PLACES.get(prop.name)
    done = False
    if prop.name == "TEL":
        done = _phone(sketch, prop, label, region)
    elif place is not None:
        done = place(sketch, prop, label)
    elif prop.name in _HANDLES:
        done = _handle(sketch, prop, label)
    elif prop.name in _DATES:
        done = _day(sketch, prop, _DATES[prop.name] or label)
    if not done or prop.damaged:
        sketch.other.append(_raw(prop))


def _raw(prop: Property) -> Raw:
    name = f"{prop.group}.{prop.name}" if prop.group else prop.name
    return Raw(name, prop.head.partition(";")[2], prop.value)


def _phone(sketch: Sketch, prop: Property, label: str, region: str) -> bool:
    value = text(prop)
    return bool(value) and sketch.add_phone(_rank(prop), label, value, region)


def _component_texts(prop: Property, glue: str) -> list[str]:
    """The text of each component; where it is a list, its texts joined."""
    if "," not in prop.value and "\\" not in prop.value:
        return [part.strip() for part in prop.value.split(";")]
    return [glue.join(filter(None, (text(prop, item) for item in listed(part)))) for part in components(prop)]


def _address(sketch: Sketch, prop: Property, label: str) -> bool:
    parts = _component_texts(prop, "\n")
    box, extended, street, city, area, postcode, country, *more = [*parts, *[""] * 7]
    lines = text_lines(street, extended, box, *more)
    found = Address(label, lines, *[part.replace("\n", " ") for part in (city, area, postcode, country)])
    if not lines and "LABEL" in prop.parameters:
        found = Address(label, text_lines(prop.parameters["LABEL"].replace("\\n", "\n")), *(city, area, postcode, country))
    if not (found.lines or found.city or found.region or found.postcode or found.country):
        return True  # an address with nothing in it
    sketch.addresses.append((_rank(prop), found))
    return True


def _postal_label(sketch: Sketch, prop: Property) -> None:
    """A printed label: an address of its own where there is no other of its kind, else kept raw beside that."""
    label = _label(prop)
    if text(prop) and not any(address.label == label for _, address in sketch.addresses):
        sketch.addresses.append((_rank(prop), Address(label, text_lines(text(prop)))))
    else:
        sketch.other.append(_raw(prop))


def _full(sketch: Sketch, prop: Property, _: str) -> bool:
    return _once(sketch.names, "full", " ".join(text(prop).split()))


def _once(names: dict[str, str], part: str, value: str) -> bool:
    if part in names and value:
        return False
    if value:
        names[part] = value
    return True


def _name(sketch: Sketch, prop: Property, _: str) -> bool:
    parts = _component_texts(prop, " ")
    if not sketch.names.keys().isdisjoint(_NAME_PARTS) or any(parts[5:]):
        return False
    for key, part in zip(_NAME_PARTS, parts, strict=False):
        if part:
            sketch.names[key] = " ".join(part.split())
    return True


def _email(sketch: Sketch, prop: Property, label: str) -> bool:
    value = text(prop).removeprefix("mailto:")
    return bool(value) and sketch.add_email(_rank(prop), label, value)


def _field(name: str, read: Callable[[Property], str]) -> Callable[[Sketch, Property, str], bool]:
    """The place of a property that fills one field; a second one is kept raw."""

    def place(sketch: Sketch, prop: Property, _: str) -> bool:
        value = read(prop)
        if not value or getattr(sketch, name):
            return False
        setattr(sketch, name, value)
        return True

    return place


def _organisation(prop: Property) -> str:
    return ", ".join(part for part in (text(prop, component) for component in components(prop)) if part)


def _day(sketch: Sketch, prop: Property, label: str) -> bool:
    found = day(text(prop))
    if found:
        sketch.dates.append(Labelled(label, found))
    elif text(prop):
        sketch.no_day(text(prop))
    return bool(found)


def _birthday(sketch: Sketch, prop: Property, _: str) -> bool:
    found = day(text(prop))
    if not found and text(prop):
        sketch.no_day(text(prop))
    if not found or sketch.birthday:
        return False
    sketch.birthday = found
    return True


def _note(sketch: Sketch, prop: Property, _: str) -> bool:
    value = text(prop)
    if value:
        sketch.notes.append(value)
    return bool(value)


def _url(sketch: Sketch, prop: Property, label: str) -> bool:
    value = text(prop)
    if value:
        sketch.urls.append(Labelled(label, value))
    return bool(value)


def _tags(sketch: Sketch, prop: Property, _: str) -> bool:
    sketch.tags += [tag for tag in (text(prop, item) for item in listed(prop.value)) if tag]
    return True


def _photo(sketch: Sketch, prop: Property, _: str) -> bool:
    if sketch.photo is not None:
        return False
    if prop.is_base64:
        sketch.photo = binary(prop.value)
    elif prop.value.startswith("data:") and ";base64," in prop.value[:100]:
        sketch.photo = binary(prop.value.partition(",")[2])
    return sketch.photo is not None


def _own(name: str) -> Callable[[Sketch, Property, str], bool]:
    """The place of what our own export writes, each under its label."""

    def place(sketch: Sketch, prop: Property, _: str) -> bool:
        getattr(sketch, name).append(Labelled(prop.parameters.get("LABEL", ""), text(prop)))
        return True

    return place


def _consent(sketch: Sketch, prop: Property, _: str) -> bool:
    parts = [text(prop, part) for part in components(prop)]
    if len(parts) != 4 or parts[1] not in {"given", "withdrawn"}:
        return False
    sketch.consents.append(Consent(parts[0], parts[1] == "given", parts[2], parts[3]))
    return True


def _handle(sketch: Sketch, prop: Property, label: str) -> bool:
    service = prop.parameters.get("X-SERVICE-TYPE", prop.parameters.get("SERVICE-TYPE", "")) or _HANDLES[prop.name] or label
    value = text(prop) or prop.parameters.get("X-USER", "")
    if value:
        sketch.handles.append(Labelled(service.lower(), value))
    return bool(value)


def _label(prop: Property) -> str:
    return " ".join(kind for kind in prop.types if kind not in _SILENT_TYPES) if prop.types else ""


def _apple(label: str) -> str:
    """Apple writes its own labels as `_$!<Home>!$_`."""
    return label.removeprefix("_$!<").removesuffix(">!$_")


def _rank(prop: Property) -> int:
    """1 is the most preferred, 100 stands for no preference (RFC 6350 section 5.3)."""
    given = prop.parameters.get("PREF", "")
    if given and given.isascii() and given.isdigit() and len(given) <= 3:
        return min(max(int(given), 1), 100)
    return 1 if "pref" in prop.types else 100


_PLACES: dict[str, Callable[[Sketch, Property, str], bool]] = {
    "FN": _full,
    "N": _name,
    "TEL": lambda *_: False,  # its country is needed: `_place` reads it
    "ADR": _address,
    "EMAIL": _email,
    "NICKNAME": _field("nickname", text),
    "ORG": _field("organisation", _organisation),
    "TITLE": _field("title", text),
    "BDAY": _birthday,
    "LANG": _field("language", text),
    "NOTE": _note,
    "URL": _url,
    "CATEGORIES": _tags,
    "PHOTO": _photo,
    "X-GEMSTRA-CAME-BY": _field("came_by", text),
    "X-GEMSTRA-REFERRER": _field("referrer", text),
    "X-GEMSTRA-PREFERENCE": _own("preferences"),
    "X-GEMSTRA-FIELD": _own("custom"),
    "X-GEMSTRA-CONSENT": _consent,
    EXACT: lambda *_: True,  # exact_card.py reads it; without the lines it was written with it says nothing
}
