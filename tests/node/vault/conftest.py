import pytest

from node.vault.kdf import Profile as Costs
from node.vault.keys import Profile
from node.vault.vault import create, prepare

START = 1_700_000_000_000
WEAK = Costs(memory_kib=64, passes=1, lanes=1)
PASSPHRASE = "correct horse battery"


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def profile():
    return Profile(identity=b"i" * 32, role="seller", name="Ana Quillfeather", currency="EUR")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "ana"


@pytest.fixture
def keys(folder, profile):
    return create(folder, PASSPHRASE, prepare(), profile, costs=WEAK)
