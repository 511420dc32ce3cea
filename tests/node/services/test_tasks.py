"""Follow-ups by hand and by rules over a real store: what is due when, what a rule makes and for whom not, and that it makes it once."""

from base64 import urlsafe_b64encode
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from node.errors import ConflictError, NotFound, UserError
from node.model.customer import Customer
from node.model.filters import Filters
from node.model.person import Contact, Labelled, Names, Phone
from node.services import erasure, notes, segments, task_rules, tasks, today
from protocol.encoding import encode

from .world import World

MIA, JO, ZOE = bytes([1]) * 32, bytes([2]) * 32, bytes([3]) * 32
HOUR, DAY = 3_600_000, 86_400_000
NOON = int(datetime(2026, 3, 10, 12, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    made.clock.now = NOON
    yield made
    made.close()


def person(node, id_=MIA, name="Mia Torres", *, created=None, archived=None, **fields):
    record = Contact(0, Names(name), **{"phones": (Phone("", "600", "+34600000111"),), **fields})
    node.write(lambda unit: unit.customers.keep(Customer(id_, record, created or unit.now, unit.now, None, archived)))
    return id_


def add(node, title="Call back", **named):
    return bytes.fromhex(node.write(tasks.add_task, title=title, **named).id)


def groups(node):
    view = node.read(tasks.for_today)
    return {name: [task.title for task in getattr(view, name)] for name in ("overdue", "today", "next", "done")}


def look(node, times=1):
    """What a running node does each second."""
    for _ in range(times):
        node.write(task_rules.tick)


def made(node, **named):
    return [(task.customer_name, task.title, task.day) for task in node.read(tasks.list_tasks, **named).tasks if task.rule]


# --- by hand


def test_a_task_is_due_done_and_undone(ana):
    mia = person(ana)
    task = add(ana, customer=mia, channel="call", note=" about the serum ")
    (view,) = ana.read(tasks.for_today).today
    assert (view.customer_name, view.call, view.sms, view.note, view.days) == (
        "Mia Torres",
        "+34600000111",
        "+34600000111",
        "about the serum",
        0,
    )
    ana.write(tasks.finish_task, task=task)
    assert groups(ana) == {"overdue": [], "today": [], "next": [], "done": ["Call back"]}
    assert ana.write(tasks.finish_task, task=task).status == "done"  # twice is once
    ana.write(tasks.undo_task, task=task)
    assert groups(ana)["today"] == ["Call back"]
    with pytest.raises(ConflictError):
        ana.write(tasks.undo_task, task=task)


def test_what_was_done_leaves_the_home_page_after_a_day_and_stays_in_the_list(ana):
    task = add(ana)
    ana.write(tasks.finish_task, task=task)
    ana.clock.tick(DAY)
    assert groups(ana)["done"] == []
    assert [row.id for row in ana.read(tasks.list_tasks, state="done").tasks] == [task.hex()]


def test_putting_off_moves_the_day(ana):
    task = add(ana)
    assert ana.write(tasks.snooze_task, task=task).day == "2026-03-11"
    assert ana.write(tasks.snooze_task, task=task, until="week").day == "2026-03-17"
    assert ana.write(tasks.snooze_task, task=task, until="2026-12-03").day == "2026-12-03"
    for wrong in ("today", "2026-03-09", "2026-02-30", "soon", "+99999"):
        with pytest.raises(UserError) as caught:
            ana.write(tasks.snooze_task, task=task, until=wrong)
        assert caught.value.code == "bad-day"
    ana.write(tasks.finish_task, task=task)
    with pytest.raises(ConflictError):
        ana.write(tasks.snooze_task, task=task)


def test_removing_is_undone_within_a_day_and_then_erased(ana):
    task, other = add(ana, "One"), add(ana, "Two")
    for each in (task, other):
        ana.write(tasks.remove_task, task=each)
    assert groups(ana)["today"] == []
    ana.write(tasks.undo_task, task=task)
    assert groups(ana)["today"] == ["One"]
    ana.clock.tick(DAY + 1)
    ana.write(tasks.tick)
    with pytest.raises(NotFound):
        ana.write(tasks.undo_task, task=other)


def test_a_done_task_removed_by_mistake_is_done_again(ana):
    task = add(ana)
    for step in (tasks.finish_task, tasks.remove_task, tasks.undo_task):
        ana.write(step, task=task)
    assert ana.read(tasks.get_task, task=task).status == "done"


def test_writing_anew_keeps_what_is_not_given(ana):
    mia, jo = person(ana), person(ana, JO, "Jo Nilsson")
    task = add(ana, customer=mia, note="n", channel="visit")
    ana.write(tasks.change_task, task=task, title="  Bring \n samples ", customer=jo.hex(), due="tomorrow")
    view = ana.read(tasks.get_task, task=task)
    assert (view.title, view.customer_name, view.note, view.channel, view.day) == (
        "Bring samples",
        "Jo Nilsson",
        "n",
        "visit",
        "2026-03-11",
    )
    ana.write(tasks.change_task, task=task, customer="")
    assert ana.read(tasks.get_task, task=task).customer == ""


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"title": " "}, "title-missing"),
        ({"title": "x" * 201}, "too-long"),
        ({"note": "x" * 2001}, "too-long"),
        ({"due": "2026-13-01"}, "bad-day"),
        ({"due": "1066-10-14"}, "bad-day"),
        ({"channel": "pigeon"}, "bad-channel"),
        ({"customer": ZOE}, "not-found"),
    ],
)
def test_what_cannot_be_kept_is_named_and_nothing_is(ana, given, code):
    with pytest.raises((UserError, NotFound)) as caught:
        add(ana, **given)
    assert caught.value.code == code
    assert ana.read(tasks.list_tasks).tasks == []


def test_lists_narrow_and_go_on(ana):
    mia = person(ana)
    for number in range(5):
        add(ana, f"T{number}", due=f"+{number}", customer=mia if number % 2 else None)
    assert [task.title for task in ana.read(tasks.list_tasks, customer=mia).tasks] == ["T1", "T3"]
    seen, cursor = [], ""
    while True:
        page = ana.read(tasks.list_tasks, limit=2, cursor=cursor)
        seen += [task.title for task in page.tasks]
        if not (cursor := page.cursor):
            break
    assert seen == ["T0", "T1", "T2", "T3", "T4"]
    assert page.due == 1
    for number, task in enumerate(ana.read(tasks.list_tasks).tasks):
        ana.clock.tick(number)
        ana.write(tasks.finish_task, task=bytes.fromhex(task.id))
    first = ana.read(tasks.list_tasks, state="done", limit=3)
    rest = ana.read(tasks.list_tasks, state="done", cursor=first.cursor)
    assert [task.title for task in first.tasks + rest.tasks] == ["T4", "T3", "T2", "T1", "T0"]
    for wrong in ({"state": "lost"}, {"rule": "lunar"}, {"cursor": "!"}):
        with pytest.raises(UserError):
            ana.read(tasks.list_tasks, **wrong)


def test_home_counts_what_is_due(ana):
    add(ana, due="tomorrow")
    assert ana.read(today.face).counts == {}
    add(ana)
    assert ana.read(today.face).counts == {"today": 1}
    assert [task.title for task in ana.read(today.show).tasks.today] == ["Call back"]


# --- days


def test_the_day_is_the_one_of_the_persons_zone(ana):
    ana.clock.now = int(datetime(2026, 3, 10, 23, 30, tzinfo=UTC).timestamp() * 1000)
    utc = add(ana)
    ana.write(today.set_zone, zone="Pacific/Auckland")  # the 11th there
    assert ana.read(tasks.get_task, task=utc).days == -1
    assert ana.read(tasks.get_task, task=add(ana)).day == "2026-03-11"
    ana.write(today.set_zone, zone="America/Los_Angeles")
    assert ana.read(tasks.get_task, task=utc).days == 0


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Europe/Madrid", date(2026, 3, 29)), ("Europe/Madrid", date(2026, 10, 25)), ("America/Havana", date(2026, 3, 8))],
)
def test_a_clock_put_forward_or_back_moves_no_day(ana, zone, day):
    """Madrid changes at two and three in the night, Havana skips midnight itself."""
    ana.write(today.set_zone, zone=zone)
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000) - 2 * DAY
    ana.clock.now = start
    task = add(ana, due=day.isoformat())
    seen = {}
    for hour in range(5 * 24):
        ana.clock.now = start + hour * HOUR
        here = datetime.fromtimestamp(ana.clock.now / 1000, ZoneInfo(zone)).date()
        seen.setdefault(here, set()).add(ana.read(tasks.get_task, task=task).days)
    assert all(days == {(day - here).days} for here, days in seen.items())
    assert len(seen) >= 5


# --- rules


def test_a_rule_is_off_until_it_is_switched_on_and_shows_before_what_it_would_make(ana):
    person(ana, birthday="1988-03-12")
    look(ana)
    assert made(ana) == []
    preview = ana.read(task_rules.preview_rule, rule="birthday")
    assert [(row.customer_name, row.day, row.note, row.channel) for row in preview.tasks] == [
        ("Mia Torres", "2026-03-12", "Turns 38.", "message")
    ]
    assert ana.read(task_rules.preview_rule, rule="birthday", days=1).tasks == []
    assert made(ana) == []
    ana.write(task_rules.set_rule, rule="birthday", on=True)
    look(ana)
    assert made(ana) == [("Mia Torres", "Wish a happy birthday", "2026-03-12")]
    assert ana.read(task_rules.preview_rule, rule="birthday").tasks == []


def test_an_occasion_is_met_once_whatever_becomes_of_its_task(world, ana):
    mia = person(ana, birthday="--03-12")
    ana.write(task_rules.set_rule, rule="birthday", on=True)
    look(ana)
    (task,) = ana.read(tasks.list_tasks, rule="birthday").tasks
    id_ = bytes.fromhex(task.id)
    for step in (tasks.finish_task, tasks.undo_task, tasks.remove_task):
        ana.write(step, task=id_)
        world.tick(HOUR)
        ana.reopen()
        look(ana, 3)
        assert ana.read(lambda unit: unit.db.execute("SELECT count(*) FROM tasks").fetchone()) == (1,)
    ana.clock.tick(2 * DAY)
    ana.write(tasks.tick)
    with pytest.raises(ConflictError) as caught:
        ana.write(tasks.undo_task, task=id_)
    assert caught.value.code == "too-late"
    ana.write(task_rules.set_rule, rule="birthday", days=20)
    look(ana, 3)
    assert made(ana) == []
    ana.clock.now = int(datetime(2027, 3, 10, tzinfo=UTC).timestamp() * 1000)
    look(ana)
    assert made(ana) == [("Mia Torres", "Wish a happy birthday", "2027-03-12")]
    ana.write(erasure.erase_customer, customer=mia)
    assert made(ana) == []


@pytest.mark.parametrize(
    ("now", "birthday", "day"),
    [
        ((2026, 2, 25), "2000-02-29", "2026-02-28"),
        ((2028, 2, 25), "2000-02-29", "2028-02-29"),
        ((2026, 12, 29), "--01-02", "2027-01-02"),
        ((2026, 3, 10), "1990-03-10", "2026-03-10"),
        ((2026, 3, 10), "1990-03-17", "2026-03-17"),
        ((2026, 3, 10), "1990-03-18", None),
        ((2026, 3, 10), "1990-03-09", None),
    ],
)
def test_birthdays_are_seen_ahead(ana, now, birthday, day):
    ana.clock.now = int(datetime(*now, 12, tzinfo=UTC).timestamp() * 1000)
    person(ana, birthday=birthday)
    ana.write(task_rules.set_rule, rule="birthday", on=True)
    look(ana)
    assert [row[2] for row in made(ana)] == ([day] if day else [])


def test_silence_begins_with_the_last_order_note_or_done_task_else_with_the_coming(ana):
    mia, jo = person(ana), person(ana, JO, "Jo Nilsson")
    ana.write(task_rules.set_rule, rule="quiet", on=True, days=60)
    ana.clock.tick(59 * DAY)
    look(ana)
    assert made(ana) == []
    ana.write(notes.add_note, customer=mia, text="She wants the serum again", channel="call")
    ana.clock.tick(DAY)
    look(ana)
    assert [row[0] for row in made(ana)] == ["Jo Nilsson"]
    (task,) = ana.read(tasks.list_tasks, rule="quiet").tasks
    assert task.note == "No contact yet; here since 10 March 2026."
    ana.write(tasks.finish_task, task=bytes.fromhex(task.id))
    ana.clock.tick(59 * DAY)
    look(ana)
    assert [row[0] for row in made(ana)] == ["Mia Torres"]
    assert ana.read(lambda unit: unit.notes.last_contact(jo)) is not None
    ana.clock.tick(DAY)
    look(ana)
    assert [row[0] for row in made(ana)] == ["Mia Torres", "Jo Nilsson"]


def test_an_older_note_does_not_hide_a_newer_one_and_taking_it_away_counts_anew(ana):
    mia = person(ana, created=NOON - 100 * DAY)
    first = ana.write(notes.add_note, customer=mia, text="now")
    ana.write(notes.add_note, customer=mia, text="then", at=NOON - 5 * DAY)
    assert ana.read(lambda unit: unit.notes.last_contact(mia)) == NOON
    ana.write(notes.remove_note, note=bytes.fromhex(first.id))
    assert ana.read(lambda unit: unit.notes.last_contact(mia)) == NOON - 5 * DAY
    ana.write(notes.undo_note, note=bytes.fromhex(first.id))
    assert [note.text for note in ana.read(notes.notes_of, customer=mia)] == ["now", "then"]


def test_who_is_archived_has_not_the_tag_or_wants_no_calls_is_passed_over(ana):
    on_birthday = {"birthday": "--03-11"}
    person(ana, MIA, "Put aside", archived=NOON, **on_birthday)
    person(ana, JO, "No calls", tags=("VIP",), preferences=(Labelled("no calls", "yes"),), **on_birthday)
    person(ana, ZOE, "No contact", tags=("vip",), preferences=(Labelled("", "no contact, please"),), **on_birthday)
    person(ana, bytes([4]) * 32, "Wants", tags=("vip",), preferences=(Labelled("no calls", "no"), Labelled("shoe", "38")), **on_birthday)
    person(ana, bytes([5]) * 32, "Without tag", **on_birthday)
    ana.write(task_rules.set_rule, rule="birthday", on=True, channel="call", tag="Vip")
    look(ana)
    found = ana.read(tasks.list_tasks, rule="birthday").tasks
    assert {task.customer_name: (task.channel, task.call) for task in found} == {
        "No calls": ("message", ""),
        "Wants": ("call", "+34600000111"),
    }


def test_a_rule_is_for_who_is_in_its_segment_when_it_looks(ana):
    person(ana, MIA, "In", tags=("spring",), birthday="--03-11")
    person(ana, JO, "Out", birthday="--03-11")
    segment = ana.write(segments.save_segment, name="Spring", filters=Filters(tags=("spring",))).id
    assert [row.customer_name for row in ana.read(task_rules.preview_rule, rule="birthday", segment=segment).tasks] == ["In"]
    view = ana.write(task_rules.set_rule, rule="birthday", on=True, segment=segment)
    assert view.segment == segment
    look(ana)
    assert [row[0] for row in made(ana)] == ["In"]
    with pytest.raises(ConflictError, match="birthday") as caught:
        ana.write(segments.remove_segment, segment=bytes.fromhex(segment))
    assert caught.value.code == "segment-in-use"
    assert ana.write(task_rules.set_rule, rule="birthday", days=8).segment == segment  # what is not given stays
    assert ana.write(task_rules.set_rule, rule="birthday", segment="").segment == ""
    look(ana)
    assert sorted(row[0] for row in made(ana)) == ["In", "Out"]
    ana.write(segments.remove_segment, segment=bytes.fromhex(segment))


def test_a_rule_makes_no_more_than_its_number_a_day(ana):
    for number in range(12):
        person(ana, bytes([number]) * 32, f"N{number:02}", created=NOON - (100 - number) * DAY)
    ana.write(task_rules.set_rule, rule="quiet", on=True, days=30, most=5)
    for _ in range(3):
        look(ana, 3)
        ana.clock.tick(HOUR)
    assert sorted(row[0] for row in made(ana)) == ["N00", "N01", "N02", "N03", "N04"]  # the longest silent
    ana.clock.tick(DAY)
    look(ana, 2)
    assert len(made(ana)) == 10


def test_a_look_goes_on_where_it_was_page_by_page(ana, monkeypatch):
    monkeypatch.setattr(task_rules, "AT_ONCE", 3)
    for number in range(10):
        person(ana, bytes([number]) * 32, f"N{number:02}", birthday="--03-11", tags=("odd",) if number % 2 else ())
    ana.write(task_rules.set_rule, rule="birthday", on=True, tag="odd")
    counts = []
    for _ in range(5):
        look(ana)
        ana.reopen()
        counts.append(len(made(ana)))
    assert counts == [1, 3, 4, 5, 5]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"rule": "lunar"}, "not-found"),
        ({"rule": "quiet", "days": 0}, "bad-days"),
        ({"rule": "birthday", "days": 61}, "bad-days"),
        ({"rule": "birthday", "most": 0}, "bad-most"),
        ({"rule": "birthday", "channel": "owl"}, "bad-channel"),
        ({"rule": "birthday", "tag": "x" * 101}, "too-long"),
        ({"rule": "birthday", "segment": "x"}, "bad-segment"),
        ({"rule": "birthday", "segment": "00" * 32}, "not-found"),
    ],
)
def test_a_rule_that_cannot_be_is_named(ana, given, code):
    with pytest.raises((UserError, NotFound)) as caught:
        ana.write(task_rules.set_rule, **given)
    assert caught.value.code == code
    assert all(not rule.on for rule in ana.read(task_rules.list_rules))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"text": " "}, "note-missing"),
        ({"text": "x" * 5001}, "too-long"),
        ({"direction": "up"}, "bad-direction"),
        ({"channel": "owl"}, "bad-channel"),
        ({"at": NOON + HOUR}, "bad-time"),
        ({"customer": ZOE}, "not-found"),
    ],
)
def test_a_note_that_cannot_be_is_named(ana, given, code):
    with pytest.raises((UserError, NotFound)) as caught:
        ana.write(notes.add_note, **{"customer": person(ana), "text": "hello", **given})
    assert caught.value.code == code


def test_a_note_taken_away_is_erased_a_day_later(ana):
    kept = bytes.fromhex(ana.write(notes.add_note, customer=person(ana), text="hello").id)
    ana.write(notes.remove_note, note=kept)
    ana.clock.tick(DAY + 1)
    ana.write(notes.tick)
    with pytest.raises(NotFound):
        ana.write(notes.undo_note, note=kept)


def test_a_cursor_of_another_kind_is_refused(ana):
    with pytest.raises(UserError):
        ana.read(tasks.list_tasks, state="done", cursor=urlsafe_b64encode(encode(["x", b"y"])).decode())
