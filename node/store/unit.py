"""One transaction as services see it: the time, who we are, randomness, and the repositories.

To add a repository: write its class in a file of its own (constructor `(db)`), and one `cached_property` here. Its typing
`Protocol` stands beside the service that needs it (node/services/unit.py says how).
"""

from collections.abc import Callable
from functools import cached_property
from typing import Generic, TypeVar

from sqlite_utils import Database

from .account import Accounts
from .anchors import Anchors, Heads
from .arrival import Arrival
from .backup_heads import BackupHeads
from .backup_targets import BackupTargets
from .backups import BackupBook
from .brands import Brands
from .bulks import Bulks
from .catalog import Catalog
from .catalog_batches import CatalogBatches
from .catalog_changes import CatalogChanges
from .catalog_file import CatalogFile
from .catalog_search import CatalogSearch
from .catalog_sources import CatalogSources
from .chain import Blocks, Transactions
from .commissions import Commissions
from .customer_history import CustomerHistory
from .customer_imports import CustomerImports
from .customer_search import CustomerSearch
from .customer_timeline import CustomerTimeline
from .customers import Customers
from .drafts import Drafts
from .dump import Dump
from .erasures import Erasures
from .evidence import Evidences
from .export import ExportIds
from .generations import Generations
from .grants import Grants
from .import_besides import ImportBesides
from .inbox import Inbox
from .lookouts import Lookouts
from .notes import Notes
from .operations import Operations
from .orders import Orders
from .outbox import Outbox
from .peers import Peers
from .picture_failures import PictureFailures
from .product_imports import ProductImports
from .purchases import Purchases
from .segments import Segments
from .settings import Settings
from .staged_imports import StagedImports
from .step_ups import StepUps
from .stock import Stock
from .task_rules import TaskRules
from .tasks import Tasks
from .team import Team

CATALOG = "catalog"
"""Touched where our own feeds change, or which are followed: then the catalog file follows."""

M = TypeVar("M")
R = TypeVar("R")


class Unit(Generic[M]):
    """Made by the store for each transaction and thrown away after it. `now` is fixed, in milliseconds UTC."""

    def __init__(
        self,
        db: Database,
        now: int,
        me: M,
        entropy: Callable[[int], bytes],
        catalog_file: CatalogFile | None = None,
        *,
        exact: bool = True,
    ) -> None:
        self.db = db
        self._catalog_file = catalog_file
        self._exact = exact
        self.now = now
        self.me = me
        self._entropy = entropy
        self.topics: set[str] = set()

    def random(self, count: int) -> bytes:
        """`count` unpredictable bytes."""
        return self._entropy(count)

    def touched(self, topic: str) -> None:
        """After the commit the hooks learn that `topic` has news: `outbox`, `transactions`, `changes`."""
        self.topics.add(topic)

    def attempt(self, run: Callable[[], R]) -> R:
        """Run it; what it wrote is undone when it raises, and the transaction goes on."""
        self.db.execute("SAVEPOINT attempt")
        try:
            result = run()
        except BaseException:
            self.db.execute("ROLLBACK TO attempt")
            self.db.execute("RELEASE attempt")
            raise
        self.db.execute("RELEASE attempt")
        return result

    @cached_property
    def settings(self) -> Settings:
        """Small values of this node."""
        return Settings(self.db)

    @cached_property
    def outbox(self) -> Outbox:
        """Messages to peers."""
        return Outbox(self.db, self.now, self.random, self.touched)

    @cached_property
    def inbox(self) -> Inbox:
        """Requests of peers already answered."""
        return Inbox(self.db, self.now)

    @cached_property
    def operations(self) -> Operations:
        """Answers under an Idempotency-Key."""
        return Operations(self.db, self.now)

    @cached_property
    def peers(self) -> Peers:
        """Paired peers, invites, pairings, our own root log."""
        return Peers(self.db)

    @cached_property
    def backup_heads(self) -> BackupHeads:
        """The newest backup each peer told us of."""
        return BackupHeads(self.db)

    @cached_property
    def evidence(self) -> Evidences:
        """What peers signed twice."""
        return Evidences(self.db)

    @cached_property
    def generations(self) -> Generations:
        """Sealed seeds, and rows sealed under earlier generations."""
        return Generations(self.db)

    @cached_property
    def step_ups(self) -> StepUps:
        """Approvals that wait."""
        return StepUps(self.db)

    @cached_property
    def transactions(self) -> Transactions:
        """What we ask of the chain."""
        return Transactions(self.db, self.now, self.touched)

    @cached_property
    def blocks(self) -> Blocks:
        """The chain as the watcher has seen it."""
        return Blocks(self.db)

    @cached_property
    def catalog(self) -> Catalog:
        """Feeds, products, offers, plans."""
        assert self._catalog_file is not None
        return Catalog(self.db, self._catalog_file, lambda: self.touched(CATALOG), exact=self._exact)

    @cached_property
    def anchors(self) -> Anchors:
        """Heads of catalogs on the chain."""
        return Anchors(self.db)

    @cached_property
    def brands(self) -> Brands:
        """Brands, their bounds and figures."""
        return Brands(self.db)

    @cached_property
    def picture_failures(self) -> PictureFailures:
        """Pictures that did not come."""
        return PictureFailures(self.db)

    @cached_property
    def catalog_batches(self) -> CatalogBatches:
        """What was signed together."""
        return CatalogBatches(self.db)

    @cached_property
    def stock(self) -> Stock:
        """What orders hold of counted offers."""
        return Stock(self.db)

    @cached_property
    def drafts(self) -> Drafts:
        """What is to be signed."""
        return Drafts(self.db)

    @cached_property
    def catalog_sources(self) -> CatalogSources:
        """Watched places of product files."""
        return CatalogSources(self.db)

    @cached_property
    def product_imports(self) -> ProductImports:
        """Product files that wait for the merchant's word."""
        return ProductImports(self.db)

    @cached_property
    def heads(self) -> Heads:
        """Heads of catalogs as others were shown them."""
        return Heads(self.db)

    @cached_property
    def catalog_search(self) -> CatalogSearch:
        """What products are found by."""
        return CatalogSearch(self.db)

    @cached_property
    def lookouts(self) -> Lookouts:
        """The watch list."""
        return Lookouts(self.db)

    @cached_property
    def catalog_changes(self) -> CatalogChanges:
        """What changed in feeds that are followed."""
        return CatalogChanges(self.db)

    @cached_property
    def team(self) -> Team:
        """Memberships, members, sponsor edges."""
        return Team(self.db, lambda: self.touched(CATALOG))

    @cached_property
    def orders(self) -> Orders:
        """Orders with their histories."""
        return Orders(self.db)

    @cached_property
    def customers(self) -> Customers:
        """A seller's customers."""
        return Customers(self.db, self.customer_search)

    @cached_property
    def customer_search(self) -> CustomerSearch:
        """What customers are found by."""
        return CustomerSearch(self.db, self.now)

    @cached_property
    def segments(self) -> Segments:
        """Saved choices of customers."""
        return Segments(self.db)

    @cached_property
    def bulks(self) -> Bulks:
        """What was done to many customers at once."""
        return Bulks(self.db)

    @cached_property
    def export_ids(self) -> ExportIds:
        """What an export goes by."""
        return ExportIds(self.db)

    @cached_property
    def erasures(self) -> Erasures:
        """Receipts of erased customers."""
        return Erasures(self.db)

    @cached_property
    def customer_timeline(self) -> CustomerTimeline:
        """What happened with a customer."""
        return CustomerTimeline(self.db)

    @cached_property
    def customer_history(self) -> CustomerHistory:
        """What customers were before they were changed, merged and split."""
        return CustomerHistory(self.db)

    @cached_property
    def customer_imports(self) -> CustomerImports:
        """Files of customers that were taken over."""
        return CustomerImports(self.db)

    @cached_property
    def import_besides(self) -> ImportBesides:
        """What such files bring beside customers."""
        return ImportBesides(self.db)

    @cached_property
    def staged_imports(self) -> StagedImports:
        """Files of customers that wait for the person's word."""
        return StagedImports(self.db)

    @cached_property
    def commissions(self) -> Commissions:
        """Ledger, facts, statements, claims."""
        return Commissions(self.db)

    @cached_property
    def grants(self) -> Grants:
        """Grants, asks, what is held, the disclosure ledger."""
        return Grants(self.db)

    @cached_property
    def tasks(self) -> Tasks:
        """Follow-ups."""
        return Tasks(self.db)

    @cached_property
    def task_rules(self) -> TaskRules:
        """Rules that make follow-ups, and whom they may concern."""
        return TaskRules(self.db)

    @cached_property
    def purchases(self) -> Purchases:
        """What customers ordered, as rules read it."""
        return Purchases(self.db)

    @cached_property
    def notes(self) -> Notes:
        """What was said with customers, and when last."""
        return Notes(self.db)

    @cached_property
    def backup_targets(self) -> BackupTargets:
        """Where backups go."""
        return BackupTargets(self.db)

    @cached_property
    def backups(self) -> BackupBook:
        """Targets of backups, and the runs there."""
        return BackupBook(self.db, self.random)

    @cached_property
    def dump(self) -> Dump:
        """What a backup carries."""
        return Dump(self.db)

    @cached_property
    def accounts(self) -> Accounts:
        """What the carried rows come to."""
        return Accounts(self.db)

    @cached_property
    def arrival(self) -> Arrival:
        """What a store set up from a backup makes anew."""
        return Arrival(self.db)
