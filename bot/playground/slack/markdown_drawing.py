"""Adds to the Markdown of messages the trees that a client draws, and parses no more than has changed."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from bot.playground.slack.elements import Block
from bot.playground.slack.markdown_parser import parsed
from bot.playground.slack.markdown_tree import Node, tree
from bot.playground.slack.unfinished_markdown import healed

_DEEPEST = 8  # blocks within blocks, as the page draws them; Slack's own go three deep
_MOST_KEPT = 1_000_000
"""Characters of finished texts whose trees are kept. A thousand messages of a thousand characters."""
_MOST_BEGUN = 64
"""Texts that may grow at the same time."""


class MarkdownDrawing:
    """The trees of a workspace's Markdown.

    A finished text is parsed once. Of one that grows, what can no longer change is kept from one version to the
    next, so that each costs its last paragraph, list or table.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, list[Node]] = OrderedDict()
        self._size = 0
        self._begun: deque[_Begun] = deque(maxlen=_MOST_BEGUN)

    def blocks(self, blocks: Sequence[Block], *, growing: bool) -> list[Block]:
        """Blocks whose Markdown has its `tree`. `growing`: more is to come, so what is open at an end is closed."""
        return self._blocks(blocks, growing, _DEEPEST)

    def attachments(self, attachments: Sequence[Mapping[str, object]], *, growing: bool) -> list[Block]:
        """Attachments, with the blocks in them as `blocks` has them."""
        drawn: list[Block] = []
        for attachment in attachments:
            match attachment:
                case {"blocks": list(blocks)}:
                    drawn.append({**attachment, "blocks": self._blocks(blocks, growing, _DEEPEST)})
                case _:
                    drawn.append(attachment)
        return drawn

    def _blocks(self, blocks: Sequence[Block], growing: bool, depth: int) -> list[Block]:
        return [self._block(block, growing, depth - 1) for block in blocks] if depth else list(blocks)

    def _block(self, block: Block, growing: bool, depth: int) -> Block:
        match block:
            case {"type": "markdown", "text": str(text)}:
                return {**block, "tree": self.tree(text, growing=growing)}
            case {"type": "container", "child_blocks": list(children)}:
                return {**block, "child_blocks": self._blocks(children, growing, depth)}
        return block

    def tree(self, source: str, *, growing: bool) -> list[Node]:
        """The tree of one text."""
        source = _clean(source)
        if growing:
            return self._parsed(healed(source))
        if source in self._kept:
            self._kept.move_to_end(source)
            return self._kept[source]
        self._kept[source] = nodes = self._parsed(source)
        self._size += len(source)
        while self._size > _MOST_KEPT:
            self._size -= len(self._kept.popitem(last=False)[0])
        return nodes

    def _parsed(self, source: str) -> list[Node]:
        gone_on = [begun for begun in self._begun if source.startswith(begun.known)]
        begun = max(gone_on, key=lambda one: one.settled, default=_NOTHING)
        rest = source[begun.settled :]
        tokens = parsed(rest)
        nodes = tree(tokens)
        if found := _boundary(tokens, rest):
            count, at, known = found
            if gone_on:
                self._begun.remove(begun)
            settled = begun.settled + at
            self._begun.append(_Begun(source[: begun.settled + known], settled, begun.nodes + nodes[:count]))
        return begun.nodes + nodes


def _clean(source: str) -> str:
    """With one kind of line end, and a sign for half a surrogate pair: a program may have said it, no address can."""
    whole = source.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\r\n", "\n").replace("\r", "\n")


@dataclass(frozen=True, slots=True, eq=False)
class _Begun:
    """A text that may go on: its first `settled` characters are these nodes, in every text that begins like `known`."""

    known: str
    settled: int
    nodes: list[Node]


_NOTHING = _Begun("", 0, [])


def _boundary(tokens: Sequence[Token], source: str) -> tuple[int, int, int] | None:
    """How many blocks are settled, where they end, and where the two lines after them end: while all that stays, they
    do.

    The two lines are needed because what looks like the beginning of a list or a table may turn out to go on with the
    paragraph before it.
    """
    begins = [token.map[0] for token in tokens if token.level == 0 and token.map is not None and token.nesting >= 0]
    lines = source.split("\n")
    while begins and begins[-1] + 2 >= len(lines):
        begins.pop()
    if len(begins) < 2:
        return None
    at = sum(len(line) + 1 for line in lines[: begins[-1]])
    known = at + sum(len(line) + 1 for line in lines[begins[-1] : begins[-1] + 2])
    return len(begins) - 1, at, known
