"""Whatever happens to customers, settings and targets, in whatever order: what a target holds after a backup is the store."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from node.errors import Unavailable
from node.services import backup_make, backup_read, backup_stream, tasks
from node.services.backup_check import load
from node.services.erasure import erase_customer
from node.store.capture import shape
from node.store.kept import KEPT
from tests.node.services.memory_target import MemoryTarget
from tests.node.services.vaulted import Vaulted

PLACES = (b"\x01" * 32, b"\x02" * 32)
CARRIED = tuple(name for name, kept in KEPT.items() if not kept.where)


def live(unit):
    """The carried tables as the store has them."""
    found = {}
    for table in CARRIED:
        columns = ", ".join(shape(unit.db, table).columns)
        found[table] = sorted(map(repr, unit.db.execute(f"SELECT {columns} FROM {table}").fetchall()))
    return found


class Backed(RuleBasedStateMachine):
    """`behind` names the targets whose newest backup is older than the store."""

    def __init__(self) -> None:
        super().__init__()
        self.small = (backup_stream._READY, backup_make._ROWS, backup_make._CHANGES)
        backup_stream._READY, backup_make._ROWS, backup_make._CHANGES = 3_000, 7, 3
        self.folder = tempfile.TemporaryDirectory()
        self.number = 0

    @initialize(count=st.integers(0, 20))
    def begin(self, count):
        self.vaulted = Vaulted(Path(self.folder.name), count)
        self.ids = list(self.vaulted.ids)
        self.targets = {place: MemoryTarget() for place in PLACES}
        self.behind = set(PLACES)

    def changed(self):
        self.behind = set(PLACES)

    @rule(count=st.integers(1, 12))
    def add(self, count):
        self.number += count
        self.ids += self.vaulted.node.write(self.vaulted.add, count, 1_000 + self.number)
        self.changed()

    @precondition(lambda self: self.ids)
    @rule(place=st.integers(0, 100), text=st.text(max_size=30))
    def note(self, place, text):
        self.vaulted.note(self.ids[place % len(self.ids)], text)
        self.changed()

    @precondition(lambda self: self.ids)
    @rule(place=st.integers(0, 100))
    def follow_up(self, place):
        self.vaulted.node.write(tasks.add_task, title="Call", customer=self.ids[place % len(self.ids)])
        self.changed()

    @precondition(lambda self: self.ids)
    @rule(place=st.integers(0, 100))
    def erase(self, place):
        self.vaulted.node.write(erase_customer, self.ids.pop(place % len(self.ids)))
        self.changed()

    @rule(key=st.sampled_from("abc"), value=st.integers())
    def setting(self, key, value):
        self.vaulted.node.write(lambda unit: unit.settings.set(key, value))
        self.changed()

    @rule()
    def reopen(self):
        self.vaulted.node.reopen()
        self.vaulted.engine = self.vaulted.engine_of(self.vaulted.node)

    @rule(place=st.sampled_from(PLACES), afresh=st.booleans())
    def make(self, place, afresh):
        self.vaulted.world.clock.tick(1)
        self.vaulted.engine.make(self.targets[place], place, afresh=afresh)
        self.behind.discard(place)
        self.check(place)

    @rule(place=st.sampled_from(PLACES), calls=st.integers(0, 12))
    def make_while_it_goes(self, place, calls):
        target = self.targets[place]
        target.calls = calls
        try:
            self.vaulted.engine.make(target, place)
            self.behind.discard(place)
        except Unavailable:
            pass
        finally:
            target.calls = None

    @rule(place=st.sampled_from(PLACES))
    def lose(self, place):
        self.targets[place].objects.clear()
        self.behind.add(place)

    def check(self, place):
        vaulted, target = self.vaulted, self.targets[place]
        opened = backup_read.open_newest(target, vaulted.engine._cipher, vaulted.node.identity)
        keyring = backup_read.open_keyring(target, vaulted.engine._cipher, opened)
        with vaulted.engine._workshop.copy(opened.manifest.schema) as copy:
            load(target, vaulted.engine._cipher, opened, keyring, copy)
            found = {table: sorted(map(repr, rows)) for table, rows in copy.rows() if table in CARRIED}
        assert found == vaulted.node.read(live)

    @invariant()
    def what_is_up_to_date_is_the_store(self):
        for place in PLACES:
            if hasattr(self, "behind") and place not in self.behind:
                opened = backup_read.open_newest(self.targets[place], self.vaulted.engine._cipher, self.vaulted.node.identity)
                assert opened.envelope.seq > 0

    def teardown(self):
        backup_stream._READY, backup_make._ROWS, backup_make._CHANGES = self.small
        if hasattr(self, "vaulted"):
            self.vaulted.close()
        self.folder.cleanup()


Backed.TestCase.settings = settings(max_examples=12, stateful_step_count=20, deadline=None)
test_backed = Backed.TestCase
