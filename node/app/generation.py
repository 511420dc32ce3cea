"""From one generation of keys to the next, so that a node killed anywhere in between is whole again after the next unlock.

1. `Opening.begin`: the step (seed, store key, signed entries) stands in the vault file. Before it nothing has happened.
2. `devices.enter`: one transaction brings root log, seals and sealed rows to the new generation.
3. `rekey`: the store is written anew under its next key and exchanged in one step; the file's first bytes say which it is.
4. `Opening.finish`: the vault file has the new keys, and the step is over.

`complete` does 2 to 4, and each of them again without harm.
"""

from pathlib import Path

from node.app.founding import STORE_FILE
from node.model.identity import Step
from node.services import devices
from node.store.rekey import check_space, is_under, rekey
from node.store.store import Store
from node.vault.keys import Keys
from node.vault.opening import Opening


def begin(folder: Path, opening: Opening, step: Step) -> None:
    """Write the step down. Raises Unavailable `disk-full` where the store has no room beside itself, and what `Opening.begin` raises."""
    check_space(folder / STORE_FILE)
    opening.begin(step)


def complete(folder: Path, opening: Opening) -> Keys:
    """The unlocked keys, after whatever step is under way. The store is written anew, which takes long where it is large
    (bench/keys.py): call it from a thread.
    """
    try:
        if opening.step is not None:
            _bring(folder / STORE_FILE, opening, opening.step)
            opening.finish()
        return opening.keys()
    except BaseException:
        opening.wipe()
        raise


def _bring(path: Path, opening: Opening, step: Step) -> None:
    if is_under(path, step.store):
        return
    keys = opening.under_way()
    try:
        _enter(path, keys, step)
        rekey(path, keys.store_key, step.store)
    finally:
        keys.lock()


def _enter(path: Path, keys: Keys, step: Step) -> None:
    store = Store.open(path, keys.store_key, keys)
    try:
        store.write_now(devices.enter, step)
    finally:
        store.close()
