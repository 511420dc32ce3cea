"""Each test gets the one deployed chain, put back afterwards."""

from collections.abc import Iterator

import pytest
from evm_chain import Chain, Shop


@pytest.fixture(scope="session")
def deployed() -> Chain:
    return Chain()


@pytest.fixture
def chain(deployed: Chain) -> Iterator[Chain]:
    snapshot = deployed.tester.take_snapshot()
    yield deployed
    deployed.tester.revert_to_snapshot(snapshot)


@pytest.fixture
def shop(chain: Chain) -> Shop:
    return Shop(chain)
