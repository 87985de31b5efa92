"""Checks what the documentation site is made of, and that what would be wrong with it is found."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from docs.site import FROM_THE_ROOT, faults, lay_out, page

ROOT = Path(__file__).parents[2]


def pages_of(nav: Any) -> Iterator[str]:
    """The pages that a part of the navigation names."""
    if isinstance(nav, str):
        yield nav
    for part in nav if isinstance(nav, list) else nav.values() if isinstance(nav, dict) else ():
        yield from pages_of(part)


def test_every_page_is_reached_from_the_navigation() -> None:
    project = tomllib.loads((ROOT / "docs/zensical.toml").read_text())["project"]
    pages = [path.name for path in (ROOT / "docs").glob("*.md")] + list(FROM_THE_ROOT.values())
    assert sorted(pages_of(project["nav"])) == sorted(pages)


def test_the_pages_stand_beside_each_other(tmp_path: Path) -> None:
    lay_out(tmp_path)
    made = {path.name for path in (tmp_path / "pages").iterdir()}
    assert made >= {"index.md", "contributing.md", "changelog.md", "moving-dark.webp", "lag-light.svg", "site.css"}
    for path in (tmp_path / "pages").glob("*.md"):
        text = path.read_text("utf-8")
        assert "](../" not in text
        assert "](docs/" not in text
        assert "```mermaid" not in text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("[a](../CONTRIBUTING.md#tests)", "[a](contributing.md#tests)"),
        ("[a](docs/log.md)", "[a](log.md)"),
        ("[a](CHANGELOG.md)", "[a](changelog.md)"),
        ("[a](log.md#x) [b](https://example.com/docs/y.md)", "[a](log.md#x) [b](https://example.com/docs/y.md)"),
        (
            "```mermaid\nstateDiagram-v2\n    [*] --> one\n    one --> two: it rains\n```\n",
            "| from | to | when |\n|---|---|---|\n|  | *one* |  |\n| *one* | *two* | it rains |\n",
        ),
    ],
)
def test_a_page_of_the_site(written: str, shown: str) -> None:
    assert page(written) == shown


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ('<a href="b.html#there">', ""),
        ('<a href="https://example.com/x">', ""),
        ('<img src="pic.png">', ""),
        ('<a href="c.html">', "a.html has a link that leads nowhere: c.html"),
        ('<a href="b.html#elsewhere">', "a.html has a link that leads nowhere: b.html#elsewhere"),
        ('<a href="#there">', "a.html has a link that leads nowhere: #there"),
        ('<source srcset="other.png">', "a.html has a link that leads nowhere: other.png"),
        (
            '<script src="https://example.com/x.js">',
            "a.html is not whole without the network: https://example.com/x.js",
        ),
        ('<link href="//example.com/x.css">', "a.html is not whole without the network: //example.com/x.css"),
    ],
)
def test_what_is_wrong_with_a_site_is_found(tmp_path: Path, html: str, fault: str) -> None:
    (tmp_path / "pic.png").write_bytes(b"")
    (tmp_path / "b.html").write_text('<h1 id="there">')
    (tmp_path / "a.html").write_text(html)
    assert list(faults(tmp_path)) == ([fault] if fault else [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_moving_picture_moves_and_is_small(scheme: str) -> None:
    path = ROOT / "docs" / f"moving-{scheme}.webp"
    with Image.open(path) as picture:
        milliseconds = sum(_lasts(picture, number) for number in range(getattr(picture, "n_frames", 1)))
    assert 15_000 < milliseconds < 30_000
    assert path.stat().st_size < 1_500_000
    assert f"docs/{path.name}" in (ROOT / "README.md").read_text()


def _lasts(picture: Image.Image, number: int) -> int:
    picture.seek(number)
    picture.load()
    return int(picture.info["duration"])
