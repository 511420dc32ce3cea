"""What part of a catalog is followed, and what there is to choose from."""

from typing import Protocol

from node.api.http import Runtime
from node.api.routes import Route
from node.services import catalog_choice
from node.services.catalog_choice import SectionView


class Choosing(Protocol):
    """Catalogs followed, as choosing needs them."""

    async def sections(self, feed: bytes, division: str) -> list[SectionView]:
        """What a merchant's catalog is divided into, as it says now."""


class ChoosingRuntime(Runtime, Protocol):
    """What choosing needs of the node."""

    @property
    def catalogs(self) -> Choosing:
        """The catalogs that are followed."""


async def sections(runtime: ChoosingRuntime, feed: bytes, division: str = "brand") -> list[SectionView]:
    """Ask a merchant which brands (or, with `division` category, categories) its catalog has, with records and bytes of each."""
    return await runtime.catalogs.sections(feed, division)


ROUTES = (
    Route("POST", "/catalog/feeds/{feed}/follow", catalog_choice.choose),
    Route("GET", "/catalog/feeds/{feed}/sections", sections, kind="task"),
)
