"""What tests stand on: nodes that know each other, a shop, a keyring in memory.

A file that wants more than is here makes its own of the same name out of it. What takes long to found is founded once a process, and each
test gets a copy.
"""

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

from tests.node.services.shop import Shop
from tests.node.services.world import World


class InMemory(KeyringBackend):
    priority = 1

    def __init__(self) -> None:
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("not there")


@pytest.fixture
def ring():
    before = keyring.get_keyring()
    made = InMemory()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.fixture(scope="session")
def founded_shop(tmp_path_factory):
    made = Shop(tmp_path_factory.mktemp("shop"))
    made.world.close()
    return made


@pytest.fixture
def shop(founded_shop, tmp_path):
    """`lumen` the merchant, with two sellers as its members."""
    made = founded_shop.copy(tmp_path)
    yield made
    made.world.close()


@pytest.fixture(scope="session")
def founded_line(founded_shop, tmp_path_factory):
    made = founded_shop.copy(tmp_path_factory.mktemp("line"))
    made.sponsor()
    made.world.close()
    return made


@pytest.fixture
def sponsored(founded_line, tmp_path):
    """A shop in which Ben sponsors Ana."""
    made = founded_line.copy(tmp_path)
    yield made
    made.world.close()


@pytest.fixture
def world(tmp_path):
    """No node yet."""
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def lumen(world):
    """A merchant."""
    return world.node("lumen", "merchant")


@pytest.fixture
def ana(world):
    """A seller."""
    return world.node("ana")


@pytest.fixture
def pair(world, lumen, ana):
    """A merchant, and a seller who follows it."""
    world.pair(lumen, ana)
    return lumen, ana
