"""The team: where you sell, who sponsors whom, and on a merchant's desk who sells for it."""

import re
from typing import Any

from aiohttp import web

from node.errors import UserError
from node.services import payees, peers, plans, ranks, team
from node.web.forms import form_of
from node.web.page import id_in, render, see_other
from node.web.runtime import runtime_of

_STATES = {"asked": ("Asked", "waiting"), "accepted": ("Accepted", "done")}


async def show_team(request: web.Request) -> web.StreamResponse:
    """GET /team."""
    runtime = runtime_of(request)
    edges: list[team.EdgeView] = await runtime.read(team.list_edges)
    nodes: list[team.TreeNode] = await runtime.read(team.tree)
    memberships: list[team.MembershipView] = await runtime.read(team.list_memberships)
    known: list[peers.PeerView] = await runtime.read(peers.list_peers)
    agreed: list[plans.PlanView] = await runtime.read(plans.list_plans)
    moved: dict[str, payees.PayeeView] = {row.merchant: row for row in await runtime.read(payees.list_payees) if row.generation}
    own = {row.member for row in memberships}
    merchants = {row.identity for row in known if row.role == "merchant"} - {row.merchant for row in memberships}
    return render(
        request,
        "team.html",
        section="team",
        people=people_of(nodes, own, {edge.member: edge for edge in edges}),
        requests=[_request(edge) for edge in edges if (edge.side, edge.status) == ("sponsor", "asked")],
        memberships=[_membership(row, agreed, edges, moved.get(row.merchant)) for row in memberships],
        joinable=[{"merchant": row.identity, "name": row.name} for row in known if row.identity in merchants],
        asking=_asking(memberships, edges, known),
        merchant=(await runtime.status()).role == "merchant",
    )


def people_of(nodes: list[team.TreeNode], own: set[str], edges: dict[str, team.EdgeView]) -> list[dict[str, Any]]:
    """The tree as the page draws it: each member with its team, the flat list is in walking order."""
    roots: list[dict[str, Any]] = []
    path: list[dict[str, Any]] = []
    for node in nodes:
        edge = edges.get(node.member)
        you = node.member in own
        name = node.name or f"Member {node.member[:6]}"
        waiting = edge is not None and edge.status == "signed"
        person = {
            "name": name,
            "you": you,
            "note": _note(node, edge, you),
            "status": ("Waiting for the shop", "waiting") if waiting else None,
            "team": [],
        }
        del path[node.depth :]
        (path[-1]["team"] if path else roots).append(person)
        path.append(person)
    return roots


def _note(node: team.TreeNode, edge: team.EdgeView | None, you: bool) -> str:
    if edge is None:
        return "Your sponsor" if not you and node.depth == 0 else ""
    return edge.merchant_name


def _request(edge: team.EdgeView) -> dict[str, Any]:
    shop = edge.merchant_name or "your shop"
    text = f"Asks you to be their sponsor at {shop}. You both sign it; {shop} then knows whom to pay at which level."
    return {"name": edge.name, "text": text, "action": f"/team/edges/{edge.edge}"}


def _membership(
    row: team.MembershipView, agreed: list[plans.PlanView], edges: list[team.EdgeView], moved: payees.PayeeView | None
) -> dict[str, Any]:
    plan = max((plan for plan in agreed if plan.merchant == row.merchant), key=lambda plan: plan.version, default=None)
    sponsor = next((edge for edge in edges if edge.merchant == row.merchant and edge.side == "member" and edge.status != "declined"), None)
    level = _rates(plan) if plan else "It has not sent its plan yet"
    if sponsor:
        words = {"asked": "asked", "signed": "signed, waiting for the shop"}.get(sponsor.status, "")
        level += f". Your sponsor: {sponsor.name}" + (f" ({words})" if words else "")
    if moved:
        told = {"accepted": "the shop knows", "refused": f"the shop refused: {moved.code}"}.get(moved.state, "waiting for the shop")
        level += f". Your commissions go to {moved.payout[:8]}…{moved.payout[-4:]} since your keys were renewed ({told})"
    return {"merchant": row.merchant_name, "level": level, "state": _STATES.get(row.status, (row.status.capitalize(), "stopped"))}


def _rates(plan: plans.PlanView) -> str:
    levels = [f"{_percent(bps)} for level {number}" for number, bps in enumerate(plan.level_bps, 1)]
    return ", ".join([f"{_percent(plan.direct_bps)} for your sales", *levels])


def _percent(bps: int) -> str:
    return f"{bps / 100:g} %"


def _asking(memberships: list[team.MembershipView], edges: list[team.EdgeView], known: list[peers.PeerView]) -> dict[str, Any] | None:
    taken = {edge.merchant for edge in edges if edge.side == "member" and edge.status != "declined"}
    shops = [(row.merchant, row.merchant_name) for row in memberships if row.status == "accepted" and row.merchant not in taken]
    sellers = [(row.peer, row.name) for row in known if row.role == "seller"]
    return {"shops": shops, "sellers": sellers} if shops and sellers else None


async def post_join(request: web.Request) -> web.StreamResponse:
    """POST /team/join: ask a merchant."""
    row: team.MembershipView = await runtime_of(request).write(team.join, merchant=id_in(form_of(request)["merchant"]))
    return see_other(request, "/team", f"{row.merchant_name} is asked. It answers on its own desk.")


async def post_sponsor(request: web.Request) -> web.StreamResponse:
    """POST /team/sponsors: ask a seller to be our sponsor at a merchant."""
    form = form_of(request)
    edge: team.EdgeView = await runtime_of(request).write(team.ask_sponsor, merchant=id_in(form["merchant"]), peer=form["peer"])
    return see_other(request, "/team", f"{edge.name} is asked to be your sponsor")


async def post_edge(request: web.Request) -> web.StreamResponse:
    """POST /team/edges/{edge}, with `refuse` to decline."""
    verb = team.decline_edge if form_of(request)["refuse"] else team.accept_edge
    edge: team.EdgeView = await runtime_of(request).write(verb, edge=id_in(request.match_info["edge"]))
    return see_other(request, "/team", f"You declined {edge.name}" if edge.status == "declined" else f"You sponsor {edge.name}")


# --- the merchant


async def show_members(request: web.Request) -> web.StreamResponse:
    """GET /merchant/members."""
    found: list[team.MemberView] = await runtime_of(request).read(team.list_members)
    given: list[ranks.RankView] = await runtime_of(request).read(ranks.list_ranks)
    names, rank = {row.member: row.name for row in found}, {row.member: row.rank for row in given}
    accepted = [row for row in found if row.status == "accepted"]
    members = [
        {
            "name": row.name or f"Member {row.member[:6]}",
            "since": row.starts,
            "rank": rank.get(row.member, 0),
            "action": f"/merchant/members/{row.member}/rank",
            "sponsor": names.get(row.sponsor, "None"),
            "state": _STATES["accepted"],
        }
        for row in sorted(accepted, key=lambda row: row.seq)
    ]
    asked = [
        {"name": row.name, "text": "Wants to sell for you.", "action": f"/merchant/members/{row.member}"}
        for row in found
        if row.status == "asked"
    ]
    return render(request, "merchant/members.html", section="merchant", members=members, requests=asked)


async def post_member(request: web.Request) -> web.StreamResponse:
    """POST /merchant/members/{member}: take them in."""
    row: team.MemberView = await runtime_of(request).write(team.accept_member, member=id_in(request.match_info["member"]))
    return see_other(request, "/merchant/members", f"{row.name} sells for you now")


async def post_rank(request: web.Request) -> web.StreamResponse:
    """POST /merchant/members/{member}/rank. Fields: rank."""
    member, text = id_in(request.match_info["member"]), form_of(request)["rank"].strip()
    if not re.fullmatch(r"[0-9]{1,3}", text):
        return see_other(request, "/merchant/members", f"A rank is a whole number from 0 to {ranks.HIGHEST}.", "attention")
    try:
        row: ranks.RankView = await runtime_of(request).write(ranks.give_rank, member=member, rank=int(text))
    except UserError as error:
        return see_other(request, "/merchant/members", str(error), "attention")
    return see_other(request, "/merchant/members", f"{row.name} has rank {row.rank} now")


ROUTES = [
    web.get("/team", show_team),
    web.post("/team/join", post_join),
    web.post("/team/sponsors", post_sponsor),
    web.post("/team/edges/{edge}", post_edge),
    web.get("/merchant/members", show_members),
    web.post("/merchant/members/{member}/rank", post_rank),
    web.post("/merchant/members/{member}", post_member),
]
