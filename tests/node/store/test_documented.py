"""docs/data.md and docs/backup.md keep up with the core schema and with every error code of store and vault."""

import re
from pathlib import Path

import pytest

from node.store.migrate import shipped

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/data.md").read_text() + (ROOT / "docs/backup.md").read_text()
SHARED = {"id-reused", "idempotency-key-reused", "folder-unusable"}


def undocumented(page):
    tables = {name for number, sql in shipped().items() if number < 10 for name in re.findall(r"CREATE TABLE (\w+)", sql)}
    sources = [*(ROOT / "node/vault").glob("*.py"), ROOT / "node/lock.py"]
    sources += [ROOT / "node/store" / name for name in ("database.py", "failures.py", "load.py", "migrate.py")]
    codes = {code for path in sources for code in re.findall(r'code="([a-z-]+)"', path.read_text())}
    return {name for name in tables | codes - SHARED if f"`{name}`" not in page}


def test_every_core_table_and_code_is_on_the_page():
    assert undocumented(PAGE) == set()


@pytest.mark.parametrize("name", ["outbox", "wrong-passphrase", "in-use"])
def test_control_what_is_left_out_is_noticed(name):
    assert undocumented(PAGE.replace(f"`{name}`", "")) == {name}
