"""Events cannot be half implemented: mypy names every place where a new one needs a decision."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from bot.flowise.events import Event, ShownEvent, SteeringEvent, StepEvent

ROOT = Path(__file__).parents[2]
NAMES = frozenset(kind.__name__ for kind in get_args(Event))


def matches_over_events(source: str) -> Iterator[ast.Match]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Match):
            patterns = (pattern for case in node.cases for pattern in ast.walk(case.pattern))
            if any(isinstance(each, ast.MatchClass) and ast.unparse(each.cls) in NAMES for each in patterns):
                yield node


def is_exhaustive(match: ast.Match) -> bool:
    """Whether the last case is one that mypy rejects as soon as an event can reach it."""
    last = match.cases[-1]
    return ast.unparse(last.pattern) == "_" and ast.unparse(last.body[0]).startswith("assert_never(")


def test_an_event_is_of_one_sort() -> None:
    sorts = [set(get_args(sort)) for sort in (ShownEvent, StepEvent, SteeringEvent)]
    assert set[type]().union(*sorts) == set(get_args(Event))
    assert sum(map(len, sorts)) == len(get_args(Event))


def test_every_match_over_events_is_exhaustive() -> None:
    users = {path: path.read_text("utf-8") for path in (ROOT / "bot").rglob("*.py")}
    found = {path: [*matches_over_events(text)] for path, text in users.items() if "bot.flowise.events" in text}
    assert sum(map(len, found.values())) >= 4
    assert [
        f"{path.relative_to(ROOT)}:{match.lineno}"
        for path, matches in found.items()
        for match in matches
        if not is_exhaustive(match)
    ] == []


def test_a_match_that_lets_events_pass_is_seen() -> None:
    [match] = matches_over_events("match event:\n    case Token() | int():\n        pass\n    case _:\n        pass\n")
    assert not is_exhaustive(match)
