"""The spec pages list the keys of each record as the code declares them, name each code, and each page names its vectors."""

import dataclasses
import json
import re
import typing
from enum import StrEnum
from pathlib import Path

import pytest

from protocol import (
    anchor,
    brand_plan,
    catalog_sync,
    country,
    disclosure,
    envelope,
    feed,
    grant,
    gtin,
    identity,
    language,
    log,
    media,
    messages,
    money,
    offer,
    operations,
    packs,
    pairing,
    performance,
    product,
    reconcile,
    recovery,
    return_policy,
    rows,
    sections,
    shipping,
    team,
)

ROOT = Path(__file__).parents[2]
PAGES = {
    "01-encoding": ([money], ["encoding", "codec", "money"]),
    "02-envelope": ([envelope, messages], ["envelope"]),
    "03-identity": ([identity], ["identity"]),
    "04-log": ([log], ["log"]),
    "05-catalog": ([product, gtin, country, language, offer, shipping, return_policy, operations, feed], ["catalog"]),
    "06-pairing": ([pairing], ["pairing"]),
    "07-team": ([team], ["team"]),
    "08-grant": ([grant, disclosure], ["grant"]),
    "18-anchor": ([anchor], ["anchor"]),
    "16-recovery": ([recovery], ["recovery"]),
    "19-brand": ([brand_plan, performance], ["brand"]),
    "20-media": ([media], ["media"]),
    "17-catalog-sync": ([rows, packs, reconcile, sections, catalog_sync], ["sync"]),
}
LOCAL = {pairing.Pairing}  # stored, never sent


def kind_of(hint):
    arms = [arm for arm in typing.get_args(hint) if arm is not type(None)]
    if typing.get_origin(hint) is tuple:
        return f"list of {kind_of(arms[0])}"
    return kind_of(arms[0]) if arms else hint.__name__.replace("str", "text")


def rows(cls):
    """The table of a record, one row per key."""
    hints, made = typing.get_type_hints(cls), []
    for field in dataclasses.fields(cls):
        bounds, kind = field.metadata["key"], kind_of(hints[field.name])
        if "bytes" in kind:
            kind += f"({bounds.size})" if bounds.size is not None else f"(≤ {bounds.longest})"
        elif "text" in kind:
            kind += f" ≤ {bounds.longest}"
        if kind.startswith("list"):
            kind += f", at most {bounds.most}"
        made.append(f"| {bounds.number} | {field.name} | {kind}{', may be absent' if field.default is None else ''} |")
    return "\n".join(made)


def records(module):
    for value in vars(module).values():
        if not (isinstance(value, type) and dataclasses.is_dataclass(value) and value.__module__ == module.__name__):
            continue
        fields = dataclasses.fields(value)
        if fields and all("key" in field.metadata for field in fields) and value not in LOCAL:
            yield value


def page(name):
    return (ROOT / f"docs/protocol/{name}.md").read_text()


@pytest.mark.parametrize(
    ("name", "cls"), [(name, cls) for name, (modules, _) in PAGES.items() for module in modules for cls in records(module)]
)
def test_each_record_is_on_its_page(name, cls):
    assert f"`{cls.__name__}`" in page(name)
    assert rows(cls) in page(name)


@pytest.mark.parametrize("name", PAGES)
def test_each_code_kind_and_enumeration_is_on_its_page(name):
    modules, topics = PAGES[name]
    found = page(name)
    for topic in topics:
        assert f"tests/vectors/{topic}.json" in found
        for vector in json.loads((ROOT / f"tests/vectors/{topic}.json").read_text()):
            assert vector["expect"] == "ok" or f"`{vector['expect']}`" in found, vector["expect"]
    for module in modules:
        for code in re.findall(r'code="([a-z-]+)"', Path(module.__file__).read_text()):
            assert f"`{code}`" in found, code
        for kind in getattr(module, "KINDS", ()):
            assert f"`{getattr(kind, 'name', kind)}`" in found
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, StrEnum) and value.__module__ == module.__name__ and value.__name__ != "Noun":
                assert all(f"`{term}`" in found or f" {term}" in found for term in value), value
