"""What happened with a customer: everything once, newest first, page by page."""

from dataclasses import replace

import pytest

from node.errors import NotFound, UserError
from node.model.person import Consent
from node.services import asking, customer_merge, customer_timeline, customers, grants, notes, tasks

from .shop import CUSTOMER
from .test_customer_merge import MIA, _keep


def _told(shop):
    """A life with an order, a disclosure, a note, a follow-up, consents, an edit and a merge."""
    ana, order = shop.ana, shop.accepted()
    grant = bytes.fromhex(shop.lumen.write(grants.request_grant, order=order).id)
    shop.world.deliver()
    ana.write(grants.issue_grant, grant=grant)
    shop.world.deliver()
    shop.clock.tick(10)
    shop.lumen.write(asking.ask, grant=grant)
    shop.world.deliver()
    shop.clock.tick(10)
    ana.write(notes.add_note, customer=CUSTOMER, text="She called", channel="call", direction="in")
    shop.clock.tick(10)
    task = ana.write(tasks.add_task, title="Call back", customer=CUSTOMER).id
    ana.write(tasks.finish_task, task=bytes.fromhex(task))
    shop.clock.tick(10)
    view = ana.read(customers.get_customer, customer=CUSTOMER)
    said = (Consent("calls", given=True, day="2020-01-02"), Consent("calls", given=False, day="2030-01-02"))
    ana.write(customers.change_customer, customer=CUSTOMER, details=replace(view.details, consents=said), updated=view.updated)
    [mia] = _keep(ana, MIA)
    ana.write(customer_merge.merge_customers, customer=CUSTOMER, other=mia)


def _events(shop, **named):
    return shop.ana.read(customer_timeline.list_timeline, customer=CUSTOMER, **named)


def test_everything_is_there_once_newest_first(shop):
    _told(shop)
    events = _events(shop).events
    assert [event.kind for event in events] == [
        "consent", "consent", "merge", "import", "edit", "task", "note", "disclosure", "order", "added", "consent",
    ]  # fmt: skip
    by_kind = {event.kind: event for event in events}
    assert (by_kind["note"].what, by_kind["note"].detail) == ("She called", "in call")
    assert (by_kind["task"].what, by_kind["order"].what) == ("Call back", "ACCEPTED")
    assert by_kind["disclosure"].detail == "lumen"
    assert "street" in by_kind["disclosure"].what.split()
    assert [(event.what, event.detail) for event in events if event.kind == "consent"] == [
        ("calls", "withdrawn"), ("calls", "given"), ("calls", "given"),
    ]  # fmt: skip
    assert by_kind["import"].what == "contacts.vcf"


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_pages_leave_nothing_out_and_say_nothing_twice(shop, limit):
    _told(shop)
    found, cursor, pages = [], "", 0
    while pages == 0 or cursor:
        page = _events(shop, cursor=cursor, limit=limit)
        assert len(page.events) <= limit
        found += page.events
        cursor, pages = page.cursor, pages + 1
    assert found == list(_events(shop).events)
    assert pages == -(-len(found) // limit)


def test_what_is_asked_wrongly_is_said(shop):
    with pytest.raises(UserError, match="cursor"):
        _events(shop, cursor="not ours")
    with pytest.raises(NotFound):
        shop.ana.read(customer_timeline.list_timeline, customer=bytes(32))


def test_a_customer_of_whom_a_file_named_a_day_that_is_none(shop):
    person = shop.ana.read(lambda unit: unit.customers.get(CUSTOMER))
    odd = replace(person, person=replace(person.person, consents=(Consent("calls", given=True, day="sometime"),)))
    shop.ana.write(lambda unit: unit.customers.keep(odd))
    assert [event.kind for event in _events(shop).events] == ["added"]
