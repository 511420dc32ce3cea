"""The encrypted store: one database factory, migrations, one repository a noun, the outbox.

sqlite_utils picks its driver when it is first imported, by the name `pysqlite3`. Here that name means SQLCipher; with another
driver `alter=True` and every handled engine error would break. So it is named before any module of this package is read.
"""

import sys

import sqlcipher3
from sqlcipher3 import dbapi2

sys.modules.setdefault("pysqlite3", sqlcipher3)
sys.modules.setdefault("pysqlite3.dbapi2", dbapi2)

from sqlite_utils import utils  # noqa: E402  the driver had to be named first

if utils.OperationalError is not dbapi2.OperationalError:
    raise ImportError("sqlite_utils was imported before node.store and runs on another driver")
