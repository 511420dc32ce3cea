"""Every template with its sample values: it renders, it escapes whatever it is given, and it keeps the rules of its folder."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from aiohttp.web import RouteDef

from node.resources import ui_folder
from node.web import site
from node.web.render import Renderer, Viewer
from node.web.sessions import Session
from tests.e2e.samples import ANA, LUMEN, NOW, SAMPLES

UI = ui_folder()
TEMPLATES = UI / "templates"
FRAMES = {"evidence/parts.html", "base.html", "bare.html", "macros.html", "setup/base.html", "design.html", "tasks/parts.html"}
HOSTILE = (
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    '" hx-get=/steal hx-trigger=load x="',
    "//evil.example/x",
    "{{ 7 * 7 }}</textarea></title></style>",
)
REACH = re.compile(r"(?:tel|sms):[0-9+*#]{3,}|mailto:[\w%+.-]+@[\w%.-]+", re.ASCII)
"""Links out of the desk that only dial or write, with nothing but a number or an address in them."""
URL_ATTRIBUTES = {"href", "src", "action", "formaction", "hx-get", "hx-post", "hx-put", "hx-delete"}
LATER_STEPS = {"/setup/confirm", "/setup/passphrase", "/keys/rotated", "/keys/remember", "/restored/rejoin"}
"""Pages that a form goes on to, or that a desk in no sample is offered."""
# what decides a branch or is looked up in a table of ours, never shown
DECIDING = {"state", "kind", "view", "way", "role", "moving", "signed", "active", "you", "done", "revoke", "done_href"}


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(TEMPLATES, lambda: NOW)


def show(renderer: Renderer, template: str, desk: str, values: dict[str, Any]) -> str:
    viewer = {"ana": ANA, "lumen": LUMEN}.get(desk)
    session = Session(id="i", token="the-token", seen=NOW)
    return renderer.page(template, {"section": "", "status": 200, **values}, nonce="the-nonce", session=session, viewer=viewer)


class Reader(HTMLParser):
    """What a browser would see: tags with attributes, and the visible text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def danger(text: str) -> list[str]:
    """Everything on a page that our own templates never write."""
    found = []
    for tag, attributes in Reader(text).tags:
        if tag == "script" and not (attributes.get("src") or "").startswith("/static/"):
            found.append("script")
        for name, value in attributes.items():
            if name.startswith("on") or name == "style":
                found.append(f"{tag} {name}")
            reaches = (tag, name) == ("a", "href") and REACH.fullmatch(value or "")
            if name in URL_ATTRIBUTES and not reaches and not re.match(r"^(/(?!/)|#|\?|$)", value or ""):
                found.append(f"{tag} {name}={value}")
            if name.startswith("hx-") and attributes.get("hx-nonce") != "the-nonce":
                found.append(f"{tag} {name} without nonce")
        if attributes.get("src") == "x":
            found.append("image")
    return found


def poison(value: Any, text: str, key: str = "") -> Any:
    """The same values with every string that a stranger could write replaced."""
    if isinstance(value, dict):
        return {name: poison(entry, text, name) if name != "currency" else entry for name, entry in value.items()}
    if isinstance(value, list):
        return [poison(entry, text, key) for entry in value]
    if isinstance(value, tuple):
        shape = len(value) == 2 and isinstance(value[1], str) and value[1] in {"waiting", "active", "done", "attention", "stopped"}
        return (poison(value[0], text), value[1]) if shape else tuple(poison(entry, text) for entry in value)
    if isinstance(value, str) and key not in DECIDING and not re.fullmatch(r"-?\d+", value):
        return text
    return value


@pytest.mark.parametrize("name", SAMPLES)
def test_every_page_renders_with_its_token_and_one_heading(renderer: Renderer, name: str) -> None:
    template, _, desk, values = SAMPLES[name]
    text = show(renderer, template, desk, values)
    tags = Reader(text).tags
    assert sum(tag == "h1" for tag, _ in tags) == 1
    forms = [attributes for tag, attributes in tags if tag == "form" and attributes.get("method") == "post"]
    tokens = [attributes for tag, attributes in tags if tag == "input" and attributes.get("name") == "_token"]
    assert len(tokens) == len(forms) - (template == "open.html")
    assert all(attributes["value"] == "the-token" for attributes in tokens)
    assert danger(text) == []


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_strings_in_every_field_stay_text(renderer: Renderer, name: str, text: str) -> None:
    template, _, desk, values = SAMPLES[name]
    page = show(renderer, template, desk, poison(values, text))
    assert danger(page) == []
    assert "49" not in "".join(Reader(page).text) or "{{" not in text


def test_control_without_escaping_the_same_strings_get_through(renderer: Renderer) -> None:
    careless = Renderer(TEMPLATES, lambda: NOW)
    careless.env.autoescape = False
    template, _, desk, values = SAMPLES["customer"]
    assert all(danger(show(careless, template, desk, poison(values, text))) for text in HOSTILE[:2])


@pytest.mark.parametrize(
    "markup",
    [
        '<a href="tel:+34600;phone-context=x">',
        '<a href="mailto:a@b.example?bcc=c@d.example">',
        '<a href="sms:600\n">',
        '<form action="mailto:a@b.example">',
        '<a href="javascript:alert(1)//tel:600">',
    ],
)
def test_control_a_link_that_does_more_than_dial_is_noticed(markup: str) -> None:
    assert len(danger(markup)) == 1
    assert danger('<a href="tel:+34600000111"><a href="sms:600"><a href="mailto:mia.b%2B1@example.com">') == []


def test_the_viewer_may_be_hostile_too(renderer: Renderer) -> None:
    template, _, _, values = SAMPLES["today"]
    viewer = Viewer(name=HOSTILE[0], place=HOSTILE[1])
    page = renderer.page(template, {**values, "notice": HOSTILE[0], "section": "today"}, nonce="the-nonce", session=None, viewer=viewer)
    assert danger(page) == []


def test_every_page_is_led_to_from_another(renderer: Renderer) -> None:
    """A page that only its address opens is there for nobody. What stands in a path, and what a sample happens not to show, is left out."""
    pages = {str(route.path) for route in site.PAGES if isinstance(route, RouteDef) and route.method == "GET" and "{" not in route.path}
    led = set()
    for template, _, desk, values in SAMPLES.values():
        links = (attributes.get("href") or "" for tag, attributes in Reader(show(renderer, template, desk, values)).tags if tag == "a")
        led |= {link.partition("?")[0].partition("#")[0] for link in links}
    planted = "/page/of/nobody"
    assert {*pages, planted} - led - LATER_STEPS == {planted}


def test_every_template_has_a_sample_and_names_its_parameters() -> None:
    all_templates = {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html")}
    assert all_templates - FRAMES == {template for template, *_ in SAMPLES.values()}
    for name in all_templates:
        assert (TEMPLATES / name).read_text("utf-8").startswith("{#-"), name


def hx_writers(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix() for path in folder.rglob("*.html") if re.search(r"\bhx-[a-z]+\s*=", path.read_text("utf-8"))
    }


def test_only_macros_write_hx_attributes(tmp_path: Path) -> None:
    assert hx_writers(TEMPLATES) == {"macros.html"}
    (tmp_path / "planted.html").write_text('<a hx-get="/x">', "utf-8")
    assert hx_writers(tmp_path) == {"planted.html"}


def test_templates_hold_no_inline_code_and_no_bypass() -> None:
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text("utf-8")
        assert not re.search(r"\|\s*safe\b|\bon[a-z]+=\"|\sstyle=|autoescape", text), path


def test_vendored_files_are_what_was_recorded() -> None:
    folder = UI / "static" / "vendor"
    lines = (folder / "HASHES").read_text("utf-8").splitlines()
    recorded = {name: digest for digest, name in (line.split() for line in lines)}
    found = {f"../font/{path.name}" for path in (UI / "static" / "font").glob("*.woff2")} | {path.name for path in folder.glob("*.js")}
    assert set(recorded) == found
    for name, digest in recorded.items():
        body = (folder / name).read_bytes()
        assert digest == "sha384-" + base64.b64encode(hashlib.sha384(body).digest()).decode(), name


def test_pictures_are_small_and_drawn_by_the_script() -> None:
    import runpy

    made = runpy.run_path(str(UI / "draw_samples.py"))
    for handle, (palette, body) in made["SCENES"].items():
        text = (UI / "static" / "sample" / f"{handle}.svg").read_text("utf-8")
        assert text == made["draw"](palette, body)
        assert len(text) <= 4096
    assert len(made["SCENES"]) == 20


def test_styles_use_five_sizes_and_no_physical_sides() -> None:
    for path in (UI / "static" / "css").glob("*.css"):
        text = path.read_text("utf-8")
        assert len(text.splitlines()) <= 600
        sizes = set(re.findall(r"font-size: ([^;]+);", text)) - {"100%", ".875em"}
        assert all(re.fullmatch(r"var\(--t[1-5]\)", size) for size in sizes), (path, sizes)
        assert not re.search(r"(margin|padding|border)-(left|right)|text-align: (left|right)|float:", text), path
