"""Draws the sample catalog's pictures into static/sample/: the same bytes at every run, no picture of anybody else's.

python ui/draw_samples.py
"""

from pathlib import Path

# (background, shadow side, body, body in shade, label, ink): six quiet palettes that sit well in both themes
SAND = ("#efe1cb", "#e3d0b2", "#fff8ec", "#e8dac2", "#c98a5a", "#6b4a2e")
ROSE = ("#f0d5cd", "#e4bdb2", "#fff3ef", "#e9cdc4", "#b85c5c", "#6d2f33")
SAGE = ("#d3dfd0", "#bccdb8", "#f7fbf3", "#d8e2d3", "#4f8068", "#23463a")
SKY = ("#d0dde4", "#b6c9d3", "#f6fafb", "#d5e0e5", "#4f7f96", "#24485a")
PLUM = ("#ddd0dd", "#c8b5ca", "#faf5fa", "#dfd2e0", "#7d527f", "#45294a")
HONEY = ("#f3dfae", "#e6ca86", "#fff8e4", "#ecdcae", "#c4851f", "#684309")

Palette = tuple[str, str, str, str, str, str]


def rect(x: float, y: float, w: float, h: float, fill: str, r: float = 0, more: str = "") -> str:
    """A rounded rectangle."""
    return f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="{r:g}" fill="{fill}"{more}/>'


def path(d: str, fill: str, more: str = "") -> str:
    """A filled path."""
    return f'<path d="{d}" fill="{fill}"{more}/>'


def ellipse(x: float, y: float, rx: float, ry: float, fill: str, more: str = "") -> str:
    """A filled ellipse."""
    return f'<ellipse cx="{x:g}" cy="{y:g}" rx="{rx:g}" ry="{ry:g}" fill="{fill}"{more}/>'


def label(p: Palette, x: float, y: float, w: float, h: float) -> str:
    """A label with the house's gem and two lines."""
    gem = path(f"M{x + w / 2 - 8:g} {y + 12:g}h16l5 7-13 14-13-14z", p[2])
    lines = rect(x + w * 0.22, y + h - 19, w * 0.56, 4, p[2], 2) + rect(x + w * 0.34, y + h - 11, w * 0.32, 3, p[2], 1.5)
    return rect(x, y, w, h, p[4], 4) + gem + (lines if h > 56 else "")


def bottle(p: Palette, w: float = 108, h: float = 170, cap: float = 44, round_: float = 26) -> str:
    """A bottle with a cap; the right third lies in shade."""
    x, y, side = 200 - w / 2, 322 - h, w * 0.34 - round_
    return (
        rect(200 - w * 0.21, y - cap - 8, w * 0.42, cap + 14, p[5], 6)
        + rect(200, y - cap - 8, w * 0.21, cap + 14, "#000", 6, ' opacity=".18"')
        + rect(x, y, w, h, p[2], round_)
        + path(
            f"M{x + w * 0.66:g} {y:g}h{side:g}a{round_} {round_} 0 0 1 {round_} {round_}v{h - 2 * round_:g}"
            f"a{round_} {round_} 0 0 1-{round_} {round_}h-{side:g}z",
            p[3],
        )
        + label(p, x + w * 0.14, y + h * 0.34, w * 0.72, h * 0.42)
    )  # fmt: skip


def dropper(p: Palette) -> str:
    """Glass with a rubber bulb, the liquid showing."""
    glass = rect(146, 176, 108, 146, p[4], 22, ' opacity=".88"') + rect(224, 176, 30, 146, p[5], 15, ' opacity=".35"')
    return (
        ellipse(200, 98, 20, 34, p[5]) + rect(172, 120, 56, 40, p[3], 6) + rect(200, 120, 28, 40, "#000", 6, ' opacity=".1"')
        + rect(178, 156, 44, 26, p[4]) + glass + rect(160, 216, 80, 70, p[2], 4)
        + path("M192 228h16l5 7-13 14-13-14z", p[4]) + rect(178, 262, 44, 4, p[4], 2) + rect(186, 271, 28, 3, p[4], 1.5)
    )  # fmt: skip


def jar(p: Palette, w: float = 184, h: float = 96) -> str:
    """A wide jar with a lid."""
    x, y = 200 - w / 2, 322 - h
    return (
        rect(x - 6, y - 50, w + 12, 56, p[5], 12) + rect(200 + w * 0.2, y - 50, w * 0.3 + 6, 56, "#000", 12, ' opacity=".18"')
        + rect(x, y, w, h, p[2], 22) + rect(200 + w * 0.24, y, w * 0.26, h, p[3], 22)
        + label(p, x + w * 0.27, y + 18, w * 0.46, h - 38)
    )  # fmt: skip


def tube(p: Palette) -> str:
    """A tube standing on its cap."""
    return (
        path("M140 84h120l-14 196h-92z", p[2]) + path("M214 84h46l-14 196h-40z", p[3]) + rect(136, 74, 128, 16, p[4], 3)
        + rect(158, 276, 84, 46, p[5], 8) + rect(206, 276, 36, 46, "#000", 8, ' opacity=".18"') + label(p, 160, 136, 80, 92)
    )  # fmt: skip


def soap(p: Palette) -> str:
    """Two bars and foam."""
    return (
        rect(112, 250, 176, 72, p[4], 26) + rect(140, 182, 152, 76, p[2], 28) + rect(236, 182, 56, 76, p[3], 28)
        + path("M206 204h16l6 8-14 15-14-15z", p[4]) + ellipse(126, 206, 22, 22, p[2], ' opacity=".8"')
        + ellipse(150, 170, 11, 11, p[2], ' opacity=".8"') + ellipse(106, 168, 7, 7, p[2], ' opacity=".8"')
    )  # fmt: skip


def stick(p: Palette, x: float, h: float, tip: str) -> str:
    """A lipstick-like stick."""
    y = 322 - h
    return (
        path(f"M{x + 7} {y}v-34q0-8 8-14l13-10q10-4 10 8v50z", tip) + rect(x + 3, y - 4, 40, 26, p[3], 3)
        + rect(x, y + 18, 46, h - 18, p[5], 6) + rect(x + 27, y + 18, 19, h - 18, "#000", 6, ' opacity=".18"')
    )  # fmt: skip


def wand(p: Palette, brush: str) -> str:
    """A slim tube and its wand, crossed."""
    bristles = "".join(rect(-9 + (at % 2), -88 + at * 9, 18 - 2 * (at % 2), 5, brush, 2.5) for at in range(9))
    return (
        f'<g transform="translate(244 206) rotate(22)">{rect(-2.5, -96, 5, 130, p[5], 2)}{bristles}{rect(-17, 22, 34, 104, p[4], 8)}</g>'
        f'<g transform="translate(158 206) rotate(-8)">{rect(-22, -92, 44, 208, p[2], 10)}{rect(4, -92, 18, 208, p[3], 9)}'
        f"{rect(-22, -92, 44, 60, p[5], 10)}{label(p, -16, -12, 32, 80)}</g>"
    )


def lacquer(p: Palette) -> str:
    """A small round bottle with a tall cap."""
    return (
        rect(174, 92, 52, 120, p[5], 12) + rect(202, 92, 24, 120, "#000", 10, ' opacity=".2"') + rect(182, 206, 36, 20, p[3])
        + rect(136, 220, 128, 102, p[4], 34) + path("M150 254q0-22 20-22h10q-16 8-16 30v30q-14-8-14-38z", p[2], ' opacity=".55"')
    )  # fmt: skip


def brushes(p: Palette) -> str:
    """Three brushes in a cup."""
    out = ""
    for x, turn, head in ((158, -12, 26), (200, 0, 34), (242, 12, 22)):
        out += (
            f'<g transform="translate({x} 236) rotate({turn})">{rect(-5, -90, 10, 150, p[4], 5)}{rect(-8, -108, 16, 26, p[3], 3)}'
            f"{path(f'M-{head / 2} -106q-6-44 {head / 2}-62q{head / 2 + 6} 18 {head / 2} 62z', p[5])}</g>"
        )
    return (
        out + path("M136 226h128l-12 96H148z", p[2]) + path("M218 226h46l-12 96h-40z", p[3]) + path("M188 252h24l7 10-19 20-19-20z", p[4])
    )


def pouch(p: Palette) -> str:
    """A zipped pouch with a tassel."""
    return (
        path("M96 176q0-16 16-16h176q16 0 16 16l10 122q0 24-24 24H110q-24 0-24-24z", p[4])
        + path("M256 160h32q16 0 16 16l10 122q0 24-24 24h-30z", p[5], ' opacity=".3"') + rect(94, 176, 212, 10, p[2], 5)
        + rect(282, 172, 22, 18, p[5], 5) + path("M288 188h10l5 46h-20z", p[5]) + path("M182 220h36l12 16-30 32-30-32z", p[2])
    )  # fmt: skip


def spray(p: Palette) -> str:
    """A mist bottle with its cloud."""
    drops = "".join(
        ellipse(x, y, r, r, p[2], ' opacity=".85"')
        for x, y, r in ((112, 92, 7), (94, 112, 5), (124, 118, 4), (88, 84, 4), (106, 136, 5), (76, 102, 3))
    )
    return drops + bottle(p, 92, 176, 30, 20) + rect(150, 104, 66, 22, p[5], 6)


SCENES = {
    "daily-glow-serum": (HONEY, dropper(HONEY)),
    "velvet-hand-cream": (ROSE, tube(ROSE)),
    "rose-facial-oil": (ROSE, dropper(ROSE)),
    "clay-mask": (SAND, jar(SAND)),
    "lip-balm-trio": (PLUM, stick(PLUM, 108, 120, "#c46a6a") + stick(PLUM, 177, 150, "#a44a62") + stick(PLUM, 246, 104, "#d89a7a")),
    "micellar-water": (SKY, bottle(SKY, 124, 196, 34, 30)),
    "night-repair-cream": (PLUM, jar(PLUM, 168, 110)),
    "vitamin-c-drops": (SAND, dropper(SAND)),
    "body-butter": (SAGE, jar(SAGE, 208, 84)),
    "shea-soap-bar": (HONEY, soap(HONEY)),
    "sea-salt-scrub": (SKY, jar(SKY, 176, 128)),
    "argan-hair-oil": (SAND, bottle(SAND, 100, 178, 48, 18)),
    "volume-mascara": (PLUM, wand(PLUM, "#45294a")),
    "tinted-moisturiser": (SAND, tube(SAND)),
    "brow-gel": (SAGE, wand(SAGE, "#23463a")),
    "nail-lacquer": (ROSE, lacquer(ROSE)),
    "bamboo-brush-set": (HONEY, brushes(HONEY)),
    "travel-pouch": (SAGE, pouch(SAGE)),
    "rose-mist": (ROSE, spray(ROSE)),
    "sun-fluid-spf30": (
        HONEY,
        bottle(HONEY, 116, 158, 60, 34) + path("M296 84m-26 0a26 26 0 1 0 52 0a26 26 0 1 0-52 0", HONEY[4], ' opacity=".55"'),
    ),
}


def draw(palette: Palette, body: str) -> str:
    """One picture: wall, table, the arch behind, the thing and its shadow."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400">'
        + rect(0, 0, 400, 400, palette[0])
        + path("M90 322V190a110 110 0 0 1 220 0v132z", palette[1], ' opacity=".55"')
        + rect(0, 322, 400, 78, palette[1])
        + path("M110 322h190l84 40H190z", palette[5], ' opacity=".13"')
        + body
        + "</svg>\n"
    )


def main() -> None:
    """Write every picture."""
    folder = Path(__file__).resolve().parent / "static" / "sample"
    folder.mkdir(parents=True, exist_ok=True)
    for handle, (palette, body) in SCENES.items():
        (folder / f"{handle}.svg").write_text(draw(palette, body), encoding="utf-8")


if __name__ == "__main__":
    main()
