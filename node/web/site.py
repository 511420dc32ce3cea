"""Every section's pages."""

from aiohttp import web

PAGES: tuple[web.RouteDef, ...] = ()
