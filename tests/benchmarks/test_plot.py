from __future__ import annotations

import re
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.measuring import Row
from benchmarks.plot import THEMES, Theme, lines, svg

SVG = "{http://www.w3.org/2000/svg}"


def row(bot: str, n: int, mean: float, whole: int) -> Row:
    figures: dict[str, Any] = dict.fromkeys(Row.__slots__, 1)
    return Row(**figures | {"bot": bot, "n": n, "mean": mean, "bound": mean / 2, "whole": whole})


ROWS = [
    *(row("edit", n, n / 8, n) for n in (1, 5, 40)),
    *(row("say_stream", n, n / 7.5, min(n, 11)) for n in (1, 5, 40)),
    *(row("chat_sdk", n, n / 7, n) for n in (1, 5, 40)),
]


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_a_picture_is_valid_and_tells_its_lines(theme: Theme) -> None:
    root = ElementTree.fromstring(svg(lines(ROWS), theme))  # noqa: S314 - our own text
    texts = [element.text or "" for element in root.iter(f"{SVG}text")]
    assert {"this bot, edits", "least that edits allow", "Bolt say_stream", "Chat SDK, native"} <= set(texts)
    assert len(list(root.iter(f"{SVG}polyline"))) == 4
    assert [element.get("class") for element in root.iter(f"{SVG}circle")].count("first hollow") == 1
    assert "this bot, edits 5.0 s" in root.findtext(f"{SVG}desc", "")


def test_the_themes_differ_in_colours_alone() -> None:
    light, dark = (re.sub(r"#[0-9a-f]{6}", "", svg(lines(ROWS), theme)) for theme in THEMES)
    assert light == dark


def test_names_at_the_ends_of_lines_do_not_touch() -> None:
    root = ElementTree.fromstring(svg(lines(ROWS), THEMES[0]))  # noqa: S314 - our own text
    ends = [e for e in root.iter(f"{SVG}text") if "-text" in e.get("class", "")]
    places = sorted(float(e.get("y", "")) for e in ends)
    assert len(places) == 4
    assert min(below - above for above, below in pairwise(places)) >= 19
