"""`gemstra demo`: the sale on this machine, and the desks left open afterwards."""

import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from node.cli.context import call_of
from node.cli.demo.brand import SHOWN
from node.cli.demo.cast import PASSPHRASE, Cast
from node.cli.demo.play import Play, document_of
from node.cli.demo.report import Report
from node.cli.output import reported
from node.errors import UserError

Catalog = Annotated[Path | None, typer.Option(help="A Shopify or WooCommerce product export instead of the sample.")]
Contacts = Annotated[Path | None, typer.Option(help="A vCard or CSV contacts file instead of the sample.")]


def demo(
    context: typer.Context,
    catalog: Catalog = None,
    contacts: Contacts = None,
    currency: Annotated[str, typer.Option(help="Currency of a product file that names none.")] = "USD",
    leave: Annotated[bool, typer.Option("--exit", help="End after the sale instead of leaving the desks open.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Play a first sale between real nodes: a brand's catalog to commissions in two wallets.

    Example: gemstra demo --catalog products.csv --contacts people.vcf
    """
    from node.files.samples import CONTACTS, PRODUCTS, sample_path

    call = call_of(context)
    with reported():
        files = (catalog or sample_path(PRODUCTS), contacts or sample_path(CONTACTS))
        for path in files:
            if not path.is_file():
                raise UserError(f"There is no file {path}.", code="no-file")
        root = Path(tempfile.mkdtemp(prefix="gemstra-demo-"))
        cast = Cast(root)
        previous = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        report = Report(call.output.quiet)
        try:
            play = Play(cast, report, *files, currency)
            play.perform()
            if as_json or call.output.as_json:
                sys.stdout.write(document_of(report) + "\n")
                sys.stdout.flush()
            if not leave:
                _leave_open(play)
        except KeyboardInterrupt:
            sys.stderr.write("\nStopped.\n")
            if not report.document["ok"]:
                sys.exit(130)  # as every program that an interrupt ends
        finally:
            signal.signal(signal.SIGTERM, previous)
            cast.stop()
            shutil.rmtree(root, ignore_errors=True)


def _leave_open(play: Play) -> None:
    """Print a link to each desk, and a fresh one whenever Enter is pressed, until Ctrl-C."""
    sys.stderr.write(f"\n 12  The desks stay open. Passphrase of all four: {PASSPHRASE}\n")
    while True:
        for name, client in (("Ana", play.ana), ("Ben", play.ben), ("Lumen Beauty", play.lumen), (SHOWN, play.brand.client)):
            sys.stderr.write(f"     {name:<13} {client.post_once('/open-link')['url']}\n")
        sys.stderr.write("     Each link opens once, within a minute. Enter: new links. Ctrl-C: stop everything.\n")
        sys.stderr.flush()
        if not sys.stdin.readline():
            signal.pause()
