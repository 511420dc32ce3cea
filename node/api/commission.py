"""Commissions: lines and why, statements, claims, relays, objections."""

from node.api.routes import Route
from node.services import claims, commissions, relays, statements

ROUTES = (
    Route("GET", "/commission/lines", commissions.list_lines, kind="read"),
    Route("GET", "/commission/lines/{line}", commissions.get_line, kind="read"),
    Route("GET", "/commission/totals", commissions.list_totals, kind="read"),
    Route("POST", "/commission/epochs", statements.close_epoch),
    Route("GET", "/commission/statements", statements.list_statements, kind="read"),
    Route("POST", "/commission/relays", relays.ask_relay),
    Route("GET", "/commission/relays", relays.list_relays, kind="read"),
    Route("POST", "/commission/claims", claims.claim),
    Route("GET", "/commission/claims", claims.list_claims, kind="read"),
    Route("GET", "/commission/claimable", claims.list_claimable, kind="read"),
    Route("POST", "/commission/disputes", claims.dispute),
)
