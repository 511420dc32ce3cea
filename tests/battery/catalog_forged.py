"""Forged and altered packs, manifests, pages and section proofs against a seller's store: refused, each of them, and named."""

import random
from contextlib import contextmanager
from dataclasses import replace

from node.errors import NodeError
from node.model.catalog import Span
from node.services import catalog, catalog_apply, catalog_packs
from node.services import catalog_following as following
from protocol import feed as feeds
from protocol import packs, rows, sections
from protocol.catalog_sync import Page
from protocol.envelope import sign, verify
from protocol.errors import ProtocolError
from protocol.log import Checkpoint, sign_checkpoint
from protocol.messages import pack, unpack
from protocol.operations import element
from protocol.packs import MANIFEST, Manifest, PackEntry
from protocol.sections import Division, Part, SectionLeaf, Sections
from protocol.state_hash import StateHash
from tests.node.services.shop import file
from tests.node.services.world import START, World

FULL, SHORT = 20_000, 600
CONTROL = 400
GOODS = {f"item-{number}": 500 + number for number in range(40)}


class Scene:
    """A merchant with packs, a seller who follows it and holds nothing yet, and a thief with a key of its own."""

    def __init__(self, folder, dice) -> None:
        self.world, self.dice = World(folder), dice
        self.lumen, self.ana = self.world.node("lumen", "merchant"), self.world.node("ana")
        self.thief = self.world.node("thief").keys.device
        self.world.pair(self.lumen, self.ana)
        self.lumen.write(catalog.import_products, file=file(**GOODS), currency="USD")
        with small_packs():
            self.lumen.make_packs()
        self.row = self.lumen.read(lambda unit: unit.catalog.feeds(own=True)[0])
        answer = self.lumen.read(lambda unit: feeds.FeedsAnswer(tuple(row.record for row in unit.catalog.feeds(own=True))))
        self.ana.write(following.take_feeds, self.lumen.peer, answer)
        self.at = self.ana.read(following.standing, self.row.feed)
        self.rows = self.lumen.read(lambda unit: list(unit.catalog.since(self.row.feed, 0)))
        self.raw = self.lumen.files.manifest(self.row.feed)
        self.manifest = verify(self.raw, MANIFEST).read(Manifest)
        self.packs = {entry.hash: self.lumen.files.get(self.row.feed, entry.hash) for entry in self.manifest.packs}
        self.sections = self._sections()

    def _sections(self):
        half = len(self.rows) // 2
        parts = {"Lumen": self.rows[:half], "Other": self.rows[half:]}
        made = Sections(Division.BRAND, [SectionLeaf(name, len(part), _state(part).digest) for name, part in parts.items()])
        head = made.sign(self.lumen.keys.device, self.row.feed, self.row.size, time=START)
        return parts, made, head

    # --- what a seller's node does with each

    def take_page(self, page: Page):
        """As a first sync takes its only page."""
        checkpoint = self.ana.read(following.check_head, self.row.feed, page.checkpoint, page.proof)
        page.more(0, checkpoint.size)
        found = catalog_apply.checked(self.at, page.read(0))
        feeds.check_complete(_state(found), checkpoint)
        return found

    def take_manifest(self, raw: bytes):
        self.ana.read(following.check_manifest, self.row.feed, verify(raw, MANIFEST))

    def take_pack(self, entry: PackEntry, data: bytes):
        at = self.manifest.packs.index(entry)
        packs.open_pack(entry, self.manifest.packs[at - 1].last if at else None, data)

    def take_section(self, proof, held):
        shown = sections.open_proof(proof, Part(Division.BRAND, ("Lumen",)), feed=self.row.feed)
        assert shown.author == self.lumen.keys.device.public
        sections.check_sections(shown, {"Lumen": (len(held), _state(held))})

    # --- attacks

    def attack(self):
        """A line that says what was taken; empty when it was refused."""
        kind = self.dice.choice([self._page, self._page, self._pack, self._manifest, self._message, self._section])
        name, attempt = kind()
        try:
            taken = attempt()
        except (ProtocolError, NodeError):
            return ""
        return (
            "" if taken == self.rows else f"{name} was taken"
        )  # some bits of a zstd frame mean nothing: the rows are the same, all of them

    def _altered(self):
        """The rows with one altered, hidden, doubled, moved or added."""
        dice, found = self.dice, list(self.rows)
        at = dice.randrange(len(found))
        row = found[at]
        match dice.randrange(6):
            case 0:
                found[at] = row._replace(record=_flipped(row.record, dice))
            case 1:
                del found[at]
            case 2:
                found.insert(at, row)
            case 3:
                found[at] = row._replace(seq=row.seq + dice.choice([-1, 1, 10**6]) * dice.randrange(2, 9))
            case 4:
                found[at] = row._replace(name=row.name + "x")
            case _:
                found[at] = row._replace(record=None)
        return found

    def _page(self):
        dice = self.dice
        page = Page(self.row.checkpoint, (), rows.pressed(self.rows), self.row.size)
        head = verify(self.row.checkpoint, "log.checkpoint").read(Checkpoint)
        match dice.randrange(5):
            case 0 | 1:
                found = self._altered()
                return "an altered page", lambda: self.take_page(replace(page, rows=rows.pressed(found)))
            case 2:
                return "noise in a page", lambda: self.take_page(replace(page, rows=_flipped(page.rows, dice)))
            case 3:
                forged = sign_checkpoint(self.thief, head)
                return "a thief's head", lambda: self.take_page(replace(page, checkpoint=forged.raw))
            case _:
                return "a flipped head", lambda: self.take_page(replace(page, checkpoint=_flipped(page.checkpoint, dice)))

    def _pack(self):
        dice = self.dice
        entry = dice.choice(self.manifest.packs)
        data = self.packs[entry.hash]
        other = self.packs[dice.choice([one.hash for one in self.manifest.packs if one != entry])]
        rest = list(rows.read_rows(rows.unpress(data)))[:-1]
        forged = dice.choice([_flipped(data, dice), data[: dice.randrange(len(data))], data + b"\0", other, rows.pressed(rest)])
        return "a forged pack", lambda: self.take_pack(entry, forged)

    def _manifest(self):
        dice, manifest = self.dice, self.manifest
        entries = list(manifest.packs)
        at = dice.randrange(len(entries))
        entries[at] = replace(entries[at], hash=_flipped(entries[at].hash, dice))
        stolen = sign(self.thief, MANIFEST, replace(manifest, packs=tuple(entries)), created=START, log=self.row.feed, seq=self.row.size)
        lying = replace(manifest, state=_flipped(manifest.state, dice))
        lie = sign(self.lumen.keys.device, MANIFEST, lying, created=START, log=self.row.feed, seq=self.row.size)
        raw = dice.choice([stolen.raw, lie.raw, _flipped(self.raw, dice), self.raw[: dice.randrange(len(self.raw))]])
        return "a forged manifest", lambda: self.take_manifest(raw)

    def _message(self):
        """The whole message, cut or flipped, as it comes from the wire."""
        body = pack(verify(self.raw, MANIFEST))
        forged = self.dice.choice([_flipped(body, self.dice), body[: self.dice.randrange(len(body))]])

        def attempt():
            message = unpack("catalog", forged)
            assert message.signed is not None
            self.take_manifest(message.signed.raw)

        return "a garbled message", attempt

    def _section(self):
        dice, (parts, made, head) = self.dice, self.sections
        proof, held = made.prove(head, ["Lumen"]), list(parts["Lumen"])
        at = dice.randrange(len(held))
        match dice.randrange(4):
            case 0:
                del held[at]
            case 1:
                held[at] = held[at]._replace(record=_flipped(held[at].record, dice))
            case 2:
                proof = replace(proof, leaves=tuple(replace(one, leaf=_flipped(one.leaf, dice)) for one in proof.leaves))
            case _:
                proof = replace(proof, head=_flipped(proof.head, dice))
        return "a forged section", lambda: self.take_section(proof, held)


@contextmanager
def small_packs():
    """Packs of a few rows, from the first row on."""
    kept = rows.MAX_ROWS_BYTES, catalog_packs.LEAST_ROWS
    rows.MAX_ROWS_BYTES, catalog_packs.LEAST_ROWS = 3_000, 1
    try:
        yield
    finally:
        rows.MAX_ROWS_BYTES, catalog_packs.LEAST_ROWS = kept


def _state(found):
    return StateHash().add(*(element((row.noun, row.name), row.record) for row in found if row.record is not None))


def _flipped(data, dice):
    changed = bytearray(data)
    changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def _tried(size, folder, seed, *, stop=False):
    made = Scene(folder, random.Random(seed))
    assert made.lumen.read(lambda unit: len(list(unit.catalog.slots(made.row.feed, Span())))) == len(made.rows)
    try:
        made.take_page(Page(made.row.checkpoint, (), rows.pressed(made.rows), made.row.size))  # the genuine is taken
        made.take_manifest(made.raw)
        failures = []
        for _ in range(size):
            failures += filter(None, [made.attack()])
            if failures and stop:
                break
        return failures
    finally:
        made.world.close()


def run(size, folder):
    return _tried(size, folder, 1)


def control(folder):
    """The state that a page leads to is not compared, nor the hash of a pack."""
    genuine = feeds.check_complete, PackEntry.check
    feeds.check_complete = PackEntry.check = lambda *_: None
    try:
        return bool(_tried(CONTROL, folder, 2, stop=True))
    finally:
        feeds.check_complete, PackEntry.check = genuine
