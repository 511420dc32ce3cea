"""The settings file: for the owner only, whole or as before, and no value can break it."""

import os
import stat
import tomllib

import pytest

from node.config import FILE_NAME, Config, load, save
from node.errors import UserError


@pytest.fixture
def _open_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_open_umask")
def test_it_is_for_the_owner_only_also_when_it_was_not(tmp_path) -> None:
    (tmp_path / FILE_NAME).write_text("port = 1\n")
    (tmp_path / FILE_NAME).chmod(0o644)
    save(Config(tmp_path, chain_url="https://rpc.example/secret-key"), ("chain_url",))
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
    assert load(tmp_path, {}, {}).port == 1
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize("value", ['a"b', "a\\b", "line\nport = 2", "\x00\x1f\x7f", "日本 😀"])
def test_any_text_comes_back_as_it_was(tmp_path, value) -> None:
    save(Config(tmp_path, locale=value), ("locale",))
    assert tomllib.loads((tmp_path / FILE_NAME).read_text("utf-8")) == {"locale": value}


def test_the_delay_of_dangerous_acts_cannot_be_configured_away(tmp_path) -> None:
    assert load(tmp_path, {}, {"step_up_delay": 3600}).step_up_delay == 3600
    with pytest.raises(UserError) as caught:
        load(tmp_path, {"GEMSTRA_STEP_UP_DELAY": "3599"}, {})
    assert caught.value.code == "bad-config"
