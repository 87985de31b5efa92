"""Shows rendered text in a short notation: `{b:bold}`, `{i:italic}`, `{s:struck}`, `{c:code}`, `<label|address>`."""

from __future__ import annotations

from collections.abc import Iterable

from bot.playground.slack.markdown_tree import Node
from bot.slack.text.markdown import render
from bot.slack.text.rich_text import Piece, TextRun

_TAGS = {"strong": {"bold"}, "em": {"italic"}, "s": {"strike"}}
_INVISIBLE = str.maketrans("", "", "\u2060\u200a")


def seen(source: str) -> str:
    """What a person sees of Markdown in rich_text, block by block."""
    return "".join(piece.joint * (number > 0) + _piece(piece) for number, piece in enumerate(render(source)))


def links(pieces: Iterable[Piece]) -> list[str]:
    """The addresses that pieces link."""
    rows = [cell for piece in pieces for cell in (piece.runs, *_cells(piece))]
    return [run.url for runs in rows for run in runs if run.url]


def drawn(nodes: Iterable[Node]) -> str:
    """What a person sees of Markdown that a client of Slack has drawn."""
    return _nodes(nodes, frozenset())


def _cells(piece: Piece) -> list[tuple[TextRun, ...]]:
    return [cell for row in piece.table.rows for cell in row] if piece.table else []


def _piece(piece: Piece) -> str:
    bullet = "" if piece.bullet is None else f"{'  ' * piece.bullet.indent}{piece.bullet.number or '-'} "
    return bullet + "".join(map(_run, piece.runs)) + " | ".join("".join(map(_run, cell)) for cell in _cells(piece))


def _run(run: TextRun) -> str:
    text = run.text if run.url is None else f"<{run.text}|{run.url}>" if run.url != run.text else f"<{run.text}>"
    return _styled(text, run.style)


def _styled(text: str, styles: frozenset[str]) -> str:
    for style in sorted(styles) if text else ():
        text = f"{{{style[0]}:{text}}}"
    return text


def _nodes(nodes: Iterable[Node], styles: frozenset[str]) -> str:
    return "".join(_node(node, styles) for node in nodes)


def _node(node: Node, styles: frozenset[str]) -> str:
    if isinstance(node, str):
        return _styled(node.translate(_INVISIBLE), styles)
    if node["tag"] == "code":
        return _styled(str(node["text"]), styles | {"code"})
    children = node.get("children")
    return _nodes(children if isinstance(children, list) else (), styles | _TAGS.get(str(node["tag"]), set()))
