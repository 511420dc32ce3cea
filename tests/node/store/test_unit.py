"""The store's unit and the vault's keys are what the services' ports ask for."""

import subprocess
import sys
import textwrap

import pytest

from node.errors import ConflictError
from node.store.inbox import KEPT_PER_PEER
from node.store.operations import KEPT_MS


def test_the_stores_unit_fits_the_services_port(tmp_path):
    source = tmp_path / "fits.py"
    source.write_text(
        textwrap.dedent("""
        from node.services.unit import Me, Unit
        from node.store import unit
        from node.store.store import Store
        from node.vault.keys import Keys

        def opened(keys: Keys) -> Me:
            return keys

        def fits(made: unit.Unit[Me]) -> Unit:
            return made

        def rename(unit: Unit, name: str) -> int:
            unit.settings.set("name", name)
            return unit.now

        async def runs(store: Store[Me]) -> int:
            return await store.write(rename, "Ana")
        """)
    )
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", str(source)], check=False, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout


def test_settings_hold_what_json_holds(store):
    value = {"name": "Ána", "list": [1, None, True]}
    store.write_now(lambda unit: unit.settings.set("profile", value))
    store.write_now(lambda unit: unit.settings.set("other", 1))
    assert store.read_now(lambda unit: (unit.settings.get("profile"), unit.settings.get("none", 5))) == (value, 5)


def test_the_same_request_gets_the_same_reply(store):
    store.write_now(lambda unit: unit.inbox.answer("p", b"1", b"body", b"reply"))
    assert store.read_now(lambda unit: unit.inbox.answered("p", b"1", b"body")) == b"reply"
    assert store.read_now(lambda unit: unit.inbox.answered("q", b"1", b"body")) is None
    with pytest.raises(ConflictError) as caught:
        store.read_now(lambda unit: unit.inbox.answered("p", b"1", b"other"))
    assert caught.value.code == "id-reused"


def test_a_peer_cannot_fill_the_inbox(store):
    def flood(unit):
        unit.inbox.answer("quiet", b"x", b"", b"kept")
        for number in range(KEPT_PER_PEER + 10):
            unit.inbox.answer("loud", number.to_bytes(4, "big"), b"", b"")

    store.write_now(flood)
    counts = store.read_now(lambda unit: unit.db.execute("SELECT peer, count(*) FROM inbox GROUP BY 1").fetchall())
    assert dict(counts) == {"quiet": 1, "loud": KEPT_PER_PEER}
    assert store.read_now(lambda unit: unit.inbox.answered("loud", (9).to_bytes(4, "big"), b"")) is None
    assert store.read_now(lambda unit: unit.inbox.answered("loud", (10).to_bytes(4, "big"), b"")) == b""


def test_an_idempotency_key_gives_its_answer_for_a_day_and_moneys_for_good(store, clock):
    store.write_now(lambda unit: unit.operations.answer("day", b"body", b"yes"))
    store.write_now(lambda unit: unit.operations.answer("money", b"body", b"paid", permanent=True))
    assert store.read_now(lambda unit: unit.operations.answered("day", b"body")) == b"yes"
    with pytest.raises(ConflictError) as caught:
        store.read_now(lambda unit: unit.operations.answered("day", b"other"))
    assert caught.value.code == "idempotency-key-reused"
    clock.now += KEPT_MS + 1
    store.write_now(lambda unit: unit.operations.answer("new", b"", b""))
    found = store.read_now(lambda unit: [unit.operations.answered(key, b"body") for key in ("day", "money")])
    assert found == [None, b"paid"]
