"""The commands of contacts files, over the API of a node's store: looked at, mapped, decided, taken over, taken back."""

import json

import pytest

from node.api import customer_imports
from tests.node.cli.serving import Runtime, serving
from tests.node.services.importing import runs

TABLE = "Kunde;Rufnummer;Schuh\nZoë Vega;030 901820;38\nBo;ask;39\n;;40\n"

EXPORT = (
    b'{"kind":"header","value":{"gemstra":1,"at":1,"identity":"00","name":"Ana","role":"seller","currency":"USD"}}\n'
    b'{"kind":"customer","value":{"id":"'
    + b"01"
    * 32
    + b'","person":{"row":1,"names":{"full":"Mia"}},"created":5,"updated":6,"archived":null}}\n'
    b'{"kind":"note","value":{"id":"' + b"02" * 32 + b'","customer":"' + b"01" * 32 + b'","at":7,"text":"She called","channel":"call",'
    b'"direction":"in","created":8}}\n{"kind":"end","value":{"counts":{}}}\n'
)


@pytest.fixture
def call(ana, tmp_path):
    """A `gemstra` at a seller's node."""
    runtime = Runtime(ana)
    runtime.imports = runs(ana)
    with serving(runtime, tmp_path / "data", customer_imports.ROUTES) as run:
        yield run


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "kunden.csv"
    path.write_text(TABLE)
    return str(path)


def _json(done):
    return json.loads(done.stdout)


def test_an_export_says_what_comes_with_its_customers(call, tmp_path):
    path = tmp_path / "all.jsonl"
    path.write_bytes(EXPORT)
    looked = call("customers", "import", str(path), "--dry-run").output
    assert "With them: 1 note, as far as they are not here. What was signed comes back from a backup or from peers." in looked
    assert "1 note" in call("customers", "import", str(path)).output
    assert _json(call("--json", "customers", "import", str(path)))["brought"] == {"notes": 0, "tasks": 0, "segments": 0, "rules": 0}


def test_a_table_is_mapped_looked_at_decided_and_taken_over_in_two_steps(call, table, tmp_path):
    errors = tmp_path / "bad.csv"
    mapped = ["--map", "Rufnummer=phone", "--map", "Schuh=preference:shoe", "--region", "DE"]
    done = call("--json", "customers", "import", table, *mapped, "--dry-run", "--errors", str(errors))
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["row"], row["name"], row["outcome"], row["detail"]) for row in rows] == [
        (2, "Zoë Vega", "new", "+49 30 901820"),
        (3, "Bo", "new", ""),
        (4, "", "error", "40"),
    ]
    assert errors.read_text().splitlines()[1].startswith("4,")
    assert errors.stat().st_mode & 0o777 == 0o600
    assert _json(call("--json", "customers", "imports")) == []  # nobody is written
    [waiting] = _json(call("--json", "customers", "waiting"))
    assert [column["field"] for column in _json(call("--json", "customers", "columns", waiting["id"]))] == [
        "name",
        "phone",
        "preference:shoe",
    ]
    done = _json(call("--json", "customers", "import", waiting["id"], "--decide", "3=skip"))
    assert (done["created"], done["skipped"], done["failed"]) == (1, 1, 1)
    again = _json(call("--json", "customers", "import", table, "--region", "DE"))  # its columns are remembered
    assert (again["created"], again["known"]) == (1, 1)
    [mapping] = _json(call("--json", "customers", "mappings"))
    call("customers", "mappings", "--forget", mapping["id"])
    assert _json(call("--json", "customers", "undo", done["id"]))["removed"] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--map", "Nope=name"], "bad-mapping"),
        (["--map", "Kunde"], "bad-mapping"),
        (["--mapping", "abc"], "bad-mapping"),
        (["--decide", "99=new"], "bad-request"),
        (["--decide", "2=merge"], "no-twin"),
        (["--found", "burn"], "bad-rules"),
    ],
)
def test_what_makes_no_sense_is_named(call, table, words, said):
    assert said in call("customers", "import", table, *words, code=1).output


def test_an_error_file_is_not_written_over(call, table, tmp_path):
    (tmp_path / "bad.csv").write_text("mine")
    assert "file-exists" in call("customers", "import", table, "--dry-run", "--errors", str(tmp_path / "bad.csv"), code=1).output
    assert (tmp_path / "bad.csv").read_text() == "mine"


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(call, tmp_path):
    with (tmp_path / "huge.csv").open("wb") as file:
        file.truncate(2 << 30)  # it takes no room
    assert "too-large" in call("customers", "import", str(tmp_path / "huge.csv"), code=1).output
    assert _json(call("--json", "customers", "waiting")) == []


def test_a_file_is_put_aside(call, table):
    call("customers", "import", table, "--dry-run")
    [waiting] = _json(call("--json", "customers", "waiting"))
    call("customers", "waiting", "--drop", waiting["id"])
    assert _json(call("--json", "customers", "waiting")) == []
