"""Turns what a model sends into Markdown as it arrives: no reasoning, no files in the text, HTML as what it means.

It looks at each character once or, where something may begin, holds back what is not decided yet. What it decides
depends on the text alone, not on how it was cut. Code is passed on as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.slack.text import data_uris, html_tags, reasoning
from bot.slack.text.data_uris import Payload, stand_in
from bot.slack.text.html_markdown import HtmlMarkdown
from bot.slack.text.html_tags import HIDDEN, HtmlTag

# So much is looked at in one go: what is held back is looked at again with the next piece.
_SLICE = 4_000
# What is longer is no tag, no code within a line, no comment.
_TAG = 1_500
_CODE = 1_000
_COMMENT = 10_000
_LINE_START = 300

_SPECIAL = re.compile(
    r"(?P<line>\n)|(?P<ticks>`+)|(?P<angle><)|(?P<escape>\\[^\n]?)|(?P<target>\](?=[(\[]|\Z))"
    r"|(?P<data>(?<!\w)d(?:ata:|at?a?\Z|\Z))",
    re.IGNORECASE,
)
_PICTURE = re.compile(r"!\[[^\[\]]*\Z")
_REFERENCE = re.compile(r"\]\[[^\[\]\n]{0,100}(?P<end>\])?")
# Marks right behind a tag that is one as well, the beginning of a special word included: what follows belongs to them.
_HALF_MARKS = re.compile(r"\s*[*_~]{1,9}(?:d|da|dat|data)?", re.IGNORECASE)
_IN_BLOCK = re.compile(r"[<&]")
_ENTITY = re.compile(r"&#?\w{0,31};?")
_CONTAINERS = re.compile(r"(?:[ \t>]|(?:[-*+]|\d{1,9}[.)])[ \t])*")
_LIST = re.compile(r"[ \t>]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]|\Z|\n)")
_INDENTED = re.compile(r"(?: {4}| {0,3}\t)")
_FENCE = re.compile(r"(?P<mark>`{3,}|~{3,})(?P<info>[^\n]*)")
# Where inline code cannot go on: at a blank line, and at a line that begins another block.
_BLOCK = re.compile(r"\n[ \t]*(?:\n|[-*+][ \t]|\d{1,9}[.)][ \t]|#{1,6}[ \t]|[|>]|```|~~~)")
_CODE_END = html_tags.closing("code")
_PRE_END = html_tags.closing("pre")
_LANGUAGE = re.compile(r"(?:^|\s)(?:language|lang|highlight-source)-([\w+#.-]{1,30})")
_PRE_CODE = re.compile(r"\s*<code(?:\s[^<>]*)?>", re.IGNORECASE)
_LINK_END = re.compile(r"\s*>?\s*(?:\"[^\"\n]{0,300}\"|'[^'\n]{0,300}')?\s*\)")
_HALF_LINK_END = re.compile(r"\s*>?\s*(?:\"[^\"\n]{0,300}\"?|'[^'\n]{0,300}'?)?\s*")


@dataclass(frozen=True, slots=True)
class Arrived:
    """Markdown to be added. `anew`: all that came before it was reasoning, and is no part of the answer."""

    markdown: str = ""
    anew: bool = False


class Incoming:
    """An answer's text on its way in."""

    def __init__(self) -> None:
        self._text = ""
        self._at = 0
        self._before = "\n"
        """The character before what is held."""
        self._final = False
        self._anew = False
        self._html = HtmlMarkdown()
        self._is_blank = True
        """Nothing has been said yet."""
        self._begins_text = True
        """A line or another part of the answer begins: reasoning may."""
        self._recent = ""
        """The end of what was passed on."""
        self._mentions = 0
        """Tags of reasoning that were only spoken of, and not closed yet."""
        self._payload: Payload | None = None
        self._closes_angle = False
        self._hidden: re.Pattern[str] | None = None
        """What ends the part that is not shown."""
        self._begins_line = True
        self._fence = ""
        self._opens_fence = False
        self._raw_line: str | None = None
        """The beginning of a line of code that is passed on as it is."""
        self._was_blank = True
        self._in_list = False

    @property
    def held(self) -> str:
        """The end of what was taken that is held back, as it came but for the content of files."""
        return self._html.left + self._text

    def take(self, text: str) -> Arrived:
        """Take the next piece: any text, cut anywhere."""
        for start in range(0, len(text), _SLICE):
            self._text += text[start : start + _SLICE]
            self._run()
        return self._arrived()

    def pause(self) -> Arrived:
        """The text goes on in a new paragraph, or has ended: what is held back will not become anything else."""
        self._final = True
        self._run()
        self._final = False
        if self._payload is not None and self._payload.in_link:
            self._html.text(")")
        self._payload = None
        self._html.pause()
        self._fence, self._raw_line = "", None
        self._before, self._begins_line, self._was_blank, self._in_list = "\n", True, True, False
        self._begins_text = True
        return self._arrived()

    def _arrived(self) -> Arrived:
        anew, self._anew = self._anew, False
        return Arrived(self._html.taken(), anew)

    def _run(self) -> None:
        while self._at < len(self._text) and self._step():
            pass
        if self._at:
            self._before = self._text[self._at - 1]
        self._text, self._at = self._text[self._at :], 0

    def _step(self) -> bool:
        """Take one step; False if more text is needed for it."""
        if self._payload is not None:
            return self._skip_payload(self._payload)
        if self._hidden is not None:
            return self._skip_hidden(self._hidden)
        if self._raw_line is not None:
            return self._code_line(self._raw_line)
        if self._html.is_code:
            return self._block_of_code()
        if self._begins_line and not self._line_begins():
            return False
        return self._code_begins or self._inline()

    @property
    def _code_begins(self) -> bool:
        return self._raw_line is not None

    def _pass(self, end: int) -> bool:
        """Pass the text on up to there."""
        text = self._text[self._at : end]
        self._at = end
        if self._is_blank and text:
            self._is_blank = reasoning.is_blank(text)
        if text and not text.isspace():
            self._begins_text = False
        self._recent = (self._recent + text)[-_LINE_START:]
        self._html.text(text)
        return True

    # What is not shown ------------------------------------------------------------------------------------------------

    def _skip_payload(self, payload: Payload) -> bool:
        self._at, ends = payload.end(self._text, self._at, final=self._final)
        if not ends:
            return False
        if payload.in_link:
            found = _LINK_END.match(self._text, self._at)
            if found is None and not self._final and _HALF_LINK_END.fullmatch(self._text, self._at):
                return False
            self._at = found.end() if found else self._at
            self._html.text(")")
        elif self._text.startswith(">", self._at) and self._closes_angle:
            self._at += 1
        elif self._at == len(self._text) and not self._final and self._closes_angle:
            return False
        self._payload = None
        return True

    def _skip_hidden(self, end: re.Pattern[str]) -> bool:
        found = end.search(self._text, self._at)
        if found is None:
            begun = self._text.rfind("<", max(self._at, len(self._text) - reasoning.LONGEST_END))
            self._at = len(self._text) if begun < 0 or self._final else begun
            return False
        self._at, self._hidden = found.end(), None
        return True

    def _begin_payload(self, found: data_uris.Found, *, in_angle: bool = False) -> None:
        self._at = found.end
        self._payload = Payload(found)
        self._closes_angle = in_angle

    # Lines and code ---------------------------------------------------------------------------------------------------

    def _line_begins(self) -> bool:
        """See what a line begins with; False if that cannot be told yet."""
        containers = _CONTAINERS.match(self._text, self._at)
        start = containers.end() if containers else self._at
        waits = not self._final and len(self._text) - self._at < _LINE_START
        found = _FENCE.match(self._text, start)
        if found is not None and not (found["mark"][0] == "`" and "`" in found["info"]):
            if found.end() == len(self._text) and waits:
                return False
            self._fence, self._opens_fence = found["mark"], True
            self._raw_line = ""
        elif found is None and waits and not self._text[start:].strip("`~") and "\n" not in self._text[start:]:
            return False
        elif self._is_indented_code(start):
            self._raw_line = ""
        self._begins_line = False
        self._is_blank = self._is_blank and self._raw_line is None
        return True

    def _is_indented_code(self, start: int) -> bool:
        if _LIST.match(self._text, self._at):
            self._in_list = True
        elif start == self._at and self._was_blank and not self._text.startswith("\n", start):
            self._in_list = False
        blank = self._text.startswith("\n", start) or start == len(self._text)
        indented = _INDENTED.match(self._text, self._at) is not None
        return indented and self._was_blank and not (blank or self._in_list or self._html.is_busy)

    def _code_line(self, before: str) -> bool:
        """Pass on a line of code, or what has come of it."""
        end = self._text.find("\n", self._at) + 1
        piece = self._text[self._at : end or len(self._text)]
        self._at += len(piece)
        self._html.raw(piece)
        self._begins_text = False
        line = (before + piece)[:_LINE_START]
        if not end:
            self._raw_line = line
            return True
        if not self._fence:
            self._raw_line = None
            self._was_blank = True  # so that the next line is one of code too
        elif self._is_end_of_fence(line, opens=self._opens_fence):
            self._fence, self._raw_line, self._was_blank = "", None, False
        else:
            self._raw_line = ""
        self._opens_fence = False
        self._begins_line = self._raw_line is None
        return True

    def _is_end_of_fence(self, line: str, *, opens: bool) -> bool:
        mark = line.strip(" \t>\r\n")
        return not opens and len(mark) >= len(self._fence) and not mark.strip(self._fence[0])

    # Inline text ------------------------------------------------------------------------------------------------------

    def _inline(self) -> bool:
        found = _SPECIAL.search(self._text, self._at)
        if self._html.opens and not self._final and _HALF_MARKS.fullmatch(self._text, self._at):
            return False
        if found is None:
            return self._pass(len(self._text))
        start = found.start()
        if start > self._at:
            self._pass(start)
        return _STEPS[str(found.lastgroup)](self, start, found[0])

    def _escape(self, start: int, sign: str) -> bool:
        return (len(sign) > 1 or self._final or start + 1 < len(self._text)) and self._pass(start + len(sign))

    def _end_line(self, start: int, _sign: str) -> bool:
        line_start = self._text.rfind("\n", 0, start) + 1
        line = self._text[line_start:start]
        self._was_blank = not line.strip() and (line_start > 0 or self._before == "\n")
        self._begins_line = True
        self._pass(start + 1)
        self._begins_text = True
        return True

    def _ticks(self, start: int, ticks: str) -> bool:
        end = start + len(ticks)
        if end == len(self._text) and not self._final:
            return False
        limit = end + _CODE
        block = _BLOCK.search(self._text, end, limit)
        stop = block.start() if block else min(limit, len(self._text))
        closing = re.compile(rf"(?<!`){ticks}(?!`)").search(self._text, end, stop)
        if closing is not None and (self._final or closing.end() < len(self._text)):
            return self._pass(closing.end())
        if block is None and len(self._text) < limit and not self._final:
            return False
        return self._pass(end)

    def _target(self, start: int, _sign: str) -> bool:
        found = data_uris.target(self._text, start)
        if not self._final and data_uris.may_be_target(self._text, start):
            return False
        if found is None:
            return self._reference(start)
        kind = "image" if found.media_type.lower().startswith("image") else "file"
        self._begins_text = self._is_blank = False
        self._recent = ""
        self._html.text(f"](data:{kind},")
        self._begin_payload(found)
        return True

    def _reference(self, start: int) -> bool:
        """The end of a label. A picture by reference shows its label: as a rule, what it refers to is in the text."""
        found = _REFERENCE.match(self._text, start)
        if found is None or _PICTURE.search(self._recent) is None:
            return self._pass(start + 1)
        if found["end"] is None:
            return (self._final or found.end() < len(self._text)) and self._pass(start + 1)
        self._at, self._recent = found.end(), ""
        self._html.text("](data:image,)")
        return True

    def _data(self, start: int, _sign: str, *, in_angle: bool = False) -> bool:
        begins = start + in_angle
        before = self._text[start - 1] if start else self._before
        if before.isalnum() or before == "_":
            return self._pass(start + 1)
        found = data_uris.bare(self._text, begins)
        if found is None:
            if not self._final and (len(self._text) - begins < 5 or data_uris.may_be_bare(self._text, begins)):
                return False
            return self._pass(begins + 1)
        self._begins_text = self._is_blank = False
        self._html.text(stand_in(found.media_type))
        self._begin_payload(found, in_angle=in_angle)
        return True

    # Angle brackets ---------------------------------------------------------------------------------------------------

    def _angle(self, start: int, _sign: str) -> bool:
        if (thought := reasoning.tag(self._text, start)) is not None:
            return self._reasoning(start, thought)
        if self._text.startswith("<!--", start):
            return self._comment(start)
        if self._text[start + 1 : start + 6].lower() == "data:":
            return self._data(start, "<", in_angle=True)
        if (found := self._tag(start)) is not None:
            return self._take_tag(found)
        return self._half_tag(start)

    def _half_tag(self, start: int) -> bool:
        """What is no tag yet: it is held back while it may become one."""
        half = self._text[start:]
        if len(half) < _TAG and (reasoning.may_be_tag(half, 0) or html_tags.may_be_tag(half, 0)):
            if not self._final:
                return False
            return self._end_in_tag(half)
        if not self._final and len(half) < 6 and "<data:".startswith(half.lower()):
            return False
        return self._pass(start + 1)

    def _tag(self, start: int) -> HtmlTag | None:
        """The tag that stands there, if it is not too long; the files in it are left out first."""
        if html_tags.may_have_attributes(self._text, start):
            self._text = data_uris.shortened(self._text, start)
        end = data_uris.unclosed_picture(self._text, start)
        if end is not None:
            return HtmlTag("img", end, attributes={"src": "data:image/"})
        found = html_tags.tag(self._text, start, self._text[start - 1] if start else self._before)
        return found if found is not None and found.end - start <= _TAG else None

    def _end_in_tag(self, half: str) -> bool:
        """The text ends in a tag: one that says what it is goes, another is text."""
        if "data:" in half.lower():
            self._html.text(stand_in("image"))
        elif not (half.startswith("</") and len(half) > 2) and "=" not in half:
            return self._pass(len(self._text))
        self._at = len(self._text)
        return True

    def _reasoning(self, start: int, tag: reasoning.ReasoningTag) -> bool:
        before = self._text[start - 1] if start else self._before
        if not tag.closes and (self._is_blank or self._begins_text):
            self._at, self._hidden = tag.end, reasoning.END
        elif tag.closes and self._mentions == 0 and not reasoning.is_quoted(before):
            self._forget()
            self._at = tag.end
        else:
            self._mentions += -1 if tag.closes and self._mentions else 0 if tag.closes else 1
            return self._pass(tag.end)
        return True

    def _forget(self) -> None:
        """All that was said is reasoning."""
        self._html = HtmlMarkdown()
        self._anew = self._is_blank = self._begins_text = self._begins_line = self._was_blank = True
        self._in_list = False

    def _comment(self, start: int) -> bool:
        end = self._text.find("-->", start + 4)
        if end >= 0 and end - start <= _COMMENT:
            self._at = end + 3
        elif end < 0 and len(self._text) - start <= _COMMENT and not self._final:
            return False
        else:
            return self._pass(start + 4)
        return True

    def _take_tag(self, tag: HtmlTag) -> bool:
        if tag.name == "code" and not tag.closes:
            return self._code(tag)
        if tag.name == "pre" and not tag.closes and not self._html.in_row:
            return self._begin_block_of_code(tag)
        self._at = tag.end
        if tag.name in HIDDEN:
            self._hidden = None if tag.closes else html_tags.closing(tag.name)
            return True
        if tag.name == "img":
            self._begins_text = self._is_blank = False
        self._html.tag(tag)
        return True

    def _code(self, tag: HtmlTag) -> bool:
        """Code in tags: within a line, or a block if it has several lines."""
        end = _CODE_END.search(self._text, tag.end, tag.end + _COMMENT)
        if end is None and len(self._text) - tag.end < _COMMENT and not self._final:
            return False
        self._at = tag.end
        if end is None:
            return True
        content = html_tags.without_tags(self._text[tag.end : end.start()])
        self._at = end.end()
        self._begins_text = self._is_blank = False
        if "\n" in content.strip() and not self._html.in_row:
            self._html.begin_code("")
            self._html.code_text(content)
            self._html.end_code()
        else:
            self._html.code(content)
        return True

    def _begin_block_of_code(self, tag: HtmlTag) -> bool:
        inner = _PRE_CODE.match(self._text, tag.end)
        rest = self._text[tag.end :]
        waits = inner is None and not self._final and len(rest) < _LINE_START
        if waits and ">" not in rest and rest.lstrip()[:1] in ("", "<"):
            return False
        named = _LANGUAGE.search(inner[0].replace('"', " ").replace("'", " ") if inner else "")
        self._at = inner.end() if inner else tag.end
        self._begins_text = self._is_blank = False
        self._html.begin_code(named[1] if named else "")
        return True

    def _block_of_code(self) -> bool:
        """The content of `<pre>`: its tags go, and its entities are what they mean."""
        found = _IN_BLOCK.search(self._text, self._at)
        end = found.start() if found else len(self._text)
        self._html.code_text(self._text[self._at : end])
        self._at = end
        if found is None:
            return True
        if found[0] == "&":
            entity = _ENTITY.match(self._text, end)
            stop = entity.end() if entity else end + 1
            if stop == len(self._text) and self._text[-1] != ";" and stop - end < 32 and not self._final:
                return False
            self._html.code_text(html_tags.without_tags(self._text[end:stop]))
            self._at = stop
            return True
        if (ended := _PRE_END.match(self._text, end)) is not None:
            self._at = ended.end()
            self._html.end_code()
            self._begins_line, self._was_blank = True, True
            return True
        tag = html_tags.tag(self._text, end)
        if tag is None and not self._final and html_tags.may_be_tag(self._text, end):
            return False
        self._html.code_text("\n" if tag and tag.name == "br" else "" if tag else "<")
        self._at = tag.end if tag else end + 1
        return True


_STEPS: Mapping[str, Callable[[Incoming, int, str], bool]] = {
    "line": Incoming._end_line,
    "ticks": Incoming._ticks,
    "angle": Incoming._angle,
    "escape": Incoming._escape,
    "target": Incoming._target,
    "data": Incoming._data,
}
