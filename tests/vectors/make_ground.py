"""Vectors of encoding, codec, money and envelope."""

from typing import Any

from parts import NOW, Key, Made, bad, flipped, good, named

from protocol.encoding import decode, encode
from protocol.envelope import SKEW_MS, sign
from protocol.ids import domain
from protocol.team import SponsorEdge

ANA, BEN = Key("ana"), Key("ben")


def encoding() -> list[Made]:
    fine = {
        "an empty map": {},
        "integer and text keys, shorter encodings first": {10: 1, 2: b"x", "a": None, 1000: True},
        "a nested list": [1, [2, [3, ["vier"]]]],
        "integers of every width": [0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**64 - 1, -1, -24, -25, -(2**64)],
        "bignums": [2**64, 2**256 - 1, -(2**64) - 1],
        "text beyond ASCII": "Zoë · 💎",
    }
    wrong = {
        "a length in two bytes where one does": ("1801", "not-canonical"),
        "keys out of order": ("a202010001", "not-canonical"),
        "a key twice": ("a200010002", "not-canonical"),
        "a bignum with a leading zero": ("c249000000000000000001", "not-canonical"),
        "a bignum that fits 64 bits": ("c24101", "not-canonical"),
        "a float": ("f93c00", "malformed"),
        "a tag": ("c101", "malformed"),
        "undefined": ("f7", "malformed"),
        "an indefinite text": ("7f6161ff", "malformed"),
        "an indefinite list": ("9f01ff", "malformed"),
        "bytes after the item": ("0000", "malformed"),
        "nothing": ("", "malformed"),
        "cut short": ("5820aabb", "malformed"),
        "a list longer than its bytes": ("9b7fffffffffffffff", "malformed"),
        "text that is no UTF-8": ("61ff", "malformed"),
        "a list as key": ("a18000", "malformed"),
        "17 levels": ("81" * 18 + "00", "too-large"),
    }
    made = [good("decode", comment, bytes=encode(value)) for comment, value in fine.items()]
    return made + [bad(code, "decode", comment, bytes=bytes.fromhex(data)) for comment, (data, code) in wrong.items()]


EDGE = {0: named("m"), 2: named("s"), 4: named("t"), 6: NOW, 8: 1}


def codec() -> list[Made]:
    def edge(**changes: Any) -> bytes:
        return encode({**EDGE, **{int(key[1:]): value for key, value in changes.items()}})

    return [
        good("record", "a closed record", type="SponsorEdge", bytes=edge()),
        good(
            "record",
            "an open-ended record with an odd key to ignore",
            type="Image",
            bytes=encode({0: "https://x.example/a.png", 5: "later"}),
        ),
        bad("unknown-key", "record", "an even key to understand", type="Image", bytes=encode({0: "u", 6: 1})),
        bad("unknown-key", "record", "an odd key in a closed record", type="SponsorEdge", bytes=edge(k9=1)),
        bad("missing-key", "record", "no seq", type="SponsorEdge", bytes=encode({key: EDGE[key] for key in (0, 2, 4, 6)})),
        bad("malformed", "record", "31 bytes", type="SponsorEdge", bytes=edge(k0=bytes(31))),
        bad("malformed", "record", "text where bytes are due", type="SponsorEdge", bytes=edge(k0="x" * 32)),
        bad("malformed", "record", "true is no integer", type="SponsorEdge", bytes=edge(k8=True)),
        bad("malformed", "record", "an integer out of range", type="SponsorEdge", bytes=edge(k8=0)),
        bad("malformed", "record", "null is no absence", type="Image", bytes=encode({0: None})),
        bad("too-large", "record", "a text too long", type="Image", bytes=encode({4: "x" * 501})),
        bad("malformed", "record", "a list where a map is due", type="SponsorEdge", bytes=encode([])),
    ]


def money() -> list[Made]:
    return [
        good("exponent", "two decimals", currency="USD"),
        good("exponent", "none", currency="JPY"),
        good("exponent", "three", currency="KWD"),
        bad("currency", "exponent", "lower case", currency="usd"),
        good("share", "rounded down", amount="999", bps=1250),
        good("split", "the remainder to the largest fraction", amount="100", weights=[1, 1, 1]),
        good("split", "ties to the earlier", amount="1", weights=[1, 1]),
        good("split", "beyond 64 bits", amount=str(10**24 + 1), weights=[3, 7, 11]),
        bad("bad-split", "split", "weights of nothing", amount="1", weights=[0, 0]),
        bad("bad-split", "split", "a negative amount", amount="-1", weights=[1]),
        good("record", "an amount", type="Money", bytes=encode({0: -250, 2: "EUR"})),
        bad("currency", "record", "no currency", type="Money", bytes=encode({0: 1, 2: "eur"})),
    ]


def envelope() -> list[Made]:
    record = SponsorEdge(*EDGE.values())
    fine = sign(ANA, "team.edge", record, created=NOW, expires=NOW + 1000)
    content, signature = decode(fine.raw)
    tree = decode(content)

    def signed(changes: dict[int, Any]) -> bytes:
        changed = encode({**tree, **changes})
        return encode([changed, ANA.sign(domain(str(changes.get(2, "team.edge"))) + changed)])

    chained = sign(ANA, "team.edge", record, created=NOW, log=named("log"), seq=7, prev=named("sixth"))
    wrong = {
        "a flipped bit in the signature": ("bad-signature", flipped(fine.raw)),
        "signed by another key": ("bad-signature", encode([content, BEN.sign(domain("team.edge") + content)])),
        "signed without a domain": ("bad-signature", encode([content, ANA.sign(content)])),
        "signed under another domain": ("bad-signature", encode([content, ANA.sign(domain("grant.issued") + content)])),
        "another type": ("wrong-domain", signed({2: "grant.issued"})),
        "a later version": ("version", signed({0: 2})),
        "an unknown key": ("unknown-key", signed({18: 0})),
        "three parts": ("malformed", encode([content, signature, b""])),
        "no list": ("malformed", encode({0: content})),
        "a short signature": ("bad-signature", encode([content, signature[:63]])),
        "content in a loose form": ("malformed", encode([content + b"\0", signature])),
    }
    return [
        good("envelope", "outside any log", raw=fine.raw, type="team.edge", author=ANA.public, now=NOW),
        good("envelope", "an entry of a log", raw=chained.raw, type="team.edge"),
        good("envelope", "as far ahead as clocks may be", raw=fine.raw, type="team.edge", now=NOW - SKEW_MS),
        bad("future-dated", "envelope", "from the future", raw=fine.raw, type="team.edge", now=NOW - SKEW_MS - 1),
        good("envelope", "in its last millisecond", raw=fine.raw, type="team.edge", now=NOW + 1000),
        bad("expired", "envelope", "too late", raw=fine.raw, type="team.edge", now=NOW + 1001),
        bad("wrong-author", "envelope", "by someone else than expected", raw=fine.raw, type="team.edge", author=BEN.public),
        *(bad(code, "envelope", comment, raw=raw, type="team.edge") for comment, (code, raw) in wrong.items()),
    ]


TOPICS = {"encoding": encoding, "codec": codec, "money": money, "envelope": envelope}
