"""Peers: inviting, opening an invite, comparing the code on both screens, one peer, forgetting it."""

import asyncio
import hashlib
from typing import Any

from aiohttp import web

from node.errors import NodeError, Unavailable
from node.services import evidence, peers, team
from node.web.forms import form_of
from node.web.page import GATE, id_in, render, see_other, session_of
from node.web.runtime import Runtime, runtime_of
from protocol.errors import ProtocolError

_SCRATCH = "invites"
_MOST_INVITES = 8
START_SECONDS = 10.0
_MOVING = ("begun", "answered", "confirmed-here")
_ENDED = ("paired", "refused", "expired")
_PLAIN = {
    "invite-used": "Somebody opened this invite already. Ask for a new one.",
    "invite-expired": "This invite is too old. Ask for a new one.",
    "invite-foreign": "They did not make this invite. Ask for a new one.",
    "expired": "Nobody confirmed the code within ten minutes. Ask for a new invite.",
    "refused": "One of you said that the codes differ, or did not want to connect.",
}


async def show_list(request: web.Request) -> web.StreamResponse:
    """GET /peers."""
    return await _list(request)


async def _list(request: web.Request, invite: str = "", error: str = "") -> web.Response:
    runtime = runtime_of(request)
    known, pairings, state = await runtime.read(peers.list_peers), await runtime.read(peers.list_pairings), await runtime.status()
    return render(
        request,
        "peers/list.html",
        section="peers",
        status=422 if error else 200,
        peers=[_row(peer, state.connected) for peer in known],
        pending=[_pending(pairing) for pairing in pairings if pairing.status not in _ENDED],
        evidence=await runtime.read(evidence.list_evidence),
        form={"invite": invite},
        errors={"invite": error} if error else {},
    )


def _row(peer: peers.PeerView, connected: list[str]) -> dict[str, Any]:
    return {
        "href": f"/peers/{peer.peer}",
        "name": peer.name,
        "what": _what(peer.role),
        "state": _state(peer, connected),
        "seen": peer.seen_at,
    }


def _state(peer: peers.PeerView, connected: list[str]) -> tuple[str, str]:
    """Online with any of its devices."""
    return ("Offline", "waiting") if set(peer.devices).isdisjoint(connected) else ("Online", "done")


def _what(role: str) -> str:
    return {"merchant": "Shop", "brand": "Brand"}.get(role, "Seller")


def _pending(pairing: peers.PairingView) -> dict[str, Any]:
    texts = {
        "comparing": "Compare the code",
        "confirmed-there": "They confirmed the code, now you",
        "confirmed-here": "You confirmed, waiting for them",
    }
    text = texts.get(pairing.status, "Reaching them" if pairing.started_here else "They are connecting")
    state = ("Needs you", "attention") if pairing.status in ("comparing", "confirmed-there") else ("Waiting", "waiting")
    return {"href": f"/peers/pairings/{pairing.id}", "name": pairing.name, "text": text, "state": state}


# --- inviting


async def post_invite(request: web.Request) -> web.StreamResponse:
    """POST /peers/invite: a new link. It stays in this session, so that its page can be looked at again."""
    await _connected(runtime_of(request))
    made = await runtime_of(request).write(peers.invite)
    invites: dict[str, peers.InviteView] = session_of(request).scratch.setdefault(_SCRATCH, {})  # type: ignore[assignment]
    name = hashlib.sha256(made.link.encode()).hexdigest()[:16]
    invites[name] = made
    while len(invites) > _MOST_INVITES:
        del invites[next(iter(invites))]
    return see_other(request, f"/peers/invites/{name}")


async def _connected(runtime: Runtime) -> None:
    """Wait while the network starts: an invite says where to reach us. Raises Unavailable `not-connected`."""
    seen = -1
    try:
        async with asyncio.timeout(START_SECONDS):
            while (network := (await runtime.status()).network) == "starting":
                seen = await runtime.changed(seen)
    except TimeoutError:
        network = "it does not start"
    if network != "ready":
        raise Unavailable(f"Your desk cannot be reached by others now: {network}", code="not-connected")


async def show_invite(request: web.Request) -> web.StreamResponse:
    """GET /peers/invites/{invite}: link, QR and, once somebody opened it, the code."""
    invites: dict[str, peers.InviteView] = session_of(request).scratch.get(_SCRATCH, {})  # type: ignore[assignment]
    made = invites.get(request.match_info["invite"])
    if made is None:
        return see_other(request, "/peers", "That invite is shown no more. Make a new one.", "info")
    pairing = await runtime_of(request).read(peers.pairing_of, link=made.link)
    if pairing is not None and pairing.status not in ("begun", "answered"):
        return _go(request, f"/peers/pairings/{pairing.id}")
    invite = {"link": made.link, "expires": made.expires}
    return render(request, "peers/invite.html", section="peers", invite=invite, href=request.path, opened=pairing is not None)


def _go(request: web.Request, path: str) -> web.Response:
    """To another page, also from a part that refreshes itself."""
    if "HX-Request" in request.headers:
        return web.Response(status=204, headers={"HX-Redirect": path})
    return see_other(request, path)


# --- pairing


async def post_accept(request: web.Request) -> web.StreamResponse:
    """POST /peers/accept: a pasted invite."""
    link = "".join(form_of(request)["invite"].split())
    try:
        begun = await runtime_of(request).write(peers.accept_invite, link=link)
    except (NodeError, ProtocolError) as error:
        return await _list(request, link, _sentence(str(error)))
    return see_other(request, f"/peers/pairings/{begun.id}")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


async def show_pairing(request: web.Request) -> web.StreamResponse:
    """GET /peers/pairings/{pairing}: the code, the same on both screens."""
    pairing = await runtime_of(request).read(peers.get_pairing, pairing=_id(request))
    state = {"begun": "dialing", "answered": "dialing", "confirmed-here": "waiting", "paired": "done"}.get(pairing.status, "compare")
    if pairing.status in ("refused", "expired"):
        state = "failed"
    return render(
        request,
        "peers/pairing.html",
        section="peers",
        peer={"name": pairing.name, "what": _what(pairing.role)},
        state=state,
        code=f"{pairing.code[:3]} {pairing.code[3:]}" if pairing.code else None,
        reason=_reason(request, pairing, state),
        next=(f"Go to {pairing.name}", f"/peers/{pairing.peer}") if pairing.role != "seller" else ("See your team", "/team"),
        action=request.path,
        href=request.path,
        moving=pairing.status not in _ENDED,
    )


def _reason(request: web.Request, pairing: peers.PairingView, state: str) -> str:
    if state == "failed":
        return _PLAIN.get(pairing.error) or _PLAIN[pairing.status]
    if state == "done":
        viewer = request.app[GATE].viewer()
        seller = viewer is not None and viewer.role == "seller"
        return (
            "Next: ask whether you may sell for it." if seller and pairing.role == "merchant" else "Your desks talk to each other directly."
        )
    return ""


async def post_confirm(request: web.Request) -> web.StreamResponse:
    """POST /peers/pairings/{pairing}/confirm, with `refuse` when the codes differ."""
    refuse = bool(form_of(request)["refuse"])
    await runtime_of(request).write(peers.refuse_pairing if refuse else peers.confirm_pairing, pairing=_id(request))
    return see_other(request, f"/peers/pairings/{request.match_info['pairing']}")


def _id(request: web.Request) -> bytes:
    return id_in(request.match_info["pairing"])


# --- one peer


async def show_peer(request: web.Request) -> web.StreamResponse:
    """GET /peers/{peer}."""
    runtime = runtime_of(request)
    peer = await runtime.read(peers.get_peer, peer=request.match_info["peer"])
    state = await runtime.status()
    memberships = {row.merchant: row for row in await runtime.read(team.list_memberships)}
    own = memberships.get(peer.identity)
    seller = state.role == "seller"
    return render(
        request,
        "peers/one.html",
        section="peers",
        peer={
            "name": peer.name,
            "what": _what(peer.role),
            "state": _state(peer, state.connected),
            "seen": peer.seen_at,
            "since": peer.paired_at,
            "waiting": peer.waiting,
            "details": [
                ("Identity", peer.identity),
                ("Device heard from last", peer.peer),
                ("Its devices", ", ".join(peer.devices)),
                ("Addresses", ", ".join(peer.addresses) or "None known"),
            ],
        },
        join={"merchant": peer.identity} if seller and peer.role == "merchant" and own is None else None,
        membership=own.status if own else "",
        forget=f"/peers/{peer.peer}/forget",
    )


async def post_forget(request: web.Request) -> web.StreamResponse:
    """POST /peers/{peer}/forget."""
    gone = await runtime_of(request).write(peers.forget_peer, peer=request.match_info["peer"])
    return see_other(request, "/peers", f"You are not connected to {gone.name} any more")


ROUTES = [
    web.get("/peers", show_list),
    web.post("/peers/invite", post_invite),
    web.get("/peers/invites/{invite}", show_invite),
    web.post("/peers/accept", post_accept),
    web.get("/peers/pairings/{pairing}", show_pairing),
    web.post("/peers/pairings/{pairing}", post_confirm),
    web.get("/peers/{peer}", show_peer),
    web.post("/peers/{peer}/forget", post_forget),
]
