"""The content security policy of every response, and the count of reports against it (none is normal)."""

import json
from collections import Counter

from aiohttp import web

REPORT_PATH = "/csp-report"
_REPORT_LIMIT = 16 * 1024
_MOST_KINDS = 64
_MOST = 1_000_000


def policy(nonce: str) -> str:
    """Nothing but our own files; scripts by nonce; only htmx's own policy may reach a DOM sink."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'nonce-{nonce}'",
            "style-src 'self'",
            "img-src 'self'",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types htmx",
            f"report-uri {REPORT_PATH}",
        )
    )


class Reports:
    """Counts by directive. Bounded in kinds and size; keeps nothing of the report that could name a person."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    async def take(self, request: web.Request) -> web.Response:
        """POST /csp-report: 204 whatever it holds; a body over 16 KB is counted unread."""
        self._count(await _directive(request))
        return web.Response(status=204)

    def _count(self, directive: str) -> None:
        known = directive in self.counts or len(self.counts) < _MOST_KINDS
        key = directive if known else "other"
        self.counts[key] = min(self.counts[key] + 1, _MOST)


async def _directive(request: web.Request) -> str:
    body = bytearray()
    async for chunk in request.content.iter_chunked(4096):
        body += chunk
        if len(body) > _REPORT_LIMIT:
            return "oversized"
    try:
        report = json.loads(bytes(body))["csp-report"]
        return str(report.get("effective-directive") or report["violated-directive"])[:64]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return "unreadable"
