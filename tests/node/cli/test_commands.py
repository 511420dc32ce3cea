"""The tree of commands as it is put together from its files."""

from collections import Counter

import pytest
import typer

from node.cli.context import Call
from node.cli.output import Output
from node.cli.root import app


def doubled(group, path="gemstra"):
    """Commands of which another of the same name is called in their place."""
    names = [command.name or command.callback.__name__.rstrip("_").replace("_", "-") for command in group.registered_commands]
    found = {f"{path} {name}" for name, count in Counter(names).items() if count > 1}
    for sub in group.registered_groups:
        found |= doubled(sub.typer_instance, f"{path} {sub.name}")
    return found


def test_no_command_hides_another():
    assert doubled(app) == set()


@pytest.mark.parametrize("name", ["list", None])
def test_control_two_of_a_name_are_found(name):
    odd, group = typer.Typer(), typer.Typer()
    odd.add_typer(group, name="group")

    def list_() -> None:
        """One."""

    group.command(name="list")(list_)
    group.command(name=name)(list_)
    assert doubled(odd) == {"gemstra group list"}


def test_without_a_currency_named_a_command_means_the_desks(monkeypatch, tmp_path):
    monkeypatch.setattr("node.cli.client.Client.get", lambda self, path: {"/status": {"currency": "EUR"}}[path])
    call = Call(tmp_path, Output(as_json=False, quiet=True), no_input=True, yes=False)
    assert (call.currency(""), call.currency("chf")) == ("EUR", "CHF")
