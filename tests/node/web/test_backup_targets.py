"""The pages of places where backups go, over a real store, a real folder and a real WebDAV server."""

import asyncio
import re
from dataclasses import replace

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from node.app.backups import Backups
from node.config import Config
from node.services import backup_targets as service
from node.services import customers
from node.web import backup, backup_customer, backup_targets, shell
from node.web.page import Stage
from node.web.render import Viewer
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from tests.node.services.world import World
from tests.node.targets.dav_server import SECRET, USER
from tests.node.targets.servers import dav

HOST, COOKIE = "ana.localhost:8801", "gemstra-desk"


class Gate:
    def stage(self):
        return Stage.OPEN

    def viewer(self):
        return Viewer("Ana", "seller")


class Runtime:
    def __init__(self, node, data, news) -> None:
        self.read, self.write = node.store.read, node.store.write
        self.backups = Backups(Config(data), node.store, node.keys, "test", news.set, look=3600)


class Desk:
    def __init__(self, client, session, node, backups, news) -> None:
        self.client, self.session, self.node, self.backups, self.news = client, session, node, backups, news
        self.headers = {"Host": HOST, "Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin", "Cookie": f"{COOKIE}={session.id}"}

    async def get(self, path):
        answer = await self.client.get(path, headers=self.headers, allow_redirects=False)
        return answer.status, words(await answer.text())

    async def post(self, path, **fields):
        body = {"_token": self.session.token, **fields}
        answer = await self.client.post(path, data=body, headers=self.headers, allow_redirects=False)
        return answer.status, answer.headers.get("Location", ""), words(await answer.text())

    async def ended(self):
        while self.backups.progress().doing != "nothing":
            self.news.clear()
            await self.news.wait()


def words(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest_asyncio.fixture
async def desk(tmp_path):
    (tmp_path / "data").mkdir()
    node = World(tmp_path / "data").node("ana")
    sessions = Sessions(node.clock)
    app = shell.make_app(
        [*backup.ROUTES, *backup_targets.ROUTES, *backup_customer.ROUTES],
        gate=Gate(),
        sessions=sessions,
        allowed_hosts={HOST},
        cookie_name=COOKIE,
    )
    app[RUNTIME] = runtime = Runtime(node, tmp_path / "data", news := asyncio.Event())
    scheduled = asyncio.create_task(runtime.backups.run())
    async with TestClient(TestServer(app)) as client:
        yield Desk(client, sessions.start(), node, runtime.backups, news)
    scheduled.cancel()
    await asyncio.wait([scheduled])
    node.store.close()


@pytest.mark.asyncio
async def test_without_a_place_the_page_says_what_to_do(desk):
    status, text = await desk.get("/backup")
    assert status == 200
    assert "Choose where your backups go" in text
    _, text = await desk.get("/backup/add")
    for title, _ in backup_targets.KINDS.values():
        assert title in text
    for kind in backup_targets.KINDS:
        assert (await desk.get(f"/backup/add/{kind}"))[0] == 200
    assert (await desk.get("/backup/add/tape"))[0] == 404


@pytest.mark.asyncio
async def test_a_folder_from_adding_to_removing(desk, tmp_path):
    where = tmp_path / "backups"
    status, at, _ = await desk.post("/backup/add/folder", where=str(where), name="Shelf")
    assert status == 303
    _, text = await desk.get(at)
    assert "Shelf works: it was written to, read from and deleted from" in text
    assert "Not safe alone" in text  # it is on the disk of the desk
    _, text = await desk.get("/backup")
    assert "Shelf" in text
    assert "Once a day" in text
    assert "Read the warning" in text
    given = {
        "name": "Shelf",
        "every_hours": "6",
        "after_changes": "0",
        "keep_last": "2",
        "keep_daily": "3",
        "keep_weekly": "0",
        "keep_monthly": "1",
    }
    assert (await desk.post(at, **given))[0] == 303
    (view,) = desk.node.read(service.list_targets)
    assert (view.every_hours, view.keep_last, view.keep_monthly) == (6, 2, 1)
    status, _, text = await desk.post(at, **(given | {"keep_last": "none"}))
    assert status == 422
    assert "Enter whole numbers" in text
    status, _, text = await desk.post(at, **(given | {"keep_last": "0"}))
    assert status == 422
    assert "Keep at least the last backup" in text
    assert (await desk.post(f"{at}/test"))[0] == 303
    where.rename(tmp_path / "pulled-out")
    status, _, text = await desk.post(f"{at}/test")
    assert status == 503
    assert "Plug in the disk" in text
    assert (await desk.post(f"{at}/remove"))[:2] == (303, "/backup")
    assert "Choose where your backups go" in (await desk.get("/backup"))[1]
    assert (tmp_path / "pulled-out" / ".gemstra-target").exists()


@pytest.mark.asyncio
async def test_the_desks_own_folder_is_refused(desk, tmp_path):
    for where in (tmp_path / "data", tmp_path / "data" / "backups"):
        status, _, text = await desk.post("/backup/add/folder", where=str(where))
        assert status == 422
        assert "the folder of the desk itself" in text
    assert desk.node.read(service.list_targets) == []


@pytest.mark.asyncio
async def test_a_webdav_folder_and_its_errors_at_their_fields(desk, tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    with dav(folder) as server:
        where = server.description().where
        status, _, text = await desk.post("/backup/add/webdav", where=where, user=USER, secret="wrong-73-wrong")
        assert status == 422
        assert "does not take this name and password" in text
        assert "wrong-73-wrong" not in text
        status, _, text = await desk.post("/backup/add/webdav", where="cloud.example", user=USER, secret=SECRET)
        assert status == 422
        assert "This is no address" in text
        status, at, _ = await desk.post("/backup/add/webdav", where=where, user=USER, secret=SECRET)
        assert status == 303
        assert "WebDAV works" in (await desk.get(at))[1]
        status, _, text = await desk.post("/backup/add/webdav", where=where, user=USER, secret=SECRET)
        assert "Your backups go there already" in text
    assert (folder / "backups").is_dir()
    status, _, text = await desk.post(f"{at}/test")
    assert status == 503
    assert SECRET not in text


@pytest.mark.asyncio
async def test_a_backup_by_hand_from_the_button_to_the_list(desk, tmp_path):
    _, at, _ = await desk.post("/backup/add/folder", where=str(tmp_path / "backups"), name="Shelf")
    assert "No backup yet" in (await desk.get("/backup"))[1]
    assert (await desk.post(f"{at}/run"))[:2] == (303, "/backup")
    _, text = await desk.get("/backup")
    assert "Backing up to Shelf" in text
    status, _, text = await desk.post(f"{at}/run")
    assert status == 409
    assert "Wait until it has ended" in text
    await desk.ended()
    _, text = await desk.get("/backup")
    assert "Everything: " in text
    assert "Tested" in text
    assert (await desk.post(f"{at}/run"))[0] == 303
    await desk.ended()
    assert "Nothing had changed" in (await desk.get("/backup"))[1]
    part = next((tmp_path / "backups").rglob("part-*"))
    part.write_bytes(part.read_bytes()[:-1])
    assert (await desk.post(f"{at}/drill"))[0] == 303
    await desk.ended()
    _, text = await desk.get("/backup")
    assert "Cannot be restored" in text
    assert "damaged" in text
    assert "Cannot be restored" in (await desk.get(at))[1]


@pytest.mark.asyncio
async def test_stopped_on_the_page(desk, tmp_path):
    _, at, _ = await desk.post("/backup/add/folder", where=str(tmp_path / "backups"), name="Shelf")
    assert (await desk.post("/backup/stop"))[:2] == (303, "/backup")  # nothing is done: nothing happens
    assert (await desk.post(f"{at}/run"))[0] == 303
    assert (await desk.post("/backup/stop"))[0] == 303
    await desk.ended()
    assert "You stopped it" in (await desk.get("/backup"))[1]


@pytest.mark.asyncio
async def test_one_customer_is_put_back_after_a_look(desk, tmp_path):
    made = desk.node.write(customers.add_customer, name="Mia Torres", note="prefers mornings")
    path = f"/backup/customers/{made.id}"
    status, text = await desk.get(path)
    assert status == 200
    assert "There is no backup yet" in text
    _, at, _ = await desk.post("/backup/add/folder", where=str(tmp_path / "backups"), name="Shelf")
    await desk.post(f"{at}/run")
    await desk.ended()
    assert "Mia Torres is now as in this backup" in (await desk.get(path))[1]
    id_ = bytes.fromhex(made.id)
    desk.node.write(lambda unit: overwrite(unit, id_))
    _, text = await desk.get(path)
    assert "What would change" in text
    assert "prefers mornings" in text
    assert "overwritten" in text
    backup = f"{at.rsplit('/', 1)[1]}:1"
    assert (await desk.get(f"{path}?backup={backup}"))[1] == text
    assert (await desk.post(path, backup=backup))[:2] == (303, f"/customers/{made.id}")
    assert desk.node.read(customers.get_customer, customer=id_).details.note == "prefers mornings"
    for wrong in ("", "x:1", f"{backup}x", "a" * 64, f"{backup}{'9' * 12}"):
        assert (await desk.post(path, backup=wrong))[0] == 404
    assert (await desk.get(f"/backup/customers/{'0' * 64}"))[0] == 404
    (tmp_path / "backups").rename(tmp_path / "pulled-out")
    assert "Plug in the disk" in (await desk.get(path))[1]


def overwrite(unit, id_):
    found = unit.customers.get(id_)
    unit.customers.keep(replace(found, person=replace(found.person, notes="overwritten")))
