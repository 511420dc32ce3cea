"""Set-up from a backup on the first-open page: from the place to the words to the open desk, and everything that can be wrong on the way."""

import asyncio
import re
from contextlib import closing

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from node.app.founding import STORE_FILE, found
from node.app.restore_job import RestoreJob
from node.canary import scan_files
from node.errors import ConflictError, IntegrityError, NotFound, Unavailable, UserError
from node.model.identity import Founder, Sheets
from node.model.target import Description, Kind
from node.services.backups import Backups as Engine
from node.store.load import Workshop
from node.store.store import Store
from node.targets.opening import found_target, open_target
from node.vault import keyfile, vault
from node.vault.backup_cipher import BackupCipher
from node.vault.kdf import Profile
from node.web import setup, setup_restore, shell
from node.web.page import Stage
from node.web.render import Viewer
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from protocol.identity import Role
from tests.node.targets.dav_server import SECRET, USER
from tests.node.targets.servers import dav

pytestmark = pytest.mark.asyncio
COSTS = Profile(memory_kib=1024, passes=1, lanes=1)
WORDS = "abandon " * 23 + "art"
OTHER = "zoo " * 23 + "vote"
PASSPHRASE = "another horse 9"
HOST, COOKIE = "ana.localhost:8801", "gemstra-desk"


def back_up(folder, description, more=0):
    """A desk in `folder`, and a backup of it at the place, or several."""
    found(folder, "correct horse", Founder("Ana", Role.SELLER, "EUR"), Sheets(WORDS, "abandon " * 11 + "about"), costs=COSTS)
    keys = vault.unlock(folder, "correct horse")
    with closing(Store.open(folder / STORE_FILE, keys.store_key, keys)) as store, closing(open_target(found_target(description))) as target:
        store.write_now(lambda unit: unit.settings.set("test/canary", "canary-of-ana-7731"))
        engine = Engine(store, BackupCipher(lambda: [keys.agreement_secret]), keys, Workshop(folder, lambda: 1), lambda: 1, "test")
        engine.make(target, b"\x11" * 32)
        for count in range(more):
            store.write_now(lambda unit, count=count: unit.settings.set("test/canary", f"later {count}"))
            engine.make(target, b"\x11" * 32)


class Bare:
    """A machine with nothing, its restore job, and what the page needs of a node. `opened` says with which passphrase."""

    def __init__(self, data) -> None:
        self.data, self.opened, self.kept = data, None, []
        self.news = asyncio.Event()
        self.restoring = RestoreJob(data, self.unlock, lambda: self, self.news.set, COSTS)

    async def unlock(self, passphrase):
        vault.unlock(self.data, passphrase).lock()
        self.opened = passphrase

    async def add_target(self, description, _name):
        self.kept.append(description)

    def opening(self):
        return ""

    def stage(self):
        if self.opened:
            return Stage.OPEN
        return Stage.LOCKED if (self.data / keyfile.NAME).exists() else Stage.NEW

    def viewer(self):
        return Viewer("Ana") if self.opened else None

    async def ended(self):
        async with asyncio.timeout(30):
            while self.restoring.view().doing not in ("done", "failed"):
                await self.news.wait()
                self.news.clear()
        return self.restoring.view()


class Page:
    def __init__(self, client, session) -> None:
        self.client, self.session = client, session
        self.headers = {"Host": HOST, "Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin", "Cookie": f"{COOKIE}={session.id}"}

    async def get(self, path, **headers):
        answer = await self.client.get(path, headers=self.headers | headers, allow_redirects=False)
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", await answer.text()))
        return answer.status, answer.headers.get("Location") or answer.headers.get("HX-Redirect", ""), text

    async def post(self, path, **fields):
        body = {"_token": self.session.token, **fields}
        answer = await self.client.post(path, data=body, headers=self.headers, allow_redirects=False)
        return answer.status, answer.headers.get("Location", ""), await answer.text()


@pytest.fixture
def place(tmp_path):
    return Description(Kind.FOLDER, str(tmp_path / "backups"), marker="m" * 16)


@pytest.fixture
def bare(tmp_path):
    return Bare(tmp_path / "new")


@pytest_asyncio.fixture
async def page(bare):
    sessions = Sessions(lambda: 1)
    app = shell.make_app([*setup.ROUTES, *setup_restore.ROUTES], gate=bare, sessions=sessions, allowed_hosts={HOST}, cookie_name=COOKIE)
    app[RUNTIME] = bare
    async with TestClient(TestServer(app)) as client:
        yield Page(client, sessions.start())
    await bare.restoring.close()


async def test_from_the_first_page_to_the_open_desk(page, bare, place, tmp_path):
    back_up(tmp_path / "old", place)
    assert "Restore it from a backup" in (await page.get("/setup"))[2]
    assert "Where is your backup?" in (await page.get("/setup/restore"))[2]
    assert (await page.get("/setup/restore-words"))[:2] == (303, "/setup/restore")
    assert (await page.get("/setup/restoring"))[:2] == (303, "/setup")
    assert (await page.get("/setup/restore/folder"))[0] == 200
    assert (await page.get("/setup/restore/tape"))[0] == 404
    assert (await page.post("/setup/restore/folder", where=place.where))[:2] == (303, "/setup/restore-words")
    assert "Backup 1 lies in" in (await page.get("/setup/restore-words"))[2]
    given = {"words": WORDS.upper(), "passphrase": PASSPHRASE, "again": PASSPHRASE}
    assert (await page.post("/setup/restore-words", **given))[:2] == (303, "/setup/restoring")
    status, _, text = await page.get("/setup/restoring")
    assert status == 200
    assert "Bringing your desk back" in text or "Opening your desk" in text
    assert (await bare.ended()).doing == "done"
    assert bare.opened == PASSPHRASE
    assert [described.where for described in bare.kept] == [place.where]
    assert (await page.get("/setup/restoring"))[:2] == (303, "/restored")
    assert (await page.get("/setup/restoring", **{"HX-Request": "true"}))[:2] == (204, "/restored")
    keys = vault.unlock(bare.data, PASSPHRASE)
    with closing(Store.open(bare.data / STORE_FILE, keys.store_key, keys)) as store:
        assert store.read_now(lambda unit: unit.settings.get("test/canary")) == "canary-of-ana-7731"
    assert scan_files([bare.data], ["canary-of-ana-7731", WORDS, PASSPHRASE]) == []


async def test_what_may_be_wrong_is_told_at_its_field_and_leaves_nothing(page, bare, place, tmp_path):
    back_up(tmp_path / "old", place)
    (tmp_path / "empty").mkdir()
    for where, says in ((tmp_path / "none", "is not there now"), (tmp_path / "empty", "There is no backup here"), ("here", "whole path")):
        status, _, text = await page.post("/setup/restore/folder", where=str(where))
        assert status == 422
        assert says in text
    await page.post("/setup/restore/folder", where=place.where)
    good = {"words": WORDS, "passphrase": PASSPHRASE, "again": PASSPHRASE}
    wrong = [
        ({"words": WORDS.replace("art", "arrt")}, "Word 24", "words"),
        ({"words": "abandon " * 23}, "24 words", "words"),
        ({"words": "art " + "abandon " * 23}, "check their order", "words"),
        ({"words": OTHER}, "sealed to other keys", "words"),
        ({"again": "something else"}, "not the same", "again"),
        ({"passphrase": "short", "again": "short"}, "8 characters", "passphrase"),
    ]
    for changed, says, field in wrong:
        status, _, text = await page.post("/setup/restore-words", **(good | changed))
        assert status == 422
        assert says in text
        assert f'href="#{field}"' in text
        assert PASSPHRASE not in text
    assert bare.restoring.view().doing == "nothing"
    assert not bare.data.exists()


async def test_a_damaged_backup_is_told_and_leaves_no_desk(page, bare, place, tmp_path):
    back_up(tmp_path / "old", place)
    part = next((tmp_path / "backups").rglob("part-*"))
    whole = part.read_bytes()
    part.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    await page.post("/setup/restore/folder", where=place.where)
    given = {"words": WORDS, "passphrase": PASSPHRASE, "again": PASSPHRASE}
    assert (await page.post("/setup/restore-words", **given))[0] == 303
    assert (await bare.ended()).code == "backup-damaged"
    _, _, text = await page.get("/setup/restoring")
    assert "Your desk did not come back" in text
    assert "damaged" in text
    assert bare.stage() is Stage.NEW
    part.write_bytes(whole)
    assert (await page.post("/setup/restore-words", **given))[0] == 303
    assert (await bare.ended()).doing == "done"


async def test_an_earlier_backup_where_the_newest_is_damaged(page, bare, place, tmp_path):
    back_up(tmp_path / "old", place, more=1)
    assert (await bare.restoring.look_at(place)).numbers == (2, 1)
    parts = sorted((tmp_path / "backups").rglob("part-*"), key=lambda path: path.stat().st_mtime_ns)
    parts[-1].write_bytes(parts[-1].read_bytes()[:-1])
    await page.post("/setup/restore/folder", where=place.where)
    assert "Number 1" in (await page.get("/setup/restore-words"))[2]
    given = {"words": WORDS, "passphrase": PASSPHRASE, "again": PASSPHRASE}
    await page.post("/setup/restore-words", number="0", **given)
    assert (await bare.ended()).code == "backup-damaged"
    await page.post("/setup/restore-words", number="1", **given)
    assert (await bare.ended()).doing == "done"
    keys = vault.unlock(bare.data, PASSPHRASE)
    with closing(Store.open(bare.data / STORE_FILE, keys.store_key, keys)) as store:
        assert store.read_now(lambda unit: unit.settings.get("test/canary")) == "canary-of-ana-7731"


async def test_from_a_webdav_server_that_dies_and_comes_back(bare, tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    with dav(folder) as server:
        back_up(tmp_path / "old", server.description())
        description = Description(Kind.WEBDAV, server.description().where, USER, SECRET)
        assert (await bare.restoring.look_at(description)).newest == 1
        server.end(9)
        with pytest.raises(Unavailable):
            await bare.restoring.begin(description, WORDS, PASSPHRASE)
        server.start()
        await bare.restoring.begin(description, WORDS, PASSPHRASE)
        with pytest.raises(ConflictError) as caught:
            await bare.restoring.begin(description, WORDS, PASSPHRASE)
        assert caught.value.code == "restore-running"
        seen = await bare.ended()
        assert (seen.doing, seen.got > 2, seen.got_bytes > 1000) == ("done", True, True)
        with pytest.raises(ConflictError) as caught:
            await bare.restoring.begin(description, WORDS, PASSPHRASE)
        assert caught.value.code == "vault-exists"


async def test_stopped_nothing_stays(bare, place, tmp_path):
    back_up(tmp_path / "old", place)
    await bare.restoring.begin(place, WORDS, PASSPHRASE)
    bare.restoring.stop()
    seen = await bare.ended()
    assert (seen.doing, seen.code) == ("failed", "backup-cancelled")
    assert bare.stage() is Stage.NEW


@pytest.mark.parametrize(
    ("words", "passphrase", "kind"), [("word", PASSPHRASE, UserError), (OTHER, PASSPHRASE, IntegrityError), (WORDS, "short", UserError)]
)
async def test_a_refused_beginning_is_no_restore(bare, place, tmp_path, words, passphrase, kind):
    back_up(tmp_path / "old", place)
    with pytest.raises(kind):
        await bare.restoring.begin(place, words, passphrase)
    assert bare.restoring.view().doing == "nothing"
    with pytest.raises(NotFound):
        await bare.restoring.look_at(found_target(Description(Kind.FOLDER, str(tmp_path / "other"), marker="o" * 16)))
