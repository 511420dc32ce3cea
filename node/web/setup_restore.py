"""Set-up from a backup: where it is, the words and a passphrase, how far it is. The place waits in the session; the words nowhere."""

from dataclasses import dataclass

from aiohttp import web

from node.errors import NodeError
from node.model.restore import FoundView, RestoreView
from node.model.target import Description, Kind
from node.web import formats
from node.web.backup import size
from node.web.backup_targets import FIELD_OF, FIELDS, KINDS, described, first_field
from node.web.forms import form_of
from node.web.page import GATE, HOME, Stage, render, see_other, session_of
from node.web.runtime import runtime_of
from protocol.errors import ProtocolError

TOTAL = 3
_SCRATCH = "restore"
_FIELDS = {"bad-words": "words", "backup-other-keys": "words", "not-the-root": "words"}
_DOING = {
    "checking": "Checking your words",
    "reading": "Bringing your desk back",
    "opening": "Opening your desk",
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the session keeps between the steps."""

    description: Description
    found: FoundView


async def show_kinds(request: web.Request) -> web.StreamResponse:
    """GET /setup/restore."""
    kinds = [(f"/setup/restore/{kind}", title, text) for kind, (title, text) in KINDS.items()]
    return render(request, "setup/restore.html", step=1, total=TOTAL, kinds=kinds)


async def show_place(request: web.Request) -> web.StreamResponse:
    """GET /setup/restore/{kind}."""
    return _place(request, _kind(request), dict.fromkeys(FIELDS, ""))


async def post_place(request: web.Request) -> web.StreamResponse:
    """POST /setup/restore/{kind}: what lies there is looked at."""
    kind, form = _kind(request), form_of(request)
    description = described(kind, form)
    try:
        found: FoundView = await runtime_of(request).restoring.look_at(description)
    except NodeError as error:
        shown = {name: form[name] for name in FIELDS} | {"secret": ""}
        return _place(request, kind, shown, {FIELD_OF.get(error.code, first_field(kind)): str(error)})
    session_of(request).scratch[_SCRATCH] = Chosen(description, found)
    return see_other(request, "/setup/restore-words")


def _place(request: web.Request, kind: Kind, form: dict[str, str], errors: dict[str, str] | None = None) -> web.Response:
    values = {"kind": kind.value, "title": KINDS[kind][0], "form": form, "errors": errors or {}, "step": 1, "total": TOTAL}
    return render(request, "setup/restore_place.html", status=422 if errors else 200, **values)


def _kind(request: web.Request) -> Kind:
    kind = request.match_info["kind"]
    if kind not in KINDS:
        raise web.HTTPNotFound
    return Kind(kind)


async def show_words(request: web.Request) -> web.StreamResponse:
    """GET /setup/restore-words."""
    return _words(request)


async def post_words(request: web.Request) -> web.StreamResponse:
    """POST /setup/restore-words: both are checked against the backup, then the restore begins."""
    chosen, form = _chosen(request), form_of(request)
    if chosen is None:
        return see_other(request, "/setup/restore")
    if form["passphrase"] != form["again"]:
        return _words(request, {"again": "The two are not the same"}, form["words"])
    try:
        await runtime_of(request).restoring.begin(chosen.description, form["words"], form["passphrase"], _number(form["number"]))
    except (NodeError, ProtocolError) as error:
        name = "passphrase" if error.code.startswith("passphrase-") else _FIELDS.get(error.code, "")
        return _words(request, {name: str(error)}, form["words"])
    return see_other(request, "/setup/restoring")


def _number(text: str) -> int:
    """The chosen backup; the newest where none is."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _words(request: web.Request, errors: dict[str, str] | None = None, typed: str = "") -> web.Response:
    chosen = _chosen(request)
    if chosen is None:
        return see_other(request, "/setup/restore")
    found, told = chosen.found, chosen.description
    many = f"Backups of {formats.number(found.desks)} desks lie" if found.desks > 1 else f"Backup {formats.number(found.newest)} lies"
    values = {
        "found": many,
        "place": told.bucket or told.where,
        "errors": errors or {},
        "step": 2,
        "total": TOTAL,
        "typed": typed,
        "numbers": _numbers(found),
    }
    return render(request, "setup/restore_words.html", status=422 if errors else 200, **values)


def _numbers(found: FoundView) -> list[tuple[str, str]]:
    """What can be chosen; where several desks' backups lie only the words tell whose are whose, and the newest is taken."""
    older = [] if found.desks > 1 else [(str(number), f"Number {formats.number(number)}") for number in found.numbers[1:]]
    return [("0", "The newest"), *older]


def _chosen(request: web.Request) -> Chosen | None:
    found = session_of(request).scratch.get(_SCRATCH)
    return found if isinstance(found, Chosen) else None


async def show_restoring(request: web.Request) -> web.StreamResponse:
    """GET /setup/restoring: how far it is, from before there is a vault until the desk is open."""
    view: RestoreView = runtime_of(request).restoring.view()
    stage = request.app[GATE].stage()
    if stage is Stage.OPEN and view.doing in ("done", "nothing"):
        return _go(request, "/restored" if view.doing == "done" else "/")
    if view.doing == "nothing" or (stage is Stage.LOCKED and view.doing == "failed"):
        return _go(request, HOME[stage])
    doing = "Opening your desk" if stage is Stage.OPEN else _DOING.get(view.doing, "")
    moved = f"{size(view.got_bytes)} read" if view.got else "It begins"
    return render(request, "setup/restoring.html", step=3, total=TOTAL, doing=doing, moved=moved, failed=view.text)


def _go(request: web.Request, path: str) -> web.Response:
    """To another page, also from a part that refreshes itself."""
    if "HX-Request" in request.headers:
        return web.Response(status=204, headers={"HX-Redirect": path})
    return see_other(request, path)


async def post_stop(request: web.Request) -> web.StreamResponse:
    """POST /setup/restoring/stop."""
    runtime_of(request).restoring.stop()
    return see_other(request, "/setup/restoring")


ROUTES = [
    web.get("/setup/restore", show_kinds),
    web.get("/setup/restore/{kind}", show_place),
    web.post("/setup/restore/{kind}", post_place),
    web.get("/setup/restore-words", show_words),
    web.post("/setup/restore-words", post_words),
    web.get("/setup/restoring", show_restoring),
    web.post("/setup/restoring/stop", post_stop),
]
