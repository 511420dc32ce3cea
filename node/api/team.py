"""Memberships, members, sponsor edges."""

from node.api.routes import Route
from node.services import payees, ranks, team

ROUTES = (
    Route("POST", "/team/join", team.join),
    Route("GET", "/team/memberships", team.list_memberships, kind="read"),
    Route("GET", "/team/payees", payees.list_payees, kind="read"),
    Route("GET", "/team/members", team.list_members, kind="read"),
    Route("POST", "/team/members/{member}/accept", team.accept_member),
    Route("POST", "/team/members/{member}/rank", ranks.give_rank),
    Route("GET", "/team/ranks", ranks.list_ranks, kind="read"),
    Route("POST", "/team/sponsors", team.ask_sponsor),
    Route("GET", "/team/edges", team.list_edges, kind="read"),
    Route("POST", "/team/edges/{edge}/accept", team.accept_edge),
    Route("POST", "/team/edges/{edge}/decline", team.decline_edge),
    Route("GET", "/team/tree", team.tree, kind="read"),
)
