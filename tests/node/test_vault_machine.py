"""Any order of imports, edits, merges, undo, erasing, backups, restores and next generations, over real folders, against a plain dictionary:
what a seller knows of their customers is equal at every step."""

import copy
import os
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from node.app import generation, restoring
from node.model.identity import Step
from node.model.person import Contact, Entry, Labelled, Names
from node.services import customer_imports, customer_merge, customer_staging, customers, devices, erasure, notes, tasks
from node.vault import seals, sheets, vault
from protocol.identity import DeviceAdded, DeviceCertificate, replay, sign_entry
from tests.node.desk import COSTS, PASSPHRASE, WORDS, Desk
from tests.node.services.vaulted import PLACE

KEYS = range(8)
GENERATIONS = 5  # each adds a device to lose, and an identity has no more than so many
WORD = st.text("abé\N{GEM STONE}'\"", min_size=1, max_size=6)


@dataclass
class Known:
    """What the model knows of a customer: by which e-mails, under which name, what is noted and to be done."""

    mails: set[str]
    name: str
    note: str = ""
    archived: bool = False
    said: list[str] = field(default_factory=list)
    to_do: list[str] = field(default_factory=list)

    def told(self):
        return (sorted(self.mails), self.name, self.note, self.archived, sorted(self.said), sorted(self.to_do))


def mail(key):
    return f"person{key}@example.com"


class Vaults(RuleBasedStateMachine):
    """`known` is the model: customer id → what is known. `before` is what an undo that is still possible leads back to."""

    @initialize()
    def begin(self):
        self.place = tempfile.TemporaryDirectory()
        self.folders, self.generations = 1, 0
        self.desk = Desk(Path(self.place.name) / "desk1")
        self.known, self.backed_up = {}, None
        self.import_ = self.merge = None

    def teardown(self):
        if hasattr(self, "desk"):
            self.desk.close()
            self.place.cleanup()

    def write(self, run, **named):
        return self.desk.store.write_now(run, **named)

    def changed(self):
        """What could be undone a moment ago cannot be any more, or not simply."""
        self.import_ = self.merge = None

    def of_key(self, key):
        return next((id_ for id_, known in self.known.items() if mail(key) in known.mails), None)

    # --- customers

    @rule(keys=st.sets(st.sampled_from(KEYS), min_size=1, max_size=5), note=WORD)
    def take_file(self, keys, note):
        once = {self.of_key(key) or bytes([key]): key for key in sorted(keys)}  # two addresses of one customer are another story
        people = [Contact(row, Names(f"P{key}"), emails=(Labelled("", mail(key)),), notes=note) for row, key in enumerate(once.values())]
        before = copy.deepcopy(self.known)
        done = self.write(_take, people=people)
        self.changed()
        here = _by_mail(self.desk.store)
        for key in once.values():
            known = self.known.setdefault(here[mail(key)], Known({mail(key)}, ""))
            known.name, known.note = f"P{key}", note
        if done.created + done.updated:
            self.import_ = (bytes.fromhex(done.id), before)

    @precondition(lambda self: self.import_ is not None)
    @rule()
    def undo_file(self):
        id_, before = self.import_
        self.write(customer_imports.undo_import, import_id=id_)
        self.changed()
        self.known = before

    @rule(key=st.sampled_from(KEYS), name=WORD, note=st.just("") | WORD)
    def edit(self, key, name, note):
        id_ = self.of_key(key)
        if id_ is None or not name.strip():
            return
        view = self.desk.store.read_now(customers.get_customer, id_)
        details = replace(view.details, name=name, note=note)
        self.write(customers.change_customer, customer=id_, details=details, updated=view.updated)
        self.changed()
        self.known[id_].name, self.known[id_].note = name.strip(), note.strip()

    @rule(key=st.sampled_from(KEYS), back=st.booleans())
    def put_aside(self, key, back):
        if (id_ := self.of_key(key)) is not None:
            self.write(customers.unarchive_customer if back else customers.archive_customer, customer=id_)
            self.changed()
            self.known[id_].archived = not back

    @rule(key=st.sampled_from(KEYS), text=WORD)
    def note(self, key, text):
        if (id_ := self.of_key(key)) is not None and text.strip():
            self.write(notes.add_note, customer=id_, text=text)
            self.changed()
            self.known[id_].said.append(text.strip())

    @rule(key=st.sampled_from(KEYS), title=WORD)
    def follow_up(self, key, title):
        if (id_ := self.of_key(key)) is not None and title.strip():
            self.write(tasks.add_task, title=title, customer=id_)
            self.changed()
            self.known[id_].to_do.append(title.strip())

    @rule(one=st.sampled_from(KEYS), other=st.sampled_from(KEYS))
    def join(self, one, other):
        kept, gone = self.of_key(one), self.of_key(other)
        if kept is None or gone is None or kept == gone:
            return
        details = self.desk.store.read_now(customer_merge.merge_preview, kept, gone)
        before = copy.deepcopy(self.known)
        self.write(customer_merge.merge_customers, customer=kept, other=gone)
        self.changed()
        first, second = self.known[kept], self.known.pop(gone)
        archived = first.archived and second.archived
        joined = (first.mails | second.mails, first.name, details.note, archived, first.said + second.said, first.to_do + second.to_do)
        self.known[kept] = Known(*joined)
        self.merge = (kept, before)

    @precondition(lambda self: self.merge is not None)
    @rule()
    def take_apart(self):
        kept, before = self.merge
        (row, *_) = self.desk.store.read_now(lambda unit: unit.customer_history.merges(kept))
        self.write(customer_merge.unmerge, customer=kept, merge=row.id)
        self.changed()
        self.known = before

    @rule(key=st.sampled_from(KEYS))
    def erase(self, key):
        if (id_ := self.of_key(key)) is not None:
            self.write(erasure.erase_customer, customer=id_)
            self.changed()
            del self.known[id_]

    # --- the vault

    @rule(afresh=st.booleans())
    def back_up(self, afresh):
        self.desk.make(afresh=afresh)
        checked = self.desk.engine.drill(self.desk.target, PLACE)
        assert checked.number
        self.backed_up = copy.deepcopy(self.known)

    @precondition(lambda self: self.backed_up is not None)
    @rule()
    def restore(self):
        """The machine is gone; words and backup are there."""
        target = self.desk.target
        self.desk.close()
        self.folders += 1
        folder = Path(self.place.name) / f"desk{self.folders}"
        restoring.restore(folder, PASSPHRASE, WORDS, target, costs=COSTS)
        self.desk.folder = folder
        self.desk.open(folder)
        self.changed()
        self.known = copy.deepcopy(self.backed_up)

    @precondition(lambda self: self.generations < GENERATIONS)
    @rule()
    def next_generation(self):
        """A device is lost: seed, store key and sealed rows are others afterwards, what is known is not."""
        self.generations += 1
        lost = os.urandom(32), os.urandom(32)
        step = self.write(_planned, lost=lost)
        key = self.desk.keys.store_key
        self.desk.close()
        opening = vault.open_file(self.desk.folder, PASSPHRASE)
        generation.begin(self.desk.folder, opening, step)
        keys = generation.complete(self.desk.folder, opening)
        assert keys.store_key != key
        keys.lock()
        self.desk.open(self.desk.folder)

    @rule()
    def restart(self):
        self.desk.close()
        self.desk.open(self.desk.folder)

    @invariant()
    def the_store_says_what_the_model_says(self):
        if hasattr(self, "desk"):
            assert self.desk.store.read_now(_told) == {id_: known.told() for id_, known in self.known.items()}


def _take(unit, people):
    staged = customer_staging.begin_staging(unit, name="a.vcf", dialect="vcard", region="US", header=(), guess=(), ask=False)
    customer_staging.add_entries(unit, staged, 1, [Entry(person.row, person) for person in people])
    customer_staging.end_staging(unit, staged)
    return customer_imports.apply_import(unit, staged.id)


def _by_mail(store):
    return {address: id_ for id_, told in store.read_now(_told).items() for address in told[0]}


def _told(unit):
    found = {}
    for (id_,) in unit.db.execute("SELECT id FROM customers").fetchall():
        customer = unit.customers.get(id_)
        person = customer.person
        said = sorted(note.text for note in notes.notes_of(unit, id_, limit=200))
        to_do = sorted(task.title for task in tasks.tasks_of(unit, id_))
        mails = sorted(item.value for item in person.emails)
        found[id_] = (mails, person.names.full, person.notes, customer.archived is not None, said, to_do)
    return found


def _planned(unit, lost):
    """What the app decides once a device is lost; the device was added a moment ago."""
    sheet = sheets.read(WORDS)
    shown = unit.peers.presentation()
    state = replay(shown.inception, shown.entries)
    added = DeviceAdded(DeviceCertificate(state.identity, *lost, "Old laptop", unit.now))
    unit.peers.append(sign_entry(state, sheet.root, added, created=unit.now).raw)
    standing, seed = devices.standing(unit), os.urandom(32)
    sealed = seals.seal_seed(seed, [unit.me.agreement, sheet.recovery])
    entries = devices.revocation(standing, sheet.root, lost[0], unit.me.device.public, "lost", seals.hash_of(sealed))
    return Step(unit.me.generation + 1, seed, os.urandom(32), standing.payout_index, sheet.recovery, entries, sealed, ())


def test_a_vault_is_what_a_plain_dictionary_says():
    run_state_machine_as_test(Vaults, settings=settings(max_examples=6, stateful_step_count=25, deadline=None))


def test_control_an_archive_that_forgets_is_noticed(monkeypatch):
    monkeypatch.setattr(customers, "archive_customer", lambda unit, customer: customers.unarchive_customer(unit, customer=customer))
    once = settings(max_examples=12, stateful_step_count=25, deadline=None, phases=[Phase.generate], derandomize=True)
    with pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(Vaults, settings=once)
