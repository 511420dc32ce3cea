"""The records of an order: their bounds, their vectors, and that no field could hold a person's data."""

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from parts import plain

from protocol import order_records as rec
from protocol.codec import from_bytes, to_bytes
from protocol.errors import ProtocolError

VECTORS = [found for found in json.loads((Path(__file__).parents[1] / "vectors/order.json").read_text()) if found["kind"] == "record"]
# Every text of every record, with its longest form: what a quote needs, codes, and what a parcel or bank transfer is known by.
TEXTS = {
    "QuoteRequest.country": 2,
    "QuoteRequest.region": 10,
    "QuoteRequest.postcode": 16,
    "RequestLine.sku": 128,
    "Line.sku": 128,
    "Quote.currency": 3,
    "OrderPlaced.currency": 3,
    "OrderAccepted.reference": 35,
    "OrderRejected.code": 32,
    "PaymentConfirmed.reference": 35,
    "RefundSettled.reference": 35,
    "ParcelShipped.carrier": 40,
    "ParcelShipped.tracking": 64,
}


@pytest.mark.parametrize("found", VECTORS, ids=lambda found: found["comment"])
def test_record_vector(found):
    cls, body = rec.RECORDS[found["input"]["type"]], bytes.fromhex(found["input"]["body"])
    if found["expect"] == "ok":
        record = from_bytes(cls, body)
        assert plain(record) == found["output"]["fields"]
        assert to_bytes(record) == body
    else:
        with pytest.raises(ProtocolError) as caught:
            from_bytes(cls, body)
        assert caught.value.code == found["expect"]


def texts(cls: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    hints = get_type_hints(cls)
    for field in fields(cls):
        for hint in (hints[field.name], *get_args(hints[field.name])):
            if hint is str:
                found[f"{cls.__name__}.{field.name}"] = field.metadata["key"].longest
            elif isinstance(hint, type) and is_dataclass(hint):
                found |= texts(hint)
    return found


def test_no_field_can_hold_personal_data():
    found: dict[str, int] = {}
    for cls in rec.RECORDS.values():
        found |= texts(cls)
    assert found == TEXTS


def test_the_control_a_planted_note_would_be_found():
    from dataclasses import dataclass

    from protocol.codec import key

    @dataclass(frozen=True, slots=True)
    class Planted:
        note: str = key(0)

    assert texts(Planted).popitem()[1] not in {bound for name, bound in TEXTS.items()}


def test_every_kind_has_even_keys_under_its_own_name():
    assert len({kind.name for kind in rec.KINDS}) == len(rec.KINDS)
    for kind in rec.KINDS:
        assert kind.signed
        numbers = [field.metadata["key"].number for field in fields(kind.record)]
        assert numbers == [2 * place for place in range(len(numbers))]


def test_a_log_is_named_by_merchant_and_request():
    assert len({rec.order_log(bytes([a]) * 32, bytes([b]) * 32) for a in range(3) for b in range(3)}) == 9
