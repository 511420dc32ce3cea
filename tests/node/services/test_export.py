"""An export of a seller with everything: in it once, by the schema, without a key of ours, and the customers come back from it."""

import asyncio
import io
import json
from dataclasses import fields, replace

import msgspec
import pytest

from node.app import exports
from node.errors import UserError
from node.files.export_json import JsonWriter, line, read_lines
from node.model.customer import Customer
from node.services import asking, export, grants, notes, tasks
from tests.house import pages
from tests.node.files.test_exports import PLAIN
from tests.node.model.test_details import FULL

from .importing import dump, runs
from .shop import CUSTOMER, SECRET

VIEWS = {kind: section.view for kind, section in export.SECTIONS.items()}


def exported(node, form="json", kind=""):
    """The file, as the node makes it, with no more than so many rows at a time."""

    async def gather():
        made = exports.begin(node.store.read, form, kind, node.clock.now)
        return made.name, b"".join([piece async for piece in made.pieces])

    return asyncio.run(gather())


def _busy(shop):
    """Orders, a grant with a disclosure, commissions, a follow-up, a note, people with everything."""
    ana, order = shop.ana, shop.accepted()
    shop.completed(("cream", 1))
    grant = bytes.fromhex(shop.lumen.write(grants.request_grant, order=order).id)
    shop.world.deliver()
    ana.write(grants.issue_grant, grant=grant)
    shop.world.deliver()
    shop.lumen.write(asking.ask, grant=grant)
    shop.world.deliver()
    ana.write(tasks.add_task, title="Call her", customer=CUSTOMER)
    ana.write(notes.add_note, customer=CUSTOMER, text="She called")
    for number, person in enumerate((FULL, PLAIN), 1):
        ana.write(lambda unit, id_=bytes([number]) * 32, person=person: unit.customers.keep(Customer(id_, person, 5, 6, None, 7)))


def _kinds(content):
    return [json.loads(text)["kind"] for text in content.splitlines()]


def test_everything_is_in_it_and_reads_back_as_it_was(shop, monkeypatch):
    _busy(shop)
    name, content = exported(shop.ana)
    assert name == "gemstra-all-2023-11-14.jsonl"
    kinds = _kinds(content)
    for kind in ("setting", "customer", "note", "task", "rule", "order", "grant", "disclosure", "commission", "plan", "membership", "peer"):
        assert kind in kinds, kind
    assert (kinds.count("customer"), kinds.count("order"), kinds[0], kinds[-1]) == (3, 2, "header", "end")
    again = b"".join(line(kind, value) for kind, value in read_lines(content.splitlines(), VIEWS))
    assert again == content
    monkeypatch.setattr(export, "ROWS", 1)  # however the stretches fall
    assert exported(shop.ana)[1] == content


def test_the_merchants_side_is_exported_too(shop):
    _busy(shop)
    content = exported(shop.lumen)[1]
    assert {"order", "grant", "commission", "plan", "member", "peer"} <= set(_kinds(content))
    assert all(secret.encode() not in content for secret in SECRET)


def test_no_key_of_ours_is_in_it(shop):
    _busy(shop)
    content = exported(shop.ana)[1]
    secrets = [getattr(shop.ana.keys, "store_key", b""), *(value for value in _bytes_in(shop.ana.keys))]
    assert len(secrets) > 3
    for secret in secrets:
        assert secret.hex().encode() not in content
    assert shop.ana.identity.hex().encode() in content  # the control: hex of ours would be seen


def _bytes_in(thing):
    """Every byte string of 32 or more that hangs on the keys' secrets."""
    secrets = thing.__dict__ if hasattr(thing, "__dict__") else {}
    found = [value for value in secrets.values() if isinstance(value, bytes | bytearray)]
    for value in secrets.values():
        if hasattr(value, "__dataclass_fields__") and "Secrets" in type(value).__name__:
            found += [getattr(value, item.name) for item in fields(value) if isinstance(getattr(value, item.name), bytes | bytearray)]
    return [bytes(value) for value in found if len(value) >= 32]


def _import(node, content, name):
    """Staged by the real reader, and taken over."""
    from node.services import customer_imports

    run = runs(node)
    staged = asyncio.run(run.stage(io.BytesIO(content), name, "US", ask=False, size=len(content)))
    node.write(customer_imports.apply_import, staged)


def _people(node):
    """Name → the person, as it is kept."""
    ids = node.read(lambda unit: unit.export_ids.after("customer", b"", 100))
    found = [node.read(lambda unit, id_=id_: unit.customers.get(id_)).person for id_ in ids]
    return {person.names.full: replace(person, row=0) for person in found}


@pytest.mark.parametrize(("form", "name"), [("json", "all.jsonl"), ("vcard", "people.vcf"), ("csv", "people.csv")])
def test_export_import_export_is_equal(shop, form, name):
    """Into another node: the same people. What is written again is what was written, but for ids and times that are the new node's."""
    _busy(shop)
    content = exported(shop.ana, form, "customer")[1]
    _import(shop.ben, content, name)
    before, after = _people(shop.ana), _people(shop.ben)
    if form == "csv":
        before = {key: replace(person, photo=None) for key, person in before.items()}
    assert after == before
    again = exported(shop.ben, form, "customer")[1]
    if form == "vcard":
        assert sorted(again.split(b"BEGIN:VCARD")) == sorted(content.split(b"BEGIN:VCARD"))


def test_what_is_asked_wrongly_is_said_before_a_byte_is_sent(shop):
    for form, kind, code in (("xml", "", "unknown-form"), ("json", "keys", "unknown-kind"), ("vcard", "order", "unknown-kind")):
        with pytest.raises(UserError) as caught:
            exports.begin(shop.ana.store.read, form, kind, 0)
        assert caught.value.code == code
    with pytest.raises(UserError, match="say one of"):
        shop.ana.read(export.read_stretch, kind="keys")


@pytest.mark.parametrize("kind", list(export.SECTIONS))
def test_each_kind_is_a_table_too(shop, kind):
    _busy(shop)
    name, content = exported(shop.ana, "csv", kind)
    assert name == f"gemstra-{kind}-2023-11-14.csv"
    assert content.startswith(b"\xef\xbb\xbf")


def test_an_export_writes_nothing(shop):
    _busy(shop)
    before = dump(shop.ana)
    exported(shop.ana)
    assert dump(shop.ana) == before


def test_the_schema_says_what_is_written(shop):
    schema = pages.export_schema()
    assert {item["properties"]["kind"]["const"] for item in schema["oneOf"]} == {"header", *export.SECTIONS, "end"}
    _busy(shop)
    for kind, value in read_lines(exported(shop.ana)[1].splitlines(), VIEWS):
        described = next(item for item in schema["oneOf"] if item["properties"]["kind"]["const"] == kind)["properties"]["value"]
        named = schema["$defs"][described["$ref"].rpartition("/")[2]]
        assert set(msgspec.to_builtins(value)) == set(named["properties"])


def test_writers_are_what_they_say():
    assert (JsonWriter.media_type, JsonWriter.ending) == ("application/x-ndjson", "jsonl")
