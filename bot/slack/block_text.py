"""Reads the text that blocks show, as Slack writes `text`: mentions and links in angle brackets, the rest escaped.

Blocks come from strangers: anything may have any type, and a message may hold megabytes. So nothing is raised, and a
`Room` bounds what is read of one message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from bot.slack.text.escaping import escape, prefix

# A message has at most 50 blocks and 100 attachments; these hold lists, tables and fields (Slack docs, Block Kit).
_MOST_PARTS = 2_000
# Containers hold blocks, tables cells, cells rich text, that lists: seven levels occur.
_DEEPEST = 12
# Larger numbers are not exact in JSON.
_LARGEST = 10**15

# Buttons, pictures without words and lines say nothing that could be quoted.
_SILENT = frozenset({"actions", "context_actions", "divider", "call", "input", "file"})
_LITERAL = frozenset({"plain_text", "raw_text"})
_TITLES = ("title", "subtitle", "caption", "text", "body", "description")
_PARTS = ("fields", "elements", "child_blocks", "tasks", "details", "output")


class Room:
    """How much more is read of one message: so many characters, and so many blocks, elements and rows."""

    def __init__(self, characters: int, parts: int = _MOST_PARTS) -> None:
        self._characters = characters
        self._parts = parts

    def text(self, value: object) -> str:
        """A string or a number, without what exceeds the room; empty for anything else."""
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST:
            value = str(value)
        if not isinstance(value, str) or self._characters <= 0:
            return ""
        text = prefix(value, self._characters) if len(value) > self._characters else value
        self._characters -= len(text)
        return text if len(text) == len(value) else _whole_signs(text)

    def mappings(self, values: object) -> Iterator[Mapping[str, object]]:
        """The objects of a list, as long as there is room."""
        for value in self.items(values):
            if isinstance(value, Mapping):
                yield value

    def items(self, values: object) -> Iterator[object]:
        for value in values if isinstance(values, list | tuple) else ():
            if self._parts <= 0 or self._characters <= 0:
                return
            self._parts -= 1
            yield value


def _whole_signs(text: str) -> str:
    """A text that was cut, without a mention, link or escape of which only the beginning is left."""
    for opens, closes in (("<", ">"), ("&", ";")):
        start = text.rfind(opens)
        if start >= 0 and closes not in text[start:]:
            text = text[:start]
    return text.rstrip() + "…"


def block_text(block: Mapping[str, object], room: Room, depth: int = 0) -> str:
    """The text of one block or element, in lines."""
    kind = kind_of(block)
    if depth > _DEEPEST or kind in _SILENT:
        return ""
    return _READERS.get(kind, _any)(block, room, depth)


def kind_of(block: Mapping[str, object]) -> str:
    """The `type` of a block, element or text object; empty where it has none."""
    kind = block.get("type")
    return kind if isinstance(kind, str) else ""


def _any(block: Mapping[str, object], room: Room, depth: int) -> str:
    """The text of a block that has titles, texts and other blocks under their usual names."""
    lines = [_object(block[key], room, depth) for key in _TITLES if key in block]
    for key in _PARTS:
        held = block.get(key)
        inner = room.mappings([held] if isinstance(held, Mapping) else held)
        parts = [text for one in inner if (text := _object(one, room, depth))]
        lines += [" ".join(parts)] if kind_of(block) == "context" else parts
    return "\n".join(filter(None, lines)) or _literal(room.text(block.get("alt_text")))


def _object(value: object, room: Room, depth: int) -> str:
    """The text of a string, a text object or a block."""
    if isinstance(value, str):
        return _literal(room.text(value))
    if not isinstance(value, Mapping):
        return ""
    kind = kind_of(value)
    if kind == "mrkdwn":
        return room.text(value.get("text")).strip()
    return _literal(room.text(value.get("text"))) if kind in _LITERAL else block_text(value, room, depth + 1)


def _literal(text: str) -> str:
    """A text in which brackets are only brackets. Slack escapes some of these texts and others not: `&` is left."""
    return text.replace("<", "&lt;").replace(">", "&gt;").strip()


def _markdown(block: Mapping[str, object], room: Room, _: int) -> str:
    return _literal(room.text(block.get("text")))


# Rich text ------------------------------------------------------------------------------------------------------------


def _section(block: Mapping[str, object], room: Room, _: int = 0) -> str:
    return "".join(_element(element, room) for element in room.mappings(block.get("elements")))


def _quoted(block: Mapping[str, object], room: Room, _: int) -> str:
    return "\n".join(f"> {line}" for line in _section(block, room).splitlines())


def _code(block: Mapping[str, object], room: Room, _: int) -> str:
    return f"```\n{_section(block, room)}\n```"


def _list(block: Mapping[str, object], room: Room, depth: int) -> str:
    indent, offset = _number(block.get("indent")), _number(block.get("offset"))
    lines = []
    for number, item in enumerate(room.mappings(block.get("elements")), offset + 1):
        bullet = f"{number}." if block.get("style") == "ordered" else "-"
        lines.append(f"{'  ' * min(indent, _DEEPEST)}{bullet} {block_text(item, room, depth + 1)}")
    return "\n".join(lines)


def _number(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < 10**12 else 0


# What is made of the only value of an element.
_ELEMENTS = {
    "user": ("user_id", "<@{}>"),
    "channel": ("channel_id", "<#{}>"),
    "usergroup": ("usergroup_id", "<!subteam^{}>"),
    "broadcast": ("range", "<!{}>"),
}


def _element(element: Mapping[str, object], room: Room) -> str:
    """An element of rich text as it is written in a message's `text`."""
    kind = kind_of(element)

    def part(*keys: str) -> str:
        return escape(next(filter(None, (room.text(element.get(key)) for key in keys)), ""))

    if kind in _ELEMENTS:
        key, form = _ELEMENTS[kind]
        return form.format(part(key))
    match kind:
        case "link":
            return _link(part("url").replace("|", "%7C"), part("text"))
        case "emoji":
            tone = element.get("skin_tone")
            return f":{part('name')}:" + (f":skin-tone-{tone}:" if isinstance(tone, int) and 1 < tone < 7 else "")
        case "date":
            return f"<!date^{_number(element.get('timestamp'))}^{part('format')}|{part('fallback')}>"
    return part("text", "fallback", "value")


def _link(address: str, label: str) -> str:
    if not address:
        return label
    return f"<{address}|{label}>" if label else f"<{address}>"


# Tables ---------------------------------------------------------------------------------------------------------------


def _table(block: Mapping[str, object], room: Room, depth: int) -> str:
    rows = (_row(row, room, depth) for row in room.items(block.get("rows")))
    return "\n".join(filter(None, (_object(block.get("caption"), room, depth), *rows)))


def _row(row: object, room: Room, depth: int) -> str:
    cells = [_cell(cell, room, depth) for cell in room.mappings(row)]
    return " | ".join(cells) if any(cells) else ""


def _cell(cell: Mapping[str, object], room: Room, depth: int) -> str:
    if kind_of(cell) == "raw_number":
        return room.text(cell.get("text", cell.get("value")))
    return " ".join(_object(cell, room, depth).split())


_READERS: Mapping[str, Callable[[Mapping[str, object], Room, int], str]] = {
    "rich_text_section": _section,
    "rich_text_list": _list,
    "rich_text_quote": _quoted,
    "rich_text_preformatted": _code,
    "table": _table,
    "data_table": _table,
    "markdown": _markdown,
}
