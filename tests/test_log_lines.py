"""Checks that docs/log.md explains every line that the bot logs, at its level, and none that it does not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.packages import ROOT

LEVELS = {"info": "info", "warning": "warning", "error": "error", "exception": "error", "critical": "critical"}
# The local servers and the doctor write reports and pages, not the log.
NOT_SERVED = ("playground", "doctor")
LOGGERS = re.compile(r"log|log_turn|refusals")
ROW = re.compile(r"^\| `([^`]+)` \| (\w+(?:, \w+)*) \|", re.MULTILINE)


def logged(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Each line that a module logs, without what is put into it, and its level."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=logger, attr=level), args=[ast.Constant(value=str(text)), *_]):
                name = logger.attr if isinstance(logger, ast.Attribute) else getattr(logger, "id", "")
                if level in LEVELS and LOGGERS.fullmatch(name):
                    yield text.partition(":")[0], LEVELS[level]


def of_the_bot() -> set[tuple[str, str]]:
    files = [path for tree in ("bot", "handlers") for path in (ROOT / tree).rglob("*.py")]
    served = [path for path in files if not set(path.relative_to(ROOT).parts) & set(NOT_SERVED)]
    return {line for path in served for line in logged(ast.parse(path.read_text(encoding="utf-8")))}


def explained(paper: Path) -> set[tuple[str, str]]:
    rows = ROW.findall(paper.read_text(encoding="utf-8"))
    return {(text, level) for text, levels in rows for level in levels.split(", ")}


def test_every_line_of_the_log_is_explained() -> None:
    ours, told = of_the_bot(), explained(ROOT / "docs/log.md")
    assert len(ours) > 70
    assert sorted(ours - told) == [], "docs/log.md does not explain these"
    assert sorted(told - ours) == [], "docs/log.md explains what is not logged"


def test_a_line_is_found_however_it_is_logged() -> None:
    code = 'log.info("one", a=1); self._all.log.warning("two"); log.exception("three: %s", 1); print("four")'
    assert set(logged(ast.parse(code))) == {("one", "info"), ("two", "warning"), ("three", "error")}
