"""The commands of follow-ups, rules and notes against a real node, through socket, API and services."""

import json

import pytest
from typer.testing import CliRunner

from node.api import tasks as api
from node.cli.root import app
from node.model.customer import Customer
from node.model.person import Contact, Names
from tests.node.cli import test_order_commands
from tests.node.services.world import World

MIA = bytes([1]) * 32


@pytest.fixture
def gemstra(tmp_path, monkeypatch):
    monkeypatch.setattr(test_order_commands.api, "ROUTES", api.ROUTES)
    world = World(tmp_path)
    node = world.node("ana")
    node.write(lambda unit: unit.customers.keep(Customer(MIA, Contact(0, Names("Mia Torres"), birthday="--11-16"), unit.now, unit.now)))
    folder = tmp_path / "data"

    def run(*words, code=0, said=None):
        result = CliRunner().invoke(app, ["--data", str(folder), "--json", *words], input=said)
        assert result.exit_code == code, result.output
        return json.loads(result.stdout) if code == 0 else result.output

    with test_order_commands.served(node, folder):
        yield run
    world.close()


def test_a_follow_up_from_its_beginning_to_its_end(gemstra):
    task = gemstra("task", "add", "Call Mia", "--due", "tomorrow", "--customer", MIA.hex(), "--channel", "call")["id"]
    assert [row["title"] for row in gemstra("task", "list")["tasks"]] == ["Call Mia"]
    assert gemstra("task", "snooze", task, "--until", "week")["day"] == "2023-11-21"
    gemstra("task", "edit", task, "--title", "Call Mia back", "--due", "today")
    assert gemstra("task", "show", task)["title"] == "Call Mia back"
    assert gemstra("task", "done", task)["status"] == "done"
    assert gemstra("task", "list", "--state", "done", "--customer", MIA.hex())["tasks"][0]["customer_name"] == "Mia Torres"
    assert gemstra("task", "undo", task)["status"] == "open"
    assert gemstra("task", "remove", task)["status"] == "dropped"
    assert gemstra("task", "list")["tasks"] == []
    gemstra("task", "undo", task)
    assert [row["status"] for row in gemstra("task", "of", MIA.hex())] == ["open"]
    assert "[bad-day]" in gemstra("task", "add", "x", "--due", "soon", code=1)
    assert "[not-found]" in gemstra("task", "done", "00" * 32, code=3)


def test_a_rule_is_seen_before_it_is_set(gemstra):
    assert [rule["on"] for rule in gemstra("rule", "list")] == [False] * 4
    assert [row["customer_name"] for row in gemstra("rule", "preview", "birthday", "--days", "3")["tasks"]] == ["Mia Torres"]
    assert gemstra("rule", "preview", "birthday", "--tag", "vip")["tasks"] == []
    set_ = gemstra("rule", "set", "birthday", "--on", "--days", "3", "--channel", "call", "--most", "5", "--tag", "vip")
    assert set_ == {"kind": "birthday", "on": True, "days": 3, "channel": "call", "most": 5, "tag": "vip", "segment": ""}
    assert gemstra("rule", "set", "birthday", "--off", "--tag", "")["on"] is False


def test_what_was_said_is_noted_by_argument_or_input(gemstra):
    note = gemstra("note", "add", MIA.hex(), "She wants the serum", "--channel", "call", "--direction", "in")["id"]
    gemstra("note", "add", MIA.hex(), "-", said="Roses, too\n")
    assert sorted(row["text"] for row in gemstra("note", "list", MIA.hex())) == ["Roses, too", "She wants the serum"]
    gemstra("note", "remove", note)
    assert [row["text"] for row in gemstra("note", "list", MIA.hex())] == ["Roses, too"]
    gemstra("note", "undo", note)
    assert len(gemstra("note", "list", MIA.hex())) == 2
