"""Shipped files are found in a checkout and in a wheel, and what is missing is named."""

import json

import pytest

from node import resources
from node.errors import IntegrityError


@pytest.fixture(autouse=True)
def forget():
    resources.contract_artifact.cache_clear()
    yield
    resources.contract_artifact.cache_clear()


def test_checkout():
    artifact = resources.contract_artifact("GMS")
    assert artifact["bytecode"].startswith("0x")
    assert any(entry.get("name") == "transfer" for entry in artifact["abi"])


def test_wheel_comes_first(tmp_path, monkeypatch):
    package = tmp_path / "node"
    folder = package / "_share" / "abi"
    folder.mkdir(parents=True)
    (folder / "GMS.json").write_text(json.dumps({"abi": [], "bytecode": "0x01"}))
    monkeypatch.setattr(resources, "_PACKAGE", package)
    assert resources.contract_artifact("GMS")["bytecode"] == "0x01"
    (package / "_share" / "ui").mkdir()
    assert resources.ui_folder() == package / "_share" / "ui"


@pytest.mark.parametrize("content", [None, "[]", '{"abi": []}'])
def test_missing_or_strange_artifact_is_named(tmp_path, monkeypatch, content):
    package = tmp_path / "node"
    folder = package / "_share" / "abi"
    folder.mkdir(parents=True)
    if content is not None:
        (folder / "Odd.json").write_text(content)
    monkeypatch.setattr(resources, "_PACKAGE", package)
    with pytest.raises(IntegrityError) as caught:
        resources.contract_artifact("Odd")
    assert caught.value.code == "incomplete-install"


def test_missing_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "node")
    with pytest.raises(IntegrityError) as caught:
        resources.ui_folder()
    assert caught.value.code == "incomplete-install"
