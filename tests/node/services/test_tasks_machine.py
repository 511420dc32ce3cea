"""Any order of what can be done with follow-ups, notes and one rule, against a plain dictionary: the store says the same at every step."""

import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from node.errors import ConflictError, NotFound, UserError
from node.model.customer import Customer
from node.model.person import Contact, Names
from node.services import erasure, notes, task_rules, tasks, today

from .world import World

HOUR, DAY = 3_600_000, 86_400_000
PEOPLE = {bytes([number]) * 32: f"N{number}" for number in range(3)}
ZONES = ("UTC", "Pacific/Auckland", "America/Los_Angeles", "Europe/Madrid")


@dataclass
class Known:
    """What the model knows of a task."""

    title: str
    day: date
    customer: bytes | None
    status: str = "open"
    finished: int | None = None
    dropped: int | None = None


class Follows(RuleBasedStateMachine):
    made = Bundle("made")

    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()
        self.world = World(Path(self.folder.name))
        self.world.clock.now = int(datetime(2026, 3, 27, 22, tzinfo=UTC).timestamp() * 1000)
        self.node = self.world.node("ana")
        self.zone, self.tasks, self.said, self.people = "UTC", {}, {}, dict(PEOPLE)
        for id_, name in PEOPLE.items():
            self.node.write(
                lambda unit, id_=id_, name=name: unit.customers.keep(Customer(id_, Contact(0, Names(name)), unit.now, unit.now))
            )

    def teardown(self):
        if hasattr(self, "world"):
            self.world.close()
            self.folder.cleanup()

    @property
    def now(self):
        return self.world.clock.now

    @property
    def today(self):
        return datetime.fromtimestamp(self.now / 1000, ZoneInfo(self.zone)).date()

    def tries(self, may, run, **named):
        """The use case succeeds when the model says that it may, and is refused by name when not."""
        try:
            done = self.node.write(run, **named)
        except (UserError, ConflictError, NotFound):
            assert not may
            return None
        assert may
        return done

    @rule(target=made, title=st.text("ab\n ", max_size=4), days=st.integers(0, 3), customer=st.none() | st.sampled_from(sorted(PEOPLE)))
    def add(self, title, days, customer):
        may = bool(title.split()) and (customer is None or customer in self.people)
        done = self.tries(may, tasks.add_task, title=title, due=f"+{days}", customer=customer)
        id_ = bytes.fromhex(done.id) if done else bytes(32)
        if done:
            self.tasks[id_] = Known(" ".join(title.split()), self.today + timedelta(days=days), customer)
        return id_

    @rule(id_=made)
    def finish(self, id_):
        known = self.tasks.get(id_)
        self.tries(known is not None and known.status != "dropped", tasks.finish_task, task=id_)
        if known and known.status == "open":
            known.status, known.finished = "done", self.now

    @rule(id_=made)
    def remove(self, id_):
        known = self.tasks.get(id_)
        self.tries(known is not None, tasks.remove_task, task=id_)
        if known and known.status != "dropped":
            known.status, known.dropped = "dropped", self.now

    @rule(id_=made)
    def undo(self, id_):
        known = self.tasks.get(id_)
        self.tries(known is not None and known.status != "open", tasks.undo_task, task=id_)
        if known and known.status == "done":
            known.status, known.finished = "open", None
        elif known and known.status == "dropped":
            known.status, known.dropped = "open" if known.finished is None else "done", None

    @rule(id_=made, days=st.integers(-1, 9))
    def snooze(self, id_, days):
        known, day = self.tasks.get(id_), self.today + timedelta(days=days)
        self.tries(known is not None and known.status == "open" and days > 0, tasks.snooze_task, task=id_, until=day.isoformat())
        if known and known.status == "open" and days > 0:
            known.day = day

    @rule(id_=made, customer=st.sampled_from(["", *(found.hex() for found in PEOPLE)]))
    def rewrite(self, id_, customer):
        known = self.tasks.get(id_)
        may = known is not None and known.status == "open" and (not customer or bytes.fromhex(customer) in self.people)
        self.tries(may, tasks.change_task, task=id_, title="anew", customer=customer)
        if may:
            known.title, known.customer = "anew", bytes.fromhex(customer) or None

    @rule(customer=st.sampled_from(sorted(PEOPLE)), ago=st.integers(0, 5))
    def say(self, customer, ago):
        at = self.now - ago * DAY
        done = self.tries(customer in self.people, notes.add_note, customer=customer, text="hello", at=at)
        if done:
            self.said[bytes.fromhex(done.id)] = (customer, at)

    @rule(data=st.data())
    def unsay(self, data):
        if self.said:
            id_ = data.draw(st.sampled_from(sorted(self.said)))
            self.node.write(notes.remove_note, note=id_)
            del self.said[id_]

    @rule(customer=st.sampled_from(sorted(PEOPLE)))
    def erase(self, customer):
        if customer in self.people:
            self.node.write(erasure.erase_customer, customer=customer)
            del self.people[customer]
            self.tasks = {id_: known for id_, known in self.tasks.items() if known.customer != customer}
            self.said = {id_: note for id_, note in self.said.items() if note[0] != customer}

    @rule(hours=st.sampled_from([1, 5, 24, 30]))
    def time_passes(self, hours):
        self.world.clock.tick(hours * HOUR)
        for tick in (tasks.tick, notes.tick, task_rules.tick):
            self.node.write(tick)
        gone = [id_ for id_, known in self.tasks.items() if known.dropped is not None and known.dropped < self.now - DAY]
        for id_ in gone:
            del self.tasks[id_]

    @rule(zone=st.sampled_from(ZONES))
    def travel(self, zone):
        self.node.write(today.set_zone, zone=zone)
        self.zone = zone

    @rule()
    def restart(self):
        self.node.reopen()

    @invariant()
    def the_lists_say_the_same(self):
        if not hasattr(self, "world"):
            return
        views = [task for state in ("open", "done") for task in self.node.read(tasks.list_tasks, state=state).tasks]
        seen = {(bytes.fromhex(task.id), task.title, task.day, task.status, task.customer) for task in views}
        known = {
            (id_, task.title, task.day.isoformat(), task.status, task.customer.hex() if task.customer else "")
            for id_, task in self.tasks.items()
            if task.status != "dropped"
        }
        assert seen == known
        due = sum(task.status == "open" and task.day <= self.today for task in self.tasks.values())
        assert self.node.read(tasks.count_due) == due
        groups = self.node.read(tasks.for_today)
        assert (len(groups.overdue) + len(groups.today), len(groups.done)) == (due, self.done_lately())

    def done_lately(self):
        return sum(task.status == "done" and task.finished > self.now - DAY for task in self.tasks.values())

    @invariant()
    def the_last_contact_is_the_latest_note_or_done_task(self):
        for customer in getattr(self, "people", ()):
            at = [when for whom, when in self.said.values() if whom == customer]
            at += [task.finished for task in self.tasks.values() if task.customer == customer and task.status == "done"]
            assert self.node.read(lambda unit, id_=customer: unit.notes.last_contact(id_)) == max(at, default=None)


def test_follow_ups_are_what_a_plain_model_says():
    run_state_machine_as_test(Follows, settings=settings(max_examples=15, stateful_step_count=30, deadline=None))
