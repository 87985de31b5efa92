"""Draws the lag of a word against the number of answers at once, from what the benchmark has written.

    .venv/bin/python -m benchmarks.plot rows.json docs

It writes lag-light.svg and lag-dark.svg, which differ in their colours alone. Both axes are logarithmic: twice as many
answers, or twice the lag, is the same step everywhere.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from benchmarks.measuring import Row
from benchmarks.subjects import SUBJECTS

_WIDTH, _HEIGHT = 760, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 580, 76, 366
_TEXT_STEP = 19.0
_TICKS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200)

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours: the ground, its rules, text and lesser text, and one for each line."""

    name: str
    ground: str
    rule: str
    text: str
    soft: str
    lines: Sequence[tuple[str, str]]


# Colours that are told apart without red and green (Okabe and Ito's palette), darker or lighter for the ground.
THEMES = (
    Theme(
        "light",
        *("#ffffff", "#e4e4e8", "#1d1c1d", "#616061"),
        (("ours", "#0b66a8"), ("first", "#b25000"), ("second", "#8a5a83"), ("third", "#00795a"), ("fourth", "#8a6d00")),
    ),
    Theme(
        "dark",
        *("#1a1d21", "#34373b", "#e8e8e8", "#ababad"),
        (("ours", "#5cb8ff"), ("first", "#f0914a"), ("second", "#d6a0ce"), ("third", "#45c9a0"), ("fourth", "#e0c04a")),
    ),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A bot's lag over n, in seconds, and what stands at its end. `style` is a class of the picture's; where n is in
    `broken`, not every answer was whole in the end."""

    label: str
    style: str
    points: Sequence[Point]
    broken: frozenset[float] = frozenset()
    dash: str = ""


# The rows of this bot have one colour; their lines are told apart by dashes, which their names show.
_OURS = {"edit": ("", ""), "stream": ("9 5", " – –"), "auto": ("3 4", " · · ·")}


def lines(rows: Sequence[Row]) -> list[Line]:
    """A line for each bot in the order of the rows, this bot's bound before them."""
    colours = iter(("first", "second", "third", "fourth"))
    found = []
    for bot in dict.fromkeys(row.bot for row in rows):
        mine = sorted((row for row in rows if row.bot == bot), key=lambda row: row.n)
        ours, (dash, sign) = bot in _OURS, _OURS.get(bot, ("", ""))
        if bot == "edit":
            bound = [(float(row.n), row.bound) for row in mine]
            found.append(Line("least that edits allow", "bound", bound))
        broken = frozenset(float(row.n) for row in mine if row.whole < row.n)
        points = [(float(row.n), row.mean) for row in mine]
        label = SUBJECTS[bot].label + sign
        found.append(Line(label, "ours" if ours else next(colours), points, broken, dash))
    return found


def svg(drawn: Sequence[Line], theme: Theme) -> str:
    """The picture."""
    across = sorted({n for line in drawn for n, _ in line.points})
    lags = [lag for line in drawn for _, lag in line.points]
    least, most = _outer(min(lags), max(lags))
    x = _Scale(across[0], across[-1], _LEFT, _RIGHT)
    y = _Scale(least, most, _BOTTOM, _TOP)
    parts = [_head(theme, drawn)]
    parts += [_across(y(tick), f"{tick:g} s") for tick in _TICKS if least <= tick <= most]
    parts += [f'<text class="soft" x="{x(n):.1f}" y="{_BOTTOM + 22}" text-anchor="middle">{n:g}</text>' for n in across]
    parts += [_line(line, x, y) for line in drawn]
    if any(line.broken for line in drawn):
        parts.append(
            f'<text class="soft small" x="{_LEFT}" y="{_TOP - 12}">○ not every answer was whole 75 s later</text>'
        )
    parts += _labels(drawn, y)
    return "\n".join([*parts, "</svg>", ""])


@dataclass(frozen=True, slots=True)
class _Scale:
    """From a figure, by its logarithm, to a place on the picture."""

    least: float
    most: float
    start: float
    end: float

    def __call__(self, figure: float) -> float:
        span = math.log(self.most / self.least) if self.most > self.least else 1.0
        return self.start + (self.end - self.start) * math.log(figure / self.least) / span


def _outer(least: float, most: float) -> tuple[float, float]:
    """The ticks around two figures; beyond the ticks the figures themselves."""
    return max((t for t in _TICKS if t <= least), default=least), min((t for t in _TICKS if t >= most), default=most)


def _head(theme: Theme, drawn: Sequence[Line]) -> str:
    most = max(n for line in drawn for n, _ in line.points)
    told = "; ".join(f"{line.label} {line.points[-1][1]:.1f} s" for line in drawn)
    rules = "    .{0} {{ stroke: {1} }} .{0}-text, .{0}.dot {{ fill: {1} }}"
    colours = "\n".join(rules.format(*line) for line in theme.lines)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" \
height="{_HEIGHT}" role="img" aria-labelledby="title told"
     font-family="-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', 'DejaVu Sans', \
sans-serif" font-size="14">
  <title id="title">How far what is seen lags behind what Flowise sends</title>
  <desc id="told">The mean lag of a word, over the number of answers at once. With {most:g}: {escape(told)}.</desc>
  <style>
    .ground {{ fill: {theme.ground}; stroke: {theme.rule} }}
    .rule {{ stroke: {theme.rule} }}
    .text {{ fill: {theme.text} }}
    .soft {{ fill: {theme.soft} }}
    .bold {{ font-weight: 700 }}
    .small {{ font-size: 12.5px }}
    .hollow {{ fill: {theme.ground}; stroke-width: 2 }}
    polyline {{ fill: none; stroke-width: 2; stroke-linejoin: round }}
    polyline.ours {{ stroke-width: 3.5 }}
    polyline.bound {{ stroke: {theme.soft}; stroke-width: 1 }} .bound-text {{ fill: {theme.soft} }}
{colours}
  </style>
  <rect class="ground" x=".5" y=".5" width="{_WIDTH - 1}" height="{_HEIGHT - 1}" rx="10"/>
  <text class="text bold" x="24" y="32">Mean time from a word's being sent to its being seen</text>
  <text class="soft" x="{(_LEFT + _RIGHT) / 2:g}" y="{_BOTTOM + 43}" text-anchor="middle">answers at once</text>"""


def _across(y: float, label: str) -> str:
    return (
        f'<line class="rule" x1="{_LEFT}" y1="{y:.1f}" x2="{_RIGHT}" y2="{y:.1f}"/>\n'
        f'<text class="soft" x="{_LEFT - 10}" y="{y + 5:.1f}" text-anchor="end">{label}</text>'
    )


def _line(line: Line, x: _Scale, y: _Scale) -> str:
    points = " ".join(f"{x(n):.1f},{y(lag):.1f}" for n, lag in line.points)
    dashed = f' stroke-dasharray="{line.dash}"' if line.dash else ""
    drawn = f'<polyline class="{line.style}"{dashed} points="{points}"/>'
    for n, lag in line.points if line.style != "bound" else ():
        kind = "hollow" if n in line.broken else "dot"
        drawn += f'\n<circle class="{line.style} {kind}" cx="{x(n):.1f}" cy="{y(lag):.1f}" r="4"/>'
    return drawn


def _labels(drawn: Sequence[Line], y: _Scale) -> list[str]:
    """Each line's name at its end, moved apart where two would touch."""
    order = sorted(drawn, key=lambda line: line.points[-1][1], reverse=True)
    places = [y(line.points[-1][1]) for line in order]
    for number in range(1, len(places)):
        places[number] = max(places[number], places[number - 1] + _TEXT_STEP)
    for number in reversed(range(len(places))):
        lowest = _BOTTOM if number == len(places) - 1 else places[number + 1] - _TEXT_STEP
        places[number] = min(places[number], lowest)
    return [
        f'<text class="{line.style}-text{" bold" if line.style == "ours" else ""}" x="{_RIGHT + 12}" y="{at + 5:.1f}">'
        f"{escape(line.label)}</text>"
        for line, at in zip(order, places, strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plot", description="Draw what the bench has measured.")
    parser.add_argument("rows", type=Path, help="what benchmarks.side_by_side --json has written")
    parser.add_argument("folder", type=Path, help="where the two pictures go")
    given = parser.parse_args()
    drawn = lines([Row(**row) for row in json.loads(given.rows.read_text())])
    for theme in THEMES:
        (given.folder / f"lag-{theme.name}.svg").write_text(svg(drawn, theme))


if __name__ == "__main__":
    main()
