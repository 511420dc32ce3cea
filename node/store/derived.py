"""What is derived from other tables and made anew where it is stale: after a migration, a restore, or a change of what is derived.

The tables hold their version beside them, so whoever leaves them out of a backup leaves the version out as well.
"""

from sqlite_utils import Database

from .customer_search import VERSION, CustomerSearch
from .failures import named


def renew(database: Database, now: int) -> bool:
    """Make anew what is not of this program's version, in one transaction. True when anything was."""
    with named():
        database.execute("BEGIN IMMEDIATE")
        try:
            version = database.execute("SELECT version FROM derived WHERE name = 'customer_search'").fetchone()
            stale: bool = version != (VERSION,)
            if stale:
                CustomerSearch(database, now).rebuild()
                database.execute("INSERT OR REPLACE INTO derived (name, version) VALUES ('customer_search', ?)", (VERSION,))
            database.execute("COMMIT")
        except BaseException:
            database.rollback()
            raise
    return stale
