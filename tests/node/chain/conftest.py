import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from node.chain.client import ChainClient
from node.store.store import Store
from tests.node.chain.support import ChainProcess

DELAY = 6  # seconds, long enough that what is refused until then is looked at before then, and waited for twice


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chain folder with the contracts in place, to start copies of."""
    folder = tmp_path_factory.mktemp("template")
    with ChainProcess(folder, "--activation-delay", str(DELAY)):
        pass
    return folder


@pytest.fixture(scope="module")
def chain(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChainProcess]:
    """One chain for a file's tests; final 8 blocks behind, so that reorgs have room."""
    folder = tmp_path_factory.mktemp("chain") / "data"
    shutil.copytree(template, folder)
    with ChainProcess(folder, "--testing", "--finalized-depth", "8", "--block-interval-ms", "10") as process:
        yield process


@pytest_asyncio.fixture
async def client(chain: ChainProcess) -> Any:
    made = ChainClient(chain.url, chain.facts["chain_id"])
    await made.connect()
    yield made
    await made.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store[str]]:
    opened = Store.open(tmp_path / "store.db", os.urandom(32), "me")
    yield opened
    opened.close()
