"""Recognises `data:` URIs, which carry a whole file in the text, and says what is shown in their place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

A_PICTURE = "(a picture)"
A_FILE = "(a file)"

_TYPE = r"[\w.+-]{1,80}/[\w.+-]{1,80}"
_PARAMETER = r""";[ ]?[\w.+-]{1,80}(?:=(?:"[^"\n]{0,80}"|[\w.+%-]{0,80}))?"""
_HEAD = re.compile(rf"data:(?P<type>{_TYPE}(?:{_PARAMETER}){{0,9}}|(?:{_PARAMETER}){{1,9}}),", re.IGNORECASE)
_HALF_HEAD = re.compile(r"""data:[\w.+/;="% -]{0,400}""", re.IGNORECASE)
# The target of a link: such a file, or one where a flow's own code ran, whose name may have spaces.
_TARGET = re.compile(
    r"\]\(\s{0,9}<?\s{0,9}(?:sandbox:(?P<path>)|data:(?P<type>[\w.+/-]{0,160})(?P<rest>;[^,()\s]{0,400}|)(?P<comma>,?))",
    re.IGNORECASE,
)
_HALF_TARGET = re.compile(
    r"\](?:\((?:\s{0,9}<?\s{0,9}(?:d|da|dat|data|data:[\w.+/-]{0,160}(?:;[^,()\s]{0,400})?"
    r"|s(?:a(?:n(?:d(?:b(?:ox?)?)?)?)?)?)?)?)?",
    re.IGNORECASE,
)
# In an attribute: in quotes all up to the next one, but for what no base64 has.
_IN_ATTRIBUTE = re.compile(
    r"""(?P<before>=\s*(?:(?P<quote>["'])\s*)?data:[\w.+/;=%-]{0,200},)"""
    r"""(?(quote)(?:(?<=base64,)[\w+/=%\s.-]*|(?<!base64,)(?:(?!(?P=quote)).)*)|[^\s"'>]*)""",
    re.IGNORECASE | re.DOTALL,
)
_IN_STYLE = re.compile(
    r"""(?P<before>=\s*["'][^"'<>]{0,400}?data:[\w.+-]{1,80}/[\w.+;=-]{1,160};base64,)[\w+/=%-]+""", re.IGNORECASE
)
_UNCLOSED = re.compile(r"""<img\b[^<>]{0,400}=\s*["']\s*data:[^"'<>,]{0,300},\s*>""", re.IGNORECASE)

_BASE64 = re.compile(r"[\w+/%-]*=*", re.ASCII)
_PADDING = re.compile("=*")
_BASE64_OR_SPACE = re.compile(r"[\w+/=%\s>-]*", re.ASCII)
_PLAIN = re.compile(r"[^\s<>\"'`|()\[\]]*")
_SPACE = re.compile(r"\s*")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
# A run of so many letters and digits is no word; lines of base64 are 64 or 76 long, and their last one may be short.
_NO_WORD = 40
_LINE = 60
_PICTURES = frozenset({"image/png", "image/jpeg", "image/jpg", "image/gif"})
_NOT_IN_NAME = re.compile(r"[^\w .()+,=-]")
_LONGEST_NAME = 60
# The other end of a link's target is looked for within so many characters.
_LOOK = 4_000


def stand_in(media_type: str) -> str:
    """What is shown for a file of that type that has no label."""
    return A_PICTURE if media_type.strip().lower().startswith(("image", "data:image")) else A_FILE


@dataclass(frozen=True, slots=True)
class Found:
    """The beginning of a `data:` URI: where its content begins, its type, and whether that is base64.

    `in_link`: it is the target of a link or picture, which ends at a parenthesis. `is_path`: it is no URI but the path
    of a file where a flow's own code ran.
    """

    end: int
    media_type: str
    base64: bool
    in_link: bool = False
    is_path: bool = False

    @property
    def is_picture(self) -> bool:
        """Whether it is a picture that Slack can show."""
        return self.base64 and self.media_type.partition(";")[0].strip().lower() in _PICTURES


def bare(text: str, at: int) -> Found | None:
    """The beginning of a URI that stands in the text by itself."""
    found = _HEAD.match(text, at)
    return Found(found.end(), found["type"], "base64" in found["type"].lower()) if found else None


def may_be_bare(text: str, at: int) -> bool:
    """Whether all from there on may become the beginning of a URI."""
    return _HALF_HEAD.fullmatch(text, at) is not None


def target(text: str, at: int) -> Found | None:
    """The beginning of a URI that is the target of a link, whose label ends there."""
    found = _TARGET.match(text, at)
    if found is None:
        return None
    is_base64, is_path = "base64" in (found["rest"] or "").lower(), found["path"] is not None
    return Found(found.end(), found["type"] or "", is_base64, in_link=True, is_path=is_path)


def may_be_target(text: str, at: int) -> bool:
    """Whether all from there on may become the beginning of a link's target that is a URI."""
    return _HALF_TARGET.fullmatch(text, at) is not None or (
        (found := _TARGET.match(text, at)) is not None and found.end() == len(text) and found["comma"] == ""
    )


def shortened(text: str, at: int) -> str:
    """A text with the content of the URIs left out that are attributes of the HTML tag which begins there."""
    for pattern in (_IN_ATTRIBUTE, _IN_STYLE):
        start = at
        while (found := pattern.search(text, start)) is not None and ">" not in text[start : found.start()]:
            text = text[: found.end("before")] + text[found.end() :]
            start = found.end("before")
    return text


def unclosed_picture(text: str, at: int) -> int | None:
    """Where a shortened tag of a picture ends whose quotes do not."""
    found = _UNCLOSED.match(text, at)
    return found.end() if found else None


def file_name(path: str) -> str:
    """The name of the file at a path, without signs that mean anything in Markdown; empty where it has none."""
    name = re.split(r"[/\\]", unquote(path.partition('"')[0]))[-1]
    return _NOT_IN_NAME.sub("", name).strip(" .")[:_LONGEST_NAME]


class Payload:
    """The content of a URI that comes in pieces: says where it ends, and keeps none of it."""

    def __init__(self, found: Found) -> None:
        self.in_link = found.in_link
        self._base64 = found.base64
        self._line = 0
        self._is_padded = False
        """Nothing but more padding can follow."""
        self._depth = 0

    def end(self, text: str, at: int, *, final: bool) -> tuple[int, bool]:
        """How far the content goes from there, and whether it ends there; else more is needed."""
        return self._base64_end(text, at, final=final) if self._base64 else self._plain_end(text, at, final=final)

    def _base64_end(self, text: str, at: int, *, final: bool) -> tuple[int, bool]:
        while at < len(text):
            found = (_PADDING if self._is_padded else _BASE64).match(text, at)
            end = found.end() if found else at
            self._is_padded = text[end - 1] == "=" if end > at else self._is_padded
            self._line += end - at
            if end == len(text):
                return end, final
            goes_on = self._goes_on(text, end, final=final)
            if goes_on is None:
                return end, False
            space = _SPACE.match(text, end)
            at = space.end() if space else end
            if not goes_on or at == end:
                return (at if self.in_link and text[at : at + 1] in (")", ">", '"', "'") else end), True
            self._line, self._is_padded = 0, False
        return at, final

    def _goes_on(self, text: str, end: int, *, final: bool) -> bool | None:
        """Whether the content goes on after white space; None: that cannot be told yet."""
        space = _SPACE.match(text, end)
        after = space.end() if space else end
        if after == end or _BLANK_LINE.search(text, end, after) or (self._is_padded and not self.in_link):
            return False
        if self.in_link:
            run = _BASE64_OR_SPACE.match(text, end, end + _LOOK)
            stop = run.end() if run else end
            if stop == len(text) and stop < end + _LOOK:
                return False if final else None
            return stop >= end + _LOOK or (text[stop] in ")\"'" and stop > after)
        chunk = _BASE64.match(text, after, after + _NO_WORD)
        stop = chunk.end() if chunk else after
        if stop - after >= _NO_WORD:
            return True
        if stop == len(text) and not final:
            return None
        return self._line >= _LINE and _is_no_word(text[after:stop])

    def _plain_end(self, text: str, at: int, *, final: bool) -> tuple[int, bool]:
        while True:
            found = _PLAIN.match(text, at)
            at = found.end() if found else at
            if at == len(text):
                return at, final
            char = text[at]
            if char == ")" and self._depth == 0:
                return at, True
            if char in "()":
                self._depth += 1 if char == "(" else -1
            elif not self.in_link or char == "\n":
                return at, True
            at += 1


def _is_no_word(chunk: str) -> bool:
    return chunk.endswith("=") or any(char in "0123456789+/" for char in chunk)
