"""Turns blocks into plain text as a person reads it: each paragraph, list item and row on its own line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.playground.slack.elements import Block

_ANSWER = ("rich_text", "table", "markdown")
_ANGLE = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
_ESCAPES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def plain(text: str, blocks: Sequence[Block]) -> str:
    """The text of a message: of its blocks, or its `text` where it has none. List bullets and numbers are left out."""
    return "\n".join(_lines(blocks)) if blocks else unescaped(text)


def body(text: str, blocks: Sequence[Block]) -> str:
    """The answer alone: the rich_text, table and markdown blocks, without context, sections and buttons around them."""
    return "\n".join(_lines(b for b in blocks if b.get("type") in _ANSWER)) if blocks else unescaped(text)


def unescaped(mrkdwn: str) -> str:
    """mrkdwn as it is shown: links by their label, mentions with an @, the three escapes undone. Marks like * stay."""
    shown = _ANGLE.sub(_angle, mrkdwn)
    for escape, sign in _ESCAPES:
        shown = shown.replace(escape, sign)
    return shown


def _angle(found: re.Match[str]) -> str:
    target, label = found.group(1), found.group(2)
    if target.startswith("!date^"):
        return label or target
    if target.startswith(("@", "#")):
        return target[0] + (label or target[1:])
    if target.startswith("!"):
        return "@" + (label or target[1:]).lstrip("@")
    return label or target


def _lines(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        match block.get("type"):
            case "rich_text":
                yield from _rich_text(block)
            case "table":
                for row in _items(block, "rows"):
                    yield (
                        "\t".join(_cell(cell) for cell in row if isinstance(cell, Mapping))
                        if isinstance(row, list)
                        else ""
                    )
            case "context" | "actions":
                yield " ".join(_object(item) for item in _mappings(block, "elements"))
            case "section":
                yield from [_object(block["text"])] if "text" in block else []
                yield from (_object(field) for field in _mappings(block, "fields"))
            case "container" | "plan" | "task_card":
                yield from _titled(block)
            case "divider" | "context_actions":
                pass
            case _:
                yield _object(block)


def _titled(block: Block) -> Iterator[str]:
    """A block with a title, which is a text object or a string, and with others in it."""
    title = block.get("title")
    yield from [title if isinstance(title, str) else _object(title)] if title else []
    inner = [block[key] for key in ("details", "output") if key in block]
    yield from _lines(item for item in inner if isinstance(item, Mapping))
    for key in ("child_blocks", "tasks"):
        yield from _lines(_mappings(block, key))


def _rich_text(block: Block) -> Iterator[str]:
    for element in _mappings(block, "elements"):
        if element.get("type") == "rich_text_list":
            yield from ("".join(map(_inline, _mappings(item, "elements"))) for item in _mappings(element, "elements"))
        else:
            yield "".join(map(_inline, _mappings(element, "elements")))


def _cell(cell: Block) -> str:
    if cell.get("type") == "rich_text":
        return " ".join(_rich_text(cell))
    return str(cell.get("text", cell.get("value", "")))


def _inline(element: Block) -> str:
    match element.get("type"):
        case "link":
            return str(element.get("text") or element.get("url", ""))
        case "emoji":
            points = element.get("unicode")
            return "".join(chr(int(p, 16)) for p in str(points).split("-")) if points else f":{element.get('name')}:"
        case "user" | "usergroup":
            return f"@{element.get('user_id') or element.get('usergroup_id')}"
        case "channel":
            return f"#{element.get('channel_id')}"
        case "broadcast":
            return f"@{element.get('range')}"
        case _:
            return str(element.get("text") or element.get("fallback") or element.get("value") or "")


def _object(item: object) -> str:
    """A text object, or anything that has one: a header, a button, an image by its description."""
    if not isinstance(item, Mapping):
        return ""
    text = item.get("text", item.get("alt_text", ""))
    if isinstance(text, Mapping):
        return _object(text)
    return unescaped(str(text)) if item.get("type") == "mrkdwn" else str(text)


def _items(block: Block, key: str) -> Sequence[object]:
    value = block.get(key)
    return value if isinstance(value, list | tuple) else ()


def _mappings(block: Block, key: str) -> Iterator[Block]:
    return (item for item in _items(block, key) if isinstance(item, Mapping))
