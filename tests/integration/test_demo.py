"""The demo's document against independent arithmetic, what it leaves behind, and every byte its processes wrote."""

import json
import subprocess
import sys

import pytest

from node.canary import scan
from node.files.samples import CONTACTS, sample_path
from tests.integration import traced
from tests.integration.performance import DATA, SAMPLE, perform, processes_of, program, stage, with_files, wrong_in
from tests.integration.reckoned import reckon
from tests.node.files.people import read_contacts

pytestmark = pytest.mark.slow


def values_of(path):
    """Names, streets, e-mails and phones of a contacts file."""
    with path.open("rb") as source:
        people = read_contacts(source, name=path.name).contacts
    found = [person.names.full for person in people]
    found += [phone.raw for person in people for phone in person.phones]
    found += [email.value for person in people for email in person.emails]
    return found + [line for person in people for address in person.addresses for line in address.lines]


def hits_in(trace, folder, values):
    """Values found in the bytes written to regular files below `folder`, and how many bytes those were."""
    found, size = [], 0
    for path, data in _by_file(trace, folder).items():
        size += len(data)
        found += scan(path, data, values)
    return found, size


def _by_file(trace, folder):
    """All that was ever written to each file, in order: what a needle split between two writes is found in too."""
    files = {}
    for call in traced.written(trace, folder):
        assert call.whole, f"a write to {call.path} was cut short"
        files.setdefault(call.path, bytearray()).extend(call.data)
    return files


def test_the_shipped_sample_and_every_byte_that_was_written():
    with stage() as folder, stage() as beside:
        done = perform(folder, traced.command(beside / "trace", program()))
        assert wrong_in(done, SAMPLE) == []
        assert "\n" not in done.stdout.rstrip("\n")
        json.loads(done.stdout)
        values = values_of(sample_path(CONTACTS))
        assert len(values) >= 9
        found, size = hits_in(beside / "trace", folder, values)
        assert found == []
        assert size > 1_000_000  # four processes' databases and logs


UNKEYED = """
import os, sqlite3, sys
plain = sqlite3.connect(sys.argv[1])
plain.execute("CREATE TABLE customers (name, mail)")
plain.execute("INSERT INTO customers VALUES (?, ?)", tuple(sys.argv[2:]))
plain.commit()
plain.close()
os.unlink(sys.argv[1])
"""


def test_control_an_unkeyed_file_is_caught_though_it_was_deleted():
    with stage() as folder, stage() as beside:
        command = [sys.executable, "-c", UNKEYED, str(folder / "plain.db"), "Philippa Underhill", "philippa@example.com"]
        assert traced.run(beside / "trace", command).returncode == 0
        assert list(folder.iterdir()) == []
        found, _ = hits_in(beside / "trace", folder, ["Philippa Underhill", "philippa@example.com"])
        assert {hit.needle for hit in found} == {"Philippa Underhill", "philippa@example.com"}


def test_a_woocommerce_export_and_people_without_addresses():
    with stage() as folder:
        catalog = DATA / "woocommerce.csv"
        done = perform(folder, with_files(catalog, DATA / "pickup.vcf"))
        assert wrong_in(done, catalog) == []
        assert done.document["customers"] == 2


def test_a_missing_file_ends_in_words():
    with stage() as folder:
        done = perform(folder, with_files(folder / "none.csv", DATA / "pickup.vcf"))
        assert done.code == 1
        assert done.stdout == ""
        assert "[no-file]" in done.stderr
        assert done.left == ()


def test_control_what_was_left_would_be_seen():
    with stage() as folder:
        left = subprocess.Popen(["sleep", "60"], env={"TMPDIR": str(folder)})
        try:
            assert processes_of(folder) == [f"process {left.pid}"]
        finally:
            left.kill()
            left.wait()


def test_the_arithmetic_beside_numbers_done_by_hand():
    sample, woo = reckon(SAMPLE), reckon(DATA / "woocommerce.csv")
    assert (sample.products, sample.variants, sample.skipped, sample.base) == (20, 37, (24,), 10_400)
    assert (woo.products, woo.variants, woo.skipped) == (3, 4, (6, 8, 9, 10))
    assert woo.lines == (("fp-brooch", 1, 1725), ("fp-scarf-moss", 1, 2450))
    assert woo.commissions(10**16) == {"ana": 4175 * 2 * 10**15, "ben": 4175 * 5 * 10**14}
