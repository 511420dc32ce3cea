import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from node.store.store import Store

KEY = bytes(range(32))
START = 1_700_000_000_000


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def key() -> bytes:
    return KEY


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def make(path: Path, clock: Clock) -> Iterator[Callable[..., Store[str]]]:
    opened = []

    def open_store(key: bytes = KEY, where: Path = path, entropy: Callable[[int], bytes] = os.urandom, **more: Any) -> Store[str]:
        store = Store.open(where, key, "me", clock=clock, entropy=entropy, **more)
        opened.append(store)
        return store

    yield open_store
    for store in opened:
        store.close()


@pytest.fixture
def store(make: Callable[..., Store[str]]) -> Store[str]:
    return make()
