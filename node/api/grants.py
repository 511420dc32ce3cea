"""Grants: what merchants ask for, what sellers give and take back, what went."""

from node.api.routes import Route
from node.services import asking, grants

ROUTES = (
    Route("POST", "/grants/requests", grants.request_grant),
    Route("GET", "/grants", grants.list_grants, kind="read"),
    Route("GET", "/grants/disclosures", grants.list_disclosures, kind="read"),
    Route("GET", "/grants/{grant}", grants.get_grant, kind="read"),
    Route("POST", "/grants/{grant}/issue", grants.issue_grant),
    Route("POST", "/grants/{grant}/deny", grants.deny_grant),
    Route("POST", "/grants/{grant}/revoke", grants.revoke_grant),
    Route("GET", "/grants/{grant}/receipt", grants.consent_receipt, kind="read"),
    Route("POST", "/grants/{grant}/ask", asking.ask),
    Route("GET", "/grants/{grant}/held", asking.held, kind="read"),
)
