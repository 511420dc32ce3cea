"""Watched places of product files."""

from typing import Protocol

from node.api.http import Runtime
from node.api.routes import Route
from node.services import catalog_sources
from node.services.catalog_sources import SourceView
from node.services.catalog_watch import CatalogWatch


class WatchingRuntime(Runtime, Protocol):
    """What watched places need of the node."""

    @property
    def catalog_watch(self) -> CatalogWatch:
        """The places that are watched."""


async def look_now(runtime: WatchingRuntime, source: bytes) -> list[SourceView]:
    """Look at a watched place now; what went wrong there is said with it."""
    await runtime.catalog_watch.look_now(source)
    views: list[SourceView] = await runtime.read(catalog_sources.list_sources)
    return [view for view in views if view.id == source.hex()]


ROUTES = (
    Route("POST", "/catalog/sources", catalog_sources.add_source),
    Route("GET", "/catalog/sources", catalog_sources.list_sources, kind="read"),
    Route("POST", "/catalog/sources/{source}/change", catalog_sources.change_source),
    Route("POST", "/catalog/sources/{source}/look", look_now, kind="task"),
    Route("POST", "/catalog/sources/{source}/forget", catalog_sources.forget_source),
)
