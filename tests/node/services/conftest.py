"""Catalogs that take many frames and packs though they are small."""

import pytest

from node.services import catalog_packs
from protocol import rows

from .catalog_scene import Scene


@pytest.fixture
def small(monkeypatch):
    """Frames of few rows, so that a sample takes many."""
    monkeypatch.setattr(rows, "MAX_ROWS_BYTES", 2_000)


@pytest.fixture
def packed(monkeypatch, small):
    """Packs from the first row on."""
    monkeypatch.setattr(catalog_packs, "LEAST_ROWS", 1)
    monkeypatch.setattr(catalog_packs, "LEAST_CHANGED", 10)


@pytest.fixture(scope="session")
def founded_scene(tmp_path_factory):
    made = Scene(tmp_path_factory.mktemp("cases"))
    made.world.close()
    return made


@pytest.fixture
def scene(founded_scene, tmp_path, packed):
    made = founded_scene.copy(tmp_path)
    yield made
    made.world.close()
