"""What a backup carries: one line for every table of the store. It decides that only; how, is in capture.py, dump.py and load.py.

A table that no line names fails a test (tests/node/store/test_kept.py). `customer` is the column that says whose row it is: such a row
is sealed under that customer's own key, so that erasing the customer erases it from older backups too. Name it only for rows that go
with the customer; what outlives them (an order, a disclosure) is carried in the open part of the sealed file.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kept:
    """A table whose rows are carried. `where`: which of them. `returns`: one customer's rows come back by themselves."""

    name: str
    customer: str = ""
    where: str = ""
    returns: bool = False

    def filter(self, row: str) -> str:
        """The condition on `row`, an alias; without one every row is carried."""
        return self.where.format(row=row) if self.where else "1"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A table that is made anew from what is carried (node/store/arrival.py)."""

    name: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A table that no backup carries, and why."""

    name: str
    reason: str


TABLES: tuple[Kept | Rebuilt | LeftOut, ...] = (
    Kept("settings", where="{row}.key NOT LIKE 'backup/%'"),  # each backup sets one: the next would never be without a change
    Kept("outbox"),
    Kept("inbox"),
    LeftOut("step_ups", "an approval holds on the device where it was given"),
    LeftOut("operations", "answers of a day, which may name a person; the node that is asked again is another one"),
    LeftOut("migrations", "the schema is made by migrating; the manifest lists its numbers"),
    Kept("root_log"),
    Kept("peers"),
    Kept("peer_devices"),
    Kept("evidence"),
    Kept("anchorers"),
    Kept("anchor_checks"),
    Kept("heard_heads"),
    Kept("backup_heads"),
    Kept("generation_seals"),
    LeftOut("invites", "good once and short-lived: an older copy would be good twice"),
    LeftOut("pairings", "a pairing belongs to the device that began it"),
    Kept("feeds"),
    Kept("catalog_log"),
    Kept("plans"),
    Kept("brands"),
    Kept("feed_relays"),
    Kept("feed_heads"),
    Kept("brand_plans"),
    Kept("brand_goods"),
    Kept("brand_reports"),
    Kept("catalog_batches"),
    Kept("picture_failures"),
    Kept("catalog_batch_slots"),
    Kept("catalog_sources"),
    Kept("stock_holds"),
    Kept("lookouts"),
    Kept("lookout_notices"),
    Kept("catalog_piles"),
    Kept("catalog_drafts"),
    LeftOut("product_imports", "a file that waits for a word, and goes by itself: it is sent again"),
    LeftOut("product_import_cells", "rows of a file that waits"),
    LeftOut("product_import_rows", "what would become of them"),
    Kept("customer_imports"),
    Kept("customers", customer="id"),
    Kept("customer_photos", customer="customer"),
    Kept("customer_changes", customer="customer"),
    LeftOut("staged_imports", "a file that waits for a word, and goes by itself: it is sent again"),
    LeftOut("staged_rows", "rows of a file that waits"),
    LeftOut("staged_judgements", "what would become of them"),
    LeftOut("staged_besides", "what it holds beside them"),
    Kept("import_mappings"),
    Kept("product_mappings"),
    Kept("customer_history", customer="customer", returns=True),
    Kept("customer_merges", customer="customer"),
    Kept("customer_apart", customer="customer"),
    Kept("erasure_receipts"),
    Kept("customer_notes", customer="customer", returns=True),
    Kept("tasks", customer="customer", returns=True),
    Kept("task_rules"),
    Kept("customer_segments"),
    Kept("customer_bulks"),
    Kept("customer_bulk_rows", customer="customer"),
    Rebuilt("customer_keys"),
    Rebuilt("customer_index"),
    Rebuilt("customer_terms"),
    LeftOut("derived", "what of this store is made anew is known here only"),
    LeftOut("customer_secrets", "the keyring: one object beside the parts, which every backup replaces"),
    Kept("orders"),
    Rebuilt("order_news"),
    Rebuilt("customer_orders"),
    Rebuilt("customer_purchases"),
    Rebuilt("customer_reorders"),
    Kept("order_events"),
    Kept("order_early"),
    Kept("order_requests"),
    Kept("order_secrets", customer="customer"),
    Kept("grants"),
    Kept("grant_log"),
    Kept("grant_asks"),
    LeftOut("grant_held", "other people's customers: what a merchant holds ends with its retention, also in copies"),
    Kept("disclosures"),
    Kept("memberships"),
    Kept("members"),
    Kept("ranks"),
    Kept("payees"),
    Kept("edges"),
    Kept("commission_entries"),
    Kept("commission_facts"),
    Kept("commission_issuers"),
    Kept("commission_statements"),
    Kept("commission_roots"),
    Kept("commission_payouts"),
    Kept("commission_claims"),
    Kept("commission_relays"),
    Kept("chain_intent"),
    Kept("chain_attempt"),
    Kept("chain_block"),
    Kept("chain_log"),
    LeftOut("backup_changes", "what this node still owes its targets"),
    LeftOut("backup_rows", "reckoned from the rows themselves"),
    LeftOut("backup_account", "reckoned from the rows themselves"),
    LeftOut("backup_places", "how to reach a target, with its passwords, doesn't belong at that target"),
    LeftOut("backup_targets", "what this node put at its targets"),
    LeftOut("backup_objects", "what this node put at its targets"),
    LeftOut("backup_runs", "what this node did"),
)

KEPT: Mapping[str, Kept] = {table.name: table for table in TABLES if isinstance(table, Kept)}
