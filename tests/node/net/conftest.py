"""libp2p is imported once, with its own deprecations set aside; the tests inside the thread run under trio."""

import sys
import warnings
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from node.net import engine  # noqa: F401


@pytest.fixture
def anyio_backend():
    return "trio"
