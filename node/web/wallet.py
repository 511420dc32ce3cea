"""The wallet: what is on the chain, what can be collected, what is under way."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from node.services import claims, commissions, peers, relays, wallet
from node.services.claims import ClaimableView, ClaimView
from node.services.commissions import LineView
from node.services.relays import RelayView
from node.services.wallet import TransactionView, WalletView
from node.web import formats
from node.web.forms import form_of
from node.web.page import id_in, render, see_other
from node.web.runtime import runtime_of
from protocol.settlement import checksum_address

_WHAT = {
    "gms.approve": "Allowing the deposit",
    "vault.deposit": "Adding to the reserve",
    "vault.propose": "Posting a statement",
    "vault.claimMany": "Collecting",
    "vault.dispute": "Objecting to a statement",
}
STATES: Mapping[str, tuple[str, str]] = {
    "waiting": ("Waiting", "waiting"),
    "pending": ("Sent", "active"),
    "confirmed": ("In a block", "active"),
    "finalized": ("Final", "done"),
    "refused": ("Refused", "stopped"),
}
_RELAYED = {"asked": ("Asked", "waiting"), "accepted": ("Will be collected", "active"), "refused": ("Refused", "stopped")}
_CHAIN = {
    "ready": ("Up to date", "done", "Fees are paid by who sends; collecting can be done for you."),
    "starting": ("Connecting", "waiting", "What you ask for is sent once the chain answers."),
    "unavailable": ("Not reachable", "attention", "What you ask for waits and is sent once the chain answers again."),
    "wrong-chain": ("Another chain", "stopped", "Nothing is sent. Check the address of the chain."),
    "off": ("No chain", "waiting", "Connect one with: gemstra chain connect"),
}


async def show(request: web.Request) -> web.StreamResponse:
    """GET /wallet."""
    runtime = runtime_of(request)
    state = str((await runtime.status()).chain)
    placed: bool = await runtime.read(wallet.is_placed)
    view: WalletView | None = await runtime.read(wallet.show) if placed else None
    claimable: list[ClaimableView] = await runtime.read(claims.list_claimable)
    made: list[ClaimView] = await runtime.read(claims.list_claims)
    asked: list[RelayView] = await runtime.read(relays.list_relays)
    known: list[peers.PeerView] = await runtime.read(peers.list_peers)
    paid: list[LineView] = await runtime.read(commissions.list_lines, state="paid")
    addresses = await runtime.read(wallet.own_addresses)
    pending = [*_pending(view, made), *_relays(asked)]
    open_ones = [row for row in claimable if not row.asked]
    return render(
        request,
        "wallet.html",
        section="wallet",
        balance={"base": view.gms if view else "0", "value": None},
        claimable=_claimable(claimable),
        address=view.accounts[0].address if view else checksum_address(addresses[0]),
        chain=_chain(state, view),
        claims=[*(_claim(row) for row in made if row.state == "finalized"), *_brought(asked, paid)],
        pending=pending,
        moving=bool(pending) or any(not row.ready for row in open_ones),
        claim_action="/wallet/claim" if any(row.ready for row in open_ones) else "",
        relay=_relay(open_ones, known),
    )


def _claimable(rows: list[ClaimableView]) -> dict[str, Any]:
    names = ", ".join(f"statement {row.epoch} of {row.merchant_name}" for row in rows)
    waiting = [row for row in rows if not row.ready]
    meaning = f"from {names}" if rows else "Nothing waits to be collected"
    if waiting:
        latest = max(row.active_at for row in waiting)
        meaning += f", from {formats.datetime_text(latest)}" if latest else ", once it is on the chain"
    return {"base": str(sum(int(row.amount) for row in rows)), "meaning": meaning}


def _chain(state: str, view: WalletView | None) -> dict[str, Any]:
    name = state.partition(":")[0]
    word, kind, text = _CHAIN.get(name, (name.capitalize(), "stopped", state))
    if view is not None:
        text = f"Block {formats.number(view.block)}, final up to {formats.number(view.finalized)}. {text}"
    return {"name": f"ASTRA {view.chain_id}" if view else "None", "state": (word, kind), "text": text}


def _claim(row: ClaimView) -> dict[str, Any]:
    who = "You" if any(leaf.own for leaf in row.leaves) else "Team mates"
    others = sum(not leaf.own for leaf in row.leaves)
    paid = sum(int(leaf.total) for leaf in row.leaves if leaf.own)
    rows = [("Claim", row.id), ("Block", formats.number(row.block)), *((f"Paid to {leaf.recipient}", leaf.member) for leaf in row.leaves)]
    title = f"{who}, statement {row.epoch}" + (f", and {others} for the team" if others and who == "You" else "")
    return {"who": title, "base": str(paid), "state": STATES[row.state], "at": row.created, "rows": rows}


def _brought(asked: list[RelayView], paid: list[LineView]) -> list[dict[str, Any]]:
    """What team mates collected for us."""
    return [
        {
            "who": f"{row.name} for you, statement {row.epoch}",
            "base": str(sum(int(line.gms) for line in paid if (line.merchant, line.epoch) == (row.merchant, row.epoch))),
            "state": STATES["finalized"],
            "at": row.created,
            "rows": [("From", row.merchant_name or "Another shop"), ("Collected by", row.name)],
        }
        for row in asked
        if row.asked and row.state == "paid"
    ]


def _pending(view: WalletView | None, made: list[ClaimView]) -> list[dict[str, Any]]:
    waits = {row.id: row for row in made}
    rows = [row for row in (view.transactions if view else ()) if row.state != "finalized"]
    return [
        {"what": _WHAT.get(row.method, row.method), "state": STATES[row.state], "text": _text(row, waits.get(row.id)), "at": row.created}
        for row in rows
    ]


def _text(row: TransactionView, claim: ClaimView | None) -> str:
    if row.detail:
        return row.detail
    if claim is not None and row.state == "waiting":
        return f"Sent from {formats.datetime_text(claim.not_before)}"
    return f"Block {formats.number(row.block)}" if row.block else "Not in a block yet"


def _relays(rows: list[RelayView]) -> list[dict[str, Any]]:
    return [
        {
            "what": f"{row.name} collects for you" if row.asked else f"Collecting for {row.name}",
            "state": _RELAYED[row.state],
            "text": f"{formats.gms(row.amount)}, statement {row.epoch} of {row.merchant_name or 'another shop'}",
            "at": row.created,
        }
        for row in rows
        if row.state != "paid"
    ]


def _relay(rows: list[ClaimableView], known: list[peers.PeerView]) -> dict[str, Any] | None:
    mates = [(peer.peer, peer.name) for peer in known if peer.role == "seller"]
    shops = [(row.merchant, row.merchant_name) for row in rows if row.on_chain in ("proposed", "active")]
    return {"shops": shops, "mates": mates} if mates and shops else None


async def post_claim(request: web.Request) -> web.StreamResponse:
    """POST /wallet/claim: collect at every merchant whose statement is active."""
    runtime = runtime_of(request)
    rows: list[ClaimableView] = await runtime.read(claims.list_claimable)
    for row in rows:
        if row.ready:
            await runtime.write(claims.claim, merchant=bytes.fromhex(row.merchant))
    return see_other(request, "/wallet", "It is on its way")


async def post_relay(request: web.Request) -> web.StreamResponse:
    """POST /wallet/relay: ask a team mate to collect for us."""
    form = form_of(request)
    row: RelayView = await runtime_of(request).write(relays.ask_relay, merchant=id_in(form["merchant"]), peer=form["peer"])
    return see_other(request, "/wallet", f"{row.name} is asked")


ROUTES = [web.get("/wallet", show), web.post("/wallet/claim", post_claim), web.post("/wallet/relay", post_relay)]
