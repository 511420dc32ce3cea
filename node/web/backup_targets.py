"""Where backups go: choosing a place, testing it, how often and how many, taking it away."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from node.errors import NodeError
from node.model.target import Description, Kind
from node.services import backup_runs, backup_targets
from node.services.backup_runs import RunView
from node.services.backup_targets import TargetView
from node.web import formats
from node.web.forms import Form, form_of
from node.web.page import id_in, render, see_other
from node.web.runtime import runtime_of

KINDS: Mapping[str, tuple[str, str]] = {
    "disk": ("A disk you plug in", "A USB disk or stick, kept in another place than this computer"),
    "webdav": ("An online folder (WebDAV)", "Nextcloud, ownCloud, a hosting service, a NAS"),
    "s3": ("An S3 bucket", "Amazon S3, Backblaze, Wasabi, MinIO and others that speak S3"),
    "folder": ("A folder", "On another disk of this computer or on the network"),
}
FIELDS = ("name", "where", "user", "secret", "bucket", "region", "prefix")
FIELD_OF = {"target-credentials": "secret", "bad-name": "name"}
EVERY = [
    ("1", "Every hour"),
    ("6", "Every 6 hours"),
    ("12", "Twice a day"),
    ("24", "Once a day"),
    ("168", "Once a week"),
    ("0", "Only by hand"),
]
_DRILLS = {"equal": ("Tested", "done"), "different": ("Cannot be restored", "stopped"), "untried": ("Not tested yet", "waiting")}
_COUNTS = ("after_changes", "keep_last", "keep_daily", "keep_weekly", "keep_monthly")


def place_of(view: TargetView) -> str:
    """Where it is, in one line."""
    if view.kind == Kind.S3:
        return "/".join(part for part in (view.where or "Amazon S3", view.bucket, view.prefix.strip("/")) if part)
    return view.where


def warnings_of(view: TargetView) -> list[tuple[str, str]]:
    """(title, text) of what the person should know about a place."""
    found = []
    if view.same_disk:
        text = "It is on the disk that your desk is on. If that disk fails or the computer is stolen, both are gone. Add a second place."
        found.append(("Not safe alone", text))
    if view.keeps_old_versions:
        text = (
            "It keeps old versions of files by itself. A customer you erase stays in those until the service deletes them: "
            "turn versions off there, or have them deleted after a few days."
        )
        found.append(("Erased customers stay in old versions", text))
    return found


def state_of(run: RunView | None) -> tuple[str, str]:
    """How the newest run there went, in a word."""
    if run is None:
        return ("No backup yet", "waiting")
    if run.state == "failed":
        return ("You stopped it", "waiting") if run.code == "backup-cancelled" else ("Failed", "stopped")
    return _DRILLS[run.drill]


async def show_choose(request: web.Request) -> web.StreamResponse:
    """GET /backup/add."""
    kinds = [(f"/backup/add/{kind}", title, text) for kind, (title, text) in KINDS.items()]
    return render(request, "backup/choose.html", section="backup", kinds=kinds)


async def show_add(request: web.Request) -> web.StreamResponse:
    """GET /backup/add/{kind}."""
    return _add(request, _kind(request), dict.fromkeys(FIELDS, ""))


async def post_add(request: web.Request) -> web.StreamResponse:
    """POST /backup/add/{kind}: the place is made ready, tested and kept."""
    kind, form = _kind(request), form_of(request)
    description = described(kind, form)
    try:
        added: TargetView = await runtime_of(request).backups.add_target(description, form["name"])
    except NodeError as error:
        shown = {name: form[name] for name in FIELDS} | {"secret": ""}
        return _add(request, kind, shown, {FIELD_OF.get(error.code, first_field(kind)): str(error)})
    return see_other(request, f"/backup/targets/{added.target}", f"{added.name} works: it was written to, read from and deleted from")


def described(kind: Kind, form: Form) -> Description:
    """What a form of this kind says."""
    given = {name: form[name].strip() for name in FIELDS if name not in ("name", "secret")}
    return Description(kind, secret=form["secret"], **given)


def first_field(kind: Kind) -> str:
    """The field that an error of the place itself is shown at."""
    return "bucket" if kind is Kind.S3 else "where"


def _add(request: web.Request, kind: Kind, form: dict[str, str], errors: dict[str, str] | None = None) -> web.Response:
    title, text = KINDS[kind]
    values = {"kind": kind.value, "title": title, "text": text, "form": form, "errors": errors or {}}
    return render(request, "backup/add.html", status=422 if errors else 200, section="backup", **values)


def _kind(request: web.Request) -> Kind:
    kind = request.match_info["kind"]
    if kind not in KINDS:
        raise web.HTTPNotFound
    return Kind(kind)


async def show_target(request: web.Request) -> web.StreamResponse:
    """GET /backup/targets/{target}."""
    return await _target(request)


async def _target(request: web.Request, form: dict[str, str] | None = None, error: str = "") -> web.Response:
    view: TargetView = await runtime_of(request).read(backup_targets.get_target, target=_id(request))
    runs: list[RunView] = await runtime_of(request).read(backup_runs.list_runs, target=_id(request), limit=2)
    values = {"name": view.name, "every_hours": str(view.every_hours)} | {name: str(getattr(view, name)) for name in _COUNTS}
    hours = values["every_hours"]
    every = EVERY if hours in dict(EVERY) else [(hours, f"Every {formats.number(int(hours))} hours"), *EVERY]
    return render(
        request,
        "backup/target.html",
        status=422 if error else 200,
        section="backup",
        target=_details(view, next((run for run in runs if run.state != "running"), None)),
        form=form or values,
        every=every,
        errors={"": error} if error else {},
    )


def _details(view: TargetView, run: RunView | None) -> dict[str, Any]:
    rows = [("What", KINDS[view.kind][0]), ("Where", place_of(view)), *([("User", view.user)] if view.user else [])]
    return {
        "name": view.name,
        "rows": rows,
        "action": f"/backup/targets/{view.target}",
        "warnings": warnings_of(view),
        "added": view.added,
        "checked": view.checked,
        "state": state_of(run),
        "at": run.ended if run else None,
    }


async def post_change(request: web.Request) -> web.StreamResponse:
    """POST /backup/targets/{target}: how often, how many, its name."""
    form = form_of(request)
    names = ("every_hours", *_COUNTS)
    given = {name: form[name].strip() for name in names}
    if not all(value.isascii() and value.isdigit() and len(value) < 10 for value in given.values()):
        return await _target(request, {"name": form["name"], **given}, "Enter whole numbers")
    numbers = {name: int(value) for name, value in given.items()}
    try:
        await runtime_of(request).write(backup_targets.change_target, target=_id(request), name=form["name"], **numbers)
    except NodeError as error:
        return await _target(request, {"name": form["name"], **given}, str(error))
    return see_other(request, request.path, "Saved")


async def post_test(request: web.Request) -> web.StreamResponse:
    """POST /backup/targets/{target}/test."""
    view: TargetView = await runtime_of(request).backups.test_target(_id(request))
    return see_other(request, f"/backup/targets/{view.target}", f"{view.name} works: it was written to, read from and deleted from")


async def post_remove(request: web.Request) -> web.StreamResponse:
    """POST /backup/targets/{target}/remove."""
    gone: TargetView = await runtime_of(request).backups.remove_target(_id(request))
    return see_other(request, "/backup", f"No more backups go to {gone.name}. What lies there stays.")


def _id(request: web.Request) -> bytes:
    return id_in(request.match_info["target"])


ROUTES = [
    web.get("/backup/add", show_choose),
    web.get("/backup/add/{kind}", show_add),
    web.post("/backup/add/{kind}", post_add),
    web.get("/backup/targets/{target}", show_target),
    web.post("/backup/targets/{target}", post_change),
    web.post("/backup/targets/{target}/test", post_test),
    web.post("/backup/targets/{target}/remove", post_remove),
]
