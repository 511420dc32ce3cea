"""Peers: invites, pairings, the paired."""

from node.api.routes import Route
from node.services import evidence, peers

ROUTES = (
    Route("POST", "/peers/invites", peers.invite),
    Route("POST", "/peers/pairings", peers.accept_invite),
    Route("GET", "/peers/pairings", peers.list_pairings, kind="read"),
    Route("POST", "/peers/pairings/{pairing}/confirm", peers.confirm_pairing),
    Route("POST", "/peers/pairings/{pairing}/refuse", peers.refuse_pairing),
    Route("GET", "/peers", peers.list_peers, kind="read"),
    Route("GET", "/peers/evidence", evidence.list_evidence, kind="read"),
    Route("GET", "/peers/evidence/{evidence}", evidence.get_evidence, kind="read"),
    Route("POST", "/peers/evidence/check", evidence.check_evidence, kind="read"),
    Route("DELETE", "/peers/{peer}", peers.forget_peer),
)
