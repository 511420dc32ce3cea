"""Catalogs that take many frames and packs though they are small."""

import pytest

from node.services import catalog_packs
from protocol import rows


@pytest.fixture
def small(monkeypatch):
    """Frames of few rows, so that a sample takes many."""
    monkeypatch.setattr(rows, "MAX_ROWS_BYTES", 2_000)


@pytest.fixture
def packed(monkeypatch, small):
    """Packs from the first row on."""
    monkeypatch.setattr(catalog_packs, "LEAST_ROWS", 1)
    monkeypatch.setattr(catalog_packs, "LEAST_CHANGED", 10)
