"""What happened with a customer, in the store: one question to each table that knows of something, by its index on the customer."""

from sqlite_utils import Database

from node.model.timeline import Event, Place

# Each gives at, kind, key (of the row, as text), what, detail.
_SOURCES = (
    "SELECT created AS at, 'added' AS kind, '' AS key, '' AS what, '' AS detail FROM customers WHERE id = :customer",
    "SELECT created, 'order', lower(hex(draft)), status, '' FROM orders WHERE customer = :customer AND order_id IS NOT NULL",
    """SELECT at, 'note', lower(hex(id)), text, direction || ' ' || channel FROM customer_notes
    WHERE customer = :customer AND removed IS NULL""",
    "SELECT finished, 'task', lower(hex(id)), title, channel FROM tasks WHERE customer = :customer AND status = 'done'",
    """SELECT at, 'disclosure', lower(hex(key)) || lower(hex(ask)), group_concat(field, ' '), lower(hex(merchant)) FROM disclosures
    WHERE customer = :customer GROUP BY ask""",
    """SELECT i.at, 'import', lower(hex(i.id)), i.name, iif(c.before IS NULL, 'created', 'updated') FROM customer_changes AS c
    JOIN customer_imports AS i ON i.id = c.import WHERE c.customer = :customer""",
    "SELECT at, kind, printf('%016x', seq), '', '' FROM customer_history WHERE customer = :customer",
)
_SQL = (
    f"SELECT at, kind, key, what, detail FROM ({' UNION ALL '.join(_SOURCES)}) "  # noqa: S608
    "WHERE (at, kind || key) < (:at, :row) ORDER BY at DESC, kind || key DESC LIMIT :limit"
)


class CustomerTimeline:
    """Reads of one transaction; it writes nothing."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def before(self, customer: bytes, place: Place, limit: int) -> list[Event]:
        """The newest events before a place."""
        values = {"customer": customer, "at": place.at, "row": place.row, "limit": limit}
        return [Event(*row) for row in self._db.execute(_SQL, values)]
