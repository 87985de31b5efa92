"""Reads the tags in an arriving text: those of reasoning, and HTML's, with comments and what stands in code."""

from __future__ import annotations

import re

from bot.slack.text import data_uris, html_tags, reasoning
from bot.slack.text.code_lines import LONGEST_START
from bot.slack.text.data_uris import stand_in
from bot.slack.text.html_markdown import HtmlMarkdown
from bot.slack.text.html_tags import HIDDEN, HtmlTag
from bot.slack.text.incoming_files import IncomingFiles

# What is longer is no tag, no comment.
_TAG = 1_500
_COMMENT = 10_000

_IN_BLOCK = re.compile(r"[<&]")
_ENTITY = re.compile(r"&#?\w{0,31};?")
_CODE_END = html_tags.closing("code")
_PRE_END = html_tags.closing("pre")
_LANGUAGE = re.compile(r"(?:^|\s)(?:language|lang|highlight-source)-([\w+#.-]{1,30})")
_PRE_CODE = re.compile(r"\s*<code(?:\s[^<>]*)?>", re.IGNORECASE)


class IncomingTags(IncomingFiles):
    """A text of which reasoning is no part, and whose HTML is what it means."""

    def __init__(self) -> None:
        super().__init__()
        self._anew = False
        """All before is no part of the answer."""
        self._mentions = 0
        """Tags of reasoning that were only spoken of, and not closed yet."""
        self._hidden: re.Pattern[str] | None = None
        """What ends the part that is not shown."""

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
        self._anew = self._is_blank = self._begins_text = True
        self._lines.begin_anew()

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

    def _skip_hidden(self, end: re.Pattern[str]) -> bool:
        found = end.search(self._text, self._at)
        if found is None:
            begun = self._text.rfind("<", max(self._at, len(self._text) - reasoning.LONGEST_END))
            self._at = len(self._text) if begun < 0 or self._final else begun
            return False
        self._at, self._hidden = found.end(), None
        return True

    # Code in tags -----------------------------------------------------------------------------------------------------

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
        waits = inner is None and not self._final and len(rest) < LONGEST_START
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
            self._lines.end(blank=True)
            return True
        tag = html_tags.tag(self._text, end)
        if tag is None and not self._final and html_tags.may_be_tag(self._text, end):
            return False
        self._html.code_text("\n" if tag and tag.name == "br" else "" if tag else "<")
        self._at = tag.end if tag else end + 1
        return True
