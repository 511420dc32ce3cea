"""The recall in the demo: what Ana reads may be replaced between two of her questions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from node.cli.client import Client
from node.cli.demo.brand import RECALLED, Brand, Scene
from node.errors import NotFound, UserError


class _Answers:
    """A client whose answers a function gives."""

    def __init__(self, answer: Callable[..., Any]) -> None:
        self.get = self.post = answer


class _Play:
    """The others on stage: a merchant whose offer has stopped, and Ana, to whom the recall comes between a search and a product."""

    def __init__(self) -> None:
        self.cast = type("Cast", (), {"root": Path()})()
        self.report = type("Report", (), {"document": {"brand": {}}, "proved": lambda self, text: None})()
        self.ids = {"lumen": {"identity": "00"}}
        self.asked: list[str] = []
        self.lumen = _Answers(lambda path: [{"code": "withdrawn"}])
        self.ana = _Answers(self._ana)

    def _ana(self, path: str, **_given: Any) -> Any:
        if path == "/orders":
            raise UserError("called back", code="withdrawn")
        if path == "/catalog/search":
            return {"listings": [{"product": "new" if self.asked else "old"}]}
        self.asked.append(path)
        if path.endswith("old"):
            raise NotFound("There is no such product in your catalogs.")
        return {"withdrawn": "The dropper may splinter."}

    def until(self, _client: Any, test: Callable[[], Any], what: str) -> Any:
        for _ in range(3):
            if answer := test():
                return answer
        return pytest.fail(f"never: {what}")


def test_a_product_that_was_replaced_meanwhile_is_looked_for_again() -> None:
    play = _Play()
    brand = Brand(cast("Scene", play))
    brand.client = cast("Client", _Answers(lambda path, **given: None))
    brand.recall()
    assert play.asked == ["/catalog/products/old", "/catalog/products/new"]
    assert play.report.document["brand"] == {"recalled": RECALLED, "refused": "withdrawn"}
