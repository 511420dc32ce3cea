"""The `gemstra` command: every command that talks to a running node. `node.main` adds the one that is the node."""

import typer

from node.cli import (
    backup,
    brand,
    catalog,
    chain,
    commission,
    customer_imports,
    customers,
    export,
    grant,
    keys,
    nodes,
    note,
    order,
    peer,
    restored,
    rule,
    shop,
    task,
    team,
)
from node.cli.context import root
from node.cli.demo.command import demo

app = typer.Typer(no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, rich_markup_mode=None)
app.callback()(root)
nodes.add(app)
app.add_typer(peer.app, name="peer")
app.add_typer(team.app, name="team")
app.add_typer(chain.app, name="chain")
app.command()(demo)
app.add_typer(order.app, name="order")
app.add_typer(catalog.app, name="catalog")
app.add_typer(brand.app, name="brand")
customer_imports.add(customers.app)
app.add_typer(customers.app, name="customers")
export.add(app)
app.add_typer(task.app, name="task")
app.add_typer(rule.app, name="rule")
app.add_typer(note.app, name="note")
app.add_typer(grant.app, name="grant")
app.add_typer(shop.app, name="shop")
app.add_typer(commission.app, name="commission")
app.add_typer(keys.app, name="keys")
app.add_typer(backup.app, name="backup")
app.add_typer(restored.app, name="restored")
app.command()(restored.move)
