"""Vectors of rows, pages, manifests, packs, ranges and sections. Frames are stored, not compressed: any zstd reads them."""

import hashlib
from dataclasses import replace

from parts import NOW, Key, Made, bad, flipped, good, named

from protocol import catalog_sync, log, packs, reconcile, rows, sections
from protocol.codec import to_bytes, to_tree
from protocol.encoding import encode
from protocol.envelope import Signed, sign
from protocol.feed import Feed
from protocol.money import Money
from protocol.offer import Offer, Stock
from protocol.operations import Noun, element, put
from protocol.product import Product, Variant, product_id
from protocol.state_hash import StateHash

LUMEN, THIEF = Key("lumen"), Key("thief")
FEED = Feed(named("lumen identity"), "catalog", "USD").id
SERUM = Product("serum", "Dew Serum", vendor="Lumen", category="Skin", variants=(Variant("S-30", "30 ml"),))
BALM = Product("balm", "Balm", vendor="Other", category="Skin", variants=(Variant("B-1", "Balm"),))
OFFER = Offer("S-30", product_id(to_bytes(SERUM)), Money(5200, "USD"), Stock.IN_STOCK)
PUTS = [put(SERUM), put(BALM), put(OFFER)]
ROWS = [rows.Row(seq, *operation.slot, operation.record) for seq, operation in enumerate(PUTS, start=1)]
BY_SLOT = sorted(ROWS, key=lambda row: row[1:3])
GONE = rows.Row(4, Noun.PRODUCT, "balm", None)


def stored(data: bytes, size: int | None = None) -> bytes:
    """A zstd frame (RFC 8878) of one raw block; it states `size`, or the truth."""
    stated = len(data) if size is None else size
    return b"\x28\xb5\x2f\xfd\xa0" + stated.to_bytes(4, "little") + ((len(data) << 3) | 1).to_bytes(3, "little") + data


def listed(*given: rows.Row) -> bytes:
    return encode([list(row) for row in ((row.seq, row.noun.value, row.name, row.record) for row in given)])


def head(*records: rows.Row, size: int = 3, signer: Key = LUMEN) -> Signed:
    state = StateHash().add(*(element((row.noun, row.name), row.record) for row in records if row.record is not None))
    root = log.Tree([log.leaf_hash(to_bytes(operation)) for operation in PUTS]).root() if size else log.EMPTY_ROOT
    return log.sign_checkpoint(signer, log.Checkpoint(FEED, size, root, state.digest, NOW))


def row_vectors() -> list[Made]:
    plain = listed(*ROWS)
    first = encode([1, "product", "serum", ROWS[0].record])
    long_head = plain[:2] + b"\x18\x01" + plain[3:]
    wrong: list[tuple[str, str, bytes]] = [
        ("malformed", "no frame", plain),
        ("malformed", "a frame cut short", stored(plain)[:-1]),
        ("malformed", "two frames", stored(plain) * 2),
        ("too-large", "a frame that states 900,001 bytes", stored(plain, 900_001)),
        ("too-large", "a frame that does not state its size", b"\x28\xb5\x2f\xfd\x00\x58" + stored(plain)[9:]),
        ("malformed", "a frame that states more than it holds", stored(plain, len(plain) + 1)),
        ("malformed", "no list", stored(encode({0: 1}))),
        ("malformed", "a row of three", stored(encode([[1, "product", "serum"]]))),
        ("malformed", "a number as a text", stored(encode([["1", "product", "serum", b"x"]]))),
        ("malformed", "a noun that is not known", stored(encode([[1, "person", "serum", b"x"]]))),
        ("malformed", "a name as bytes", stored(encode([[1, "product", b"serum", b"x"]]))),
        ("malformed", "a name that is not UTF-8", stored(b"\x81" + first.replace(b"serum", b"ser\xffm", 1))),
        ("malformed", "a record as a text", stored(encode([[1, "product", "serum", "x"]]))),
        ("malformed", "a record cut short", stored(plain[:-1])),
        ("malformed", "bytes after the list", stored(plain + b"\x00")),
        ("malformed", "fewer rows than the list says", stored(b"\x83" + first)),
        ("malformed", "an endless list", stored(b"\x9f" + first + b"\xff")),
        ("not-canonical", "a number in two bytes that fits one", stored(long_head)),
        ("too-large", "a record of 65,537 bytes", stored(encode([[1, "product", "x", bytes(65_537)]]))),
        ("too-large", "a name of 1,025 bytes", stored(encode([[1, "product", "x" * 1025, b"x"]]))),
        ("too-large", "a list of 65,536", stored(b"\x9a\x00\x01\x00\x00" + first)),
    ]
    return [
        good("rows", "none", pressed=stored(encode([]))),
        good("rows", "three and a removal", pressed=stored(listed(*ROWS, GONE))),
        *(bad(code, "rows", comment, pressed=data) for code, comment, data in wrong),
    ]


def page_vectors() -> list[Made]:
    signed = head(*ROWS)

    def made(*given: rows.Row, upto: int = 3) -> bytes:
        return to_bytes(catalog_sync.Page(signed.raw, (), stored(listed(*given)), upto))

    return [
        good("page", "all there is", page=made(*ROWS), since=0),
        good("page", "the first of several", page=made(*ROWS[:2], upto=2), since=0),
        good("page", "nothing follows", page=made(), since=3),
        bad("bad-page", "page", "rows in another order", page=made(*ROWS[::-1]), since=0),
        bad("bad-page", "page", "a row twice", page=made(ROWS[0], ROWS[0]), since=0),
        bad("bad-page", "page", "a row from before", page=made(*ROWS), since=1),
        bad("bad-page", "page", "a row from after the page", page=made(*ROWS, upto=2), since=0),
        bad("no-progress", "page", "a page that leads nowhere", page=made(upto=1), since=1),
        bad("no-progress", "page", "a page beyond the log", page=made(upto=4), since=1),
    ]


def manifest_vectors() -> list[Made]:
    state = StateHash().add(*(element((row.noun, row.name), row.record) for row in ROWS if row.record is not None))
    data = [stored(listed(*BY_SLOT[:2])), stored(listed(BY_SLOT[2]))]
    entries = [entry(data[0], 2, BY_SLOT[1]), entry(data[1], 1, BY_SLOT[2])]
    manifest = packs.Manifest(head(*ROWS).raw, state.to_bytes(), tuple(entries))

    def made(given: object, signer: Key = LUMEN, feed: bytes = FEED, size: int = 3) -> bytes:
        return sign(signer, packs.MANIFEST, given, created=NOW, log=feed, seq=size).raw

    whole = made(manifest)
    removal = stored(listed(GONE))
    swapped = stored(listed(*BY_SLOT[1::-1]))
    before = [BY_SLOT[1].noun.value, BY_SLOT[1].name]
    return [
        good("manifest", "two packs", raw=whole, feed=FEED),
        bad("bad-signature", "manifest", "a flipped bit", raw=flipped(whole), feed=FEED),
        bad("wrong-author", "manifest", "signed by another than the checkpoint", raw=made(manifest, THIEF), feed=FEED),
        bad("wrong-log", "manifest", "of another feed", raw=whole, feed=named("another feed")),
        bad("malformed", "manifest", "its envelope names another size", raw=made(manifest, size=2), feed=FEED),
        bad("state-mismatch", "manifest", "another state", raw=made(replace(manifest, state=bytes(2048))), feed=FEED),
        bad("bad-pack", "manifest", "packs out of order", raw=made(replace(manifest, packs=manifest.packs[::-1])), feed=FEED),
        bad("malformed", "manifest", "an empty pack", raw=made({**to_tree(manifest), 4: [{**to_tree(entries[0]), 2: 0}]}), feed=FEED),
        good("pack", "the first", entry=to_bytes(entries[0]), data=data[0]),
        good("pack", "the one after it", entry=to_bytes(entries[1]), data=data[1], before=before),
        bad("wrong-pack", "pack", "a flipped bit", entry=to_bytes(entries[0]), data=flipped(data[0])),
        bad("wrong-pack", "pack", "another pack", entry=to_bytes(entries[0]), data=data[1]),
        bad("wrong-pack", "pack", "cut short", entry=to_bytes(entries[0]), data=data[0][:-1]),
        bad("bad-pack", "pack", "signed with another count", entry=to_bytes(entry(data[0], 3, BY_SLOT[1])), data=data[0]),
        bad("bad-pack", "pack", "signed with another end", entry=to_bytes(entry(data[0], 2, BY_SLOT[0])), data=data[0]),
        bad("bad-pack", "pack", "signed with a removal in it", entry=to_bytes(entry(removal, 1, GONE)), data=removal),
        bad("bad-pack", "pack", "signed out of order", entry=to_bytes(entry(swapped, 2, BY_SLOT[0])), data=swapped),
        bad("bad-pack", "pack", "a slot of the pack before", entry=to_bytes(entries[0]), data=data[0], before=before),
    ]


def entry(data: bytes, count: int, last: rows.Row) -> packs.PackEntry:
    return packs.PackEntry(hashlib.sha256(data).digest(), count, len(data), last.noun, last.name)


def range_vectors() -> list[Made]:
    few, many = [1, 2, 5, 9], list(range(1, 1200))
    question = reconcile.begin(reconcile.numbers(many))
    reply = reconcile.answer(reconcile.numbers(few), question)
    wrong: list[tuple[str, str, object]] = [
        ("malformed", "no ranges", []),
        ("malformed", "ranges that leave the end out", [[5, 0, None]]),
        ("malformed", "ranges that do not rise", [[5, 0, None], [5, 0, None], [2**53, 0, None]]),
        ("malformed", "ranges beyond the end", [[2**53 + 1, 0, None]]),
        ("malformed", "an unknown kind", [[2**53, 3, None]]),
        ("malformed", "a short fingerprint", [[2**53, 1, bytes(15)]]),
        ("malformed", "numbers that do not rise", [[2**53, 2, [1, 0]]]),
        ("malformed", "numbers outside their range", [[5, 2, [1, 4]], [2**53, 0, None]]),
        ("malformed", "more numbers than may be listed", [[2**53, 2, [1] * 1025]]),
        ("malformed", "a range of two", [[2**53, 0]]),
    ]
    return [
        good("begin", "nothing held", held=[]),
        good("begin", "four held", held=few),
        good("begin", "many held", held=many),
        good("answer", "the same", held=few, question=reconcile.begin(reconcile.numbers(few))),
        good("answer", "few, asked by one with many", held=few, question=question),
        good("answer", "many, asked by one with few", held=many, question=reconcile.begin(reconcile.numbers(few))),
        good("answer", "many, listed to", held=many, question=encode([[2**53, 2, []]])),
        good("conclude", "many, answered by one with few", held=many, answer=reply),
        good("conclude", "nothing differs", held=few, answer=encode([[2**53, 0, None]])),
        *(bad(code, "answer", comment, held=few, question=encode(tree)) for code, comment, tree in wrong),
        bad("malformed", "conclude", "no list at all", held=few, answer=b"\x00"),
    ]


def section_vectors() -> list[Made]:
    brand = sections.Division.BRAND
    held = {"Lumen": [ROWS[0], ROWS[2]], "Other": [ROWS[1]]}

    def state(of: list[rows.Row]) -> StateHash:
        return StateHash().add(*(element((row.noun, row.name), row.record) for row in of if row.record is not None))

    made = sections.Sections(brand, [sections.SectionLeaf(name, len(of), state(of).digest) for name, of in held.items()])
    signed = made.sign(LUMEN, FEED, 3, time=NOW)
    none = sections.Sections(brand, ())

    def given(*names: str, made: sections.Sections = made, **changes: object) -> dict[str, object]:
        """What a section holds by `held`, where nothing else is said."""
        proof = made.prove(made.sign(LUMEN, FEED, 3, time=NOW), names)
        records = {name: [[row.noun.value, row.name, row.record] for row in held.get(name, [])] for name in names}
        part = to_bytes(sections.Part(brand, names))
        return {"part": part, "feed": FEED, "proof": to_bytes(proof), "records": records, **changes}

    def faulty(*names: str, head: bytes = signed.raw, **changes: object) -> dict[str, object]:
        """The first leaf otherwise."""
        proof = made.prove(signed, names)
        first = replace(proof.leaves[0], **changes)  # type: ignore[arg-type]
        return given(*names, proof=to_bytes(sections.PartProof(head, (first, *proof.leaves[1:]))))

    def shown(*names: str) -> bytes:
        """The proof of other names than asked for."""
        return to_bytes(made.prove(signed, names))

    hidden = {"Lumen": given("Lumen")["records"]["Lumen"][:1]}  # type: ignore[index]
    more = {"Lumen": [*given("Lumen")["records"]["Lumen"], ["product", "x", b"x"]]}  # type: ignore[index]
    altered = {"Lumen": [given("Lumen")["records"]["Lumen"][0], ["offer", "S-30", b"x"]]}  # type: ignore[index]
    elsewhere = sign(LUMEN, sections.SECTIONS, signed.body, created=NOW, log=named("another feed"), seq=3).raw
    empty_leaf = encode({0: "Lumen", 2: 0, 4: StateHash().digest})
    category = to_bytes(sections.Part(sections.Division.CATEGORY, ("Lumen",)))
    below = {"Bath > Oil": [ROWS[0]], "Bath > Soap": [ROWS[1]], "Face": [ROWS[2]]}
    levels = sections.Sections(
        sections.Division.CATEGORY, [sections.SectionLeaf(name, len(of), state(of).digest) for name, of in below.items()]
    )
    of_levels = levels.sign(LUMEN, FEED, 3, time=NOW)
    complete = levels.prove(of_levels, ["Bath"])

    def level(*names: str, leaves: tuple[sections.LeafProof, ...] = complete.leaves) -> dict[str, object]:
        """What is below a category, by these sections of it."""
        records = {name: [[row.noun.value, row.name, row.record] for row in below.get(name, [])] for name in names}
        part = to_bytes(sections.Part(sections.Division.CATEGORY, ("Bath",)))
        return {"part": part, "feed": FEED, "proof": to_bytes(sections.PartProof(of_levels.raw, leaves)), "records": records}

    twice = to_bytes(sections.PartProof(signed.raw, made.prove(signed, ["Lumen"]).leaves * 2))
    return [
        good("section", "one of two", **given("Lumen")),
        good("section", "both, and what belongs to none", **given("", "Lumen", "Other")),
        good("section", "one without records, between two", **given("Middle")),
        good("section", "one without records, before all", **given("A")),
        good("section", "one without records, after all", **given("Z")),
        good("section", "of a feed without records", **given("Lumen", made=none, records={"Lumen": []})),
        good("section", "a category that only holds what is below it", **level("Bath > Oil", "Bath > Soap")),
        bad("state-mismatch", "section", "all below a category hidden", **level("Bath > Soap")),
        bad("state-mismatch", "section", "a section that was not asked for", **level("Bath > Oil", "Bath > Soap", "Face")),
        bad("bad-proof", "section", "a leaf below a category left out", **level("Bath > Oil", leaves=complete.leaves[::2])),
        bad("bad-proof", "section", "what is after a category left out", **level("Bath > Oil", leaves=complete.leaves[:2])),
        bad("state-mismatch", "section", "a record hidden", **given("Lumen", records=hidden)),
        bad("state-mismatch", "section", "a record added", **given("Lumen", records=more)),
        bad("state-mismatch", "section", "a record altered", **given("Lumen", records=altered)),
        bad(
            "state-mismatch",
            "section",
            "all of one hidden",
            **given("Lumen", "Other", records={"Lumen": given("Lumen")["records"]["Lumen"]}),
        ),  # type: ignore[index]
        bad("state-mismatch", "section", "a record where there is none", **given("Middle", records={"Middle": [["product", "x", b"x"]]})),
        bad("bad-part", "section", "no section", **given("Lumen", part=encode({0: "brand", 2: []}))),
        bad("bad-part", "section", "sections out of order", **given("Lumen", part=encode({0: "brand", 2: ["Other", "Lumen"]}))),
        bad("bad-part", "section", "a section twice", **given("Lumen", part=encode({0: "brand", 2: ["Lumen", "Lumen"]}))),
        bad("bad-proof", "section", "the proof of another section", **given("Lumen", proof=shown("Other"))),
        bad("bad-proof", "section", "nothing shown", **given("Lumen", proof=shown())),
        bad("bad-proof", "section", "one neighbour of a section without records", **given("Middle", proof=shown("A"))),
        bad("bad-proof", "section", "a leaf twice", **given("Lumen", proof=twice)),
        bad("wrong-section", "section", "of the other division", **given("Lumen", part=category)),
        bad("wrong-log", "section", "of another feed", **given("Lumen", feed=named("another feed"))),
        bad("malformed", "section", "its envelope names another feed", **faulty("Lumen", head=elsewhere)),
        bad("malformed", "section", "a leaf without records", **faulty("Lumen", leaf=empty_leaf)),
        bad("bad-signature", "section", "a flipped bit in the head", **faulty("Lumen", head=flipped(signed.raw))),
        bad("bad-proof", "section", "a path cut short", **faulty("Lumen", path=())),
        bad("bad-proof", "section", "another place", **faulty("Lumen", index=1)),
        bad("bad-proof", "section", "another leaf", **faulty("Lumen", leaf=to_bytes(sections.SectionLeaf("Lumen", 2, bytes(32))))),
    ]


def sync() -> list[Made]:
    return [*row_vectors(), *page_vectors(), *manifest_vectors(), *range_vectors(), *section_vectors()]


TOPICS = {"sync": sync}
