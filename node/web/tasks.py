"""Follow-ups: the list, one of them, the rules; and what is said with a customer."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web

from node.errors import ConflictError, NotFound, UserError
from node.services import customers, notes, segments, task_rules, tasks
from node.services.tasks import TaskPage, TaskView
from node.web import formats, task_parts
from node.web.forms import Form, form_of
from node.web.page import GATE, id_in, render, see_other
from node.web.runtime import runtime_of

PAGE = 50
_FIELDS = ("title", "due", "channel", "note")
_BAD = {"title-missing": "title", "bad-day": "due", "bad-channel": "channel"}
_RULE_BAD = {"bad-days": "days", "bad-most": "most", "bad-channel": "channel"}


async def show_list(request: web.Request) -> web.StreamResponse:
    """GET /tasks?state=&rule=&customer=&cursor=&undo=."""
    runtime, query = runtime_of(request), request.query
    state = "done" if query.get("state") == "done" else "open"
    rule = query.get("rule", "") if query.get("rule") in task_parts.RULES else ""
    customer = query.get("customer", "")
    whom = id_in(customer) if customer else None
    named = {"state": state, "rule": rule, "customer": customer}
    found: TaskPage = await runtime.read(
        tasks.list_tasks, state=state, customer=whom, rule=rule, cursor=query.get("cursor", ""), limit=PAGE
    )
    here = "/tasks?" + urlencode({name: value for name, value in named.items() if value})
    pages = {
        "text": f"{len(found.tasks)} shown",
        "previous": here if query.get("cursor") else None,
        "next": f"{here}&{urlencode({'cursor': found.cursor})}" if found.cursor else None,
    }
    return render(
        request,
        "tasks/list.html",
        section="today",
        here=here,
        state=state,
        rule=rule,
        customer=customer,
        name=(await runtime.read(customers.get_customer, customer=whom)).name if whom else "",
        rules=[(key, words[0]) for key, words in task_parts.RULES.items()],
        tasks=[task_parts.row(task, here) for task in found.tasks],
        due=found.due,
        pages=pages,
        undo=await undoable(request, here),
    )


async def undoable(request: web.Request, back: str) -> dict[str, Any] | None:
    """What the page before did to a follow-up and can take back, while it can."""
    given = request.query.get("undo", "")
    if not given:
        return None
    try:
        task: TaskView = await runtime_of(request).read(tasks.get_task, task=id_in(given))
    except NotFound:
        return None
    return task_parts.row(task, back) if task.status != "open" and task.title else None


# --- writing one


async def show_new(request: web.Request) -> web.StreamResponse:
    """GET /tasks/new?customer=."""
    customer = request.query.get("customer", "")
    return await _form(request, {"title": "", "due": "today", "channel": "call" if customer else "other", "note": ""}, customer, {})


async def post_new(request: web.Request) -> web.StreamResponse:
    """POST /tasks. Fields: title, due, channel, note, customer, back."""
    form = form_of(request)
    customer = form["customer"]
    try:
        await runtime_of(request).write(tasks.add_task, **_given(form), customer=id_in(customer) if customer else None)
    except UserError as error:
        return await _form(request, _given(form), customer, {_BAD.get(error.code, ""): str(error)})
    return see_other(request, task_parts.back_of(form["back"]), "Follow-up added")


async def show_edit(request: web.Request) -> web.StreamResponse:
    """GET /tasks/{task}."""
    task: TaskView = await runtime_of(request).read(tasks.get_task, task=_id(request))
    form = {"title": task.title, "due": task.day, "channel": task.channel, "note": task.note}
    return await _form(request, form, task.customer, {}, task)


async def post_edit(request: web.Request) -> web.StreamResponse:
    """POST /tasks/{task}. Fields: title, due, channel, note."""
    form = form_of(request)
    try:
        await runtime_of(request).write(tasks.change_task, task=_id(request), **_given(form))
    except ConflictError as error:
        return see_other(request, "/tasks", str(error), "stopped")
    except UserError as error:
        task: TaskView = await runtime_of(request).read(tasks.get_task, task=_id(request))
        return await _form(request, _given(form), task.customer, {_BAD.get(error.code, ""): str(error)}, task)
    return see_other(request, task_parts.back_of(form["back"]), "Saved")


async def _form(
    request: web.Request, form: dict[str, str], customer: str, errors: dict[str, str], task: TaskView | None = None
) -> web.StreamResponse:
    name = (await runtime_of(request).read(customers.get_customer, customer=id_in(customer))).name if customer else ""
    return render(
        request,
        "tasks/edit.html",
        section="today",
        status=422 if errors else 200,
        task=task_parts.row(task, "/tasks") if task else None,
        form=form,
        customer=customer,
        name=name,
        channels=list(task_parts.CHANNELS.items()),
        errors=errors,
    )


def _given(form: Form) -> dict[str, str]:
    return {name: form[name] for name in _FIELDS}


# --- one tap


def _tap(run: Callable[..., Any], told: str, *, undo: bool = False) -> Callable[[web.Request], Any]:
    async def tap(request: web.Request) -> web.StreamResponse:
        """POST /tasks/{task}/…: do it, and go back to the page with the buttons. Fields: back, until (snooze)."""
        form = form_of(request)
        more = {"until": form["until"]} if run is tasks.snooze_task else {}
        try:
            done = await runtime_of(request).write(run, task=_id(request), **more)
        except (ConflictError, UserError) as error:
            return see_other(request, task_parts.back_of(form["back"]), str(error), "stopped")
        told_of = told.format(day=formats.birthday(done.day))
        return see_other(request, task_parts.back_of(form["back"], done.id if undo else ""), "" if undo else told_of)

    return tap


# --- rules


async def show_rules(request: web.Request) -> web.StreamResponse:
    """GET /tasks/rules."""
    return await _rules(request)


async def post_rule(request: web.Request) -> web.StreamResponse:
    """POST /tasks/rules/{rule}. Fields: days, most, channel, tag, segment, on; do: save | look (what it would make; nothing is kept)."""
    form, rule = form_of(request), request.match_info["rule"]
    numbers = {"channel": form["channel"], "tag": form["tag"], "segment": form["segment"]}
    try:
        given = {**numbers, "days": _number(form["days"], "bad-days"), "most": _number(form["most"], "bad-most")}
        if form["do"] == "look":
            found = await runtime_of(request).read(task_rules.preview_rule, rule=rule, **given)
            return await _rules(request, rule, form, found)
        view = await runtime_of(request).write(task_rules.set_rule, rule=rule, on=form["on"] == "yes", **given)
    except UserError as error:
        return await _rules(request, rule, form, errors={f"{rule}-{_RULE_BAD.get(error.code, 'tag')}": str(error)})
    return see_other(request, "/tasks/rules", f"{task_parts.RULES[rule][0]}: {'on' if view.on else 'off'}")


def _number(text: str, code: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise UserError("Enter a whole number.", code=code)
    return int(text)


async def _rules(
    request: web.Request,
    looked: str = "",
    form: Form | None = None,
    found: task_rules.RulePreview | None = None,
    errors: dict[str, str] | None = None,
) -> web.StreamResponse:
    views: list[task_rules.RuleView] = await runtime_of(request).read(task_rules.list_rules)
    shown = []
    for view in views:
        typed = form if form is not None and view.kind == looked else None
        kept = {"days": str(view.days), "most": str(view.most), "channel": view.channel, "tag": view.tag, "segment": view.segment}
        kept |= {"on": "yes" if view.on else ""}
        values = {name: typed[name] if typed else value for name, value in kept.items()}
        title, days = task_parts.RULES[view.kind]
        preview = found if view.kind == looked else None
        made = [{**_previewed(row)} for row in preview.tasks] if preview else None
        shown.append({
            "kind": view.kind, "title": title, "days": days, "form": values, "on": view.on,
            "preview": made, "more": bool(preview and preview.more),
        })  # fmt: skip
    channels = list(task_parts.CHANNELS.items())
    saved: dict[str, str] = await runtime_of(request).read(segments.names)
    status = 422 if errors else 200
    return render(
        request, "tasks/rules.html", section="today", status=status, rules=shown, channels=channels, segments=list(saved.items()),
        errors=errors or {},
    )  # fmt: skip


def _previewed(row: task_rules.PreviewTask) -> dict[str, str]:
    href = f"/customers/{row.customer}"
    return {"href": href, "name": row.customer_name, "title": row.title, "note": row.note, "day": formats.birthday(row.day)}


# --- what was said


async def post_note(request: web.Request) -> web.StreamResponse:
    """POST /customers/{customer}/notes. Fields: text, channel, direction, when (a day and time of the person's clock, "" = now)."""
    form, customer = form_of(request), id_in(request.match_info["customer"])
    path = f"/customers/{customer.hex()}"
    try:
        at = _moment(request, form["when"])
        given = {"text": form["text"], "channel": form["channel"] or "other", "direction": form["direction"]}
        await runtime_of(request).write(notes.add_note, customer=customer, at=at, **given)
    except UserError as error:
        return see_other(request, path, str(error), "stopped")
    return see_other(request, path, "Noted")


def _moment(request: web.Request, text: str) -> int:
    if not text:
        return 0
    viewer = request.app[GATE].viewer()
    try:
        then = datetime.fromisoformat(text)
    except ValueError:
        raise UserError("Enter a day and a time like 2026-12-03 14:30.", code="bad-time") from None
    return int(then.replace(tzinfo=ZoneInfo(viewer.zone if viewer else "UTC")).timestamp() * 1000)


async def show_notes(request: web.Request) -> web.StreamResponse:
    """GET /customers/{customer}/notes: all that was said, each of which can be taken away."""
    customer = id_in(request.match_info["customer"])
    before = request.query.get("before", "")
    runtime = runtime_of(request)
    person = await runtime.read(customers.get_customer, customer=customer)
    found: list[notes.NoteView] = await runtime.read(
        notes.notes_of, customer=customer, before=int(before) if before.isdecimal() and len(before) < 16 else 0, limit=PAGE
    )
    path = f"/customers/{customer.hex()}"
    further = f"{path}/notes?before={found[-1].at}" if len(found) == PAGE else None
    shown = [{"id": note.id, "at": note.at, "text": task_parts.said(note)} for note in found]
    pages = {"text": f"{len(found)} shown", "previous": f"{path}/notes" if before else None, "next": further}
    undo = request.query.get("undo", "")
    return render(
        request, "tasks/notes.html", section="customers", name=person.name, path=path, notes=shown, pages=pages,
        undo=id_in(undo).hex() if undo else "",
    )  # fmt: skip


async def post_note_remove(request: web.Request) -> web.StreamResponse:
    """POST /notes/{note}/remove. Field: customer."""
    done = await runtime_of(request).write(notes.remove_note, note=id_in(request.match_info["note"]))
    return see_other(request, f"/customers/{id_in(form_of(request)['customer']).hex()}/notes?undo={done.id}")


async def post_note_undo(request: web.Request) -> web.StreamResponse:
    """POST /notes/{note}/undo. Field: customer."""
    await runtime_of(request).write(notes.undo_note, note=id_in(request.match_info["note"]))
    return see_other(request, f"/customers/{id_in(form_of(request)['customer']).hex()}/notes", "It is back")


async def show_of_customer(request: web.Request) -> web.StreamResponse:
    """GET /customers/{customer}/tasks: every follow-up of one customer, open and done."""
    customer = id_in(request.match_info["customer"])
    runtime = runtime_of(request)
    person = await runtime.read(customers.get_customer, customer=customer)
    found: list[TaskView] = await runtime.read(tasks.tasks_of, customer=customer)
    back = f"/customers/{customer.hex()}"
    shown = [task_parts.row(task, back) for task in found]
    return render(request, "tasks/customer.html", section="customers", name=person.name, path=back, tasks=shown)


def _id(request: web.Request) -> bytes:
    return id_in(request.match_info["task"])


_ONE = "/tasks/{task:[0-9a-f]{64}}"
_CUSTOMER = "/customers/{customer:[0-9a-f]{64}}"
_RULE = "/tasks/rules/{rule:delivered|birthday|reorder|quiet}"
ROUTES = (
    web.get("/tasks", show_list),
    web.post("/tasks", post_new),
    web.get("/tasks/new", show_new),
    web.get("/tasks/rules", show_rules),
    web.post(_RULE, post_rule),
    web.get(_ONE, show_edit),
    web.post(_ONE, post_edit),
    web.post(_ONE + "/done", _tap(tasks.finish_task, "Done", undo=True)),
    web.post(_ONE + "/remove", _tap(tasks.remove_task, "Removed", undo=True)),
    web.post(_ONE + "/undo", _tap(tasks.undo_task, "It is back on the list")),
    web.post(_ONE + "/snooze", _tap(tasks.snooze_task, "Put off until {day}")),
    web.get(_CUSTOMER + "/tasks", show_of_customer),
    web.get(_CUSTOMER + "/notes", show_notes),
    web.post(_CUSTOMER + "/notes", post_note),
    web.post("/notes/{note:[0-9a-f]{64}}/remove", post_note_remove),
    web.post("/notes/{note:[0-9a-f]{64}}/undo", post_note_undo),
)
