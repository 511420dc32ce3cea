"""The commands of a customer's record, over the API on a real socket and a real store."""

import asyncio
import json
from dataclasses import replace

import pytest
import pytest_asyncio
from aiohttp import web
from typer.testing import CliRunner

from node.api import customer_search as search_api
from node.api import customers as api
from node.api.http import add_api
from node.app import exports
from node.cli.root import app
from node.files.picture import read_picture
from tests.node.cli.serving import Runtime
from tests.node.files.test_picture import picture
from tests.node.services.world import World


class Pictures(Runtime):
    """The node, which reads pictures too."""

    def __init__(self, node) -> None:
        super().__init__(node)
        self.cut = False

    async def parse(self, reader, source, **_options):
        assert reader == "picture"
        return await asyncio.to_thread(read_picture, source)

    def export(self, form, kind):
        made = exports.begin(self.read, form, kind, self.node.clock.now)
        return replace(made, pieces=_cut(made.pieces)) if self.cut else made


async def _cut(pieces):
    """The first piece, and then the node fails."""
    async for piece in pieces:
        yield piece
        raise ConnectionResetError


class Desk:
    """Commands against one data folder."""

    def __init__(self, folder, runtime) -> None:
        self.folder, self.runtime = folder, runtime

    async def run(self, *words, given="", code=0):
        """A command's answer (JSON), or what it said where it ends with another code."""
        call = ["--data", str(self.folder), "--json", "--no-input", "--yes", *words]
        done = await asyncio.to_thread(CliRunner().invoke, app, call, given)
        assert done.exit_code == code, done.output
        return json.loads(done.stdout) if code == 0 and done.stdout.startswith(("{", "[")) else done.output

    async def shown(self, customer):
        return await self.run("customers", "show", customer)


@pytest_asyncio.fixture
async def desk(tmp_path):
    world = World(tmp_path)
    runtime = Pictures(world.node("ana"))
    site = web.Application()
    add_api(site, runtime, (*search_api.ROUTES, *api.ROUTES))
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "node.sock")).start()
    yield Desk(tmp_path, runtime)
    await runner.cleanup()
    world.close()


@pytest.mark.asyncio
async def test_fields_tags_wishes_and_consent_by_command(desk):
    mia = (await desk.run("customers", "add", "Mia Torres", "--phone", "600 000 111", "--country", "Spain", "--tag", "vip"))["id"]
    for words in (
        ("edit", mia, "--came-by", "a party", "--email", "mia@example.com", "--label", "home"),
        ("tag", mia, "roses", "VIP"),
        ("untag", mia, "vip"),
        ("prefer", mia, "shoes", "38"),
        ("prefer", mia, "calls", "never"),
        ("prefer", mia, "shoes"),
        ("avoid", mia, "call", "visit"),
        ("avoid", mia, "visit"),
        ("field", mia, "card", "8812"),
        ("consent", mia, "newsletter", "--day", "2026-01-02", "--how", "phone"),
        ("consent", mia, "newsletter", "--withdrawn", "--day", "2026-02-03"),
    ):
        await desk.run("customers", *words)
    found = (await desk.shown(mia))["details"]
    assert (found["came_by"], found["tags"], found["phones"][0]["whole"]) == ("a party", ["roses"], "+34600000111")
    assert found["emails"] == [{"value": "mia@example.com", "label": "home"}]
    assert (found["preferences"], found["custom"]) == (
        [{"value": "never", "label": "calls"}, {"value": "No visits", "label": ""}],
        [{"value": "8812", "label": "card"}],
    )
    assert [said["given"] for said in found["consents"]] == [True, False]
    assert "say call, message, visit, contact" in await desk.run("customers", "avoid", mia, "owl", code=1)
    assert "bad-birthday" in await desk.run("customers", "edit", mia, "--birthday", "1988-02-30", code=1)


@pytest.mark.asyncio
async def test_a_list_says_whether_there_is_nobody_or_nobody_like_that(desk):
    def said(*words):
        return CliRunner().invoke(app, ["--data", str(desk.folder), "--no-input", "customers", "list", *words]).stderr

    assert "Nothing here yet." in await asyncio.to_thread(said)
    await desk.run("customers", "add", "Mia Torres")
    assert await asyncio.to_thread(said) == ""
    assert await asyncio.to_thread(said, "--tag", "vip") == "Nobody meets all of this.\n"


@pytest.mark.asyncio
async def test_a_segment_and_many_at_once_by_command(desk):
    mia = (await desk.run("customers", "add", "Mia Torres", "--city", "Valencia", "--tag", "vip"))["id"]
    await desk.run("customers", "add", "Jo Nilsson", "--city", "Malmö")
    await desk.run("customers", "segment", "save", "Regulars", "--tag", "vip", "--city", "Valencia")
    (saved,) = await desk.run("customers", "segment", "list")
    assert (saved["name"], saved["customers"]) == ("Regulars", 1)
    found = await desk.run("customers", "list", "--segment", saved["id"])
    assert [one["id"] for one in found["customers"]] == [mia]
    await desk.run("customers", "many", "tag", "--word", "spring", "--city", "Valencia")
    tagged = await desk.run("customers", "list", "--tag", "spring")
    assert [one["id"] for one in tagged["customers"]] == [mia]


@pytest.mark.asyncio
async def test_the_whole_record_goes_out_and_in(desk, tmp_path):
    mia = (await desk.run("customers", "add", "Mia"))["id"]
    whole = await desk.shown(mia)
    whole["details"] |= {"nickname": "Mi", "tags": ["vip"]}
    await desk.run("customers", "edit", mia, "--json", "-", given=json.dumps(whole))
    assert (await desk.shown(mia))["details"] == whole["details"]
    assert "changed-meanwhile" in await desk.run("customers", "edit", mia, "--json", "-", given=json.dumps(whole), code=5)
    (tmp_path / "jo.json").write_text(json.dumps({"name": "Jo", "nickname": "J"}))
    jo = (await desk.run("customers", "add", "--json", str(tmp_path / "jo.json")))["id"]
    assert (await desk.shown(jo))["details"]["nickname"] == "J"
    for given, code in (("nonsense", 1), ("[]", 1)):
        assert "bad-json" in await desk.run("customers", "edit", mia, "--json", "-", given=given, code=code)
    assert "not-found" in await desk.run("customers", "edit", mia, "--json", str(tmp_path / "none.json"), code=3)


@pytest.mark.asyncio
async def test_merge_history_and_erase_by_command(desk):
    one = (await desk.run("customers", "add", "Mia", "--email", "mia@example.com"))["id"]
    other = (await desk.run("customers", "add", "Mia T.", "--email", "mia@example.com", "--phone", "+34600000222"))["id"]
    assert (await desk.run("customers", "duplicates"))["total"] == 1
    assert len((await desk.run("customers", "merge", one, other, "--dry-run"))["phones"]) == 1
    await desk.run("customers", "merge", one, other)
    merge = (await desk.run("customers", "history", one))["merges"][0]["id"]
    await desk.run("customers", "unmerge", one, merge)
    await desk.run("customers", "apart", one, other)
    assert (await desk.run("customers", "duplicates"))["total"] == 0
    await desk.run("customers", "edit", one, "--note", "n")
    await desk.run("customers", "take-back", one)
    assert (await desk.shown(one))["details"]["note"] == ""
    new = (await desk.run("customers", "split", other, "Leo", "--phone", "1"))["other"]
    assert (await desk.shown(new))["details"]["phones"][0]["value"] == "+34600000222"
    await desk.run("customers", "archive", one)
    assert (await desk.shown(one))["archived"]
    await desk.run("customers", "unarchive", one)
    kinds = [event["kind"] for event in (await desk.run("customers", "timeline", one))["events"]]
    assert kinds[-1] == "added"
    receipt = (await desk.run("customers", "erase", one))["receipt"]
    assert (await desk.run("customers", "receipt", receipt))["customer"] == one
    assert [row["id"] for row in await desk.run("customers", "receipts")] == [receipt]


@pytest.mark.asyncio
async def test_a_picture_by_command(desk, tmp_path):
    mia, source, saved = (await desk.run("customers", "add", "Mia"))["id"], tmp_path / "mia.jpg", tmp_path / "saved.jpg"
    source.write_bytes(picture())
    await desk.run("customers", "photo", mia, str(source))
    assert (await desk.run("customers", "photo", mia, "--save", str(saved)))["type"] == "image/jpeg"
    assert saved.read_bytes() == source.read_bytes()
    await desk.run("customers", "photo", mia, "--remove")
    assert not (await desk.shown(mia))["photo"]
    source.write_bytes(b"hello")
    assert "not-a-picture" in await desk.run("customers", "photo", mia, str(source), code=1)
    assert "bad-request" in await desk.run("customers", "photo", mia, code=1)


@pytest.mark.asyncio
async def test_an_export_is_whole_or_is_not_there(desk, tmp_path):
    await desk.run("customers", "add", "Mia")
    target = tmp_path / "all.jsonl"
    done = await desk.run("export", str(target))
    assert done["bytes"] == target.stat().st_size
    assert target.stat().st_mode & 0o777 == 0o600
    assert json.loads(target.read_text().splitlines()[-1])["kind"] == "end"
    assert "file-exists" in await desk.run("export", str(target), code=5)
    assert "FN:Mia" in await desk.run("export", "-", "--format", "vcard")
    assert "unknown-kind" in await desk.run("export", "-", "--kind", "keys", code=1)
    assert "file-unwritable" in await desk.run("export", str(tmp_path / "no" / "such"), code=1)
    before = target.read_bytes()
    desk.runtime.cut = True
    assert "call-broken" in await desk.run("export", str(target), "--force", code=6)
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.glob("*.part")] == []
