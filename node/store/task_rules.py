"""Rules for follow-ups in the store, and what each may concern: always a page of an index, never all customers."""

from datetime import date
from typing import Any

from sqlite_utils import Database

from node.model.person import Contact
from node.model.task import Channel
from node.model.task_rule import Kind, Reorder, Rule

from .customers import person_of
from .purchases import REORDER

_PERSON = "c.record, c.archived IS NOT NULL"


class TaskRules:
    """The table `task_rules` of one transaction, and the indexes that rules look into."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # --- the rules

    def get(self, kind: Kind) -> Rule | None:
        """The rule as the person set it."""
        found = self._db.execute("SELECT days, channel, most, is_on, tag, segment FROM task_rules WHERE kind = ?", (kind.value,)).fetchone()
        return Rule(kind, found[0], Channel(found[1]), found[2], bool(found[3]), *found[4:]) if found else None

    def keep(self, rule: Rule) -> None:
        """Write a rule; its look begins anew."""
        self._db.execute(
            "INSERT OR REPLACE INTO task_rules (kind, days, channel, most, is_on, tag, segment) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (rule.kind.value, rule.days, rule.channel.value, rule.most, int(rule.on), rule.tag, rule.segment),
        )

    def looking(self, hour: int) -> list[tuple[Kind, str]]:
        """The rules that are on and have not ended their look of this hour, each with where it goes on."""
        sql = "SELECT kind, position FROM task_rules WHERE is_on = 1 AND swept <> ? ORDER BY kind"
        return [(Kind(kind), position) for kind, position in self._db.execute(sql, (hour,))]

    def looked(self, kind: Kind, hour: int | None, position: str) -> None:
        """Where the rule's look goes on; `hour`: it has ended for this one."""
        self._db.execute("UPDATE task_rules SET position = ?, swept = coalesce(?, swept) WHERE kind = ?", (position, hour, kind.value))

    # --- whom they may concern

    def person(self, customer: bytes) -> tuple[Contact, bool] | None:
        """The customer's record, and whether they are archived."""
        found = self._db.execute(f"SELECT {_PERSON} FROM customers AS c WHERE c.id = ?", (customer,)).fetchone()  # noqa: S608
        return (person_of(found[0]), bool(found[1])) if found else None

    def born(self, month_day: str, after: bytes, limit: int) -> list[tuple[bytes, str]]:
        """Customers born on a day of the year, by id, with the whole birthday."""
        sql = (
            "SELECT id, json_extract(CAST(record AS TEXT), '$.birthday') FROM customers "
            "WHERE born = ? AND born <> '' AND archived IS NULL AND id > ? ORDER BY id LIMIT ?"
        )
        return [(id_, birthday) for id_, birthday in self._db.execute(sql, (month_day, after, limit))]

    def silent(self, before: int, after: tuple[int, bytes], limit: int) -> list[tuple[int, bytes, bool]]:
        """Customers whose last contact (else their coming here: then True) was before then, the longest silent first."""
        sql = (
            "SELECT coalesce(contact, created), id, contact IS NULL FROM customers WHERE archived IS NULL "
            "AND coalesce(contact, created) < ? AND (coalesce(contact, created), id) > (?, ?) "
            "ORDER BY coalesce(contact, created), id LIMIT ?"
        )
        return [(at, id_, bool(never)) for at, id_, never in self._db.execute(sql, (before, *after, limit))]

    def delivered(self, until: int, after: tuple[int, bytes], limit: int) -> list[tuple[int, bytes, bytes]]:
        """Orders delivered before `until` and after the time and draft `after`: when, draft, customer."""
        sql = (
            "SELECT delivered, draft, customer FROM customer_orders WHERE delivered < ? AND (delivered, draft) > (?, ?) "
            "ORDER BY delivered, draft LIMIT ?"
        )
        return [(at, draft, customer) for at, draft, customer in self._db.execute(sql, (until, *after, limit))]

    def reorders(self, until: str, after: tuple[str, bytes, bytes, str], limit: int) -> list[Reorder]:
        """What is due again until a day, after the day, customer, merchant and SKU `after`."""
        sql = (
            f"SELECT {REORDER} FROM customer_reorders WHERE due <= ? AND (due, customer, merchant, sku) > (?, ?, ?, ?) "  # noqa: S608
            "ORDER BY due, customer, merchant, sku LIMIT ?"
        )
        return [_reorder(row) for row in self._db.execute(sql, (until, *after, limit))]


def _reorder(row: tuple[Any, ...]) -> Reorder:
    customer, merchant, sku, title, orders, every, last, due, order = row
    return Reorder(customer, merchant, sku, title, orders, every, date.fromisoformat(last), date.fromisoformat(due), order)
